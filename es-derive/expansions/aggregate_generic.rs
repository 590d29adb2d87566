///An event of [`Cart`]. Each type of event is a variant.
#[allow(
    deprecated,
    non_camel_case_types,
    clippy::enum_variant_names,
    clippy::large_enum_variant,
    clippy::module_name_repetitions
)]
pub enum CartEvent<T: Clone> {
    ///[`ItemAdded`], which changes the aggregate.
    ItemAdded(ItemAdded<T>),
    ///[`Emptied`], which changes the aggregate.
    Emptied(Emptied),
}
#[doc(hidden)]
#[allow(deprecated, unused_imports, unused_qualifications)]
const _: () = {
    use ::es_core as __es_core;
    #[automatically_derived]
    impl<T: Clone> __es_core::__private::From<ItemAdded<T>> for CartEvent<T> {
        fn from(__event: ItemAdded<T>) -> Self {
            Self::ItemAdded(__event)
        }
    }
    #[automatically_derived]
    impl<T: Clone> __es_core::__private::IntoEvents<CartEvent<T>> for ItemAdded<T> {
        fn push_into(self, __events: &mut __es_core::__private::Vec<CartEvent<T>>) {
            __es_core::__private::Vec::push(__events, CartEvent::ItemAdded(self));
        }
        fn may_hold(
            __info: &__es_core::__private::EventInfo,
        ) -> __es_core::__private::bool
        where
            CartEvent<T>: __es_core::__private::EventSet,
        {
            __es_core::__private::is_event_at::<CartEvent<T>>(0, __info)
        }
    }
    #[automatically_derived]
    impl<T: Clone> __es_core::__private::FirstEvents<CartEvent<T>> for ItemAdded<T> {}
    #[automatically_derived]
    impl<T: Clone> __es_core::__private::NextEvents<CartEvent<T>> for ItemAdded<T> {}
    #[automatically_derived]
    impl<T: Clone> __es_core::__private::From<Emptied> for CartEvent<T> {
        fn from(__event: Emptied) -> Self {
            Self::Emptied(__event)
        }
    }
    #[automatically_derived]
    impl<T: Clone> __es_core::__private::IntoEvents<CartEvent<T>> for Emptied {
        fn push_into(self, __events: &mut __es_core::__private::Vec<CartEvent<T>>) {
            __es_core::__private::Vec::push(__events, CartEvent::Emptied(self));
        }
        fn may_hold(
            __info: &__es_core::__private::EventInfo,
        ) -> __es_core::__private::bool
        where
            CartEvent<T>: __es_core::__private::EventSet,
        {
            __es_core::__private::is_event_at::<CartEvent<T>>(1, __info)
        }
    }
    #[automatically_derived]
    impl<T: Clone> __es_core::__private::FirstEvents<CartEvent<T>> for Emptied {}
    #[automatically_derived]
    impl<T: Clone> __es_core::__private::NextEvents<CartEvent<T>> for Emptied {}
    #[automatically_derived]
    impl<T: Clone> __es_core::__private::IntoEvents<CartEvent<T>> for CartEvent<T> {
        fn push_into(self, __events: &mut __es_core::__private::Vec<CartEvent<T>>) {
            __es_core::__private::Vec::push(__events, self);
        }
    }
    #[automatically_derived]
    impl<T: Clone> __es_core::__private::FirstEvents<CartEvent<T>> for CartEvent<T> {}
    #[automatically_derived]
    impl<T: Clone> __es_core::__private::NextEvents<CartEvent<T>> for CartEvent<T> {}
    #[automatically_derived]
    impl<T: Clone> __es_core::__private::fmt::Debug for CartEvent<T> {
        fn fmt(
            &self,
            __formatter: &mut __es_core::__private::fmt::Formatter<'_>,
        ) -> __es_core::__private::fmt::Result {
            use __es_core::__private::ShowName as _;
            match self {
                Self::ItemAdded(_) => {
                    __es_core::__private::fmt::Formatter::write_str(
                        __formatter,
                        "ItemAdded",
                    )
                }
                Self::Emptied(__event) => {
                    __es_core::__private::Shown {
                        event: __event,
                        name: "Emptied",
                    }
                        .__show(__formatter)
                }
            }
        }
    }
    #[automatically_derived]
    #[allow(clippy::too_many_lines)]
    impl<T: Clone> __es_core::__private::EventSet for CartEvent<T>
    where
        ItemAdded<T>: __es_core::__private::Event,
    {
        const EVENTS: &'static [__es_core::__private::EventInfo] = &[
            <ItemAdded<T> as __es_core::__private::Listed>::INFO,
            <Emptied as __es_core::__private::Listed>::INFO,
        ];
        fn info(&self) -> &'static __es_core::__private::EventInfo {
            &Self::EVENTS[match self {
                Self::ItemAdded(_) => 0,
                Self::Emptied(_) => 1,
            }]
        }
        fn decode<__P: __es_core::__private::Payload>(
            __type: &__es_core::__private::str,
            __version: __es_core::__private::u32,
            __payload: &__P,
        ) -> __es_core::__private::Result<
            __es_core::__private::Decoded<Self>,
            __es_core::__private::DecodeError,
        > {
            const {
                let __EVENTS: &[__es_core::__private::EventInfo] = <Self as __es_core::__private::EventSet>::EVENTS;
                let __SHOWN: &[&__es_core::__private::str] = &[
                    "ItemAdded<T>",
                    "Emptied",
                ];
                let __KINDS: &[__es_core::__private::Kind] = &[
                    <ItemAdded<T> as __es_core::__private::Listed>::KIND,
                    <Emptied as __es_core::__private::Listed>::KIND,
                ];
                let __LIST: __es_core::__private::List<'_> = __es_core::__private::List::new(
                    __EVENTS,
                    __SHOWN,
                    __KINDS,
                );
                __es_core::__private::assert_listed(0usize, __LIST);
                __es_core::__private::assert_listed(1usize, __LIST);
            };
            if <ItemAdded<T> as __es_core::__private::Listed>::is_stored_as(__type) {
                return <ItemAdded<
                    T,
                > as __es_core::__private::Listed>::read_as(
                    __version,
                    __payload,
                    Self::ItemAdded,
                );
            }
            if <Emptied as __es_core::__private::Listed>::is_stored_as(__type) {
                return <Emptied as __es_core::__private::Listed>::read_as(
                    __version,
                    __payload,
                    Self::Emptied,
                );
            }
            match __type {
                _ => {
                    __es_core::__private::Result::Err(
                        __es_core::__private::DecodeError::UnknownType,
                    )
                }
            }
        }
        fn visit_events<__V: __es_core::__private::VisitEvents>(__visitor: &mut __V) {
            <ItemAdded<T> as __es_core::__private::Listed>::visit(__visitor);
            <Emptied as __es_core::__private::Listed>::visit(__visitor);
        }
    }
    #[automatically_derived]
    impl<T: Clone> __es_core::__private::serde::Serialize for CartEvent<T>
    where
        ItemAdded<T>: __es_core::__private::Event,
    {
        fn serialize<__S: __es_core::__private::serde::Serializer>(
            &self,
            __serializer: __S,
        ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
            match self {
                Self::ItemAdded(__event) => {
                    <ItemAdded<
                        T,
                    > as __es_core::__private::Listed>::write(__event, __serializer)
                }
                Self::Emptied(__event) => {
                    <Emptied as __es_core::__private::Listed>::write(
                        __event,
                        __serializer,
                    )
                }
            }
        }
    }
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
            remote = "Cart",
            rename = "Cart",
            rename_all = "camelCase",
            bound(
                serialize = "T: __serde::Serialize",
                deserialize = "T: __serde::de::DeserializeOwned"
            )
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Stored<T: Clone> {
            items: Vec<T>,
        }
        #[automatically_derived]
        #[allow(clippy::too_many_lines)]
        impl<T: Clone> __es_core::__private::Aggregate for Cart<T>
        where
            T: __es_core::__private::serde::Serialize
                + __es_core::__private::serde::de::DeserializeOwned
                + __es_core::__private::Send + __es_core::__private::Sync + 'static,
            ItemAdded<T>: __es_core::__private::Event,
        {
            type Event = CartEvent<T>;
            type Id = __es_core::__private::AggregateId;
            const TYPE: &'static __es_core::__private::str = "Cart";
            const SNAPSHOT_POLICY: __es_core::__private::SnapshotPolicy = __es_core::__private::SnapshotPolicy::Never;
            const STATE_VERSION: __es_core::__private::u32 = 1;
            #[allow(unused_variables)]
            fn can_begin(__event: &CartEvent<T>) -> __es_core::__private::bool {
                true
            }
            #[allow(unused_variables)]
            fn can_continue(__event: &CartEvent<T>) -> __es_core::__private::bool {
                true
            }
            fn begin(
                __event: CartEvent<T>,
                __context: &__es_core::__private::Context,
            ) -> __es_core::__private::Result<Self, __es_core::__private::FoldError> {
                let mut __state = <Self as __es_core::__private::Begin>::begin();
                __es_core::__private::Result::map(
                    <Self as __es_core::__private::Aggregate>::fold(
                        &mut __state,
                        __event,
                        __context,
                    ),
                    |()| __state,
                )
            }
            #[inline(always)]
            fn fold(
                &mut self,
                __event: CartEvent<T>,
                __context: &__es_core::__private::Context,
            ) -> __es_core::__private::Result<(), __es_core::__private::FoldError> {
                match __event {
                    CartEvent::ItemAdded(__event) => {
                        <Self as __es_core::__private::Apply<
                            ItemAdded<T>,
                        >>::apply(self, __event, __context);
                        __es_core::__private::Result::Ok(())
                    }
                    CartEvent::Emptied(__event) => {
                        <Self as __es_core::__private::Apply<
                            Emptied,
                        >>::apply(self, __event, __context);
                        __es_core::__private::Result::Ok(())
                    }
                }
            }
            fn serialize_state<__S: __es_core::__private::serde::Serializer>(
                &self,
                __serializer: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __Stored::<T>::serialize(self, __serializer)
            }
            fn deserialize_state<
                '__de,
                __D: __es_core::__private::serde::Deserializer<'__de>,
            >(__deserializer: __D) -> __es_core::__private::Result<Self, __D::Error> {
                __Stored::<T>::deserialize(__deserializer)
            }
        }
    };
};
