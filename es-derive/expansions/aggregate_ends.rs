///An event of [`Door`]. Each type of event is a variant.
#[allow(
    deprecated,
    non_camel_case_types,
    clippy::enum_variant_names,
    clippy::large_enum_variant,
    clippy::module_name_repetitions
)]
pub enum DoorEvent {
    ///[`DoorMoved`], which changes the aggregate.
    DoorMoved(DoorMoved),
    ///[`DoorPainted`], which changes nothing.
    DoorPainted(DoorPainted),
    ///[`DoorRemoved`], which ends the aggregate.
    DoorRemoved(DoorRemoved),
}
#[doc(hidden)]
#[allow(deprecated, unused_imports, unused_qualifications)]
const _: () = {
    use ::es_core as __es_core;
    #[automatically_derived]
    impl __es_core::__private::From<DoorMoved> for DoorEvent {
        fn from(__event: DoorMoved) -> Self {
            Self::DoorMoved(__event)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::IntoEvents<DoorEvent> for DoorMoved {
        fn push_into(self, __events: &mut __es_core::__private::Vec<DoorEvent>) {
            __es_core::__private::Vec::push(__events, DoorEvent::DoorMoved(self));
        }
        fn may_hold(
            __info: &__es_core::__private::EventInfo,
        ) -> __es_core::__private::bool {
            __es_core::__private::is_event_at::<DoorEvent>(0, __info)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::FirstEvents<DoorEvent> for DoorMoved {}
    #[automatically_derived]
    impl __es_core::__private::NextEvents<DoorEvent> for DoorMoved {}
    #[automatically_derived]
    impl __es_core::__private::From<DoorPainted> for DoorEvent {
        fn from(__event: DoorPainted) -> Self {
            Self::DoorPainted(__event)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::IntoEvents<DoorEvent> for DoorPainted {
        fn push_into(self, __events: &mut __es_core::__private::Vec<DoorEvent>) {
            __es_core::__private::Vec::push(__events, DoorEvent::DoorPainted(self));
        }
        fn may_hold(
            __info: &__es_core::__private::EventInfo,
        ) -> __es_core::__private::bool {
            __es_core::__private::is_event_at::<DoorEvent>(1, __info)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::FirstEvents<DoorEvent> for DoorPainted {}
    #[automatically_derived]
    impl __es_core::__private::NextEvents<DoorEvent> for DoorPainted {}
    #[automatically_derived]
    impl __es_core::__private::From<DoorRemoved> for DoorEvent {
        fn from(__event: DoorRemoved) -> Self {
            Self::DoorRemoved(__event)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::IntoEvents<DoorEvent> for DoorRemoved {
        fn push_into(self, __events: &mut __es_core::__private::Vec<DoorEvent>) {
            __es_core::__private::Vec::push(__events, DoorEvent::DoorRemoved(self));
        }
        fn may_hold(
            __info: &__es_core::__private::EventInfo,
        ) -> __es_core::__private::bool {
            __es_core::__private::is_event_at::<DoorEvent>(2, __info)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::NextEvents<DoorEvent> for DoorRemoved {}
    #[automatically_derived]
    impl __es_core::__private::IntoEvents<DoorEvent> for DoorEvent {
        fn push_into(self, __events: &mut __es_core::__private::Vec<DoorEvent>) {
            __es_core::__private::Vec::push(__events, self);
        }
    }
    #[automatically_derived]
    impl __es_core::__private::FirstEvents<DoorEvent> for DoorEvent {}
    #[automatically_derived]
    impl __es_core::__private::NextEvents<DoorEvent> for DoorEvent {}
    #[automatically_derived]
    impl __es_core::__private::fmt::Debug for DoorEvent {
        fn fmt(
            &self,
            __formatter: &mut __es_core::__private::fmt::Formatter<'_>,
        ) -> __es_core::__private::fmt::Result {
            use __es_core::__private::ShowName as _;
            match self {
                Self::DoorMoved(__event) => {
                    __es_core::__private::Shown {
                        event: __event,
                        name: "DoorMoved",
                    }
                        .__show(__formatter)
                }
                Self::DoorPainted(__event) => {
                    __es_core::__private::Shown {
                        event: __event,
                        name: "DoorPainted",
                    }
                        .__show(__formatter)
                }
                Self::DoorRemoved(__event) => {
                    __es_core::__private::Shown {
                        event: __event,
                        name: "DoorRemoved",
                    }
                        .__show(__formatter)
                }
            }
        }
    }
    #[automatically_derived]
    #[allow(clippy::too_many_lines)]
    impl __es_core::__private::EventSet for DoorEvent {
        const EVENTS: &'static [__es_core::__private::EventInfo] = &[
            <DoorMoved as __es_core::__private::Listed>::INFO,
            <DoorPainted as __es_core::__private::Listed>::INFO,
            <DoorRemoved as __es_core::__private::Listed>::INFO,
        ];
        fn info(&self) -> &'static __es_core::__private::EventInfo {
            &Self::EVENTS[match self {
                Self::DoorMoved(_) => 0,
                Self::DoorPainted(_) => 1,
                Self::DoorRemoved(_) => 2,
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
            if <DoorMoved as __es_core::__private::Listed>::is_stored_as(__type) {
                return <DoorMoved as __es_core::__private::Listed>::read_as(
                    __version,
                    __payload,
                    Self::DoorMoved,
                );
            }
            if <DoorPainted as __es_core::__private::Listed>::is_stored_as(__type) {
                return <DoorPainted as __es_core::__private::Listed>::read_as(
                    __version,
                    __payload,
                    Self::DoorPainted,
                );
            }
            if <DoorRemoved as __es_core::__private::Listed>::is_stored_as(__type) {
                return <DoorRemoved as __es_core::__private::Listed>::read_as(
                    __version,
                    __payload,
                    Self::DoorRemoved,
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
            <DoorMoved as __es_core::__private::Listed>::visit(__visitor);
            <DoorPainted as __es_core::__private::Listed>::visit(__visitor);
            <DoorRemoved as __es_core::__private::Listed>::visit(__visitor);
        }
    }
    #[automatically_derived]
    impl __es_core::__private::serde::Serialize for DoorEvent {
        fn serialize<__S: __es_core::__private::serde::Serializer>(
            &self,
            __serializer: __S,
        ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
            match self {
                Self::DoorMoved(__event) => {
                    <DoorMoved as __es_core::__private::Listed>::write(
                        __event,
                        __serializer,
                    )
                }
                Self::DoorPainted(__event) => {
                    <DoorPainted as __es_core::__private::Listed>::write(
                        __event,
                        __serializer,
                    )
                }
                Self::DoorRemoved(__event) => {
                    <DoorRemoved as __es_core::__private::Listed>::write(
                        __event,
                        __serializer,
                    )
                }
            }
        }
    }
    const _: () = {
        const __EVENTS: &[__es_core::__private::EventInfo] = <DoorEvent as __es_core::__private::EventSet>::EVENTS;
        const __SHOWN: &[&__es_core::__private::str] = &[
            "DoorMoved",
            "DoorPainted",
            "DoorRemoved",
        ];
        const __KINDS: &[__es_core::__private::Kind] = &[
            <DoorMoved as __es_core::__private::Listed>::KIND,
            <DoorPainted as __es_core::__private::Listed>::KIND,
            <DoorRemoved as __es_core::__private::Listed>::KIND,
        ];
        const __LIST: __es_core::__private::List<'_> = __es_core::__private::List::new(
            __EVENTS,
            __SHOWN,
            __KINDS,
        );
        const _: () = __es_core::__private::assert_listed(0usize, __LIST);
        const _: () = __es_core::__private::assert_listed(1usize, __LIST);
        const _: () = __es_core::__private::assert_listed(2usize, __LIST);
    };
    #[allow(dead_code, non_camel_case_types)]
    type __own_bool = bool;
    #[doc(hidden)]
    const _: () = {
        use __es_core::__private::{
            self as __private, Refused as _, primitive::*, serde as __serde,
        };
        #[derive(__es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "Door",
            rename = "Door",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Stored {
            open: __own_bool,
        }
        #[automatically_derived]
        #[allow(clippy::too_many_lines)]
        impl __es_core::__private::Aggregate for Door {
            type Event = DoorEvent;
            type Id = __es_core::__private::AggregateId;
            const TYPE: &'static __es_core::__private::str = "Door";
            const SNAPSHOT_POLICY: __es_core::__private::SnapshotPolicy = __es_core::__private::SnapshotPolicy::Never;
            const STATE_VERSION: __es_core::__private::u32 = 1;
            #[allow(unused_variables)]
            fn can_begin(__event: &DoorEvent) -> __es_core::__private::bool {
                match __event {
                    DoorEvent::DoorMoved(_) | DoorEvent::DoorPainted(_) => true,
                    _ => false,
                }
            }
            #[allow(unused_variables)]
            fn can_continue(__event: &DoorEvent) -> __es_core::__private::bool {
                true
            }
            fn begin(
                __event: DoorEvent,
                __context: &__es_core::__private::Context,
            ) -> __es_core::__private::Result<Self, __es_core::__private::FoldError> {
                if <Self as __es_core::__private::Aggregate>::is_end(&__event) {
                    return __es_core::__private::Result::Err(__es_core::__private::FoldError::NotInitial {
                        event_type: __es_core::__private::EventSet::event_type(&__event),
                    });
                }
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
                __event: DoorEvent,
                __context: &__es_core::__private::Context,
            ) -> __es_core::__private::Result<(), __es_core::__private::FoldError> {
                match __event {
                    DoorEvent::DoorMoved(__event) => {
                        <Self as __es_core::__private::Apply<
                            DoorMoved,
                        >>::apply(self, __event, __context);
                        __es_core::__private::Result::Ok(())
                    }
                    DoorEvent::DoorPainted(_) | DoorEvent::DoorRemoved(_) => {
                        __es_core::__private::Result::Ok(())
                    }
                }
            }
            const CAN_END: __es_core::__private::bool = true;
            #[inline]
            fn is_end(__event: &DoorEvent) -> __es_core::__private::bool {
                match __event {
                    DoorEvent::DoorRemoved(_) => true,
                    _ => false,
                }
            }
            fn serialize_state<__S: __es_core::__private::serde::Serializer>(
                &self,
                __serializer: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __es_core::__private::Writing::begin(__serializer, "Door", 1)
                    .field("open", &self.open)
                    .end()
            }
            fn deserialize_state<
                '__de,
                __D: __es_core::__private::serde::Deserializer<'__de>,
            >(__deserializer: __D) -> __es_core::__private::Result<Self, __D::Error> {
                __Stored::deserialize(__deserializer)
            }
        }
    };
};
