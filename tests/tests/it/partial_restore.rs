//! A restore has lost events: the state of a snapshot is never used without the events that it
//! represents.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use es_core::{LoadError, Repository, SnapshotPolicy, StoreError, UpdateError};
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::{Finding, MigratingRepository, MongoStore, ReadMode};
use tests::account::{Account, Deposited, accounts, day, import};
use tests::empty_store;

/// An account `a` with this many events and a snapshot at version 20, and an account whose event is
/// the newest of the store.
async fn sample(events: i64) -> MongoStore {
    let store = empty_store().await;
    import(&store, "a", 20).await;
    accounts(&store).take_snapshot("a").await.unwrap();
    for _ in 20..events {
        deposit(&store).await.unwrap();
    }
    import(&store, "last", 1).await;
    store
}

async fn deposit(store: &MongoStore) -> Result<u64, UpdateError<StoreError>> {
    let deposit = |_: &_| Ok(Deposited { cents: 1, source: "x".into() });
    Ok(accounts(store).update("a", deposit).await?.version.get())
}

/// Deletes events of `a`, including the first and the last, as if a restore had lost them.
async fn lose(store: &MongoStore, collection: &str, first: i64, last: i64) {
    let range = doc! { "aggregateId": "a", "sequenceNumber": { "$gte": first, "$lte": last } };
    let deleted = store.database().collection::<Document>(collection).delete_many(range).await.unwrap();
    assert_eq!(deleted.deleted_count, u64::try_from(last - first + 1).unwrap());
}

async fn count(store: &MongoStore, collection: &str) -> u64 {
    store.database().collection::<Document>(collection).count_documents(doc! { "aggregateId": "a" }).await.unwrap()
}

/// Everything that uses the state of `a`, by its name, with its error.
async fn every_use(store: &MongoStore) -> Vec<(&'static str, StoreError)> {
    fn refused<T>(loaded: Result<T, LoadError>, call: &str) -> StoreError {
        match loaded.map(drop) {
            Err(LoadError::Store(error)) => error,
            other => panic!("{call}: {other:?}"),
        }
    }
    let accounts = accounts(store);
    let gradual = MigratingRepository::<Account, Document>::new(store, "old", ReadMode::WhereMigrated);
    store.database().collection("old").insert_one(doc! { "_id": "a" }).await.unwrap();
    let update = match deposit(store).await {
        Err(UpdateError::Store(error)) => error,
        other => panic!("update: {other:?}"),
    };
    vec![
        ("load", refused(accounts.load("a").await, "load")),
        ("load_at", refused(accounts.load_at("a", 20).await, "load_at")),
        ("take_snapshot", refused(accounts.take_snapshot("a").await, "take_snapshot")),
        ("gradual", refused(gradual.load("a").await, "gradual")),
        ("update", update),
    ]
}

/// It is neither loaded, updated nor archived, and nothing has changed.
async fn assert_refused(store: &MongoStore, is_named: impl Fn(&StoreError) -> bool) {
    let (events, archived) = (count(store, "events").await, count(store, "events_archive").await);
    for (call, error) in every_use(store).await {
        assert!(is_named(&error), "{call}: {error}");
    }
    let report = store.archive::<Account>(day(1_000_000)).run().await.unwrap();
    assert_eq!(report.moved, 0, "{report:?}");
    assert_eq!((count(store, "events").await, count(store, "events_archive").await), (events, archived));
}

fn is_ahead(head: u64) -> impl Fn(&StoreError) -> bool {
    move |error| matches!(error, StoreError::SnapshotAhead { snapshot, head: found, .. } if *snapshot == 20 && *found == head)
}

async fn findings(store: &MongoStore) -> Vec<Finding> {
    store.verify::<Account>().run().await.unwrap().findings
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_events_below_a_snapshot_are_an_error_until_somebody_decides() {
    let store = sample(20).await;
    lose(&store, "events", 13, 20).await;
    assert_refused(&store, is_ahead(12)).await;
    let error = accounts(&store).load("a").await.unwrap_err().to_string();
    for part in ["Account `a`", "snapshot at version 20", "event 20 is missing", "version 12", "restore", "delete"] {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
    let beyond = |finding: &Finding| matches!(finding, Finding::SnapshotBeyondHead { version, head, .. } if *version == 20 && *head == 12);
    let found = findings(&store).await;
    assert!(found.iter().any(beyond), "{found:#?}");
    // The remaining events can be loaded.
    for left in [accounts(&store).load_ignoring_snapshots_above("a", 0).await, accounts(&store).load_at("a", 12).await]
    {
        assert_eq!(left.unwrap().cents, (1..12).sum::<i64>());
    }
    // The decision to continue without them.
    store.database().collection::<Document>("snapshots").delete_many(doc! { "aggregateId": "a" }).await.unwrap();
    assert_eq!(accounts(&store).load("a").await.unwrap().version, 12);
    assert_eq!(deposit(&store).await.unwrap(), 13);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_whose_stream_was_deleted_is_an_error() {
    let store = sample(20).await;
    lose(&store, "events", 1, 20).await;
    assert_refused(&store, is_ahead(0)).await;
    let found = findings(&store).await;
    assert!(found.iter().any(|finding| matches!(finding, Finding::SnapshotBeyondHead { head, .. } if *head == 0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_snapshot_does_not_hide_that_events_are_lost() {
    let store = sample(20).await;
    for _ in 20..22 {
        deposit(&store).await.unwrap();
    }
    // The snapshot at version 20 and its event still exist.
    accounts(&store).take_snapshot("a").await.unwrap();
    lose(&store, "events", 21, 22).await;
    let error = accounts(&store).load("a").await.unwrap_err();
    assert!(
        matches!(&error, LoadError::Store(StoreError::SnapshotAhead { snapshot, head, .. }) if *snapshot == 22 && *head == 20),
        "{error}"
    );
    assert_eq!(store.archive::<Account>(day(1_000_000)).run().await.unwrap().moved, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_event_of_the_snapshot_is_a_gap_even_if_later_events_exist() {
    for first in [13, 20] {
        let store = sample(21).await;
        lose(&store, "events", first, 20).await;
        let is_gap = |error: &StoreError| match error {
            StoreError::Gap { expected, found, .. } => *expected == 20 && *found == 21,
            // If a version ends at the snapshot, no later events are read.
            StoreError::SnapshotAhead { snapshot, head, .. } => *snapshot == 20 && *head == 21,
            _ => false,
        };
        assert_refused(&store, is_gap).await;
        let gap = |finding: &Finding| matches!(finding, Finding::Gap { expected, found, .. } if expected.as_i64() == first && *found == 21);
        let found = findings(&store).await;
        assert!(found.iter().any(gap), "{found:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_below_the_event_of_the_snapshot_is_found_by_reading_the_whole_stream() {
    let store = sample(21).await;
    lose(&store, "events", 13, 19).await;
    let loaded = accounts(&store).load("a").await.unwrap();
    assert_eq!((loaded.version.get(), loaded.cents), (21, (1..20).sum::<i64>() + 1));
    let without = Repository::<Account>::new(&store).with_snapshots(SnapshotPolicy::Never);
    let error = without.load("a").await.unwrap_err();
    assert!(
        matches!(error, LoadError::Store(StoreError::Gap { expected, found, .. }) if expected == 13 && found == 20)
    );
    let gap =
        |finding: &Finding| matches!(finding, Finding::Gap { expected, found, .. } if *expected == 13 && *found == 20);
    assert!(findings(&store).await.iter().any(gap));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_part_of_the_archive_is_an_error() {
    let store = sample(20).await;
    assert_eq!(store.archive::<Account>(day(1_000)).run().await.unwrap().moved, 20);
    assert_eq!(accounts(&store).load("a").await.unwrap().version, 20);
    lose(&store, "events_archive", 13, 20).await;
    assert_refused(&store, is_ahead(12)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_part_of_the_archive_is_a_gap_if_later_events_are_in_use() {
    let store = sample(20).await;
    assert_eq!(store.archive::<Account>(day(1_000)).run().await.unwrap().moved, 20);
    assert_eq!(deposit(&store).await.unwrap(), 21);
    assert_eq!(accounts(&store).load("a").await.unwrap().version, 21);
    lose(&store, "events_archive", 20, 20).await;
    let error = accounts(&store).load("a").await.unwrap_err();
    assert!(
        matches!(error, LoadError::Store(StoreError::Gap { expected, found, .. }) if expected == 20 && found == 21)
    );
    assert!(deposit(&store).await.is_err());
}
