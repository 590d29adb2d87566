//! Documents of other programs in the collections of the store: they cause a typed error if they
//! matter, and never a wrong result.

use std::time::{Duration, Instant};

use es_core::store::{Append, EventStore};
use es_core::{LoadError, StoreError, StreamId, Timestamp};
use es_mongo::mongodb::Collection;
use es_mongo::mongodb::bson::oid::ObjectId;
use es_mongo::mongodb::bson::{Bson, DateTime, Document, doc};
use es_mongo::{Finding, Migrated, MongoStore};
use tests::account::{Account, AccountMigrated, Opened, accounts, assert_loads_everywhere, day, import};
use tests::killed::keyed;
use tests::{empty_store, observed};

/// Inserts a document in spite of the validator, as a program with additional rights can.
async fn plant(store: &MongoStore, collection: &str, document: Document) {
    let collection: Collection<Document> = store.database().collection(collection);
    collection.insert_one(document).bypass_document_validation(true).await.unwrap();
}

/// A valid event of account `a`, except for its sequence 4 and position 6.
fn event() -> Document {
    doc! {
        "_id": ObjectId::new(), "aggregateId": "a", "aggregateType": "Account", "eventType": "Deposited", "eventVersion": 2,
        "eventData": { "cents": 1_i64, "source": "x" }, "metadata": { "correlationId": "flow", "userId": "clerk" },
        "timestamp": DateTime::from_millis(day(3).as_millis()), "sequenceNumber": 4_i64, "position": 6_i64,
    }
}

/// A store with accounts of 3 and 2 events, and the inserted document.
async fn store_with(collection: &str, document: Document) -> MongoStore {
    let store = empty_store().await;
    import(&store, "a", 3).await;
    import(&store, "b", 2).await;
    plant(&store, collection, document).await;
    // A process that has just looked for the archive would not look again.
    tests::open(store.database().name()).await
}

fn is_malformed<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Malformed { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_with_a_missing_or_invalid_field_is_an_error_in_every_read() {
    for field in ["aggregateType", "eventType", "eventVersion", "eventData", "timestamp", "position", "_id"] {
        let mut planted = event();
        // The server creates a missing `_id`.
        let wrong = if field == "_id" { Bson::from("text") } else { Bson::from(true) };
        planted.insert(field, wrong);
        let store = store_with("events", planted).await;
        if field == "aggregateType" {
            assert_eq!(accounts(&store).load("a").await.unwrap().version, 3, "it belongs to no account");
        } else {
            let loaded = accounts(&store).load("a").await;
            assert!(matches!(loaded, Err(LoadError::Store(StoreError::Malformed { .. }))), "{field}: {loaded:?}");
        }
        assert_loads_everywhere(&store, "b", 2).await;
        let queried = store.events().by_user("clerk").read().collect().await;
        assert!(is_malformed(&queried), "{field}: {queried:?}");
        let traced = store.trace("flow").await;
        assert!(is_malformed(&traced), "{field}: {traced:?}");
        let report = store.verify::<Account>().run().await.unwrap();
        let named = report.findings.iter().any(|finding| matches!(finding, Finding::Malformed { .. }));
        assert!(named, "{field}: {:?}", report.findings);
        store.stats().await.unwrap();
        let archived = store.archive::<Account>(day(100)).run().await;
        assert!(archived.is_ok() || is_malformed(&archived), "{field}: {archived:?}");
        assert_loads_everywhere(&store, "b", 2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_metadata_and_with_the_numbers_of_the_shell_is_read() {
    let mut planted = event();
    planted.remove("metadata");
    planted.insert("sequenceNumber", 4.0);
    planted.insert("position", 6.0);
    let store = store_with("events", planted).await;
    assert_eq!(accounts(&store).load("a").await.unwrap().version, 4);
    // The next event follows it.
    import(&store, "c", 1).await;
    assert_eq!(accounts(&store).history("c").unwrap().collect().await.unwrap()[0].position, 7);
    assert!(store.verify::<Account>().run().await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_a_foreign_type_or_a_newer_version_is_an_error_of_its_aggregate_only() {
    for (field, value) in [("eventType", Bson::from("Alien")), ("eventVersion", Bson::from(9))] {
        let mut planted = event();
        planted.insert(field, value);
        let store = store_with("events", planted).await;
        let error = accounts(&store).load("a").await.unwrap_err();
        assert!(matches!(error, LoadError::Store(StoreError::Decode { .. })), "{error}");
        assert!(error.to_string().contains("event 4 of Account `a`"), "{error}");
        assert_loads_everywhere(&store, "b", 2).await;
        assert_eq!(store.events().read().collect().await.unwrap().len(), 6);
        assert_eq!(store.verify::<Account>().run().await.unwrap().total_findings, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_not_an_event_hides_nothing_and_is_found() {
    for collection in ["events", "events_archive"] {
        let store = store_with(collection, doc! { "color": "blue" }).await;
        assert_loads_everywhere(&store, "a", 3).await;
        // It has no timestamp, so a query in the order of timestamps may or may not meet it. It
        // takes the place of no event.
        let queried = store.events().read().collect().await;
        assert!(is_malformed(&queried) || queried.as_ref().is_ok_and(|events| events.len() == 5), "{queried:?}");
        assert_eq!(store.events().by_user("clerk").read().collect().await.unwrap().len(), 5);
        assert!(store.trace("nothing").await.unwrap().is_empty());
        assert!(store.verify::<Account>().run().await.unwrap().total_findings > 0);
        store.stats().await.unwrap();
        import(&store, "c", 1).await;
        let report = store.archive::<Account>(day(100)).run().await.unwrap();
        assert_eq!(report.moved, 5);
        for (id, events) in [("a", 3), ("b", 2), ("c", 1)] {
            assert_loads_everywhere(&store, id, events).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_newest_position_refuses_appends_immediately_with_a_reason() {
    for position in [Bson::from("last"), Bson::from(1.5)] {
        let mut planted = event();
        planted.insert("aggregateId", "z");
        planted.insert("position", if position == Bson::from(1.5) { Bson::from(7.5) } else { position });
        let store = store_with("events", planted).await;
        // A process that has inserted nothing itself reads the newest position.
        let other = tests::open(store.database().name()).await;
        let begun = Instant::now();
        let error = accounts(&other).create("c", Opened { owner: "c".into() }).await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        assert!(error.to_string().contains("newest event"), "{error}");
        assert_loads_everywhere(&other, "a", 3).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_largest_position_there_is_no_next_one() {
    let mut planted = event();
    planted.insert("aggregateId", "z");
    planted.insert("position", i64::MAX);
    let store = store_with("events", planted).await;
    let other = tests::open(store.database().name()).await;
    let error = accounts(&other).create("c", Opened { owner: "c".into() }).await.unwrap_err();
    assert!(!accounts(&other).exists("c").await.unwrap(), "{error}");
    assert!(store.verify::<Account>().run().await.unwrap().total_findings > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_snapshot_is_skipped_and_found() {
    let planted = |change: fn(&mut Document)| {
        let mut snapshot = doc! {
            "_id": "Account:a_3", "aggregateId": "a", "aggregateType": "Account", "version": 3_i64, "stateVersion": 3_i64,
            "state": { "owner": "mallory", "cents": 1_i64, "sources": {} }, "timestamp": DateTime::from_millis(1),
        };
        change(&mut snapshot);
        snapshot
    };
    let changes: [fn(&mut Document); 6] = [
        |snapshot| drop(snapshot.insert("state", "text")),
        |snapshot| drop(snapshot.insert("state", doc! { "owner": 5 })),
        |snapshot| drop(snapshot.remove("state")),
        |snapshot| drop(snapshot.insert("timestamp", "yesterday")),
        |snapshot| drop(snapshot.insert("version", "three")),
        |snapshot| drop(snapshot.insert("version", -3_i64)),
    ];
    for change in changes {
        let store = store_with("snapshots", planted(change)).await;
        assert_loads_everywhere(&store, "a", 3).await;
        let report = store.verify::<Account>().run().await.unwrap();
        assert!(matches!(report.findings[..], [Finding::SnapshotUnreadable { .. }]), "{:?}", report.findings);
        accounts(&store).take_snapshot("a").await.unwrap();
        assert_loads_everywhere(&store, "a", 3).await;
    }
    let store = store_with("snapshots", doc! { "color": "blue" }).await;
    assert_loads_everywhere(&store, "a", 3).await;
    assert_eq!(store.stats().await.unwrap().snapshots, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_different_event_in_the_archive_blocks_its_aggregate_and_the_run_continues() {
    let mut planted = event();
    planted.insert("sequenceNumber", 2_i64);
    let store = store_with("events_archive", planted).await;
    let report = store.archive::<Account>(day(100)).run().await.unwrap();
    assert_eq!((report.moved, report.failed), (1, 1), "{report:?}");
    assert_eq!(report.failures[0].aggregate_id, "a");
    let events = store.database().collection::<Document>("events");
    assert_eq!(events.count_documents(doc! { "aggregateId": "a" }).await.unwrap(), 3);
    assert_loads_everywhere(&store, "a", 3).await;
    assert!(store.verify::<Account>().run().await.unwrap().total_findings > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_inconsistent_data_blocks_ends_at_its_deadline() {
    // The archive has the next event, although the collection of events ends before it. Nothing
    // shows which is right.
    let store = store_with("events_archive", event()).await;
    let deadline = Duration::from_secs(2);
    let client = store.database().client().clone();
    let hasty = MongoStore::builder(client, store.database().name()).append_deadline(deadline).open().await.unwrap();
    let stream = StreamId::of::<Account>("a").unwrap();
    let append = Append::new(stream, observed(3), keyed("a", 1, "key").events);
    let answer = tokio::time::timeout(Duration::from_secs(20), hasty.append(append)).await.unwrap();
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
}

/// A document of the older system.
#[derive(serde::Deserialize)]
struct OldAccount {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    anything: Bson,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_names_unreadable_documents_and_migrates_the_rest() {
    let store = empty_store().await;
    let deep = (0..85).fold(Document::new(), |inner, _| doc! { "in": [inner] });
    for document in [
        doc! { "_id": "good" },
        doc! { "_id": 5 },
        doc! { "_id": { "a": deep.clone() } },
        doc! { "_id": "a\0b" },
        doc! { "_id": "" },
        doc! { "_id": "deep", "anything": deep },
        doc! { "_id": "$where", "anything": { "$gt": 1 } },
    ] {
        plant(&store, "old", document).await;
    }
    let convert = |old: OldAccount| {
        drop(old.anything);
        Ok::<Migrated<Account>, &str>(Migrated::new(old.id, AccountMigrated { owner: "o".into(), cents: 1 }))
    };
    let report = store.migrate::<Account, OldAccount>("old").run(convert).await.unwrap();
    assert_eq!((report.documents, report.migrated, report.failed), (7, 2, 5), "{:?}", report.failures);
    assert_eq!(accounts(&store).load("$where").await.unwrap().cents, 1);
    assert!(accounts(&store).load_as_of("good", Timestamp::now()).await.is_ok());
    assert!(store.verify::<Account>().run().await.unwrap().is_sound());
}
