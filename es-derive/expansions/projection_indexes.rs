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
            remote = "Due",
            rename = "Due",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Stored {
            customer_id: String,
            #[serde(rename = "due")]
            #[serde(
                bound(
                    serialize = "for<'__any> __Field0: __serde::Serialize",
                    deserialize = "__Field0: __serde::Deserialize<'de>"
                )
            )]
            due_date: Date,
            email: String,
        }
        #[automatically_derived]
        impl __es_core::__private::Projection for Due {
            type Key = CustomerId;
            type Row = Self;
            const NAME: &'static __es_core::__private::str = "due";
            const VERSION: __es_core::__private::u32 = 1;
            const INDEXES: &'static [__es_core::__private::RowIndex] = &[
                __es_core::__private::RowIndex {
                    fields: &[
                        ("customerId", __es_core::__private::Direction::Ascending),
                        ("due", __es_core::__private::Direction::Descending),
                    ],
                    uniqueness: __es_core::__private::Uniqueness::NotUnique,
                    rows: __es_core::__private::Option::None,
                },
                __es_core::__private::RowIndex {
                    fields: &[("email", __es_core::__private::Direction::Ascending)],
                    uniqueness: __es_core::__private::Uniqueness::Unique,
                    rows: __es_core::__private::Option::None,
                },
            ];
            fn declare(__inputs: &mut __es_core::__private::Inputs<Self>) {
                fn __declare(__inputs: &mut __es_core::__private::Inputs<Due>)
                where
                    for<'__any> Due: __es_core::__private::BeginRow,
                {
                    let __input = {
                        let __input = &mut *__inputs;
                        __input.of::<Invoice>()
                    };
                    let __input = {
                        let __input = __input;
                        __input.changes_or_default::<InvoiceCreated>()
                    };
                    let _ = __input;
                }
                __declare(__inputs)
            }
            fn visit_rows<__V: __es_core::__private::VisitRows<Self>>(
                __visitor: &mut __V,
            ) {
                __visitor.rows::<Self>();
            }
            fn serialize_row<__S: __es_core::__private::serde::Serializer>(
                __row: &Self,
                __serializer: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __es_core::__private::Writing::begin(__serializer, "Due", 3)
                    .field("customerId", &__row.customer_id)
                    .field(
                        "due",
                        __es_core::__private::field::Lent(&__row.due_date).lent(),
                    )
                    .field("email", &__row.email)
                    .end()
            }
            fn deserialize_row<
                '__de,
                __D: __es_core::__private::serde::Deserializer<'__de>,
            >(
                _: __es_core::__private::usize,
                __deserializer: __D,
            ) -> __es_core::__private::Result<Self, __D::Error> {
                __Stored::deserialize(__deserializer)
            }
        }
    };
};
