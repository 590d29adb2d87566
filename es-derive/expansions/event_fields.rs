pub struct Ordered {
    customer: Customer,
    lines: Vec<Option<Line>>,
    cache: Cache,
}
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
        struct __Threads(
            __es_core::__private::field::EventField<Customer>,
            __es_core::__private::field::EventField<Vec<Option<Line>>>,
            __es_core::__private::field::EventField<Cache>,
        );
        #[allow(dead_code)]
        type __Field0 = Customer;
        #[allow(dead_code)]
        type __Field1 = Vec<Option<Line>>;
        #[allow(dead_code)]
        fn __stored() {
            use __es_core::__private::field::{Refusal as _, Whole as _};
            __es_core::__private::field::stored(
                __es_core::__private::field::Probe::<Customer>::NEW.in_event(),
            );
            __es_core::__private::field::stored(
                __es_core::__private::field::Probe::<Vec<Option<Line>>>::NEW
                    .in_event()
                    .inside()
                    .inside(),
            );
        }
        #[derive(__es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "Ordered",
            rename = "Ordered",
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
            customer: Customer,
            #[serde(
                bound(
                    serialize = "for<'__any> __Field1: __serde::Serialize",
                    deserialize = "__Field1: __serde::Deserialize<'de>"
                )
            )]
            lines: Vec<Option<Line>>,
            #[serde(skip)]
            cache: Cache,
        }
        #[automatically_derived]
        impl __es_core::__private::serde::Serialize for Ordered {
            fn serialize<__S: __es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __es_core::__private::Writing::begin(__source, "Ordered", 2)
                    .field(
                        "customer",
                        __es_core::__private::field::Lent(&self.customer).lent(),
                    )
                    .field(
                        "lines",
                        __es_core::__private::field::Lent(&self.lines).lent(),
                    )
                    .end()
            }
        }
        #[automatically_derived]
        impl<'__de> __es_core::__private::serde::Deserialize<'__de> for Ordered {
            fn deserialize<__D: __es_core::__private::serde::Deserializer<'__de>>(
                __source: __D,
            ) -> __es_core::__private::Result<Self, __D::Error> {
                __Stored::deserialize(__source)
            }
        }
    };
    #[automatically_derived]
    impl __es_core::__private::Event for Ordered {
        const TYPE: &'static __es_core::__private::str = "Ordered";
        const VERSION: __es_core::__private::u32 = 1;
        fn visit_versions<__V: __es_core::__private::VisitVersions>(
            __visitor: &mut __V,
        ) {
            __es_core::__private::VisitVersions::version::<Self>(__visitor, 1);
        }
    }
};
