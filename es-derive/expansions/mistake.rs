::core::compile_error! {
    "unknown key `evnets` in `#[aggregate(..)]`; did you mean `events`? the keys are `name`, `init`, `events`, `informs`, `ends`, `split`, `retired`, `snapshot`, `event_enum`, `id`, `crate`"
}
///An event of [`Door`]. Each type of event is a variant.
#[allow(
    deprecated,
    non_camel_case_types,
    clippy::enum_variant_names,
    clippy::large_enum_variant,
    clippy::module_name_repetitions
)]
enum DoorEvent {
    ///[`DoorOpened`], which begins or changes the aggregate.
    DoorOpened(DoorOpened),
    ///[`DoorClosed`], which begins or changes the aggregate.
    DoorClosed(DoorClosed),
}
#[doc(hidden)]
#[allow(deprecated, unused_imports, unused_qualifications)]
const _: () = {
    use ::es_core as __es_core;
    #[automatically_derived]
    impl __es_core::__private::From<DoorOpened> for DoorEvent {
        fn from(__event: DoorOpened) -> Self {
            Self::DoorOpened(__event)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::IntoEvents<DoorEvent> for DoorOpened {
        fn push_into(self, __events: &mut __es_core::__private::Vec<DoorEvent>) {
            __es_core::__private::Vec::push(__events, DoorEvent::DoorOpened(self));
        }
        fn may_hold(
            __info: &__es_core::__private::EventInfo,
        ) -> __es_core::__private::bool {
            __es_core::__private::is_event_at::<DoorEvent>(0, __info)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::FirstEvents<DoorEvent> for DoorOpened {}
    #[automatically_derived]
    impl __es_core::__private::NextEvents<DoorEvent> for DoorOpened {}
    #[automatically_derived]
    impl __es_core::__private::From<DoorClosed> for DoorEvent {
        fn from(__event: DoorClosed) -> Self {
            Self::DoorClosed(__event)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::IntoEvents<DoorEvent> for DoorClosed {
        fn push_into(self, __events: &mut __es_core::__private::Vec<DoorEvent>) {
            __es_core::__private::Vec::push(__events, DoorEvent::DoorClosed(self));
        }
        fn may_hold(
            __info: &__es_core::__private::EventInfo,
        ) -> __es_core::__private::bool {
            __es_core::__private::is_event_at::<DoorEvent>(1, __info)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::FirstEvents<DoorEvent> for DoorClosed {}
    #[automatically_derived]
    impl __es_core::__private::NextEvents<DoorEvent> for DoorClosed {}
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
                Self::DoorOpened(__event) => {
                    __es_core::__private::Shown {
                        event: __event,
                        name: "DoorOpened",
                    }
                        .__show(__formatter)
                }
                Self::DoorClosed(__event) => {
                    __es_core::__private::Shown {
                        event: __event,
                        name: "DoorClosed",
                    }
                        .__show(__formatter)
                }
            }
        }
    }
    #[automatically_derived]
    impl __es_core::__private::serde::Serialize for DoorEvent {
        fn serialize<__S: __es_core::__private::serde::Serializer>(
            &self,
            _: __S,
        ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
            loop {}
        }
    }
    #[automatically_derived]
    impl __es_core::__private::EventSet for DoorEvent {
        const EVENTS: &'static [__es_core::__private::EventInfo] = &[];
        fn info(&self) -> &'static __es_core::__private::EventInfo {
            loop {}
        }
        fn decode<__P: __es_core::__private::Payload>(
            _: &__es_core::__private::str,
            _: __es_core::__private::u32,
            _: &__P,
        ) -> __es_core::__private::Result<
            __es_core::__private::Decoded<Self>,
            __es_core::__private::DecodeError,
        > {
            loop {}
        }
    }
    #[automatically_derived]
    impl __es_core::__private::Aggregate for Door {
        type Event = DoorEvent;
        type Id = __es_core::__private::AggregateId;
        const TYPE: &'static __es_core::__private::str = "Door";
        const SNAPSHOT_POLICY: __es_core::__private::SnapshotPolicy = __es_core::__private::SnapshotPolicy::Never;
        const STATE_VERSION: __es_core::__private::u32 = 1;
        fn can_begin(_: &Self::Event) -> __es_core::__private::bool {
            loop {}
        }
        fn can_continue(_: &Self::Event) -> __es_core::__private::bool {
            loop {}
        }
        fn begin(
            _: Self::Event,
            _: &__es_core::__private::Context,
        ) -> __es_core::__private::Result<Self, __es_core::__private::FoldError> {
            loop {}
        }
        fn fold(
            &mut self,
            _: Self::Event,
            _: &__es_core::__private::Context,
        ) -> __es_core::__private::Result<(), __es_core::__private::FoldError> {
            loop {}
        }
        fn serialize_state<__S: __es_core::__private::serde::Serializer>(
            &self,
            _: __S,
        ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
            loop {}
        }
        fn deserialize_state<
            '__de,
            __D: __es_core::__private::serde::Deserializer<'__de>,
        >(_: __D) -> __es_core::__private::Result<Self, __D::Error> {
            loop {}
        }
    }
};
