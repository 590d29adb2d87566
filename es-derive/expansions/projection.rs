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
            remote = "CustomerBalance",
            rename = "CustomerBalance",
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
            open: Money,
            #[serde(default)]
            last_name: Option<String>,
        }
        #[automatically_derived]
        impl __es_core::__private::Projection for CustomerBalance {
            type Key = CustomerId;
            type Row = Self;
            const NAME: &'static __es_core::__private::str = "customer_balance";
            const VERSION: __es_core::__private::u32 = 2;
            fn declare(__inputs: &mut __es_core::__private::Inputs<Self>) {
                fn __declare(
                    __inputs: &mut __es_core::__private::Inputs<CustomerBalance>,
                )
                where
                    for<'__any> CustomerBalance: __es_core::__private::BeginRow,
                {
                    let __input = {
                        let __input = &mut *__inputs;
                        __input.of::<Invoice>()
                    };
                    let __input = {
                        let __input = __input;
                        __input.changes_or_default::<InvoiceCreated>()
                    };
                    let __input = {
                        let __input = __input;
                        __input.changes_or_default::<InvoicePaid>()
                    };
                    let _ = __input;
                    let __input = {
                        let __input = &mut *__inputs;
                        __input.of::<Customer>()
                    };
                    let __input = {
                        let __input = __input;
                        __input.changes_or_default::<CustomerRenamed>()
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
                __es_core::__private::Writing::begin(__serializer, "CustomerBalance", 2)
                    .field("open", __es_core::__private::field::Lent(&__row.open).lent())
                    .field("lastName", &__row.last_name)
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
    const _: () = {
        #[allow(unused_imports)]
        use __es_core::__private::{NotAggregate as _, NotEvent as _};
        const __EVENTS: &[__es_core::__private::EventInfo] = __es_core::__private::AggregateProbe::<
            Invoice,
        >::EVENTS;
        const __LISTED: &[&__es_core::__private::str] = &[
            __es_core::__private::EventProbe::<InvoiceCreated>::NAME,
            __es_core::__private::EventProbe::<InvoicePaid>::NAME,
        ];
        __es_core::__private::assert_complete(__EVENTS, __LISTED, "Invoice")
    };
};
