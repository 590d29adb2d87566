#[doc(hidden)]
const _: () = {
    const __TEXT: ::es_core::__private::Text<Uuid> = <Uuid as ::es_core::__private::IdText>::TEXT;
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::es_core::__private::Id for InvoiceId {
        const NAME: &'static ::es_core::__private::str = "InvoiceId";
        fn to_text(&self) -> ::es_core::__private::String {
            (__TEXT.write)(&self.0)
        }
        fn from_text(
            __text: &::es_core::__private::str,
        ) -> ::es_core::__private::Result<Self, ::es_core::__private::BoxError> {
            ::es_core::__private::Result::map(
                (__TEXT.read)(__text),
                |__value| Self { 0: __value },
            )
        }
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    #[diagnostic::do_not_recommend]
    impl ::es_core::__private::IdFor<Self> for InvoiceId {
        fn to_stored(
            &self,
        ) -> ::es_core::__private::Result<
            ::es_core::__private::AggregateId,
            ::es_core::__private::InvalidId,
        > {
            <Self as ::es_core::__private::Id>::to_aggregate_id(self)
        }
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    #[diagnostic::do_not_recommend]
    impl ::es_core::__private::IdFor<::es_core::__private::AggregateId> for InvoiceId {
        fn to_stored(
            &self,
        ) -> ::es_core::__private::Result<
            ::es_core::__private::AggregateId,
            ::es_core::__private::InvalidId,
        > {
            <Self as ::es_core::__private::Id>::to_aggregate_id(self)
        }
    }
    #[allow(unused_imports)]
    use ::es_core::__private::NotText as _;
    const _: () = ::es_core::__private::assert!(
        ! < ::es_core::__private::Probe < InvoiceId >> ::IS_TEXT, "{}",
        "`InvoiceId` implements `Display` and `FromStr`; write `#[id(display)]` if that is the text to store, or `#[id(transparent)]` if it is the text of the field"
    );
};
