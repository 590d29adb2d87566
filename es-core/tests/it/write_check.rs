//! Data that serializes but does not deserialize is found before it is stored.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]
#![allow(clippy::option_option, reason = "a nested `Option` is one of the values that are not read back")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, Ordering};

use es_core::error::ErrorChain;
use es_core::memory::MemoryStore;
use es_core::repository::{ImportError, ImportedEvent, WriteCheck};
use es_core::store::NewEvent;
use es_core::testing::given;
use es_core::{
    Aggregate, Apply, Context, CreateError, LoadError, Metadata, Repository, StoreError, Timestamp, UpdateError, event,
};
use serde::{Deserialize, Serialize, Serializer};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Sku(String);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Peer {
    Known { address: IpAddr },
}

/// Not a number by its name, so only the write finds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Number(u32);

/// Values of every kind. Each test sets those that it needs.
#[event(version = 1)]
#[derive(Debug, Default)]
struct Packed {
    counts: BTreeMap<Sku, u32>,
    by_number: BTreeMap<Number, u32>,
    origin: Option<Peer>,
    note: Option<Option<String>>,
    scores: Vec<f64>,
    ratio: f32,
    tags: HashMap<String, u32>,
    seen: HashSet<u32>,
    noise: Noise,
}

/// Written differently each time, like data that is encrypted with a fresh nonce.
#[derive(Debug, Default)]
struct Noise;

impl Serialize for Noise {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        serializer.serialize_u32(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl<'de> Deserialize<'de> for Noise {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(|_| Self)
    }
}

#[derive(Debug, Aggregate, Default)]
#[aggregate(events(Packed), snapshot(every = 2))]
struct Parcel {
    packed: u32,
    /// Cannot be read back, once an event had it as a tag.
    weights: BTreeMap<Sku, u32>,
}

impl Apply<Packed> for Parcel {
    fn apply(&mut self, event: Packed, _: &Context) {
        self.packed += 1;
        self.weights =
            event.tags.into_iter().filter(|(tag, _)| tag == "unreadable").map(|(t, n)| (Sku(t), n)).collect();
    }
}

fn newtype_key() -> Packed {
    Packed { counts: [(Sku("book".into()), 1)].into(), ..Packed::default() }
}

/// Events that cannot be read back, with the field that the error names.
fn unreadable() -> Vec<(Packed, &'static str, &'static str)> {
    let origin = Some(Peer::Known { address: Ipv4Addr::LOCALHOST.into() });
    vec![
        (newtype_key(), "counts{book}", "`#[serde(transparent)]`"),
        (Packed { origin, ..Packed::default() }, "origin", "text"),
        (Packed { note: Some(None), ..Packed::default() }, "note", "enum"),
    ]
}

fn checked(store: &MemoryStore, check: WriteCheck) -> Repository<Parcel> {
    Repository::new(store).with_write_check(check)
}

#[track_caller]
fn assert_names(error: &StoreError, path: &str, remedy: &str) {
    match error {
        StoreError::NotReadBack { what, field, reason } => {
            assert_eq!((what.as_str(), field.as_deref()), ("Packed", Some(path)), "{error}");
            assert!(reason.contains(remedy), "{error}");
            let text = error.to_string();
            assert!(text.contains("`Packed`") && text.contains(&format!("`{path}`")), "{text}");
        }
        other => panic!("{path}: {other}"),
    }
}

#[tokio::test]
async fn every_way_of_writing_refuses_what_cannot_be_read_back_and_stores_nothing() {
    for way in ["create", "create_once", "import", "update", "update_once"] {
        for (event, path, remedy) in unreadable() {
            let store = MemoryStore::new();
            let parcels = checked(&store, WriteCheck::Always);
            parcels.create("begun", Packed::default()).await.unwrap();
            let mut once = Some(event);
            let mut event = || once.take().unwrap();
            let created = |answer: Result<_, CreateError>| match answer {
                Err(CreateError::Store(error)) => error,
                other => panic!("{way}: {other:?}"),
            };
            let updated = |answer: Result<_, UpdateError<StoreError>>| match answer {
                Err(UpdateError::Store(error)) => error,
                other => panic!("{way}: {other:?}"),
            };
            let error = match way {
                "create" => created(parcels.create("a", event()).await.map(drop)),
                "create_once" => created(parcels.create("a", event()).once("key").await.map(drop)),
                "import" => {
                    let past = ImportedEvent::new(event(), Timestamp::now(), Metadata::new());
                    match parcels.import("a", vec![past]).await {
                        Err(ImportError::Store(error)) => error,
                        other => panic!("{way}: {other:?}"),
                    }
                }
                "update" => updated(parcels.update("begun", |_| Ok(event())).await.map(drop)),
                _ => updated(parcels.update("begun", |_| Ok(event())).once("key").await.map(drop)),
            };
            assert_names(&error, path, remedy);
            assert_eq!(store.log().len(), 1, "{way}: {path}");
        }
    }
}

#[test]
fn the_build_decides_whether_an_event_encoded_by_hand_is_checked() {
    let event = ParcelEvent::from(newtype_key());
    let encoded = NewEvent::encode(&event, Metadata::new());
    assert_eq!(encoded.is_err(), cfg!(debug_assertions));
    assert_eq!(WriteCheck::default() == WriteCheck::Always, cfg!(debug_assertions));
    assert_names(
        &NewEvent::encode_with(&event, Metadata::new(), WriteCheck::Always).unwrap_err(),
        "counts{book}",
        "key",
    );
    NewEvent::encode_with(&event, Metadata::new(), WriteCheck::Never).unwrap();
}

#[tokio::test]
async fn without_the_check_it_is_stored_and_does_not_load() {
    let parcels = checked(&MemoryStore::new(), WriteCheck::Never);
    parcels.create("a", newtype_key()).await.unwrap();
    let error = parcels.load("a").await.unwrap_err();
    assert!(matches!(error, LoadError::Store(StoreError::Decode { .. })), "{error}");
}

#[tokio::test]
async fn what_bson_cannot_write_is_refused_with_the_name_of_the_field() {
    for check in [WriteCheck::Always, WriteCheck::Never] {
        let event = Packed { by_number: [(Number(7), 1)].into(), ..Packed::default() };
        let error = checked(&MemoryStore::new(), check).create("a", event).await.unwrap_err();
        assert!(matches!(error, CreateError::Store(StoreError::Encode { .. })), "{error}");
        let text = ErrorChain::new(&error).to_string();
        for part in ["`Packed`", "`byNumber{7}`", "list of pairs"] {
            assert!(text.contains(part), "`{part}` is missing in: {text}");
        }
    }
}

#[tokio::test]
async fn what_is_read_back_as_it_was_passes() {
    let parcels = checked(&MemoryStore::new(), WriteCheck::Always);
    let event = Packed {
        scores: vec![f64::NAN, -0.0, f64::INFINITY, 0.1, 5.0],
        ratio: 0.1,
        note: Some(Some("a".into())),
        tags: (0..50).map(|at| (at.to_string(), at)).collect(),
        seen: (0..50).collect(),
        ..Packed::default()
    };
    parcels.create("a", event).await.unwrap();
    assert_eq!(parcels.load("a").await.unwrap().packed, 1);
    let not_a_number = Packed { ratio: f32::NAN, ..Packed::default() };
    parcels.create("b", not_a_number).await.unwrap();
}

#[tokio::test]
async fn a_state_that_cannot_be_read_back_is_not_a_snapshot_but_the_append_succeeds() {
    let parcels = checked(&MemoryStore::new(), WriteCheck::Always);
    let unreadable = || Packed { tags: [("unreadable".to_owned(), 1)].into(), ..Packed::default() };
    parcels.create("a", (unreadable(), unreadable())).await.unwrap();
    let error = parcels.take_snapshot("a").await.unwrap_err();
    match error {
        LoadError::Store(StoreError::NotReadBack { what, field, .. }) => {
            assert_eq!((what.as_str(), field.as_deref()), ("Parcel", Some("weights{unreadable}")));
        }
        other => panic!("{other}"),
    }
    assert_eq!(parcels.load("a").await.unwrap().version, 2);
}

#[test]
#[should_panic(expected = "`Packed` is not stored, because of `counts{book}`")]
fn the_test_kit_reports_an_event() {
    given::<Parcel>(Packed::default()).when(|_| newtype_key()).then(newtype_key());
}

#[test]
#[should_panic(expected = "`Parcel` is not stored, because of `weights{unreadable}`")]
fn the_test_kit_reports_a_state_that_becomes_a_snapshot() {
    let event = Packed { tags: [("unreadable".to_owned(), 1)].into(), ..Packed::default() };
    given::<Parcel>(Packed::default()).when(|_| event).then_state(|_| {});
}
