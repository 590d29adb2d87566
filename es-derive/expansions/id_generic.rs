#[doc(hidden)]
#[allow(deprecated, unused_imports, unused_qualifications)]
const _: () = {
    use ::es_core as __es_core;
    #[automatically_derived]
    impl<T> __es_core::__private::Id for IdOf<T>
    where
        IdOf<T>: __es_core::__private::IdText,
        Self: __es_core::__private::Send + __es_core::__private::Sync + 'static,
    {
        const NAME: &'static __es_core::__private::str = "IdOf";
        fn to_text(&self) -> __es_core::__private::String {
            (<IdOf<T> as __es_core::__private::IdText>::TEXT.write)(self)
        }
        fn from_text(
            __text: &__es_core::__private::str,
        ) -> __es_core::__private::Result<Self, __es_core::__private::BoxError> {
            __es_core::__private::Result::map(
                (<IdOf<T> as __es_core::__private::IdText>::TEXT.read)(__text),
                |__value| __value,
            )
        }
    }
    #[automatically_derived]
    impl<T> __es_core::__private::IdFor<Self> for IdOf<T>
    where
        IdOf<T>: __es_core::__private::IdText,
        Self: __es_core::__private::Send + __es_core::__private::Sync + 'static,
    {
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
    impl<T> __es_core::__private::IdFor<__es_core::__private::AggregateId> for IdOf<T>
    where
        IdOf<T>: __es_core::__private::IdText,
        Self: __es_core::__private::Send + __es_core::__private::Sync + 'static,
    {
        fn to_stored(
            &self,
        ) -> __es_core::__private::Result<
            __es_core::__private::AggregateId,
            __es_core::__private::InvalidId,
        > {
            <Self as __es_core::__private::Id>::to_aggregate_id(self)
        }
    }
};
