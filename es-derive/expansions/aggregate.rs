///An event of [`Invoice`]. Each type of event is a variant.
#[allow(
    deprecated,
    non_camel_case_types,
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
#[doc(hidden)]
#[allow(deprecated, unused_imports, unused_qualifications)]
const _: () = {
    use ::es_core as __es_core;
    #[automatically_derived]
    impl __es_core::__private::From<InvoiceCreated> for InvoiceEvent {
        fn from(__event: InvoiceCreated) -> Self {
            Self::InvoiceCreated(__event)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::IntoEvents<InvoiceEvent> for InvoiceCreated {
        fn push_into(self, __events: &mut __es_core::__private::Vec<InvoiceEvent>) {
            __es_core::__private::Vec::push(
                __events,
                InvoiceEvent::InvoiceCreated(self),
            );
        }
        fn may_hold(
            __info: &__es_core::__private::EventInfo,
        ) -> __es_core::__private::bool {
            __es_core::__private::is_event_at::<InvoiceEvent>(0, __info)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::FirstEvents<InvoiceEvent> for InvoiceCreated {}
    #[automatically_derived]
    impl __es_core::__private::From<InvoicePaid> for InvoiceEvent {
        fn from(__event: InvoicePaid) -> Self {
            Self::InvoicePaid(__event)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::IntoEvents<InvoiceEvent> for InvoicePaid {
        fn push_into(self, __events: &mut __es_core::__private::Vec<InvoiceEvent>) {
            __es_core::__private::Vec::push(__events, InvoiceEvent::InvoicePaid(self));
        }
        fn may_hold(
            __info: &__es_core::__private::EventInfo,
        ) -> __es_core::__private::bool {
            __es_core::__private::is_event_at::<InvoiceEvent>(1, __info)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::NextEvents<InvoiceEvent> for InvoicePaid {}
    #[automatically_derived]
    impl __es_core::__private::IntoEvents<InvoiceEvent> for InvoiceEvent {
        fn push_into(self, __events: &mut __es_core::__private::Vec<InvoiceEvent>) {
            __es_core::__private::Vec::push(__events, self);
        }
    }
    #[automatically_derived]
    impl __es_core::__private::FirstEvents<InvoiceEvent> for InvoiceEvent {}
    #[automatically_derived]
    impl __es_core::__private::NextEvents<InvoiceEvent> for InvoiceEvent {}
    #[automatically_derived]
    impl __es_core::__private::fmt::Debug for InvoiceEvent {
        fn fmt(
            &self,
            __formatter: &mut __es_core::__private::fmt::Formatter<'_>,
        ) -> __es_core::__private::fmt::Result {
            use __es_core::__private::ShowName as _;
            match self {
                Self::InvoiceCreated(__event) => {
                    __es_core::__private::Shown {
                        event: __event,
                        name: "InvoiceCreated",
                    }
                        .__show(__formatter)
                }
                Self::InvoicePaid(__event) => {
                    __es_core::__private::Shown {
                        event: __event,
                        name: "InvoicePaid",
                    }
                        .__show(__formatter)
                }
            }
        }
    }
    #[automatically_derived]
    #[allow(clippy::too_many_lines)]
    impl __es_core::__private::EventSet for InvoiceEvent {
        const EVENTS: &'static [__es_core::__private::EventInfo] = &[
            <InvoiceCreated as __es_core::__private::Listed>::INFO,
            <InvoicePaid as __es_core::__private::Listed>::INFO,
        ];
        fn info(&self) -> &'static __es_core::__private::EventInfo {
            &Self::EVENTS[match self {
                Self::InvoiceCreated(_) => 0,
                Self::InvoicePaid(_) => 1,
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
            if <InvoiceCreated as __es_core::__private::Listed>::is_stored_as(__type) {
                return <InvoiceCreated as __es_core::__private::Listed>::read_as(
                    __version,
                    __payload,
                    Self::InvoiceCreated,
                );
            }
            if <InvoicePaid as __es_core::__private::Listed>::is_stored_as(__type) {
                return <InvoicePaid as __es_core::__private::Listed>::read_as(
                    __version,
                    __payload,
                    Self::InvoicePaid,
                );
            }
            if <PaidAndSent as __es_core::__private::Listed>::is_stored_as(__type) {
                return __es_core::__private::Result::map(
                    <PaidAndSent as __es_core::__private::Split>::read_parts(
                        <PaidAndSent as __es_core::__private::Split>::in_set::<Self>(),
                        __version,
                        __payload,
                    ),
                    __es_core::__private::Decoded::Many,
                );
            }
            match __type {
                "ReminderSent" => {
                    __es_core::__private::Result::Ok(
                        __es_core::__private::Decoded::Retired,
                    )
                }
                _ => {
                    __es_core::__private::Result::Err(
                        __es_core::__private::DecodeError::UnknownType,
                    )
                }
            }
        }
        fn visit_events<__V: __es_core::__private::VisitEvents>(__visitor: &mut __V) {
            <InvoiceCreated as __es_core::__private::Listed>::visit(__visitor);
            <InvoicePaid as __es_core::__private::Listed>::visit(__visitor);
            <PaidAndSent as __es_core::__private::Split>::visit_split(
                <PaidAndSent as __es_core::__private::Split>::in_set::<Self>(),
                __visitor,
            );
            __es_core::__private::VisitEvents::retired(__visitor, "ReminderSent");
        }
    }
    #[automatically_derived]
    impl __es_core::__private::serde::Serialize for InvoiceEvent {
        fn serialize<__S: __es_core::__private::serde::Serializer>(
            &self,
            __serializer: __S,
        ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
            match self {
                Self::InvoiceCreated(__event) => {
                    <InvoiceCreated as __es_core::__private::Listed>::write(
                        __event,
                        __serializer,
                    )
                }
                Self::InvoicePaid(__event) => {
                    <InvoicePaid as __es_core::__private::Listed>::write(
                        __event,
                        __serializer,
                    )
                }
            }
        }
    }
    const _: () = {
        const __EVENTS: &[__es_core::__private::EventInfo] = <InvoiceEvent as __es_core::__private::EventSet>::EVENTS;
        const __SHOWN: &[&__es_core::__private::str] = &[
            "InvoiceCreated",
            "InvoicePaid",
        ];
        const __KINDS: &[__es_core::__private::Kind] = &[
            <InvoiceCreated as __es_core::__private::Listed>::KIND,
            <InvoicePaid as __es_core::__private::Listed>::KIND,
        ];
        const __LIST: __es_core::__private::List<'_> = __es_core::__private::List::new(
            __EVENTS,
            __SHOWN,
            __KINDS,
        );
        const _: () = __es_core::__private::assert_listed(0usize, __LIST);
        const _: () = __es_core::__private::assert_listed(1usize, __LIST);
        const _: () = if let __es_core::__private::Option::Some((__other, __name)) = __es_core::__private::first_clash(
            &<PaidAndSent as __es_core::__private::Listed>::INFO,
            __EVENTS,
            __EVENTS.len(),
        ) {
            __es_core::__private::panic!(
                "{}", __es_core::__private::Message::of(&
                ["`PaidAndSent`, which is split, and `", __SHOWN[__other],
                "` are both stored as `", __name,
                "`; give one of them another `name`, or remove the one that is no longer needed"])
                .as_str()
            )
        };
        const _: () = if let __es_core::__private::Option::Some((__other, __name)) = __es_core::__private::first_named(
            "ReminderSent",
            __EVENTS,
        ) {
            __es_core::__private::panic!(
                "{}", __es_core::__private::Message::of(&
                ["`ReminderSent` is retired, and `", __SHOWN[__other],
                "` is stored under that name; remove one of them, or give `",
                __SHOWN[__other], "` another `name`"]).as_str()
            )
        };
    };
    #[allow(dead_code, non_camel_case_types)]
    type __own_u32 = u32;
    #[doc(hidden)]
    const _: () = {
        use __es_core::__private::{
            self as __private, Refused as _, primitive::*, serde as __serde,
        };
        #[derive(__es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "Invoice",
            rename = "Invoice",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Stored {
            invoice_number: String,
            #[serde(skip)]
            cache: __own_u32,
        }
        #[automatically_derived]
        #[allow(clippy::too_many_lines)]
        impl __es_core::__private::Aggregate for Invoice {
            type Event = InvoiceEvent;
            type Id = InvoiceId;
            const TYPE: &'static __es_core::__private::str = "Invoice";
            const SNAPSHOT_POLICY: __es_core::__private::SnapshotPolicy = __es_core::__private::SnapshotPolicy::every(
                100,
            );
            const STATE_VERSION: __es_core::__private::u32 = 2;
            #[allow(unused_variables)]
            fn can_begin(__event: &InvoiceEvent) -> __es_core::__private::bool {
                match __event {
                    InvoiceEvent::InvoiceCreated(_) => true,
                    _ => false,
                }
            }
            #[allow(unused_variables)]
            fn can_continue(__event: &InvoiceEvent) -> __es_core::__private::bool {
                match __event {
                    InvoiceEvent::InvoicePaid(_) => true,
                    _ => false,
                }
            }
            fn begin(
                __event: InvoiceEvent,
                __context: &__es_core::__private::Context,
            ) -> __es_core::__private::Result<Self, __es_core::__private::FoldError> {
                match __event {
                    InvoiceEvent::InvoiceCreated(__event) => {
                        __es_core::__private::Result::Ok(
                            <Self as __es_core::__private::Init<
                                InvoiceCreated,
                            >>::init(__event, __context),
                        )
                    }
                    __other => {
                        __es_core::__private::Result::Err(__es_core::__private::FoldError::NotInitial {
                            event_type: __es_core::__private::EventSet::event_type(
                                &__other,
                            ),
                        })
                    }
                }
            }
            #[inline(always)]
            fn fold(
                &mut self,
                __event: InvoiceEvent,
                __context: &__es_core::__private::Context,
            ) -> __es_core::__private::Result<(), __es_core::__private::FoldError> {
                match __event {
                    InvoiceEvent::InvoicePaid(__event) => {
                        <Self as __es_core::__private::Apply<
                            InvoicePaid,
                        >>::apply(self, __event, __context);
                        __es_core::__private::Result::Ok(())
                    }
                    __other => {
                        __es_core::__private::Result::Err(__es_core::__private::FoldError::OnlyInitial {
                            event_type: __es_core::__private::EventSet::event_type(
                                &__other,
                            ),
                        })
                    }
                }
            }
            fn serialize_state<__S: __es_core::__private::serde::Serializer>(
                &self,
                __serializer: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __es_core::__private::Writing::begin(__serializer, "Invoice", 1)
                    .field("invoiceNumber", &self.invoice_number)
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
