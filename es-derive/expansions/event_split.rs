pub enum PaidAndSent {
    ByMail { letter_date: String },
    Online,
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
        #[derive(
            __es_core::__private::serde::Serialize,
            __es_core::__private::serde::Deserialize
        )]
        #[serde(
            crate = "__serde",
            remote = "PaidAndSent",
            rename = "PaidAndSent",
            rename_all = "camelCase",
            rename_all_fields = "camelCase",
            tag = "kind",
            content = "data"
        )]
        #[allow(dead_code, non_camel_case_types)]
        enum __Stored {
            ByMail { letter_date: String },
            Online,
        }
        #[automatically_derived]
        impl __es_core::__private::serde::Serialize for PaidAndSent {
            fn serialize<__S: __es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __Stored::serialize(self, __source)
            }
        }
        #[automatically_derived]
        impl<'__de> __es_core::__private::serde::Deserialize<'__de> for PaidAndSent {
            fn deserialize<__D: __es_core::__private::serde::Deserializer<'__de>>(
                __source: __D,
            ) -> __es_core::__private::Result<Self, __D::Error> {
                __Stored::deserialize(__source)
            }
        }
    };
    #[automatically_derived]
    impl __es_core::__private::Event for PaidAndSent {
        const TYPE: &'static __es_core::__private::str = "PaidAndSent";
        const VERSION: __es_core::__private::u32 = 1;
        const IS_SPLIT: __es_core::__private::bool = true;
        fn visit_versions<__V: __es_core::__private::VisitVersions>(
            __visitor: &mut __V,
        ) {
            __es_core::__private::VisitVersions::version::<Self>(__visitor, 1);
        }
    }
    #[automatically_derived]
    impl __es_core::__private::Split for PaidAndSent {
        type Parts = (InvoicePaid, InvoiceSent);
    }
};
