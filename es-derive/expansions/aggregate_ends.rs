///An event of [`Door`]. Each type of event is a variant.
#[allow(
    deprecated,
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
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::From<DoorMoved> for DoorEvent {
    fn from(__event: DoorMoved) -> Self {
        Self::DoorMoved(__event)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::IntoEvents<DoorEvent> for DoorMoved {
    fn push_into(self, __events: &mut ::es_core::__private::Vec<DoorEvent>) {
        ::es_core::__private::Vec::push(__events, DoorEvent::DoorMoved(self));
    }
    fn may_hold(__info: &::es_core::__private::EventInfo) -> ::es_core::__private::bool {
        ::es_core::__private::is_event_at::<DoorEvent>(0, __info)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::FirstEvents<DoorEvent> for DoorMoved {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::NextEvents<DoorEvent> for DoorMoved {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::From<DoorPainted> for DoorEvent {
    fn from(__event: DoorPainted) -> Self {
        Self::DoorPainted(__event)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::IntoEvents<DoorEvent> for DoorPainted {
    fn push_into(self, __events: &mut ::es_core::__private::Vec<DoorEvent>) {
        ::es_core::__private::Vec::push(__events, DoorEvent::DoorPainted(self));
    }
    fn may_hold(__info: &::es_core::__private::EventInfo) -> ::es_core::__private::bool {
        ::es_core::__private::is_event_at::<DoorEvent>(1, __info)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::FirstEvents<DoorEvent> for DoorPainted {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::NextEvents<DoorEvent> for DoorPainted {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::From<DoorRemoved> for DoorEvent {
    fn from(__event: DoorRemoved) -> Self {
        Self::DoorRemoved(__event)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::IntoEvents<DoorEvent> for DoorRemoved {
    fn push_into(self, __events: &mut ::es_core::__private::Vec<DoorEvent>) {
        ::es_core::__private::Vec::push(__events, DoorEvent::DoorRemoved(self));
    }
    fn may_hold(__info: &::es_core::__private::EventInfo) -> ::es_core::__private::bool {
        ::es_core::__private::is_event_at::<DoorEvent>(2, __info)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::NextEvents<DoorEvent> for DoorRemoved {}
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
        ::es_core::__private::fmt::Formatter::write_str(
            __formatter,
            match *self {
                Self::DoorMoved(_) => "DoorMoved",
                Self::DoorPainted(_) => "DoorPainted",
                Self::DoorRemoved(_) => "DoorRemoved",
            },
        )
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
#[allow(clippy::too_many_lines)]
impl ::es_core::__private::EventSet for DoorEvent {
    const EVENTS: &'static [::es_core::__private::EventInfo] = &[
        <DoorMoved as ::es_core::__private::Listed>::INFO,
        <DoorPainted as ::es_core::__private::Listed>::INFO,
        <DoorRemoved as ::es_core::__private::Listed>::INFO,
    ];
    fn info(&self) -> &'static ::es_core::__private::EventInfo {
        &Self::EVENTS[match self {
            Self::DoorMoved(_) => 0,
            Self::DoorPainted(_) => 1,
            Self::DoorRemoved(_) => 2,
        }]
    }
    fn can_begin(&self) -> ::es_core::__private::bool {
        match self {
            Self::DoorMoved(_) | Self::DoorPainted(_) => true,
            _ => false,
        }
    }
    fn can_continue(&self) -> ::es_core::__private::bool {
        true
    }
    fn decode<__P: ::es_core::__private::Payload>(
        __type: &::es_core::__private::str,
        __version: ::es_core::__private::u32,
        __payload: &__P,
    ) -> ::es_core::__private::Result<
        ::es_core::__private::Decoded<Self>,
        ::es_core::__private::DecodeError,
    > {
        if <DoorMoved as ::es_core::__private::Listed>::is_stored_as(__type) {
            return <DoorMoved as ::es_core::__private::Listed>::read_as(
                __version,
                __payload,
                Self::DoorMoved,
            );
        }
        if <DoorPainted as ::es_core::__private::Listed>::is_stored_as(__type) {
            return <DoorPainted as ::es_core::__private::Listed>::read_as(
                __version,
                __payload,
                Self::DoorPainted,
            );
        }
        if <DoorRemoved as ::es_core::__private::Listed>::is_stored_as(__type) {
            return <DoorRemoved as ::es_core::__private::Listed>::read_as(
                __version,
                __payload,
                Self::DoorRemoved,
            );
        }
        match __type {
            _ => {
                ::es_core::__private::Result::Err(
                    ::es_core::__private::DecodeError::UnknownType,
                )
            }
        }
    }
    fn visit_events<__V: ::es_core::__private::VisitEvents>(__visitor: &mut __V) {
        <DoorMoved as ::es_core::__private::Listed>::visit(__visitor);
        <DoorPainted as ::es_core::__private::Listed>::visit(__visitor);
        <DoorRemoved as ::es_core::__private::Listed>::visit(__visitor);
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::serde::Serialize for DoorEvent {
    fn serialize<__S: ::es_core::__private::serde::Serializer>(
        &self,
        __serializer: __S,
    ) -> ::es_core::__private::Result<__S::Ok, __S::Error> {
        match self {
            Self::DoorMoved(__event) => {
                <DoorMoved as ::es_core::__private::Listed>::write(__event, __serializer)
            }
            Self::DoorPainted(__event) => {
                <DoorPainted as ::es_core::__private::Listed>::write(
                    __event,
                    __serializer,
                )
            }
            Self::DoorRemoved(__event) => {
                <DoorRemoved as ::es_core::__private::Listed>::write(
                    __event,
                    __serializer,
                )
            }
        }
    }
}
#[allow(deprecated)]
const _: () = {
    const __EVENTS: &[::es_core::__private::EventInfo] = <DoorEvent as ::es_core::__private::EventSet>::EVENTS;
    const __SHOWN: &[&::es_core::__private::str] = &[
        "DoorMoved",
        "DoorPainted",
        "DoorRemoved",
    ];
    const _: () = ::es_core::__private::assert_name_differs(1usize, __EVENTS, __SHOWN);
    const _: () = ::es_core::__private::assert_name_differs(2usize, __EVENTS, __SHOWN);
};
#[doc(hidden)]
const _: () = {
    #[allow(unused_imports)]
    use ::es_core::__private::{
        self as __private, Refused as _, primitive::*, serde as __serde,
    };
    #[derive(
        ::es_core::__private::serde::Serialize,
        ::es_core::__private::serde::Deserialize
    )]
    #[serde(
        crate = "__serde",
        remote = "Door",
        rename = "Door",
        rename_all = "camelCase"
    )]
    #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
    struct __Stored {
        open: bool,
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    #[allow(clippy::too_many_lines)]
    impl ::es_core::__private::Aggregate for Door {
        type Event = DoorEvent;
        const TYPE: &'static ::es_core::__private::str = "Door";
        const SNAPSHOT_POLICY: ::es_core::__private::SnapshotPolicy = ::es_core::__private::SnapshotPolicy::Never;
        const STATE_VERSION: ::es_core::__private::u32 = 1;
        fn init(
            __event: Self::Event,
            __context: &::es_core::__private::Context,
        ) -> ::es_core::__private::Result<Self, ::es_core::__private::FoldError> {
            if <Self as ::es_core::__private::Aggregate>::is_end(&__event) {
                return ::es_core::__private::Result::Err(::es_core::__private::FoldError::NotInitial {
                    event_type: ::es_core::__private::EventSet::event_type(&__event),
                });
            }
            let mut __state = <Self as ::es_core::__private::Begin>::begin();
            ::es_core::__private::Result::map(
                <Self as ::es_core::__private::Aggregate>::apply(
                    &mut __state,
                    __event,
                    __context,
                ),
                |()| __state,
            )
        }
        #[inline(always)]
        fn apply(
            &mut self,
            __event: Self::Event,
            __context: &::es_core::__private::Context,
        ) -> ::es_core::__private::Result<(), ::es_core::__private::FoldError> {
            match __event {
                DoorEvent::DoorMoved(__event) => {
                    <Self as ::es_core::__private::Apply<
                        DoorMoved,
                    >>::apply(self, __event, __context);
                    ::es_core::__private::Result::Ok(())
                }
                DoorEvent::DoorPainted(_) | DoorEvent::DoorRemoved(_) => {
                    ::es_core::__private::Result::Ok(())
                }
            }
        }
        const CAN_END: ::es_core::__private::bool = true;
        #[inline]
        fn is_end(__event: &Self::Event) -> ::es_core::__private::bool {
            match __event {
                DoorEvent::DoorRemoved(_) => true,
                _ => false,
            }
        }
        fn serialize_state<__S: ::es_core::__private::serde::Serializer>(
            &self,
            __serializer: __S,
        ) -> ::es_core::__private::Result<__S::Ok, __S::Error> {
            __Stored::serialize(self, __serializer)
        }
        fn deserialize_state<
            '__de,
            __D: ::es_core::__private::serde::Deserializer<'__de>,
        >(__deserializer: __D) -> ::es_core::__private::Result<Self, __D::Error> {
            __Stored::deserialize(__deserializer)
        }
    }
};
