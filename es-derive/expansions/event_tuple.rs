pub struct Moved(pub String, u32);
#[doc(hidden)]
#[allow(deprecated, unused_imports, unused_qualifications)]
const _: () = {
    use ::es_core as __es_core;
    #[allow(dead_code, non_camel_case_types)]
    type __own_u32 = u32;
    #[doc(hidden)]
    const _: () = {
        use __es_core::__private::{
            self as __private, Refused as _, primitive::*, serde as __serde,
        };
        #[derive(__es_core::__private::serde::Serialize)]
        #[serde(
            crate = "__serde",
            remote = "Moved",
            rename = "Moved",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Written {
            #[serde(rename = "0")]
            #[serde(getter = "__field_0")]
            __0: String,
            #[serde(rename = "1")]
            #[serde(getter = "__field_1")]
            __1: __own_u32,
        }
        fn __field_0(__this: &Moved) -> &String {
            &__this.0
        }
        fn __field_1(__this: &Moved) -> &__own_u32 {
            &__this.1
        }
        #[derive(__es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "__Read",
            rename = "Moved",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Read {
            #[serde(rename = "0")]
            __0: String,
            #[serde(rename = "1")]
            __1: __own_u32,
        }
        #[allow(clippy::multiple_bound_locations)]
        fn __read<'__de, __D>(
            __source: __D,
        ) -> __es_core::__private::Result<Moved, __D::Error>
        where
            __D: __es_core::__private::serde::Deserializer<'__de>,
        {
            __es_core::__private::Result::map(
                __Read::deserialize(__source),
                |__Read: __Read| Moved {
                    0: __Read.__0,
                    1: __Read.__1,
                },
            )
        }
        #[automatically_derived]
        impl __es_core::__private::serde::Serialize for Moved {
            fn serialize<__S: __es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(self, __source)
            }
        }
        #[automatically_derived]
        impl<'__de> __es_core::__private::serde::Deserialize<'__de> for Moved {
            fn deserialize<__D: __es_core::__private::serde::Deserializer<'__de>>(
                __source: __D,
            ) -> __es_core::__private::Result<Self, __D::Error> {
                __read(__source)
            }
        }
    };
    #[automatically_derived]
    impl __es_core::__private::Event for Moved {
        const TYPE: &'static __es_core::__private::str = "Moved";
        const VERSION: __es_core::__private::u32 = 1;
        fn visit_versions<__V: __es_core::__private::VisitVersions>(
            __visitor: &mut __V,
        ) {
            __es_core::__private::VisitVersions::version::<Self>(__visitor, 1);
        }
    }
};
