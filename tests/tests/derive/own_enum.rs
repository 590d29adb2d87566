//! The stored form of an enum of events, compared with that of a struct per event of the same name.

use std::collections::BTreeMap;
use std::fmt::Debug;

use es_core::store::{BsonPayload, Decoded, EventData, EventSet};
use es_core::{Event, event, events};
use serde::{Deserialize, Serialize};

use super::schema_lock::Lock;

#[derive(Serialize, Deserialize, Debug, Default, Clone, PartialEq)]
struct Extra {
    inner: u8,
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A trait without an impl for references.
trait Amount: Serialize {}
impl Amount for u64 {}

fn doubled<T: Amount, S: serde::Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    (value, value).serialize(serializer)
}

fn halved<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    <(u64, u64)>::deserialize(deserializer).map(|(value, _)| value)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn seven() -> u64 {
    7
}

/// The same events twice: as variants, and as structs in `structs`.
macro_rules! both {
    ($(
        #[$event:meta]
        $(#[serde($($key:tt)*)])*
        $name:ident { $($(#[$of_field:meta])* $field:ident: $ty:ty = $value:expr),* }
    )* ; $(
        $tuple:ident ( $($(#[$of_position:meta])* $part:ty = $part_value:expr),* )
    )* ; $($unit:ident)*) => {
        #[events]
        #[derive(Debug, Clone, PartialEq)]
        enum OwnEvent {
            $(#[$event] $(#[serde($($key)*)])* $name { $($(#[$of_field])* $field: $ty),* },)*
            $(#[event(version = 1)] $tuple($($(#[$of_position])* $part),*),)*
            $(#[event(version = 1)] $unit,)*
        }

        #[allow(clippy::struct_field_names, reason = "the fields are those of the variants")]
        mod structs {
            use super::*;

            $(#[$event]
            #[derive(Debug, Clone, PartialEq)]
            $(#[serde($($key)*)])*
            pub(super) struct $name { $($(#[$of_field])* pub(super) $field: $ty),* })*
            $(#[event(version = 1)]
            #[derive(Debug, Clone, PartialEq)]
            pub(super) struct $tuple($($(#[$of_position])* pub(super) $part),*);)*
            $(#[event(version = 1)]
            #[derive(Debug, Clone, PartialEq)]
            pub(super) struct $unit;)*
        }

        #[test]
        fn each_variant_is_stored_as_the_struct_of_its_name_and_both_read_it() {
            $(compare(&OwnEvent::$name { $($field: $value),* }, &structs::$name { $($field: $value),* });)*
            $(compare(&OwnEvent::$tuple($($part_value),*), &structs::$tuple($($part_value),*));)*
            $(compare(&OwnEvent::$unit, &structs::$unit);)*
        }
    };
}

both! {
    #[event(version = 3, since = 1, alias = "Began")]
    Opened {
        owner_name: String = "Ada".into(),
        #[serde(rename = "by", alias = "opened-by")] opened_by: Option<u8> = Some(1),
        #[serde(default, skip_serializing_if = "is_default")] limit: u64 = 0,
        #[serde(default, skip_serializing_if = "Option::is_none")] note: Option<String> = None,
        #[serde(serialize_with = "doubled", deserialize_with = "halved")] twice: u64 = 21,
        #[serde(with = "as_text")] cents: u64 = u64::MAX,
        #[serde(skip)] cache: u8 = 0,
        r#type: String = "current".into()
    }
    #[event(version = 1)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    Loud { two_words: u8 = 3, other: Extra = Extra { inner: 4 } }
    #[event(version = 1)]
    Flat {
        before: u8 = 1,
        #[serde(flatten)] extra: Extra = Extra { inner: 2 },
        #[serde(flatten)] rest: BTreeMap<String, i64> = [("more".to_owned(), 3)].into()
    }
    #[event(version = 1, name = "äußerlich")]
    Umlaut { größe_der_kiste: u8 = 9 }
    #[event(version = 1)]
    Empty {}
    ;
    Moved(
        u8 = 1,
        #[serde(rename = "named")] String = "x".into(),
        #[serde(with = "as_text")] u64 = 7,
        #[serde(skip)] u8 = 0,
        #[serde(flatten)] Extra = Extra { inner: 5 }
    )
    Single(Vec<Extra> = vec![Extra { inner: 6 }])
    NoFields()
    ;
    Locked
}

fn compare<E: Event + Debug + PartialEq + Clone>(own: &OwnEvent, alone: &E) {
    let info = own.info();
    assert_eq!((info.event_type, info.version, info.aliases), (E::TYPE, E::VERSION, E::ALIASES));
    let written = EventData::encode(info.event_type, own).unwrap();
    let expected = EventData::encode(E::TYPE, alone).unwrap();
    assert_eq!(written.as_raw(), expected.as_raw(), "{own:?}");
    for data in [&written, &expected] {
        let payload = BsonPayload(data.as_raw());
        assert_eq!(&E::decode(E::VERSION, &payload).unwrap(), alone);
        for name in [E::TYPE].iter().chain(E::ALIASES) {
            assert_eq!(OwnEvent::decode(name, E::VERSION, &payload).unwrap(), Decoded::One(own.clone()));
        }
    }
}

/// Attributes of the enum that apply to all variants.
#[events]
#[derive(Debug, Clone, PartialEq)]
#[serde(rename_all_fields = "kebab-case", deny_unknown_fields)]
enum KebabEvent {
    #[event(version = 1)]
    Opened {
        owner_name: String,
        #[serde(default = "seven")]
        days_left: u64,
    },
    #[event(version = 1)]
    #[serde(rename_all = "PascalCase")]
    Renamed { new_name: String },
}

#[test]
fn attributes_of_the_enum_apply_to_every_variant() {
    let stored = |event: &KebabEvent| {
        let data = EventData::encode(event.event_type(), event).unwrap();
        data.as_raw().iter().map(|entry| entry.unwrap().0.to_string()).collect::<Vec<_>>()
    };
    let read = |name: &str, document: es_mongo::mongodb::bson::RawDocumentBuf| {
        KebabEvent::decode(name, 1, &BsonPayload(&document))
    };
    let opened = KebabEvent::Opened { owner_name: "Ada".into(), days_left: 7 };
    assert_eq!(stored(&opened), ["owner-name", "days-left"]);
    assert_eq!(stored(&KebabEvent::Renamed { new_name: "Bea".into() }), ["NewName"]);
    let with_default = read("Opened", es_mongo::mongodb::bson::rawdoc! { "owner-name": "Ada" });
    assert_eq!(with_default.unwrap(), Decoded::One(opened));
    assert!(read("Opened", es_mongo::mongodb::bson::rawdoc! { "owner-name": "Ada", "more": 1 }).is_err());
}

mod locked_enum {
    use es_core::{Aggregate, Apply, Context, events};

    #[events]
    pub(super) enum AccountEvent {
        #[event(version = 1)]
        Opened { owner: String },
        #[event(version = 1)]
        Moved(i64, String),
        #[event(version = 1)]
        Locked,
    }

    #[derive(Aggregate, Default)]
    #[aggregate(name = "Account", events = AccountEvent)]
    pub(super) struct Account {
        cents: i64,
    }

    impl Apply<AccountEvent> for Account {
        fn apply(&mut self, _: AccountEvent, _: &Context) {
            self.cents += 1;
        }
    }
}

mod locked_structs {
    use es_core::{Aggregate, Apply, Context, event};

    #[event(version = 1)]
    pub(super) struct Opened {
        owner: String,
    }

    #[event(version = 1)]
    pub(super) struct Moved(i64, String);

    #[event(version = 1)]
    pub(super) struct Locked;

    #[derive(Aggregate, Default)]
    #[aggregate(name = "Account", events(Opened, Moved, Locked))]
    pub(super) struct Account {
        cents: i64,
    }

    impl Apply<Opened> for Account {
        fn apply(&mut self, event: Opened, _: &Context) {
            self.cents += i64::from(event.owner.is_empty());
        }
    }

    impl Apply<Moved> for Account {
        fn apply(&mut self, event: Moved, _: &Context) {
            self.cents += event.0 + i64::from(event.1.is_empty());
        }
    }

    impl Apply<Locked> for Account {
        fn apply(&mut self, _: Locked, _: &Context) {}
    }
}

#[test]
fn the_schema_lock_of_a_struct_per_event_holds_for_an_enum_and_the_reverse() {
    let lock = Lock::new();
    lock.update::<locked_structs::Account>().unwrap();
    lock.check::<locked_enum::Account>().unwrap();
    let of_structs = lock.text();
    let lock = Lock::new();
    lock.update::<locked_enum::Account>().unwrap();
    lock.check::<locked_structs::Account>().unwrap();
    assert_eq!(lock.text(), of_structs);
}

mod changed {
    use es_core::{Aggregate, Apply, Context, events};

    #[events]
    pub(super) enum AccountEvent {
        #[event(version = 1)]
        Opened { owner: String, limit: i64 },
        #[event(version = 1)]
        Moved(i64, String),
    }

    #[derive(Aggregate, Default)]
    #[aggregate(name = "Account", events = AccountEvent)]
    pub(super) struct Account {
        cents: i64,
    }

    impl Apply<AccountEvent> for Account {
        fn apply(&mut self, _: AccountEvent, _: &Context) {
            self.cents += 1;
        }
    }
}

#[test]
fn the_schema_lock_finds_a_variant_that_was_changed_or_removed() {
    let lock = Lock::new();
    lock.update::<locked_enum::Account>().unwrap();
    let error = lock.check::<changed::Account>().unwrap_err();
    for part in ["Opened", "limit", "Locked"] {
        assert!(error.contains(part), "`{part}` is missing in:\n{error}");
    }
}
