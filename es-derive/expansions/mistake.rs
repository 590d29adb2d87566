::core::compile_error! {
    "unknown key `evnets` in `#[aggregate(..)]`; did you mean `events`? the keys are `name`, `init`, `events`, `split`, `retired`, `snapshot`, `event_enum`, `crate`"
}
///An event of [`Door`]. Each type of event is a variant.
#[allow(
    deprecated,
    clippy::enum_variant_names,
    clippy::large_enum_variant,
    clippy::module_name_repetitions
)]
enum DoorEvent {
    ///[`DoorClosed`], which begins or changes the aggregate.
    DoorClosed(DoorClosed),
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::From<DoorClosed> for DoorEvent {
    fn from(__event: DoorClosed) -> Self {
        Self::DoorClosed(__event)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::IntoEvents<DoorEvent> for DoorClosed {
    fn push_into(self, __events: &mut ::es_core::__private::Vec<DoorEvent>) {
        ::es_core::__private::Vec::push(__events, DoorEvent::DoorClosed(self));
    }
    fn may_hold(__info: &::es_core::__private::EventInfo) -> ::es_core::__private::bool {
        ::es_core::__private::is_event_at::<DoorEvent>(0, __info)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::FirstEvents<DoorEvent> for DoorClosed {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::NextEvents<DoorEvent> for DoorClosed {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::IntoEvents<DoorEvent> for DoorEvent {
    fn push_into(self, __events: &mut ::es_core::__private::Vec<DoorEvent>) {
        ::es_core::__private::Vec::push(__events, self);
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::FirstEvents<DoorEvent> for DoorEvent {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::NextEvents<DoorEvent> for DoorEvent {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::fmt::Debug for DoorEvent {
    fn fmt(
        &self,
        __formatter: &mut ::es_core::__private::fmt::Formatter<'_>,
    ) -> ::es_core::__private::fmt::Result {
        #[allow(unused_imports)]
        use ::es_core::__private::{ShowData as _, ShowName as _};
        match self {
            Self::DoorClosed(__event) => {
                (&::es_core::__private::Shown {
                    event: __event,
                    name: "DoorClosed",
                })
                    .__show(__formatter)
            }
        }
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::serde::Serialize for DoorEvent {
    fn serialize<__S: ::es_core::__private::serde::Serializer>(
        &self,
        _: __S,
    ) -> ::es_core::__private::Result<__S::Ok, __S::Error> {
        loop {}
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::EventSet for DoorEvent {
    const EVENTS: &'static [::es_core::__private::EventInfo] = &[];
    fn info(&self) -> &'static ::es_core::__private::EventInfo {
        loop {}
    }
    fn decode<__P: ::es_core::__private::Payload>(
        _: &::es_core::__private::str,
        _: ::es_core::__private::u32,
        _: &__P,
    ) -> ::es_core::__private::Result<
        ::es_core::__private::Decoded<Self>,
        ::es_core::__private::DecodeError,
    > {
        loop {}
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::Aggregate for Door {
    type Event = DoorEvent;
    const TYPE: &'static ::es_core::__private::str = "Door";
    const SNAPSHOT_POLICY: ::es_core::__private::SnapshotPolicy = ::es_core::__private::SnapshotPolicy::Never;
    const STATE_VERSION: ::es_core::__private::u32 = 1;
    fn can_begin(_: &Self::Event) -> ::es_core::__private::bool {
        loop {}
    }
    fn can_continue(_: &Self::Event) -> ::es_core::__private::bool {
        loop {}
    }
    fn init(
        _: Self::Event,
        _: &::es_core::__private::Context,
    ) -> ::es_core::__private::Result<Self, ::es_core::__private::FoldError> {
        loop {}
    }
    fn apply(
        &mut self,
        _: Self::Event,
        _: &::es_core::__private::Context,
    ) -> ::es_core::__private::Result<(), ::es_core::__private::FoldError> {
        loop {}
    }
    fn serialize_state<__S: ::es_core::__private::serde::Serializer>(
        &self,
        _: __S,
    ) -> ::es_core::__private::Result<__S::Ok, __S::Error> {
        loop {}
    }
    fn deserialize_state<'__de, __D: ::es_core::__private::serde::Deserializer<'__de>>(
        _: __D,
    ) -> ::es_core::__private::Result<Self, __D::Error> {
        loop {}
    }
}
