#[doc(hidden)]
#[allow(deprecated, unused_imports, unused_qualifications)]
const _: () = {
    use ::es_core as __es_core;
    #[doc(hidden)]
    const _: () = {
        use __es_core::__private::{
            self as __private, Refused as _, primitive::*, serde as __serde,
        };
        #[allow(dead_code)]
        struct __Threads(__es_core::__private::field::StateField<Date>);
        #[allow(dead_code)]
        type __Field0 = Date;
        #[allow(dead_code)]
        fn __stored() {
            use __es_core::__private::field::{Refusal as _, Whole as _};
            __es_core::__private::field::stored(
                __es_core::__private::field::Probe::<Date>::NEW.in_state(),
            );
        }
        #[derive(__es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "LedgerLine",
            rename = "LedgerLine",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Stored {
            #[serde(
                bound(
                    serialize = "for<'__any> __Field0: __serde::Serialize",
                    deserialize = "__Field0: __serde::Deserialize<'de>"
                )
            )]
            day: Date,
            cents: i64,
        }
        #[automatically_derived]
        impl __es_core::__private::Row for LedgerLine {
            type Key = EventId;
            const NAME: __es_core::__private::RowName = __es_core::__private::RowName::new(
                "ledger_line",
            );
            const INDEXES: &'static [__es_core::__private::RowIndex] = &[
                __es_core::__private::RowIndex {
                    fields: &[
                        ("day", __es_core::__private::Direction::Ascending),
                        ("cents", __es_core::__private::Direction::Descending),
                    ],
                    uniqueness: __es_core::__private::Uniqueness::NotUnique,
                    rows: __es_core::__private::Option::Some(
                        <Self as __es_core::__private::Row>::NAME,
                    ),
                },
            ];
            fn serialize_row<__S: __es_core::__private::serde::Serializer>(
                &self,
                __serializer: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __es_core::__private::Writing::begin(__serializer, "LedgerLine", 2)
                    .field("day", __es_core::__private::field::Lent(&self.day).lent())
                    .field("cents", &self.cents)
                    .end()
            }
            fn deserialize_row<
                '__de,
                __D: __es_core::__private::serde::Deserializer<'__de>,
            >(__deserializer: __D) -> __es_core::__private::Result<Self, __D::Error> {
                __Stored::deserialize(__deserializer)
            }
        }
    };
};
