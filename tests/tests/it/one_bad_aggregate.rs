//! One aggregate cannot be folded, written or read back: it is reported by name, and a run over all
//! aggregates continues.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::collections::BTreeMap;

use es_core::error::ErrorChain;
use es_core::memory::MemoryStore;
use es_core::repository::ImportedEvent;
use es_core::store::{Append, EventData, EventStore, ExpectedVersion, NewEvent, Snapshot, SnapshotStore};
use es_core::{
    Aggregate, Apply, Context, LoadError, Metadata, Repository, SnapshotPolicy, StoreError, StreamId, Version, event,
};
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::{ArchiveReport, Finding, Migrated, MigratingRepository, MongoStore, ReadMode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tests::account::day;
use tests::empty_store;

/// What happened, and how the code of the aggregate fails because of it.
#[event(version = 2, from = NotedV1)]
#[derive(Debug, Clone, PartialEq)]
pub struct Noted {
    pub what: What,
}

/// The same as an older release recorded it. Reading `upcast` panics.
#[event(version = 1, name = "Noted")]
#[derive(Debug, Clone)]
pub struct NotedV1 {
    pub text: String,
}

impl From<NotedV1> for Noted {
    fn from(old: NotedV1) -> Self {
        assert_ne!(old.text, "upcast", "no upcast accepts this text");
        Self { what: What::Usual }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    Usual,
    /// Folding it panics.
    FoldPanics,
    /// The state can be written but not read back.
    Unreadable,
    /// Writing the state panics.
    WritingPanics,
    /// Reading the state panics.
    ReadingPanics,
    /// The state is nested too deep.
    TooDeep,
    /// The event itself cannot be written: its serializer panics.
    #[serde(serialize_with = "refuse")]
    Unwritable,
}

fn refuse<S: Serializer>(_: S) -> Result<S::Ok, S::Error> {
    panic!("this event cannot be written")
}

/// BSON writes it as the key of a map, but cannot read it back from there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(String);

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Nested {
    inner: Option<Box<Nested>>,
}

/// Panics during writing or reading, depending on its value.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Mood {
    #[default]
    Calm,
    WritingPanics,
    ReadingPanics,
}

impl Serialize for Mood {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert_ne!(*self, Self::WritingPanics, "this state cannot be written");
        serializer.serialize_str(if *self == Self::Calm { "calm" } else { "panics" })
    }
}

impl<'de> Deserialize<'de> for Mood {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "calm" => Ok(Self::Calm),
            "panics" => panic!("this state cannot be read"),
            other => Err(D::Error::custom(other)),
        }
    }
}

#[derive(Aggregate, Debug, Clone, PartialEq, Default)]
#[aggregate(events(Noted), snapshot(every = 1000))]
pub struct Notes {
    noted: u64,
    keyed: BTreeMap<Key, u64>,
    nested: Nested,
    mood: Mood,
}

impl Apply<Noted> for Notes {
    fn apply(&mut self, event: Noted, _: &Context) {
        self.noted += 1;
        match event.what {
            What::Usual | What::Unwritable => {}
            What::FoldPanics => panic!("this must never happen"),
            What::Unreadable => drop(self.keyed.insert(Key("key".to_owned()), 1)),
            What::WritingPanics => self.mood = Mood::WritingPanics,
            What::ReadingPanics => self.mood = Mood::ReadingPanics,
            What::TooDeep => {
                for _ in 0..120 {
                    self.nested = Nested { inner: Some(Box::new(std::mem::take(&mut self.nested))) };
                }
            }
        }
    }
}

fn notes(store: &MongoStore) -> Repository<Notes> {
    Repository::new(store)
}

fn usual() -> Noted {
    Noted { what: What::Usual }
}

/// Three aggregates of three events, of which the second is bad from its second event on, and one
/// with the newest event.
async fn store_with(bad: What) -> MongoStore {
    let store = empty_store().await;
    for (id, second) in [("a", What::Usual), ("bad", bad), ("z", What::Usual)] {
        let past = [What::Usual, second, What::Usual];
        let past = past.map(|what| ImportedEvent::new(Noted { what }, day(0), Metadata::new()));
        notes(&store).import(id, past.into()).await.unwrap();
    }
    notes(&store).create("zz", usual()).await.unwrap();
    store
}

/// The same with an old event that no upcast can read.
async fn store_with_bad_upcast() -> MongoStore {
    let store = store_with(What::Usual).await;
    let which = doc! { "aggregateId": "bad", "sequenceNumber": 2 };
    let old = doc! { "$set": { "eventVersion": 1, "eventData": { "text": "upcast" } } };
    store.database().collection::<Document>("events").update_one(which, old).await.unwrap();
    store
}

async fn in_use(store: &MongoStore, id: &str) -> u64 {
    let events = store.database().collection::<Document>("events");
    events.count_documents(doc! { "aggregateId": id }).await.unwrap()
}

/// Archives everything, and checks that the bad aggregate is reported and kept as a whole, and that
/// the others are archived.
async fn assert_only_the_bad_one_is_kept(store: &MongoStore, reason: &str) {
    let report: ArchiveReport = store.archive::<Notes>(day(50)).run().await.unwrap();
    assert_eq!((in_use(store, "a").await, in_use(store, "bad").await, in_use(store, "z").await), (0, 3, 0));
    assert_eq!((report.streams, report.moved, report.kept, report.snapshots), (3, 6, 3, 2));
    assert_eq!((report.failed, report.failures.len()), (1, 1), "{:?}", report.failures);
    let failure = report.failures[0].to_string();
    assert!(failure.starts_with("bad: ") && failure.contains(reason), "{failure}");
    // No unusable snapshot was left behind, and the next run reports the same.
    let snapshots = store.database().collection::<Document>("snapshots");
    assert_eq!(snapshots.count_documents(doc! { "aggregateId": "bad" }).await.unwrap(), 0);
    let again = store.archive::<Notes>(day(50)).run().await.unwrap();
    assert_eq!((again.moved, again.kept, again.failures), (0, 3, report.failures));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_keeps_events_whose_state_cannot_be_read_back_from_a_snapshot() {
    let store = store_with(What::Unreadable).await;
    assert_only_the_bad_one_is_kept(&store, "cannot be read back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_keeps_events_whose_state_is_nested_too_deep() {
    let store = store_with(What::TooDeep).await;
    assert_only_the_bad_one_is_kept(&store, "100 levels").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_keeps_events_whose_upcast_panics() {
    let store = store_with_bad_upcast().await;
    assert_only_the_bad_one_is_kept(&store, "event 2 of Notes `bad`, a `Noted`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_keeps_events_whose_fold_panics() {
    let store = store_with(What::FoldPanics).await;
    assert_only_the_bad_one_is_kept(&store, "folding a `Noted` panicked: this must never happen").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_keeps_events_whose_state_panics_when_it_is_written_or_read() {
    let store = store_with(What::WritingPanics).await;
    assert_only_the_bad_one_is_kept(&store, "this state cannot be written").await;
    let store = store_with(What::ReadingPanics).await;
    assert_only_the_bad_one_is_kept(&store, "this state cannot be read").await;
}

/// Verifies, and returns the one finding.
async fn only_finding(store: &MongoStore) -> Finding {
    let report = store.verify::<Notes>().run().await.unwrap();
    assert_eq!((report.streams, report.events, report.total_findings), (4, 10, 1), "{:#?}", report.findings);
    report.findings.into_iter().next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_names_the_event_whose_upcast_or_fold_panics_and_checks_the_rest() {
    let found = only_finding(&store_with_bad_upcast().await).await;
    assert!(
        matches!(&found, Finding::Undecodable { stream, sequence, event_type, reason }
            if stream.aggregate_id().as_str() == "bad" && *sequence == 2 && event_type == "Noted"
            && reason.contains("no upcast accepts this text")),
        "{found}"
    );
    let found = only_finding(&store_with(What::FoldPanics).await).await;
    assert!(
        matches!(&found, Finding::CannotFold { stream, sequence, event_type, reason }
            if stream.aggregate_id().as_str() == "bad" && *sequence == 2 && event_type == "Noted"
            && reason.contains("this must never happen")),
        "{found}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_names_the_snapshot_whose_state_panics_and_checks_the_rest() {
    let store = store_with(What::Usual).await;
    notes(&store).take_snapshot("bad").await.unwrap();
    let snapshots = store.database().collection::<Document>("snapshots");
    snapshots.update_one(doc! {}, doc! { "$set": { "state.mood": "panics" } }).await.unwrap();
    let found = only_finding(&store).await;
    assert!(matches!(&found, Finding::SnapshotUnreadable { snapshot, .. } if snapshot == "Notes:bad_3"), "{found}");
    // A load skips it, like any other that does not decode.
    assert_eq!(notes(&store).load("bad").await.unwrap().noted, 3);
    snapshots.delete_many(doc! {}).await.unwrap();
    // A snapshot of an aggregate whose state cannot be written at its version differs from the
    // replay.
    let store = store_with(What::WritingPanics).await;
    let stream = StreamId::of::<Notes>("bad").unwrap();
    store.put_snapshot(&stream, Snapshot::new(Version::from(3_u32), Notes::default()).encode().unwrap()).await.unwrap();
    let found = only_finding(&store).await;
    assert!(matches!(&found, Finding::SnapshotDiffers { version, .. } if *version == 3), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_is_an_error_that_names_the_event_whose_code_panics() {
    for store in [store_with_bad_upcast().await, store_with(What::FoldPanics).await] {
        let error = notes(&store).load("bad").await.unwrap_err();
        let error = ErrorChain::new(&error).to_string();
        assert!(error.contains("event 2 of") && error.contains("`bad`") && error.contains("`Noted`"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_an_automatic_snapshot_fails_no_append() {
    // The store in memory takes it in the task of the caller.
    let in_memory = Repository::<Notes>::new(&MemoryStore::new()).with_snapshots(SnapshotPolicy::every(1));
    let store = empty_store().await;
    let on_server = notes(&store).with_snapshots(SnapshotPolicy::every(1));
    let bad = || Noted { what: What::WritingPanics };
    assert_eq!(in_memory.create("bad", bad()).await.unwrap().version, 1);
    assert_eq!(on_server.create("bad", bad()).await.unwrap().version, 1);
    assert_eq!(on_server.load("bad").await.unwrap().noted, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_serializer_of_an_event_fails_only_its_own_append() {
    let store = empty_store().await;
    let repository = notes(&store);
    let panicking = tokio::spawn(async move {
        let bad = Noted { what: What::Unwritable };
        repository.create("bad", bad).await
    });
    assert!(panicking.await.unwrap_err().is_panic());
    assert_eq!(notes(&store).create("a", usual()).await.unwrap().events[0].position, 1);
}

#[derive(Debug, Deserialize)]
struct OldNote {
    #[serde(rename = "_id")]
    id: String,
    mood: Mood,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_names_the_document_whose_conversion_panics_and_continues() {
    let store = empty_store().await;
    let old = [("a", "calm"), ("converted", "calm"), ("read", "panics"), ("z", "calm")];
    let old = old.map(|(id, mood)| doc! { "_id": id, "mood": mood });
    store.database().collection::<Document>("notes").insert_many(old).await.unwrap();
    let report = store.migrate::<Notes, OldNote>("notes");
    let report = report.run(|old| {
        assert_ne!(old.id, "converted", "this cannot be converted");
        assert_eq!(old.mood, Mood::Calm);
        Ok::<_, std::convert::Infallible>(Migrated::new(old.id, usual()))
    });
    let report = report.await.unwrap();
    assert_eq!((report.documents, report.migrated, report.failed), (4, 2, 2));
    let reasons: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    assert!(reasons[0].starts_with("converted: ") && reasons[0].contains("this cannot be converted"), "{reasons:?}");
    assert!(reasons[1].starts_with("read: ") && reasons[1].contains("this state cannot be read"), "{reasons:?}");
    // The gradual switch reads the same documents.
    let gradual = MigratingRepository::<Notes, OldNote>::new(&store, "notes", ReadMode::WhereMigrated);
    let error = gradual.load("read").await.unwrap_err();
    assert!(matches!(&error, LoadError::Store(StoreError::Malformed { .. })), "{error}");
    let text = ErrorChain::new(&error).to_string();
    assert!(text.contains("this state cannot be read"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_cannot_be_read_back_is_refused_and_the_usable_one_is_kept() {
    let store = store_with(What::Unreadable).await;
    let stream = StreamId::of::<Notes>("bad").unwrap();
    store
        .put_snapshot(
            &stream,
            Snapshot::new(Version::from(1_u32), Notes { noted: 1, ..Notes::default() }).encode().unwrap(),
        )
        .await
        .unwrap();
    for _ in 0..2 {
        let refused = notes(&store).take_snapshot("bad").await.unwrap_err();
        assert!(matches!(refused, LoadError::Store(StoreError::NotReadBack { .. })), "{refused}");
    }
    let newest = Snapshot::<Notes>::newest(&store, &stream, Version::MAX).await.unwrap().unwrap();
    assert_eq!(newest.version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_snapshots_lie_beyond_its_head_is_kept_and_named() {
    let store = store_with(What::Usual).await;
    let stream = StreamId::of::<Notes>("a").unwrap();
    // A restore has lost events, so these snapshots lie beyond the head.
    for version in [50_u32, 60] {
        store
            .put_snapshot(&stream, Snapshot::new(Version::from(version), Notes::default()).encode().unwrap())
            .await
            .unwrap();
    }
    let report = store.archive::<Notes>(day(50)).run().await.unwrap();
    assert_eq!(report.failures.iter().map(|failure| &*failure.aggregate_id).collect::<Vec<_>>(), ["a"]);
    assert_eq!(in_use(&store, "a").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_of_another_release_do_not_displace_those_of_this_one() {
    let store = store_with(What::Usual).await;
    let stream = StreamId::of::<Notes>("a").unwrap();
    let data = EventData::encode("Noted", &usual()).unwrap();
    let more = (0..5).map(|_| NewEvent::from_data("Noted", 2, data.clone(), Metadata::new()).unwrap()).collect();
    store.append(Append::new(stream.clone(), ExpectedVersion::exactly(Version::from(3_u32)), more)).await.unwrap();
    let put = async |version: u32, noted| {
        let state = Notes { noted, ..Notes::default() };
        store.put_snapshot(&stream, Snapshot::new(Version::from(version), state).encode().unwrap()).await.unwrap();
    };
    put(3, 3).await;
    put(4, 4).await;
    let snapshots = store.database().collection::<Document>("snapshots");
    let of_another = doc! { "$set": { "stateVersion": 2_i64 } };
    snapshots.update_one(doc! { "version": 4_i64 }, of_another).await.unwrap();
    put(8, 8).await;
    let below = Snapshot::<Notes>::newest(&store, &stream, Version::from(7_u32)).await.unwrap();
    assert_eq!(below.map(|below| below.version.get()), Some(3));
}
