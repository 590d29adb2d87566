#[doc(hidden)]
#[allow(deprecated, unused_imports, unused_qualifications)]
const _: () = {
    use ::es_core as __es_core;
    const __TEXT: __es_core::__private::Text<Uuid> = <Uuid as __es_core::__private::IdText>::TEXT;
    #[automatically_derived]
    impl __es_core::__private::Id for InvoiceId {
        const NAME: &'static __es_core::__private::str = "InvoiceId";
        fn to_text(&self) -> __es_core::__private::String {
            (__TEXT.write)(&self.0)
        }
        fn from_text(
            __text: &__es_core::__private::str,
        ) -> __es_core::__private::Result<Self, __es_core::__private::BoxError> {
            __es_core::__private::Result::map(
                (__TEXT.read)(__text),
                |__value| Self { 0: __value },
            )
        }
    }
    #[automatically_derived]
    impl __es_core::__private::IdFor<Self> for InvoiceId {
        fn to_stored(
            &self,
        ) -> __es_core::__private::Result<
            __es_core::__private::AggregateId,
            __es_core::__private::InvalidId,
        > {
            <Self as __es_core::__private::Id>::to_aggregate_id(self)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::IdFor<__es_core::__private::AggregateId> for InvoiceId {
        fn to_stored(
            &self,
        ) -> __es_core::__private::Result<
            __es_core::__private::AggregateId,
            __es_core::__private::InvalidId,
        > {
            <Self as __es_core::__private::Id>::to_aggregate_id(self)
        }
    }
    use __es_core::__private::NotText as _;
    const _: () = __es_core::__private::assert!(
        ! < __es_core::__private::Probe < InvoiceId >> ::IS_TEXT, "{}",
        "`InvoiceId` implements `Display` and `FromStr`; write `#[id(display)]` if that is the text to store, or `#[id(transparent)]` if it is the text of the field"
    );
};
