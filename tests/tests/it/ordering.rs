//! A store that orders events only within aggregates, as a sharded cluster needs it.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use es_core::store::Ordering;
use es_core::{Repository, StoreError, Timestamp};
use es_mongo::MongoStore;
use es_mongo::dev::fresh_database_name;
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::{Document, doc};
use tests::counter::{Counter, OneAdded, add_from_many_tasks, add_one, patient};
use tests::server;

/// An aggregate with this many events.
async fn count_to(counters: &Repository<Counter>, id: &str, total: u64) {
    let first = OneAdded { by: "x".into() };
    counters.create(id, first).await.unwrap();
    for expected in 2..=total {
        let committed = add_one(counters, id, "x").await.unwrap();
        assert_eq!((committed.version.get(), committed.events[0].position.get()), (expected, expected));
    }
}

async fn open(database: &str, ordering: Ordering) -> Result<MongoStore, StoreError> {
    let client = Client::with_uri_str(server().await.uri()).await.unwrap();
    MongoStore::builder(client, database).ordering(ordering).open().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_position_of_an_event_is_its_place_in_its_aggregate() {
    let store = open(&fresh_database_name("ordering"), Ordering::PerAggregate).await.unwrap();
    let counters = Repository::<Counter>::new(&store);
    for id in ["a", "b"] {
        count_to(&counters, id, 3).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_opens_only_with_the_ordering_that_it_was_created_with() {
    for (made_with, other) in [(Ordering::Global, Ordering::PerAggregate), (Ordering::PerAggregate, Ordering::Global)] {
        let database = fresh_database_name("ordering");
        open(&database, made_with).await.unwrap();
        let refused = open(&database, other).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unsafe { .. }), "{refused}");
        assert!(refused.to_string().contains(&format!("Ordering::{made_with:?}")), "{refused}");
        open(&database, made_with).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_that_add_to_one_aggregate_lose_no_addition() {
    let database = fresh_database_name("ordering");
    let (one, other) = tokio::join!(open(&database, Ordering::PerAggregate), open(&database, Ordering::PerAggregate));
    let (one, other) = (patient(&one.unwrap()), patient(&other.unwrap()));
    count_to(&one, "c", 1).await;
    let (mut versions, more) =
        tokio::join!(add_from_many_tasks(&one, "c", "one", 20), add_from_many_tasks(&other, "c", "other", 20));
    versions.extend(more);
    versions.sort_unstable();
    assert_eq!(versions, (2..=41).collect::<Vec<_>>());
    assert_eq!(one.load("c").await.unwrap().total, 41);
}

#[tokio::test(flavor = "multi_thread")]
async fn archiving_and_verifying_work_without_positions_of_the_store() {
    let store = open(&fresh_database_name("ordering"), Ordering::PerAggregate).await.unwrap();
    let counters = Repository::<Counter>::new(&store);
    for id in ["a", "b", "c"] {
        count_to(&counters, id, 5).await;
    }
    let report = store.archive::<Counter>(Timestamp::now()).run().await.unwrap();
    assert!(report.moved >= 10, "{report:?}");
    for id in ["a", "b", "c"] {
        assert_eq!(add_one(&counters, id, "x").await.unwrap().version, 6);
        assert_eq!(counters.load_at(id, 4_u32).await.unwrap().total, 4);
    }
    let report = store.verify::<Counter>().run().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_finds_a_position_that_is_not_the_sequence() {
    let store = open(&fresh_database_name("ordering"), Ordering::PerAggregate).await.unwrap();
    let counters = Repository::<Counter>::new(&store);
    count_to(&counters, "a", 1).await;
    let events = store.database().collection::<Document>("events");
    events.update_one(doc! { "aggregateId": "a" }, doc! { "$set": { "position": 7_i64 } }).await.unwrap();
    let report = store.verify::<Counter>().run().await.unwrap();
    assert_eq!(report.total_findings, 1, "{report:?}");
    assert!(report.findings[0].to_string().contains("`position`"), "{report:?}");
}
