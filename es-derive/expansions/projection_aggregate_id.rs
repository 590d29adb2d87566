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
        struct __Threads(__es_core::__private::field::StateField<Money>);
        #[allow(dead_code)]
        type __Field0 = Money;
        #[allow(dead_code)]
        fn __stored() {
            use __es_core::__private::field::{Refusal as _, Whole as _};
            __es_core::__private::field::stored(
                __es_core::__private::field::Probe::<Money>::NEW.in_state(),
            );
        }
        #[derive(__es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "OpenInvoice",
            rename = "OpenInvoice",
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
            owed: Money,
        }
        #[automatically_derived]
        impl __es_core::__private::Projection for OpenInvoice {
            type Key = __es_core::__private::AggregateId;
            type Row = Self;
            const NAME: &'static __es_core::__private::str = "open_invoice";
            const VERSION: __es_core::__private::u32 = 1;
            fn declare(__inputs: &mut __es_core::__private::Inputs<Self>) {
                let __input = {
                    let __input = &mut *__inputs;
                    __input.of::<Invoice>()
                };
                let __input = {
                    let __input = __input;
                    __input.begins::<InvoiceCreated>()
                };
                let __input = {
                    let __input = __input;
                    __input.removes::<InvoicePaid>()
                };
                let __input = {
                    let __input = __input;
                    __input.all_change()
                };
                let _ = __input;
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
                __es_core::__private::Writing::begin(__serializer, "OpenInvoice", 1)
                    .field("owed", __es_core::__private::field::Lent(&__row.owed).lent())
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
    #[automatically_derived]
    impl<__E> __es_core::__private::Keyed<__E> for OpenInvoice {
        fn key(
            _: &__E,
            __context: &__es_core::__private::Context,
        ) -> __es_core::__private::Keys<__es_core::__private::AggregateId> {
            __es_core::__private::From::from(
                __es_core::__private::core::clone::Clone::clone(
                    __es_core::__private::Context::aggregate_id(__context),
                ),
            )
        }
    }
};
