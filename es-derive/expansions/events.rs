#[derive(::es_core::__private::SerdeAttributes)]
#[derive(Debug)]
pub enum AccountEvent {
    Opened { owner_name: Owner, #[serde(default)] note: Option<String> },
    Locked,
    #[cfg(feature = "transfers")]
    Moved(i64),
    Closed(AccountClosed),
}
#[doc(hidden)]
const _: () = {
    #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
    struct __OwnedOpened {
        owner_name: Owner,
        note: Option<String>,
    }
    #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
    struct __LentOpened<'__lent> {
        owner_name: &'__lent Owner,
        note: &'__lent Option<String>,
        __lent: ::es_core::__private::PhantomData<&'__lent ()>,
    }
    const _: () = {
        #[allow(unused_imports)]
        use ::es_core::__private::{
            self as __private, Refused as _, primitive::*, serde as __serde,
        };
        #[allow(dead_code, deprecated)]
        type __Field0 = Owner;
        #[allow(deprecated)]
        const _: () = {
            let () = <Owner as ::es_core::__private::Storable>::CHECKED;
        };
        #[derive(::es_core::__private::serde::Serialize)]
        #[serde(
            crate = "__serde",
            remote = "__LentOpened",
            rename = "Opened",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
        struct __Written<'__lent> {
            #[serde(
                bound(
                    serialize = "for<'__any> __Field0: __serde::Serialize",
                    deserialize = "for<'__any> __Field0: __serde::Deserialize<'__any>"
                )
            )]
            #[serde(getter = "__field_0")]
            owner_name: Owner,
            #[serde(default)]
            #[serde(getter = "__field_1")]
            note: Option<String>,
            #[serde(skip)]
            __lent: ::es_core::__private::PhantomData<&'__lent ()>,
        }
        #[allow(deprecated)]
        fn __field_0<'__lent>(__this: &__LentOpened<'__lent>) -> &'__lent Owner {
            __this.owner_name
        }
        #[allow(deprecated)]
        fn __field_1<'__lent>(
            __this: &__LentOpened<'__lent>,
        ) -> &'__lent Option<String> {
            __this.note
        }
        #[derive(::es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "__OwnedOpened",
            rename = "Opened",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
        struct __Read {
            #[serde(
                bound(
                    serialize = "for<'__any> __Field0: __serde::Serialize",
                    deserialize = "for<'__any> __Field0: __serde::Deserialize<'__any>"
                )
            )]
            owner_name: Owner,
            #[serde(default)]
            note: Option<String>,
        }
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl ::es_core::__private::serde::Serialize for __LentOpened<'_> {
            fn serialize<__S: ::es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> ::es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(self, __source)
            }
        }
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl ::es_core::__private::serde::Serialize for __OwnedOpened {
            fn serialize<__S: ::es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> ::es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(
                    &__LentOpened {
                        owner_name: &self.owner_name,
                        note: &self.note,
                        __lent: ::es_core::__private::PhantomData,
                    },
                    __source,
                )
            }
        }
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl<'__de> ::es_core::__private::serde::Deserialize<'__de> for __OwnedOpened {
            fn deserialize<__D: ::es_core::__private::serde::Deserializer<'__de>>(
                __source: __D,
            ) -> ::es_core::__private::Result<Self, __D::Error> {
                __Read::deserialize(__source)
            }
        }
    };
    const _: () = {
        #[allow(deprecated)]
        const _: () = ::es_core::__private::assert!(
            < OpenedV1 as ::es_core::__private::Event > ::VERSION == 1u32, "{}",
            "`from` of `Opened` must be version 1 of the event, because `Opened` reads versions from 2 on; `OpenedV1` has a different version, so write the type of version 1 instead"
        );
        #[allow(deprecated)]
        const _: () = ::es_core::__private::assert!(
            ::es_core::__private::same_name(< OpenedV1 as ::es_core::__private::Event >
            ::TYPE, "Opened"), "{}",
            "`from` of `Opened` must be version 1 of `Opened`, but `OpenedV1` is stored under a different name; write `#[event(version = 1, name = \"Opened\")]` on `OpenedV1`"
        );
        #[allow(deprecated)]
        const _: () = ::es_core::__private::assert!(
            ::es_core::__private::keeps_aliases(< OpenedV1 as ::es_core::__private::Event
            > ::ALIASES, & []), "{}",
            "`OpenedV1` has an `alias` that `Opened` does not have, so events stored under that name would not be read; write it on `Opened` too"
        );
    };
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::es_core::__private::Event for __OwnedOpened {
        const TYPE: &'static ::es_core::__private::str = "Opened";
        const VERSION: ::es_core::__private::u32 = 2;
        const ALIASES: &'static [&'static ::es_core::__private::str] = &[];
        fn decode<__P: ::es_core::__private::Payload>(
            __version: ::es_core::__private::u32,
            __payload: &__P,
        ) -> ::es_core::__private::Result<Self, ::es_core::__private::DecodeError> {
            ::es_core::__private::read_since(2, __version, __payload)
        }
        fn visit_versions<__V: ::es_core::__private::VisitVersions>(
            __visitor: &mut __V,
        ) {
            ::es_core::__private::VisitVersions::version::<Self>(__visitor, 2);
            <OpenedV1 as ::es_core::__private::Event>::visit_versions(__visitor);
        }
    }
    #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
    struct __OwnedLocked {}
    #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
    struct __LentLocked<'__lent> {
        __lent: ::es_core::__private::PhantomData<&'__lent ()>,
    }
    const _: () = {
        #[allow(unused_imports)]
        use ::es_core::__private::{
            self as __private, Refused as _, primitive::*, serde as __serde,
        };
        #[derive(::es_core::__private::serde::Serialize)]
        #[serde(
            crate = "__serde",
            remote = "__LentLocked",
            rename = "Locked",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
        struct __Written<'__lent> {
            #[serde(skip)]
            __lent: ::es_core::__private::PhantomData<&'__lent ()>,
        }
        #[derive(::es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "__OwnedLocked",
            rename = "Locked",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
        struct __Read {}
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl ::es_core::__private::serde::Serialize for __LentLocked<'_> {
            fn serialize<__S: ::es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> ::es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(self, __source)
            }
        }
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl ::es_core::__private::serde::Serialize for __OwnedLocked {
            fn serialize<__S: ::es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> ::es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(
                    &__LentLocked {
                        __lent: ::es_core::__private::PhantomData,
                    },
                    __source,
                )
            }
        }
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl<'__de> ::es_core::__private::serde::Deserialize<'__de> for __OwnedLocked {
            fn deserialize<__D: ::es_core::__private::serde::Deserializer<'__de>>(
                __source: __D,
            ) -> ::es_core::__private::Result<Self, __D::Error> {
                __Read::deserialize(__source)
            }
        }
    };
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::es_core::__private::Event for __OwnedLocked {
        const TYPE: &'static ::es_core::__private::str = "AccountLocked";
        const VERSION: ::es_core::__private::u32 = 1;
        const ALIASES: &'static [&'static ::es_core::__private::str] = &["Frozen"];
        fn decode<__P: ::es_core::__private::Payload>(
            __version: ::es_core::__private::u32,
            __payload: &__P,
        ) -> ::es_core::__private::Result<Self, ::es_core::__private::DecodeError> {
            ::es_core::__private::read_since(1, __version, __payload)
        }
        fn visit_versions<__V: ::es_core::__private::VisitVersions>(
            __visitor: &mut __V,
        ) {
            ::es_core::__private::VisitVersions::version::<Self>(__visitor, 1);
        }
    }
    #[cfg(feature = "transfers")]
    #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
    struct __OwnedMoved {
        __0: i64,
    }
    #[cfg(feature = "transfers")]
    #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
    struct __LentMoved<'__lent> {
        __0: &'__lent i64,
        __lent: ::es_core::__private::PhantomData<&'__lent ()>,
    }
    #[cfg(feature = "transfers")]
    const _: () = {
        #[allow(unused_imports)]
        use ::es_core::__private::{
            self as __private, Refused as _, primitive::*, serde as __serde,
        };
        #[derive(::es_core::__private::serde::Serialize)]
        #[serde(
            crate = "__serde",
            remote = "__LentMoved",
            rename = "Moved",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
        struct __Written<'__lent> {
            #[serde(rename = "0")]
            #[serde(getter = "__field_0")]
            __0: i64,
            #[serde(skip)]
            __lent: ::es_core::__private::PhantomData<&'__lent ()>,
        }
        #[allow(deprecated)]
        fn __field_0<'__lent>(__this: &__LentMoved<'__lent>) -> &'__lent i64 {
            __this.__0
        }
        #[derive(::es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "__OwnedMoved",
            rename = "Moved",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, deprecated, non_camel_case_types, unused_qualifications)]
        struct __Read {
            #[serde(rename = "0")]
            __0: i64,
        }
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl ::es_core::__private::serde::Serialize for __LentMoved<'_> {
            fn serialize<__S: ::es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> ::es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(self, __source)
            }
        }
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl ::es_core::__private::serde::Serialize for __OwnedMoved {
            fn serialize<__S: ::es_core::__private::serde::Serializer>(
                &self,
                __source: __S,
            ) -> ::es_core::__private::Result<__S::Ok, __S::Error> {
                __Written::serialize(
                    &__LentMoved {
                        __0: &self.__0,
                        __lent: ::es_core::__private::PhantomData,
                    },
                    __source,
                )
            }
        }
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl<'__de> ::es_core::__private::serde::Deserialize<'__de> for __OwnedMoved {
            fn deserialize<__D: ::es_core::__private::serde::Deserializer<'__de>>(
                __source: __D,
            ) -> ::es_core::__private::Result<Self, __D::Error> {
                __Read::deserialize(__source)
            }
        }
    };
    #[cfg(feature = "transfers")]
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::es_core::__private::Event for __OwnedMoved {
        const TYPE: &'static ::es_core::__private::str = "Moved";
        const VERSION: ::es_core::__private::u32 = 1;
        const ALIASES: &'static [&'static ::es_core::__private::str] = &[];
        fn decode<__P: ::es_core::__private::Payload>(
            __version: ::es_core::__private::u32,
            __payload: &__P,
        ) -> ::es_core::__private::Result<Self, ::es_core::__private::DecodeError> {
            ::es_core::__private::read_since(1, __version, __payload)
        }
        fn visit_versions<__V: ::es_core::__private::VisitVersions>(
            __visitor: &mut __V,
        ) {
            ::es_core::__private::VisitVersions::version::<Self>(__visitor, 1);
        }
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    #[allow(clippy::too_many_lines)]
    impl ::es_core::__private::EventSet for AccountEvent {
        const EVENTS: &'static [::es_core::__private::EventInfo] = &[
            <__OwnedOpened as ::es_core::__private::Listed>::INFO,
            <__OwnedLocked as ::es_core::__private::Listed>::INFO,
            #[cfg(feature = "transfers")]
            <__OwnedMoved as ::es_core::__private::Listed>::INFO,
            <AccountClosed as ::es_core::__private::Listed>::INFO,
        ];
        fn info(&self) -> &'static ::es_core::__private::EventInfo {
            match self {
                Self::Opened { .. } => {
                    &<__OwnedOpened as ::es_core::__private::Listed>::INFO
                }
                Self::Locked { .. } => {
                    &<__OwnedLocked as ::es_core::__private::Listed>::INFO
                }
                #[cfg(feature = "transfers")]
                Self::Moved { .. } => {
                    &<__OwnedMoved as ::es_core::__private::Listed>::INFO
                }
                Self::Closed { .. } => {
                    &<AccountClosed as ::es_core::__private::Listed>::INFO
                }
            }
        }
        fn decode<__P: ::es_core::__private::Payload>(
            __type: &::es_core::__private::str,
            __version: ::es_core::__private::u32,
            __payload: &__P,
        ) -> ::es_core::__private::Result<
            ::es_core::__private::Decoded<Self>,
            ::es_core::__private::DecodeError,
        > {
            if <__OwnedOpened as ::es_core::__private::Listed>::is_stored_as(__type) {
                return match __version {
                    1..2 => {
                        ::es_core::__private::Result::map(
                            <OpenedV1 as ::es_core::__private::Event>::decode(
                                __version,
                                __payload,
                            ),
                            |__old| ::es_core::__private::Decoded::One(
                                <Self as ::es_core::__private::Upcast<
                                    OpenedV1,
                                >>::upcast(__old),
                            ),
                        )
                    }
                    _ => {
                        <__OwnedOpened as ::es_core::__private::Listed>::read_as(
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
            if <__OwnedLocked as ::es_core::__private::Listed>::is_stored_as(__type) {
                return <__OwnedLocked as ::es_core::__private::Listed>::read_as(
                    __version,
                    __payload,
                    |__event: __OwnedLocked| Self::Locked {},
                );
            }
            #[cfg(feature = "transfers")]
            if <__OwnedMoved as ::es_core::__private::Listed>::is_stored_as(__type) {
                return <__OwnedMoved as ::es_core::__private::Listed>::read_as(
                    __version,
                    __payload,
                    |__event: __OwnedMoved| Self::Moved { 0: __event.__0 },
                );
            }
            if <AccountClosed as ::es_core::__private::Listed>::is_stored_as(__type) {
                return <AccountClosed as ::es_core::__private::Listed>::read_as(
                    __version,
                    __payload,
                    Self::Closed,
                );
            }
            if <OpenedAndLocked as ::es_core::__private::Listed>::is_stored_as(__type) {
                return ::es_core::__private::Result::map(
                    <OpenedAndLocked as ::es_core::__private::Split>::read_parts(
                        __version,
                        __payload,
                    ),
                    ::es_core::__private::Decoded::Many,
                );
            }
            match __type {
                "ReminderSent" => {
                    ::es_core::__private::Result::Ok(
                        ::es_core::__private::Decoded::Retired,
                    )
                }
                _ => {
                    ::es_core::__private::Result::Err(
                        ::es_core::__private::DecodeError::UnknownType,
                    )
                }
            }
        }
        fn visit_events<__V: ::es_core::__private::VisitEvents>(__visitor: &mut __V) {
            <__OwnedOpened as ::es_core::__private::Listed>::visit(__visitor);
            <__OwnedLocked as ::es_core::__private::Listed>::visit(__visitor);
            #[cfg(feature = "transfers")]
            <__OwnedMoved as ::es_core::__private::Listed>::visit(__visitor);
            <AccountClosed as ::es_core::__private::Listed>::visit(__visitor);
            <OpenedAndLocked as ::es_core::__private::Split>::visit_split(__visitor);
            ::es_core::__private::VisitEvents::retired(__visitor, "ReminderSent");
        }
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    #[allow(clippy::too_many_lines)]
    impl ::es_core::__private::serde::Serialize for AccountEvent {
        fn serialize<__S: ::es_core::__private::serde::Serializer>(
            &self,
            __serializer: __S,
        ) -> ::es_core::__private::Result<__S::Ok, __S::Error> {
            match self {
                Self::Opened { owner_name: __field_0, note: __field_1 } => {
                    ::es_core::__private::serde::Serialize::serialize(
                        &__LentOpened {
                            owner_name: __field_0,
                            note: __field_1,
                            __lent: ::es_core::__private::PhantomData,
                        },
                        __serializer,
                    )
                }
                Self::Locked {} => {
                    ::es_core::__private::serde::Serialize::serialize(
                        &__LentLocked {
                            __lent: ::es_core::__private::PhantomData,
                        },
                        __serializer,
                    )
                }
                #[cfg(feature = "transfers")]
                Self::Moved { 0: __field_0 } => {
                    ::es_core::__private::serde::Serialize::serialize(
                        &__LentMoved {
                            __0: __field_0,
                            __lent: ::es_core::__private::PhantomData,
                        },
                        __serializer,
                    )
                }
                Self::Closed(__event) => {
                    <AccountClosed as ::es_core::__private::Listed>::write(
                        __event,
                        __serializer,
                    )
                }
            }
        }
    }
};
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::Sample for AccountEvent {
    fn sample_info(&self) -> ::es_core::__private::EventInfo {
        *::es_core::__private::EventSet::info(self)
    }
    fn read_sample<__P: ::es_core::__private::Payload>(
        __info: &::es_core::__private::EventInfo,
        __payload: &__P,
    ) -> ::es_core::__private::Result<Self, ::es_core::__private::DecodeError> {
        ::es_core::__private::read_one(__info, __payload)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::IntoEvents<AccountEvent> for AccountEvent {
    fn push_into(self, __events: &mut ::es_core::__private::Vec<AccountEvent>) {
        ::es_core::__private::Vec::push(__events, self);
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::FirstEvents<AccountEvent> for AccountEvent {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::NextEvents<AccountEvent> for AccountEvent {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::From<AccountClosed> for AccountEvent {
    fn from(__event: AccountClosed) -> Self {
        Self::Closed(__event)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::Holds<AccountClosed> for AccountEvent {
    #[allow(unreachable_patterns)]
    fn holds(&self) -> ::es_core::__private::bool {
        match self {
            Self::Closed(_) => true,
            _ => false,
        }
    }
    #[allow(unreachable_patterns)]
    fn take(self) -> ::es_core::__private::Result<AccountClosed, Self> {
        match self {
            Self::Closed(__event) => ::es_core::__private::Result::Ok(__event),
            __other => ::es_core::__private::Result::Err(__other),
        }
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::IntoEvents<AccountEvent> for AccountClosed {
    fn push_into(self, __events: &mut ::es_core::__private::Vec<AccountEvent>) {
        ::es_core::__private::Vec::push(__events, AccountEvent::Closed(self));
    }
    fn may_hold(__info: &::es_core::__private::EventInfo) -> ::es_core::__private::bool {
        <AccountClosed as ::es_core::__private::Listed>::is_stored_as(__info.event_type)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::FirstEvents<AccountEvent> for AccountClosed {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::es_core::__private::NextEvents<AccountEvent> for AccountClosed {}
#[allow(deprecated)]
const _: () = {
    const __EVENTS: &[::es_core::__private::EventInfo] = <AccountEvent as ::es_core::__private::EventSet>::EVENTS;
    const __SHOWN: &[&::es_core::__private::str] = &[
        "Opened",
        "Locked",
        #[cfg(feature = "transfers")]
        "Moved",
        "Closed",
    ];
    const _: () = ::es_core::__private::assert_name_differs(1usize, __EVENTS, __SHOWN);
    #[cfg(feature = "transfers")]
    const _: () = ::es_core::__private::assert_name_differs(2usize, __EVENTS, __SHOWN);
    const _: () = ::es_core::__private::assert_name_differs(
        2usize + <[()]>::len(&[#[cfg(feature = "transfers")] ()]),
        __EVENTS,
        __SHOWN,
    );
    const _: () = if let ::es_core::__private::Option::Some((__other, __name)) = ::es_core::__private::first_clash(
        &<OpenedAndLocked as ::es_core::__private::Listed>::INFO,
        __EVENTS,
        __EVENTS.len(),
    ) {
        ::es_core::__private::panic!(
            "{}", ::es_core::__private::Message::of(&
            ["`OpenedAndLocked`, which is split, and `", __SHOWN[__other],
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
