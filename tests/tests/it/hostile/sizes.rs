//! Just below and just above the limits of the server: bytes, levels, events.

use std::time::Duration;

use es_core::error::ErrorChain;
use es_core::memory::MemoryStore;
use es_core::store::{Append, EventData, EventStore, ExpectedVersion, NewEvent, Snapshot, SnapshotStore, Store};
use es_core::{Aggregate, Apply, Context, LoadError, Metadata, Repository, StoreError, StreamId, Version, event};
use es_mongo::MongoStore;
use es_mongo::dev::{DevServer, fresh_database_name};
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::raw::{RawBsonRef, RawDocumentBuf, cstr};
use es_mongo::mongodb::bson::{Document, doc};
use tests::{empty_store, server};

const LIMIT: usize = 16 * 1024 * 1024;

/// Something large was noted.
#[event(version = 1)]
#[derive(Debug, Clone)]
pub struct Noted {
    text: String,
    nested: Nested,
}

/// A list that contains itself, at any depth.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Nested {
    #[serde(rename = "in")]
    inside: Option<Box<Nested>>,
}

/// All notes: its state is as large and as deep as they are.
#[derive(Aggregate, Debug, Default)]
#[aggregate(events(Noted), snapshot(every = 1))]
struct Notes {
    texts: Vec<String>,
    nested: Vec<Nested>,
}

impl Apply<Noted> for Notes {
    fn apply(&mut self, event: Noted, _context: &Context) {
        self.texts.push(event.text);
        self.nested.push(event.nested);
    }
}

/// A server with a cache of usual size. A transaction has to fit into it.
async fn roomy_server() -> DevServer {
    DevServer::builder().cache_size_gb(2.0).always_own().start().await.unwrap()
}

/// A store for operations that may take a busy machine longer than the half minute that an append
/// has by default.
async fn patient_store(server: &DevServer) -> MongoStore {
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    let patient = MongoStore::builder(client, fresh_database_name("sizes")).append_deadline(Duration::from_secs(300));
    patient.open().await.unwrap()
}

fn large(bytes: usize) -> NewEvent {
    let event = NotesEvent::from(Noted { text: "x".repeat(bytes), nested: Nested::default() });
    NewEvent::encode(&event, Metadata::new()).unwrap()
}

/// A document with this many levels, created and dropped without recursion.
fn nested(levels: usize) -> RawDocumentBuf {
    (1..levels).fold(RawDocumentBuf::new(), |inner, _| {
        let mut outer = RawDocumentBuf::new();
        outer.append(cstr!("in"), &*inner);
        outer
    })
}

/// The data of `Noted`, with this many levels.
fn noted(levels: usize) -> RawDocumentBuf {
    let mut data = RawDocumentBuf::new();
    data.append(cstr!("text"), "x");
    data.append(cstr!("nested"), &*nested(levels - 1));
    data
}

fn deep(levels: usize) -> Metadata {
    Metadata::new().with("deep", nested(levels - 1)).unwrap()
}

fn stream(id: &str) -> StreamId {
    StreamId::of::<Notes>(id).unwrap()
}

fn append(id: &str, events: Vec<NewEvent>) -> Append {
    Append::new(stream(id), ExpectedVersion::NONE, events)
}

/// The size of the stored document of an event without its text.
async fn envelope(store: &MongoStore) -> usize {
    store.append(append("b", vec![large(0)])).await.unwrap();
    let events = store.database().collection::<Document>("events");
    let stored = events.find_one(doc! { "aggregateId": "b" }).await.unwrap().unwrap();
    es_mongo::mongodb::bson::serialize_to_vec(&stored).unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_exactly_16_mib_is_recorded_archived_and_read_and_one_byte_more_is_refused() {
    let server = roomy_server().await;
    let store = patient_store(&server).await;
    let envelope = envelope(&store).await;
    let error = store.append(append("c", vec![large(LIMIT - envelope + 1)])).await.unwrap_err();
    assert!(
        matches!(error, StoreError::TooLarge { bytes, limit, .. } if bytes == LIMIT + 1 && limit == LIMIT),
        "{error}"
    );
    store.append(append("a", vec![large(LIMIT - envelope)])).await.unwrap();
    let notes = Repository::<Notes>::new(&store);
    assert_eq!(notes.load("a").await.unwrap().texts[0].len(), LIMIT - envelope);
    store.append(append("z", vec![large(1)])).await.unwrap();
    let report = store.archive::<Notes>(es_core::Timestamp::now().plus(Duration::from_secs(1))).run().await;
    // The document around a state is a little smaller than that around an event, so even this event
    // has a snapshot, and moves with the small one.
    assert_eq!((report.unwrap().moved, notes.load("a").await.unwrap().version.get()), (2, 1));
    assert!(store.verify::<Notes>().run().await.unwrap().is_sound());
}

async fn a_state_that_is_too_large(store: impl Store + Clone) {
    let notes = Repository::<Notes>::new(&store);
    let note = || Noted { text: "x".repeat(9 << 20), nested: Nested::default() };
    notes.create("a", note()).await.unwrap();
    for version in 2..4 {
        let paid = notes.update("a", |_| note()).await.unwrap();
        assert_eq!(paid.version, version);
    }
    assert_eq!(notes.load("a").await.unwrap().texts.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_more_than_16_mib_has_no_snapshot_and_fails_no_append() {
    a_state_that_is_too_large(MemoryStore::new()).await;
    let store = empty_store().await;
    a_state_that_is_too_large(store.clone()).await;
    let state = Notes { texts: vec!["x".repeat(LIMIT)], nested: Vec::new() };
    let error =
        store.put_snapshot(&stream("a"), Snapshot::new(Version::from(1), state).encode().unwrap()).await.unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
}

async fn nesting(store: impl Store + Clone) {
    let event =
        |data: usize, metadata: usize| NewEvent::from_data("Noted", 1, EventData::from(noted(data)), deep(metadata));
    for levels in [101, 180, 181] {
        for refused in [event(levels, 2), event(3, levels)] {
            assert!(matches!(refused, Err(StoreError::TooDeep { limit: 100, .. })), "{levels}: {refused:?}");
        }
    }
    store.append(append("a", vec![event(100, 100).unwrap()])).await.unwrap();
    let notes = Repository::<Notes>::new(&store);
    let history = notes.history("a").unwrap().collect().await.unwrap();
    let read = history[0].metadata.get::<RawDocumentBuf>("deep").unwrap().unwrap();
    assert_eq!(read, nested(99));
    // In the state it is one level deeper, in a list. That is too deep for a snapshot, but the
    // aggregate also works without one.
    let loaded = notes.load("a").await.unwrap();
    assert_eq!(loaded.nested.len(), 1);
    let encoded = Snapshot::new(loaded.version, loaded.state).encode();
    assert!(matches!(encoded, Err(StoreError::TooDeep { limit: 100, .. })), "{encoded:?}");
    let taken = notes.take_snapshot("a").await;
    assert!(matches!(taken, Err(LoadError::Store(StoreError::TooDeep { limit: 100, .. }))), "{taken:?}");
    assert_eq!(notes.load("a").await.unwrap().version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_levels_are_recorded_and_more_are_refused_in_events_metadata_and_states() {
    nesting(MemoryStore::new()).await;
    nesting(empty_store().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_another_program_nested_180_levels_deep_is_an_error_that_names_it() {
    let store = empty_store().await;
    store.append(append("a", vec![large(1)])).await.unwrap();
    let events = store.database().collection::<RawDocumentBuf>("events");
    let mut planted = RawDocumentBuf::new();
    for field in &events.find_one(doc! {}).await.unwrap().unwrap() {
        let (name, value) = field.unwrap();
        // The document around it adds one level.
        let data = noted(179);
        planted.append(name, if name.as_str() == "eventData" { RawBsonRef::Document(&data) } else { value });
    }
    events.delete_one(doc! {}).await.unwrap();
    events.insert_one(planted).await.unwrap();
    let error = Repository::<Notes>::new(&store).load("a").await.unwrap_err();
    let LoadError::Store(StoreError::Decode { .. }) = error else { panic!("{error}") };
    let text = ErrorChain::new(&error).to_string();
    assert!(text.contains("event 1 of Notes `a`") && text.contains("100 levels"), "{text}");
    assert_eq!(store.verify::<Notes>().run().await.unwrap().total_findings, 1);
}

async fn a_hundred_thousand(store: impl Store + Clone) {
    const EVENTS: usize = 100_000;
    let appended = store.append(append("a", vec![large(1); EVENTS])).await.unwrap();
    assert_eq!((appended.receipt().version.get(), appended.receipt().stamps.len()), (EVENTS as u64, EVENTS));
    assert_eq!(Repository::<Notes>::new(&store).load("a").await.unwrap().texts.len(), EVENTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_events_in_one_append_are_recorded_together() {
    a_hundred_thousand(MemoryStore::new()).await;
    let server = roomy_server().await;
    a_hundred_thousand(patient_store(&server).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_exceeds_the_cache_of_the_server_is_refused_and_the_store_still_works() {
    let store = patient_store(server().await).await;
    let error = store.append(append("a", vec![large(15 << 20); 20])).await.unwrap_err();
    let text = ErrorChain::new(&error).to_string();
    assert!(matches!(error, StoreError::Refused { .. }) && text.contains("too large"), "{text}");
    assert_eq!(store.head(&stream("a")).await.unwrap().version(), Version::NONE);
    assert_eq!(store.append(append("a", vec![large(1)])).await.unwrap().receipt().stamps[0].position, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_of_more_than_48_mb_in_all_is_recorded_together() {
    let server = roomy_server().await;
    let store = patient_store(&server).await;
    let appended = store.append(append("a", vec![large(10 << 20); 6])).await.unwrap();
    assert_eq!(appended.receipt().version, 6);
    let notes = Repository::<Notes>::new(&store).load("a").await.unwrap();
    assert_eq!(notes.texts.iter().map(String::len).sum::<usize>(), 60 << 20);
}
