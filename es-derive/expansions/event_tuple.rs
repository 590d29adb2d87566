pub struct Moved(pub String, u32);
#[doc(hidden)]
const _: () = {
    #[allow(unused_imports)]
    use ::es_core as __es_core;
    #[allow(dead_code, deprecated, non_camel_case_types)]
    type __own_u32 = u32;
    #[doc(hidden)]
    const _: () = {
        #[allow(unused_imports)]
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
        #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
        struct __Written {
            #[serde(rename = "0")]
            #[serde(getter = "__field_0")]
            __0: String,
            #[serde(rename = "1")]
            #[serde(getter = "__field_1")]
            __1: __own_u32,
        }
        #[allow(deprecated, unused_qualifications)]
        fn __field_0(__this: &Moved) -> &String {
            &__this.0
        }
        #[allow(deprecated, unused_qualifications)]
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
        #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
        struct __Read {
            #[serde(rename = "0")]
            __0: String,
            #[serde(rename = "1")]
            __1: __own_u32,
        }
        #[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
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
        #[allow(deprecated, unused_qualifications)]
        impl __es_core::__private::serde::Serialize for Moved {
            fn serialize<__S: __es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(self, __source)
            }
        }
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl<'__de> __es_core::__private::serde::Deserialize<'__de> for Moved {
            fn deserialize<__D: __es_core::__private::serde::Deserializer<'__de>>(
                __source: __D,
            ) -> __es_core::__private::Result<Self, __D::Error> {
                __read(__source)
            }
        }
    };
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl __es_core::__private::Event for Moved {
        const TYPE: &'static __es_core::__private::str = "Moved";
        const VERSION: __es_core::__private::u32 = 1;
        const ALIASES: &'static [&'static __es_core::__private::str] = &[];
        fn decode<__P: __es_core::__private::Payload>(
            __version: __es_core::__private::u32,
            __payload: &__P,
        ) -> __es_core::__private::Result<Self, __es_core::__private::DecodeError> {
            __es_core::__private::read_since(1, __version, __payload)
        }
        fn visit_versions<__V: __es_core::__private::VisitVersions>(
            __visitor: &mut __V,
        ) {
            __es_core::__private::VisitVersions::version::<Self>(__visitor, 1);
        }
    }
};
