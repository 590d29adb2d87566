#[doc(hidden)]
const _: () = {
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl<T> ::es_core::__private::Id for IdOf<T>
    where
        IdOf<T>: ::es_core::__private::IdText,
        Self: ::es_core::__private::Send + ::es_core::__private::Sync + 'static,
    {
        const NAME: &'static ::es_core::__private::str = "IdOf";
        fn to_text(&self) -> ::es_core::__private::String {
            (<IdOf<T> as ::es_core::__private::IdText>::TEXT.write)(self)
        }
        fn from_text(
            __text: &::es_core::__private::str,
        ) -> ::es_core::__private::Result<Self, ::es_core::__private::BoxError> {
            ::es_core::__private::Result::map(
                (<IdOf<T> as ::es_core::__private::IdText>::TEXT.read)(__text),
                |__value| __value,
            )
        }
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    #[diagnostic::do_not_recommend]
    impl<T> ::es_core::__private::IdFor<Self> for IdOf<T>
    where
        IdOf<T>: ::es_core::__private::IdText,
        Self: ::es_core::__private::Send + ::es_core::__private::Sync + 'static,
    {
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
    impl<T> ::es_core::__private::IdFor<::es_core::__private::AggregateId> for IdOf<T>
    where
        IdOf<T>: ::es_core::__private::IdText,
        Self: ::es_core::__private::Send + ::es_core::__private::Sync + 'static,
    {
        fn to_stored(
            &self,
        ) -> ::es_core::__private::Result<
            ::es_core::__private::AggregateId,
            ::es_core::__private::InvalidId,
        > {
            <Self as ::es_core::__private::Id>::to_aggregate_id(self)
        }
    }
};
