/// The invoice was paid.
pub struct InvoicePaid {
    pub payment_id: String,
    pub note: Option<String>,
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
        #[derive(__es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "InvoicePaid",
            rename = "InvoicePaid",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Stored {
            payment_id: String,
            #[serde(default)]
            note: Option<String>,
        }
        #[automatically_derived]
        impl __es_core::__private::serde::Serialize for InvoicePaid {
            fn serialize<__S: __es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __es_core::__private::Writing::begin(__source, "InvoicePaid", 2)
                    .field("paymentId", &self.payment_id)
                    .field("note", &self.note)
                    .end()
            }
        }
        #[automatically_derived]
        impl<'__de> __es_core::__private::serde::Deserialize<'__de> for InvoicePaid {
            fn deserialize<__D: __es_core::__private::serde::Deserializer<'__de>>(
                __source: __D,
            ) -> __es_core::__private::Result<Self, __D::Error> {
                __Stored::deserialize(__source)
            }
        }
    };
    const _: () = __es_core::__private::assert!(
        < InvoicePaidV1 as __es_core::__private::Event > ::VERSION == 1u32, "{}",
        "`from` of `InvoicePaid` must be version 1 of the event, because `InvoicePaid` reads versions from 2 on; `InvoicePaidV1` has a different version, so write the type of version 1 instead"
    );
    const _: () = __es_core::__private::assert!(
        __es_core::__private::same_name(< InvoicePaidV1 as __es_core::__private::Event >
        ::TYPE, "InvoicePaid"), "{}",
        "`from` of `InvoicePaid` must be version 1 of `InvoicePaid`, but `InvoicePaidV1` is stored under a different name; write `#[event(version = 1, name = \"InvoicePaid\")]` on `InvoicePaidV1`"
    );
    const _: () = __es_core::__private::assert!(
        ! < InvoicePaidV1 as __es_core::__private::Event > ::IS_SPLIT, "{}",
        "`InvoicePaidV1` is split into other events, so it is not a predecessor; remove `split` from `InvoicePaidV1`, and write it on the newest version if that is read as other events"
    );
    const _: () = __es_core::__private::assert!(
        __es_core::__private::keeps_aliases(< InvoicePaidV1 as
        __es_core::__private::Event > ::ALIASES, & ["BillPaid"]), "{}",
        "`InvoicePaidV1` has an `alias` that `InvoicePaid` does not have, so events stored under that name would not be read; write it on `InvoicePaid` too"
    );
    #[automatically_derived]
    impl __es_core::__private::Event for InvoicePaid {
        const TYPE: &'static __es_core::__private::str = "InvoicePaid";
        const VERSION: __es_core::__private::u32 = 2;
        const ALIASES: &'static [&'static __es_core::__private::str] = &["BillPaid"];
        fn decode<__P: __es_core::__private::Payload>(
            __version: __es_core::__private::u32,
            __payload: &__P,
        ) -> __es_core::__private::Result<Self, __es_core::__private::DecodeError> {
            match __version {
                1..2 => {
                    __es_core::__private::Result::and_then(
                        <InvoicePaidV1 as __es_core::__private::Event>::decode(
                            __version,
                            __payload,
                        ),
                        |__old| <Self as __es_core::__private::Upcast<
                            InvoicePaidV1,
                        >>::upcast(__old, 1),
                    )
                }
                _ => __es_core::__private::read_since(2, __version, __payload),
            }
        }
        fn visit_versions<__V: __es_core::__private::VisitVersions>(
            __visitor: &mut __V,
        ) {
            __es_core::__private::VisitVersions::version::<Self>(__visitor, 2);
            <InvoicePaidV1 as __es_core::__private::Event>::visit_versions(__visitor);
        }
    }
};
