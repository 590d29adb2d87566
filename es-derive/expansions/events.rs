#[derive(Debug)]
pub enum AccountEvent {
    Opened { owner_name: Owner, note: Option<String> },
    Locked,
    #[cfg(feature = "transfers")]
    Moved(i64),
    Closed(AccountClosed),
}
#[doc(hidden)]
#[allow(deprecated, unused_imports, unused_qualifications)]
const _: () = {
    use ::es_core as __es_core;
    #[allow(dead_code, non_camel_case_types)]
    struct __OwnedOpened {
        owner_name: Owner,
        note: Option<String>,
    }
    #[allow(dead_code, non_camel_case_types)]
    struct __LentOpened<'__lent> {
        owner_name: &'__lent Owner,
        note: &'__lent Option<String>,
        __lent: __es_core::__private::PhantomData<&'__lent ()>,
    }
    const _: () = {
        use __es_core::__private::{
            self as __private, Refused as _, primitive::*, serde as __serde,
        };
        #[allow(dead_code)]
        struct __Threads(__es_core::__private::field::EventField<Owner>);
        #[allow(dead_code)]
        type __Field0 = Owner;
        #[allow(dead_code)]
        fn __stored() {
            use __es_core::__private::field::{Refusal as _, Whole as _};
            __es_core::__private::field::stored(
                __es_core::__private::field::Probe::<Owner>::NEW.in_event(),
            );
        }
        #[derive(__es_core::__private::serde::Serialize)]
        #[serde(
            crate = "__serde",
            remote = "__LentOpened",
            rename = "Opened",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Written<'__lent> {
            #[serde(
                bound(
                    serialize = "for<'__any> __Field0: __serde::Serialize",
                    deserialize = "__Field0: __serde::Deserialize<'de>"
                )
            )]
            #[serde(getter = "__field_0")]
            owner_name: Owner,
            #[serde(default)]
            #[serde(getter = "__field_1")]
            note: Option<String>,
            #[serde(skip)]
            __lent: __es_core::__private::PhantomData<&'__lent ()>,
        }
        fn __field_0<'__lent>(__this: &__LentOpened<'__lent>) -> &'__lent Owner {
            __this.owner_name
        }
        fn __field_1<'__lent>(
            __this: &__LentOpened<'__lent>,
        ) -> &'__lent Option<String> {
            __this.note
        }
        #[derive(__es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "__OwnedOpened",
            rename = "Opened",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Read {
            #[serde(
                bound(
                    serialize = "for<'__any> __Field0: __serde::Serialize",
                    deserialize = "__Field0: __serde::Deserialize<'de>"
                )
            )]
            owner_name: Owner,
            #[serde(default)]
            note: Option<String>,
        }
        #[automatically_derived]
        impl __es_core::__private::serde::Serialize for __LentOpened<'_> {
            fn serialize<__S: __es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(self, __source)
            }
        }
        #[automatically_derived]
        impl __es_core::__private::serde::Serialize for __OwnedOpened {
            fn serialize<__S: __es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(
                    &__LentOpened {
                        owner_name: &self.owner_name,
                        note: &self.note,
                        __lent: __es_core::__private::PhantomData,
                    },
                    __source,
                )
            }
        }
        #[automatically_derived]
        impl<'__de> __es_core::__private::serde::Deserialize<'__de> for __OwnedOpened {
            fn deserialize<__D: __es_core::__private::serde::Deserializer<'__de>>(
                __source: __D,
            ) -> __es_core::__private::Result<Self, __D::Error> {
                __Read::deserialize(__source)
            }
        }
    };
    const _: () = {
        const _: () = __es_core::__private::assert!(
            < OpenedV1 as __es_core::__private::Event > ::VERSION == 1u32, "{}",
            "`from` of `Opened` must be version 1 of the event, because `Opened` reads versions from 2 on; `OpenedV1` has a different version, so write the type of version 1 instead"
        );
        const _: () = __es_core::__private::assert!(
            __es_core::__private::same_name(< OpenedV1 as __es_core::__private::Event >
            ::TYPE, "Opened"), "{}",
            "`from` of `Opened` must be version 1 of `Opened`, but `OpenedV1` is stored under a different name; write `#[event(version = 1, name = \"Opened\")]` on `OpenedV1`"
        );
        const _: () = __es_core::__private::assert!(
            ! < OpenedV1 as __es_core::__private::Event > ::IS_SPLIT, "{}",
            "`OpenedV1` is split into other events, so it is not a predecessor; remove `split` from `OpenedV1`, and write it on the newest version if that is read as other events"
        );
        const _: () = __es_core::__private::assert!(
            __es_core::__private::keeps_aliases(< OpenedV1 as __es_core::__private::Event
            > ::ALIASES, & []), "{}",
            "`OpenedV1` has an `alias` that `Opened` does not have, so events stored under that name would not be read; write it on `Opened` too"
        );
    };
    #[automatically_derived]
    impl __es_core::__private::Event for __OwnedOpened {
        const TYPE: &'static __es_core::__private::str = "Opened";
        const VERSION: __es_core::__private::u32 = 2;
        fn decode<__P: __es_core::__private::Payload>(
            __version: __es_core::__private::u32,
            __payload: &__P,
        ) -> __es_core::__private::Result<Self, __es_core::__private::DecodeError> {
            __es_core::__private::read_since(2, __version, __payload)
        }
        fn visit_versions<__V: __es_core::__private::VisitVersions>(
            __visitor: &mut __V,
        ) {
            __es_core::__private::VisitVersions::version::<Self>(__visitor, 2);
            <OpenedV1 as __es_core::__private::Event>::visit_versions(__visitor);
        }
    }
    #[allow(dead_code, non_camel_case_types)]
    struct __OwnedLocked {}
    #[allow(dead_code, non_camel_case_types)]
    struct __LentLocked<'__lent> {
        __lent: __es_core::__private::PhantomData<&'__lent ()>,
    }
    const _: () = {
        use __es_core::__private::{
            self as __private, Refused as _, primitive::*, serde as __serde,
        };
        #[derive(__es_core::__private::serde::Serialize)]
        #[serde(
            crate = "__serde",
            remote = "__LentLocked",
            rename = "Locked",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Written<'__lent> {
            #[serde(skip)]
            __lent: __es_core::__private::PhantomData<&'__lent ()>,
        }
        #[derive(__es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "__OwnedLocked",
            rename = "Locked",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Read {}
        #[automatically_derived]
        impl __es_core::__private::serde::Serialize for __LentLocked<'_> {
            fn serialize<__S: __es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(self, __source)
            }
        }
        #[automatically_derived]
        impl __es_core::__private::serde::Serialize for __OwnedLocked {
            fn serialize<__S: __es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(
                    &__LentLocked {
                        __lent: __es_core::__private::PhantomData,
                    },
                    __source,
                )
            }
        }
        #[automatically_derived]
        impl<'__de> __es_core::__private::serde::Deserialize<'__de> for __OwnedLocked {
            fn deserialize<__D: __es_core::__private::serde::Deserializer<'__de>>(
                __source: __D,
            ) -> __es_core::__private::Result<Self, __D::Error> {
                __Read::deserialize(__source)
            }
        }
    };
    #[automatically_derived]
    impl __es_core::__private::Event for __OwnedLocked {
        const TYPE: &'static __es_core::__private::str = "AccountLocked";
        const VERSION: __es_core::__private::u32 = 1;
        const ALIASES: &'static [&'static __es_core::__private::str] = &["Frozen"];
        fn visit_versions<__V: __es_core::__private::VisitVersions>(
            __visitor: &mut __V,
        ) {
            __es_core::__private::VisitVersions::version::<Self>(__visitor, 1);
        }
    }
    #[cfg(feature = "transfers")]
    #[allow(dead_code, non_camel_case_types)]
    struct __OwnedMoved {
        __0: i64,
    }
    #[cfg(feature = "transfers")]
    #[allow(dead_code, non_camel_case_types)]
    struct __LentMoved<'__lent> {
        __0: &'__lent i64,
        __lent: __es_core::__private::PhantomData<&'__lent ()>,
    }
    #[cfg(feature = "transfers")]
    const _: () = {
        use __es_core::__private::{
            self as __private, Refused as _, primitive::*, serde as __serde,
        };
        #[derive(__es_core::__private::serde::Serialize)]
        #[serde(
            crate = "__serde",
            remote = "__LentMoved",
            rename = "Moved",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Written<'__lent> {
            #[serde(rename = "0")]
            #[serde(getter = "__field_0")]
            __0: i64,
            #[serde(skip)]
            __lent: __es_core::__private::PhantomData<&'__lent ()>,
        }
        fn __field_0<'__lent>(__this: &__LentMoved<'__lent>) -> &'__lent i64 {
            __this.__0
        }
        #[derive(__es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "__OwnedMoved",
            rename = "Moved",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Read {
            #[serde(rename = "0")]
            __0: i64,
        }
        #[automatically_derived]
        impl __es_core::__private::serde::Serialize for __LentMoved<'_> {
            fn serialize<__S: __es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(self, __source)
            }
        }
        #[automatically_derived]
        impl __es_core::__private::serde::Serialize for __OwnedMoved {
            fn serialize<__S: __es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(
                    &__LentMoved {
                        __0: &self.__0,
                        __lent: __es_core::__private::PhantomData,
                    },
                    __source,
                )
            }
        }
        #[automatically_derived]
        impl<'__de> __es_core::__private::serde::Deserialize<'__de> for __OwnedMoved {
            fn deserialize<__D: __es_core::__private::serde::Deserializer<'__de>>(
                __source: __D,
            ) -> __es_core::__private::Result<Self, __D::Error> {
                __Read::deserialize(__source)
            }
        }
    };
    #[cfg(feature = "transfers")]
    #[automatically_derived]
    impl __es_core::__private::Event for __OwnedMoved {
        const TYPE: &'static __es_core::__private::str = "Moved";
        const VERSION: __es_core::__private::u32 = 1;
        fn visit_versions<__V: __es_core::__private::VisitVersions>(
            __visitor: &mut __V,
        ) {
            __es_core::__private::VisitVersions::version::<Self>(__visitor, 1);
        }
    }
    #[automatically_derived]
    #[allow(clippy::too_many_lines)]
    impl __es_core::__private::EventSet for AccountEvent {
        const EVENTS: &'static [__es_core::__private::EventInfo] = &[
            <__OwnedOpened as __es_core::__private::Listed>::INFO,
            <__OwnedLocked as __es_core::__private::Listed>::INFO,
            #[cfg(feature = "transfers")]
            <__OwnedMoved as __es_core::__private::Listed>::INFO,
            <AccountClosed as __es_core::__private::Listed>::INFO,
        ];
        fn info(&self) -> &'static __es_core::__private::EventInfo {
            match self {
                Self::Opened { .. } => {
                    &<__OwnedOpened as __es_core::__private::Listed>::INFO
                }
                Self::Locked { .. } => {
                    &<__OwnedLocked as __es_core::__private::Listed>::INFO
                }
                #[cfg(feature = "transfers")]
                Self::Moved { .. } => {
                    &<__OwnedMoved as __es_core::__private::Listed>::INFO
                }
                Self::Closed { .. } => {
                    &<AccountClosed as __es_core::__private::Listed>::INFO
                }
            }
        }
        fn decode<__P: __es_core::__private::Payload>(
            __type: &__es_core::__private::str,
            __version: __es_core::__private::u32,
            __payload: &__P,
        ) -> __es_core::__private::Result<
            __es_core::__private::Decoded<Self>,
            __es_core::__private::DecodeError,
        > {
            if <__OwnedOpened as __es_core::__private::Listed>::is_stored_as(__type) {
                return match __version {
                    1..2 => {
                        __es_core::__private::Result::map(
                            __es_core::__private::Result::and_then(
                                <OpenedV1 as __es_core::__private::Event>::decode(
                                    __version,
                                    __payload,
                                ),
                                |__old| <Self as __es_core::__private::Upcast<
                                    OpenedV1,
                                >>::upcast(__old, 1),
                            ),
                            __es_core::__private::Decoded::One,
                        )
                    }
                    _ => {
                        <__OwnedOpened as __es_core::__private::Listed>::read_as(
                            __version,
                            __payload,
                            |__event: __OwnedOpened| Self::Opened {
                                owner_name: __event.owner_name,
                                note: __event.note,
                            },
                        )
                    }
                };
            }
            if <__OwnedLocked as __es_core::__private::Listed>::is_stored_as(__type) {
                return <__OwnedLocked as __es_core::__private::Listed>::read_as(
                    __version,
                    __payload,
                    |__event: __OwnedLocked| Self::Locked {},
                );
            }
            #[cfg(feature = "transfers")]
            if <__OwnedMoved as __es_core::__private::Listed>::is_stored_as(__type) {
                return <__OwnedMoved as __es_core::__private::Listed>::read_as(
                    __version,
                    __payload,
                    |__event: __OwnedMoved| Self::Moved { 0: __event.__0 },
                );
            }
            if <AccountClosed as __es_core::__private::Listed>::is_stored_as(__type) {
                return <AccountClosed as __es_core::__private::Listed>::read_as(
                    __version,
                    __payload,
                    Self::Closed,
                );
            }
            if <OpenedAndLocked as __es_core::__private::Listed>::is_stored_as(__type) {
                return __es_core::__private::Result::map(
                    <OpenedAndLocked as __es_core::__private::Split>::read_parts(
                        <OpenedAndLocked as __es_core::__private::Split>::in_set::<
                            Self,
                        >(),
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
            <__OwnedOpened as __es_core::__private::Listed>::visit(__visitor);
            <__OwnedLocked as __es_core::__private::Listed>::visit(__visitor);
            #[cfg(feature = "transfers")]
            <__OwnedMoved as __es_core::__private::Listed>::visit(__visitor);
            <AccountClosed as __es_core::__private::Listed>::visit(__visitor);
            <OpenedAndLocked as __es_core::__private::Split>::visit_split(
                <OpenedAndLocked as __es_core::__private::Split>::in_set::<Self>(),
                __visitor,
            );
            __es_core::__private::VisitEvents::retired(__visitor, "ReminderSent");
        }
    }
    #[automatically_derived]
    #[allow(clippy::too_many_lines)]
    impl __es_core::__private::serde::Serialize for AccountEvent {
        fn serialize<__S: __es_core::__private::serde::Serializer>(
            &self,
            __serializer: __S,
        ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
            match self {
                Self::Opened { owner_name: __field_0, note: __field_1 } => {
                    __es_core::__private::serde::Serialize::serialize(
                        &__LentOpened {
                            owner_name: __field_0,
                            note: __field_1,
                            __lent: __es_core::__private::PhantomData,
                        },
                        __serializer,
                    )
                }
                Self::Locked {} => {
                    __es_core::__private::serde::Serialize::serialize(
                        &__LentLocked {
                            __lent: __es_core::__private::PhantomData,
                        },
                        __serializer,
                    )
                }
                #[cfg(feature = "transfers")]
                Self::Moved { 0: __field_0 } => {
                    __es_core::__private::serde::Serialize::serialize(
                        &__LentMoved {
                            __0: __field_0,
                            __lent: __es_core::__private::PhantomData,
                        },
                        __serializer,
                    )
                }
                Self::Closed(__event) => {
                    <AccountClosed as __es_core::__private::Listed>::write(
                        __event,
                        __serializer,
                    )
                }
            }
        }
    }
    #[automatically_derived]
    impl __es_core::__private::Sample for AccountEvent {
        fn sample_info(&self) -> __es_core::__private::EventInfo {
            *__es_core::__private::EventSet::info(self)
        }
        fn read_sample<__P: __es_core::__private::Payload>(
            __info: &__es_core::__private::EventInfo,
            __payload: &__P,
        ) -> __es_core::__private::Result<Self, __es_core::__private::DecodeError> {
            __es_core::__private::read_one(__info, __payload)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::IntoEvents<AccountEvent> for AccountEvent {
        fn push_into(self, __events: &mut __es_core::__private::Vec<AccountEvent>) {
            __es_core::__private::Vec::push(__events, self);
        }
    }
    #[automatically_derived]
    impl __es_core::__private::FirstEvents<AccountEvent> for AccountEvent {}
    #[automatically_derived]
    impl __es_core::__private::NextEvents<AccountEvent> for AccountEvent {}
    __es_core::__private::list_set! {
        AccountEvent, "AccountEvent"
    }
    #[automatically_derived]
    impl __es_core::__private::From<AccountClosed> for AccountEvent {
        fn from(__event: AccountClosed) -> Self {
            Self::Closed(__event)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::Holds<AccountClosed> for AccountEvent {
        #[allow(unreachable_patterns)]
        fn holds(&self) -> __es_core::__private::bool {
            match self {
                Self::Closed(_) => true,
                _ => false,
            }
        }
        #[allow(unreachable_patterns)]
        fn take(self) -> __es_core::__private::Result<AccountClosed, Self> {
            match self {
                Self::Closed(__event) => __es_core::__private::Result::Ok(__event),
                __other => __es_core::__private::Result::Err(__other),
            }
        }
    }
    #[automatically_derived]
    impl __es_core::__private::IntoEvents<AccountEvent> for AccountClosed {
        fn push_into(self, __events: &mut __es_core::__private::Vec<AccountEvent>) {
            __es_core::__private::Vec::push(__events, AccountEvent::Closed(self));
        }
        fn may_hold(
            __info: &__es_core::__private::EventInfo,
        ) -> __es_core::__private::bool {
            <AccountClosed as __es_core::__private::Listed>::is_stored_as(
                __info.event_type,
            )
        }
    }
    #[automatically_derived]
    impl __es_core::__private::FirstEvents<AccountEvent> for AccountClosed {}
    #[automatically_derived]
    impl __es_core::__private::NextEvents<AccountEvent> for AccountClosed {}
    const _: () = {
        const __EVENTS: &[__es_core::__private::EventInfo] = <AccountEvent as __es_core::__private::EventSet>::EVENTS;
        const __SHOWN: &[&__es_core::__private::str] = &[
            "Opened",
            "Locked",
            #[cfg(feature = "transfers")]
            "Moved",
            "Closed",
        ];
        const __KINDS: &[__es_core::__private::Kind] = &[
            __es_core::__private::Kind::Event,
            __es_core::__private::Kind::Event,
            #[cfg(feature = "transfers")]
            __es_core::__private::Kind::Event,
            <AccountClosed as __es_core::__private::Listed>::KIND,
        ];
        const __LIST: __es_core::__private::List<'_> = __es_core::__private::List::new(
            __EVENTS,
            __SHOWN,
            __KINDS,
        );
        const _: () = __es_core::__private::assert_listed(0usize, __LIST);
        const _: () = __es_core::__private::assert_listed(1usize, __LIST);
        #[cfg(feature = "transfers")]
        const _: () = __es_core::__private::assert_listed(2usize, __LIST);
        const _: () = __es_core::__private::assert_held(
            "AccountClosed",
            2usize + <[()]>::len(&[#[cfg(feature = "transfers")] ()]),
            __LIST,
        );
        const _: () = if let __es_core::__private::Option::Some((__other, __name)) = __es_core::__private::first_clash(
            &<OpenedAndLocked as __es_core::__private::Listed>::INFO,
            __EVENTS,
            __EVENTS.len(),
        ) {
            __es_core::__private::panic!(
                "{}", __es_core::__private::Message::of(&
                ["`OpenedAndLocked`, which is split, and `", __SHOWN[__other],
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
    #[cfg(feature = "transfers")]
    const _: () = {
        use __es_core::__private::NotEvent as _;
        __es_core::__private::assert!(
            ! < __es_core::__private::EventProbe < i64 >> ::IS_EVENT, "{}",
            "`i64` is an event, so `Moved` would store it as `{ \"0\": .. }`; write `#[event]` alone, and `Moved` holds the event"
        )
    };
};
