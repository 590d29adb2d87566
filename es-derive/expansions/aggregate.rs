///An event of [`Invoice`]. Each type of event is a variant.
#[allow(
    deprecated,
    clippy::enum_variant_names,
    clippy::large_enum_variant,
    clippy::module_name_repetitions
)]
pub enum InvoiceEvent {
    ///[`InvoiceCreated`], which begins the aggregate.
    InvoiceCreated(InvoiceCreated),
    ///[`InvoicePaid`], which changes the aggregate.
    InvoicePaid(InvoicePaid),
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::From<InvoiceCreated> for InvoiceEvent {
    fn from(__event: InvoiceCreated) -> Self {
        Self::InvoiceCreated(__event)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::IntoEvents<InvoiceEvent> for InvoiceCreated {
    fn push_into(self, __events: &mut ::es_core::__private::Vec<InvoiceEvent>) {
        ::es_core::__private::Vec::push(__events, InvoiceEvent::InvoiceCreated(self));
    }
    fn may_hold(__info: &::es_core::__private::EventInfo) -> ::es_core::__private::bool {
        ::es_core::__private::is_event_at::<InvoiceEvent>(0, __info)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::FirstEvents<InvoiceEvent> for InvoiceCreated {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::From<InvoicePaid> for InvoiceEvent {
    fn from(__event: InvoicePaid) -> Self {
        Self::InvoicePaid(__event)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::IntoEvents<InvoiceEvent> for InvoicePaid {
    fn push_into(self, __events: &mut ::es_core::__private::Vec<InvoiceEvent>) {
        ::es_core::__private::Vec::push(__events, InvoiceEvent::InvoicePaid(self));
    }
    fn may_hold(__info: &::es_core::__private::EventInfo) -> ::es_core::__private::bool {
        ::es_core::__private::is_event_at::<InvoiceEvent>(1, __info)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::NextEvents<InvoiceEvent> for InvoicePaid {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::IntoEvents<InvoiceEvent> for InvoiceEvent {
    fn push_into(self, __events: &mut ::es_core::__private::Vec<InvoiceEvent>) {
        ::es_core::__private::Vec::push(__events, self);
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::FirstEvents<InvoiceEvent> for InvoiceEvent {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::NextEvents<InvoiceEvent> for InvoiceEvent {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::fmt::Debug for InvoiceEvent {
    fn fmt(
        &self,
        __formatter: &mut ::es_core::__private::fmt::Formatter<'_>,
    ) -> ::es_core::__private::fmt::Result {
        #[allow(unused_imports)]
        use ::es_core::__private::{ShowData as _, ShowName as _};
        match self {
            Self::InvoiceCreated(__event) => {
                (&::es_core::__private::Shown {
                    event: __event,
                    name: "InvoiceCreated",
                })
                    .__show(__formatter)
            }
            Self::InvoicePaid(__event) => {
                (&::es_core::__private::Shown {
                    event: __event,
                    name: "InvoicePaid",
                })
                    .__show(__formatter)
            }
        }
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
#[allow(clippy::too_many_lines)]
impl ::es_core::__private::EventSet for InvoiceEvent {
    const EVENTS: &'static [::es_core::__private::EventInfo] = &[
        <InvoiceCreated as ::es_core::__private::Listed>::INFO,
        <InvoicePaid as ::es_core::__private::Listed>::INFO,
    ];
    fn info(&self) -> &'static ::es_core::__private::EventInfo {
        &Self::EVENTS[match self {
            Self::InvoiceCreated(_) => 0,
            Self::InvoicePaid(_) => 1,
        }]
    }
    fn decode<__P: ::es_core::__private::Payload>(
        __type: &::es_core::__private::str,
        __version: ::es_core::__private::u32,
        __payload: &__P,
    ) -> ::es_core::__private::Result<
        ::es_core::__private::Decoded<Self>,
        ::es_core::__private::DecodeError,
    > {
        if <InvoiceCreated as ::es_core::__private::Listed>::is_stored_as(__type) {
            return <InvoiceCreated as ::es_core::__private::Listed>::read_as(
                __version,
                __payload,
                Self::InvoiceCreated,
            );
        }
        if <InvoicePaid as ::es_core::__private::Listed>::is_stored_as(__type) {
            return <InvoicePaid as ::es_core::__private::Listed>::read_as(
                __version,
                __payload,
                Self::InvoicePaid,
            );
        }
        if <PaidAndSent as ::es_core::__private::Listed>::is_stored_as(__type) {
            return ::es_core::__private::Result::map(
                <PaidAndSent as ::es_core::__private::Split>::read_parts(
                    __version,
                    __payload,
                ),
                ::es_core::__private::Decoded::Many,
            );
        }
        match __type {
            "ReminderSent" => {
                ::es_core::__private::Result::Ok(::es_core::__private::Decoded::Retired)
            }
            _ => {
                ::es_core::__private::Result::Err(
                    ::es_core::__private::DecodeError::UnknownType,
                )
            }
        }
    }
    fn visit_events<__V: ::es_core::__private::VisitEvents>(__visitor: &mut __V) {
        <InvoiceCreated as ::es_core::__private::Listed>::visit(__visitor);
        <InvoicePaid as ::es_core::__private::Listed>::visit(__visitor);
        <PaidAndSent as ::es_core::__private::Split>::visit_split(__visitor);
        ::es_core::__private::VisitEvents::retired(__visitor, "ReminderSent");
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::serde::Serialize for InvoiceEvent {
    fn serialize<__S: ::es_core::__private::serde::Serializer>(
        &self,
        __serializer: __S,
    ) -> ::es_core::__private::Result<__S::Ok, __S::Error> {
        match self {
            Self::InvoiceCreated(__event) => {
                <InvoiceCreated as ::es_core::__private::Listed>::write(
                    __event,
                    __serializer,
                )
            }
            Self::InvoicePaid(__event) => {
                <InvoicePaid as ::es_core::__private::Listed>::write(
                    __event,
                    __serializer,
                )
            }
        }
    }
}
#[allow(deprecated)]
const _: () = {
    const __EVENTS: &[::es_core::__private::EventInfo] = <InvoiceEvent as ::es_core::__private::EventSet>::EVENTS;
    const __SHOWN: &[&::es_core::__private::str] = &["InvoiceCreated", "InvoicePaid"];
    const _: () = ::es_core::__private::assert_name_differs(1usize, __EVENTS, __SHOWN);
    const _: () = if let ::es_core::__private::Option::Some((__other, __name)) = ::es_core::__private::first_clash(
        &<PaidAndSent as ::es_core::__private::Listed>::INFO,
        __EVENTS,
        __EVENTS.len(),
    ) {
        ::es_core::__private::panic!(
            "{}", ::es_core::__private::Message::of(&
            ["`PaidAndSent`, which is split, and `", __SHOWN[__other],
            "` are both stored as `", __name,
            "`; give one of them another `name`, or remove the one that is no longer needed"])
            .as_str()
        )
    };
    const _: () = if let ::es_core::__private::Option::Some((__other, __name)) = ::es_core::__private::first_named(
        "ReminderSent",
        __EVENTS,
    ) {
        ::es_core::__private::panic!(
            "{}", ::es_core::__private::Message::of(&
            ["`ReminderSent` is retired, and `", __SHOWN[__other],
            "` is stored under that name; remove one of them, or give `",
            __SHOWN[__other], "` another `name`"]).as_str()
        )
    };
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
        remote = "Invoice",
        rename = "Invoice",
        rename_all = "camelCase"
    )]
    #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
    struct __Stored {
        invoice_number: String,
        #[serde(skip)]
        cache: u32,
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    #[allow(clippy::too_many_lines)]
    impl ::es_core::__private::Aggregate for Invoice {
        type Event = InvoiceEvent;
        const TYPE: &'static ::es_core::__private::str = "Invoice";
        const SNAPSHOT_POLICY: ::es_core::__private::SnapshotPolicy = ::es_core::__private::SnapshotPolicy::every(
            100,
        );
        const STATE_VERSION: ::es_core::__private::u32 = 2;
        #[allow(unused_variables)]
        fn can_begin(__event: &Self::Event) -> ::es_core::__private::bool {
            match __event {
                InvoiceEvent::InvoiceCreated(_) => true,
                _ => false,
            }
        }
        #[allow(unused_variables)]
        fn can_continue(__event: &Self::Event) -> ::es_core::__private::bool {
            match __event {
                InvoiceEvent::InvoicePaid(_) => true,
                _ => false,
            }
        }
        fn init(
            __event: Self::Event,
            __context: &::es_core::__private::Context,
        ) -> ::es_core::__private::Result<Self, ::es_core::__private::FoldError> {
            match __event {
                InvoiceEvent::InvoiceCreated(__event) => {
                    ::es_core::__private::Result::Ok(
                        <Self as ::es_core::__private::Init<
                            InvoiceCreated,
                        >>::init(__event, __context),
                    )
                }
                __other => {
                    ::es_core::__private::Result::Err(::es_core::__private::FoldError::NotInitial {
                        event_type: ::es_core::__private::EventSet::event_type(&__other),
                    })
                }
            }
        }
        #[inline(always)]
        fn apply(
            &mut self,
            __event: Self::Event,
            __context: &::es_core::__private::Context,
        ) -> ::es_core::__private::Result<(), ::es_core::__private::FoldError> {
            match __event {
                InvoiceEvent::InvoicePaid(__event) => {
                    <Self as ::es_core::__private::Apply<
                        InvoicePaid,
                    >>::apply(self, __event, __context);
                    ::es_core::__private::Result::Ok(())
                }
                __other => {
                    ::es_core::__private::Result::Err(::es_core::__private::FoldError::OnlyInitial {
                        event_type: ::es_core::__private::EventSet::event_type(&__other),
                    })
                }
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
