//! The effect of `#[serde(..)]` attributes on stored data, written and read back through a store.

use std::collections::BTreeMap;
use std::fmt::Debug;

use es_core::memory::MemoryStore;
use es_core::store::{BsonPayload, Decoded, EventData, EventSet, State, StateRef};
use es_core::{Aggregate, Apply, Context, Event, Repository, event};
use es_mongo::mongodb::bson::{self, rawdoc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

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

#[derive(Serialize, Deserialize, Debug, Default, Clone, PartialEq)]
struct Extra {
    inner: u8,
}

/// A trait that implies serde's traits, as many programs have one.
trait Item: Serialize + DeserializeOwned + Debug + Default + Send + Sync + 'static {}
impl Item for u8 {}

#[event(version = 1)]
#[derive(Debug, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
struct Named {
    two_words: u8,
    #[serde(rename = "other", alias = "older")]
    renamed: Option<Box<u8>>,
    #[serde(with = "as_text")]
    cents: u64,
    #[serde(skip)]
    cache: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[event(version = 1)]
#[derive(Debug, PartialEq)]
struct Flat {
    before: u8,
    #[serde(flatten)]
    extra: Extra,
    #[serde(flatten)]
    rest: BTreeMap<String, i64>,
}

#[event(version = 1)]
#[derive(Debug, PartialEq)]
struct ByPosition(
    u8,
    #[serde(rename = "named")] String,
    #[serde(with = "as_text")] u64,
    #[serde(skip)] u8,
    #[serde(flatten)] Extra,
);

#[event(version = 1)]
#[derive(Debug, PartialEq)]
#[serde(tag = "type")]
struct TaggedStruct {
    held: u8,
}

#[event(version = 1)]
#[derive(Debug, PartialEq)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Tagged {
    NothingHeld,
    NewType(Extra),
    #[serde(rename = "other name")]
    Renamed {
        long_name: u8,
    },
}

#[event(version = 1)]
#[derive(Debug, PartialEq)]
enum Plain {
    Unit,
    Tuple(u8, String),
    Nested(Vec<Self>),
    Boxed(Box<Self>),
    Named { long_name: Option<u8> },
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
#[serde(from = "Extra", into = "Extra")]
struct Converted(u8);

impl From<Extra> for Converted {
    fn from(extra: Extra) -> Self {
        Self(extra.inner)
    }
}

impl From<Converted> for Extra {
    fn from(converted: Converted) -> Self {
        Self { inner: converted.0 }
    }
}

#[event(version = 1)]
#[derive(Debug, PartialEq)]
struct Größer {
    ähnlich_wie: u8,
    __: u8,
}

#[event(version = 1)]
#[derive(Debug, Default, PartialEq)]
#[serde(default)]
struct Filled {
    name: String,
    count: u8,
}

#[event(version = 1)]
#[derive(Debug, PartialEq)]
#[serde(default = "FilledByPosition::of_old")]
struct FilledByPosition(String, u8);

impl FilledByPosition {
    fn of_old() -> Self {
        Self("old".to_owned(), 9)
    }
}

#[event(version = 1)]
#[derive(Debug, Default, PartialEq)]
#[serde(default)]
struct FilledGeneric<T: Item> {
    item: T,
    count: u8,
}

/// Every event as it was applied.
#[derive(Aggregate, Debug, Default, PartialEq)]
#[aggregate(events(
    Named, Flat, ByPosition, TaggedStruct, Tagged, Plain, Converted, Größer, Filled, FilledByPosition, FilledGeneric<T>
))]
#[serde(default)]
struct Log<T: Item> {
    #[serde(rename = "lines")]
    applied: Vec<String>,
    last: Option<T>,
}

macro_rules! apply {
    ($($event:ty),*) => {$(
        impl<T: Item> Apply<$event> for Log<T> {
            fn apply(&mut self, event: $event, _: &Context) {
                self.applied.push(format!("{event:?}"));
            }
        }
    )*};
}

apply!(
    Named,
    Flat,
    ByPosition,
    TaggedStruct,
    Tagged,
    Plain,
    Converted,
    Größer,
    Filled,
    FilledByPosition,
    FilledGeneric<T>
);

fn named() -> Named {
    Named { two_words: 1, renamed: Some(Box::new(2)), cents: 3, cache: 0, note: None }
}

fn document(event: &impl Event) -> String {
    bson::Document::try_from(EventData::encode("an event", event).unwrap().as_raw()).unwrap().to_string()
}

fn read<E: Event>(data: &bson::RawDocumentBuf) -> E {
    E::decode(1, &BsonPayload(data)).unwrap()
}

#[test]
fn attributes_of_fields_and_variants_determine_the_stored_form() {
    let extra = || Extra { inner: 4 };
    for (stored, expected) in [
        (document(&named()), r#"{ "TWO_WORDS": 1, "other": 2, "CENTS": "3" }"#),
        (
            document(&Flat { before: 1, extra: extra(), rest: BTreeMap::from([("more".to_owned(), 5)]) }),
            r#"{ "before": 1, "inner": 4, "more": 5 }"#,
        ),
        (document(&ByPosition(1, "x".to_owned(), 2, 3, extra())), r#"{ "0": 1, "named": "x", "2": "2", "inner": 4 }"#),
        (document(&Tagged::NothingHeld), r#"{ "type": "nothing-held" }"#),
        (document(&Tagged::NewType(extra())), r#"{ "type": "new-type", "inner": 4 }"#),
        (document(&Plain::Tuple(1, "x".to_owned())), r#"{ "kind": "tuple", "data": [1, "x"] }"#),
        (document(&Converted(4)), r#"{ "inner": 4 }"#),
    ] {
        assert_eq!(stored, expected);
    }
}

#[test]
fn a_tagged_struct_is_stored_under_its_own_name() {
    assert_eq!(document(&TaggedStruct { held: 1 }), r#"{ "type": "TaggedStruct", "held": 1 }"#);
}

#[test]
fn names_beyond_ascii_are_stored_in_camel_case_too() {
    assert_eq!(document(&Größer { ähnlich_wie: 1, __: 2 }), r#"{ "ähnlichWie": 1, "__": 2 }"#);
}

#[test]
fn a_default_of_the_type_supplies_missing_fields() {
    assert_eq!(read::<Filled>(&rawdoc! { "count": 1 }), Filled { name: String::new(), count: 1 });
    assert_eq!(read::<FilledByPosition>(&rawdoc! { "1": 1 }), FilledByPosition("old".to_owned(), 1));
    assert_eq!(read::<FilledGeneric<u8>>(&rawdoc! { "count": 1 }), FilledGeneric { item: 0, count: 1 });
    let state: State<Log<u8>> = bson::deserialize_from_slice(rawdoc! { "last": 7 }.as_bytes()).unwrap();
    assert_eq!(state.0, Log { applied: Vec::new(), last: Some(7) });
}

#[test]
fn attributes_of_a_state_determine_the_stored_form() {
    let log = Log { applied: vec!["a line".to_owned()], last: None::<u8> };
    let stored = bson::serialize_to_document(&StateRef(&log)).unwrap();
    assert_eq!(stored.to_string(), r#"{ "lines": ["a line"], "last": null }"#);
}

#[tokio::test]
async fn every_event_is_read_back_as_it_was_applied() {
    let events: Vec<LogEvent<u8>> = vec![
        named().into(),
        Flat { before: 1, extra: Extra::default(), rest: BTreeMap::from([("more".to_owned(), 5)]) }.into(),
        ByPosition(1, "x".to_owned(), 2, 0, Extra::default()).into(),
        TaggedStruct { held: 1 }.into(),
        Tagged::NothingHeld.into(),
        Tagged::NewType(Extra { inner: 1 }).into(),
        Tagged::Renamed { long_name: 1 }.into(),
        Plain::Nested(vec![Plain::Unit, Plain::Boxed(Box::new(Plain::Named { long_name: None }))]).into(),
        Converted(1).into(),
        Größer { ähnlich_wie: 1, __: 2 }.into(),
        Filled { name: "x".to_owned(), count: 1 }.into(),
        FilledByPosition("x".to_owned(), 1).into(),
        FilledGeneric { item: 1, count: 2 }.into(),
    ];
    let logs = Repository::<Log<u8>>::new(&MemoryStore::new());
    logs.create("log", Tagged::NothingHeld).await.unwrap();
    let mut expected = vec!["NothingHeld".to_owned()];
    for event in events {
        // The applied event differs from the stored one.
        let data = EventData::encode(event.event_type(), &event).unwrap();
        let event_type = event.event_type();
        let Ok(Decoded::One(same)) = LogEvent::<u8>::decode(event_type, 1, &data) else {
            panic!("{event_type} is read as a different event")
        };
        let mut alone = Log::default();
        Aggregate::fold(&mut alone, event, &es_core::testing::context()).unwrap();
        expected.append(&mut alone.applied);
        let mut decided = Some(same);
        logs.update("log", |_| decided.take()).await.unwrap();
    }
    assert_eq!(logs.load("log").await.unwrap().applied, expected);
}
