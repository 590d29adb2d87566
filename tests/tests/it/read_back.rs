//! Data that serializes but does not deserialize, on a server: it is refused and named, and blocks
//! nothing else.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::collections::BTreeMap;

use es_core::repository::{ImportedEvent, WriteCheck};
use es_core::store::Snapshot;
use es_core::{Aggregate, Apply, Context, Metadata, Repository, StoreError, StreamId, Version, event};
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::{Migrated, MongoStore};
use serde::{Deserialize, Serialize};
use tests::account::{Account, accounts, day, import};
use tests::empty_store;
use tests::log::{Log, log_this_thread};

/// A key that BSON can write but not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Sku(String);

#[event(version = 1)]
struct Sold {
    sku: String,
}

#[event(version = 1)]
struct Counted {
    counts: BTreeMap<Sku, u32>,
}

/// Every event can be read back, but the state cannot.
#[derive(Debug, Aggregate, Default)]
#[aggregate(events(Sold, Counted), snapshot(every = 2))]
struct Shop {
    sold: BTreeMap<Sku, u32>,
}

impl Apply<Sold> for Shop {
    fn apply(&mut self, event: Sold, _: &Context) {
        *self.sold.entry(Sku(event.sku)).or_default() += 1;
    }
}

impl Apply<Counted> for Shop {
    fn apply(&mut self, event: Counted, _: &Context) {
        self.sold = event.counts;
    }
}

/// A shop whose events happened on day 0 and later.
async fn sell(store: &MongoStore, id: &str, events: i64) {
    let sold = |at| ImportedEvent::new(Sold { sku: "book".into() }, day(at), Metadata::new());
    Repository::<Shop>::new(store).import(id, (0..events).map(sold).collect()).await.unwrap();
}

// On one thread, so that the tasks of the store log here too.
#[tokio::test]
async fn a_snapshot_taken_in_the_background_that_cannot_be_read_back_is_a_warning_that_names_the_field() {
    let log = Log::default();
    let _logged = log_this_thread(tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish());
    let store = empty_store().await;
    sell(&store, "a", 2).await;
    while !log.text().contains("a snapshot could not be kept") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for part in ["WARN", "Shop `a`", "`sold{book}`", "#[serde(transparent)]"] {
        assert!(log.text().contains(part), "`{part}` is missing in: {}", log.text());
    }
    assert_eq!(Repository::<Shop>::new(&store).load("a").await.unwrap().version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_whose_state_cannot_be_read_back_is_not_archived_and_the_run_continues() {
    let store = empty_store().await;
    sell(&store, "a", 3).await;
    import(&store, "last", 1).await;
    let report = store.archive::<Shop>(day(50)).run().await.unwrap();
    assert_eq!((report.moved, report.snapshots, report.kept), (0, 0, 3));
    assert_eq!(Repository::<Shop>::new(&store).load("a").await.unwrap().version, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_names_the_document_whose_event_cannot_be_read_back_in_every_build() {
    let store = empty_store().await;
    store.database().collection("old").insert_many([doc! { "_id": "bad" }, doc! { "_id": "good" }]).await.unwrap();
    let convert = |document: Document| {
        let id = document.get_str("_id").unwrap().to_owned();
        let counts = if id == "bad" { [(Sku("book".into()), 1)].into() } else { BTreeMap::new() };
        Ok::<_, String>(Migrated::new(id, Counted { counts }))
    };
    let report = store.migrate::<Shop, Document>("old").run(convert).await.unwrap();
    assert_eq!((report.migrated, report.failed), (1, 1));
    let failure = report.failures[0].to_string();
    assert!(failure.contains("bad") && failure.contains("`counts{book}`"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_event_that_cannot_be_read_back_is_refused() {
    let store = empty_store().await;
    let shops = Repository::<Shop>::new(&store).with_write_check(WriteCheck::Always);
    let counted = Counted { counts: [(Sku("book".into()), 1)].into() };
    let error = shops.create("a", counted).await.unwrap_err();
    assert!(matches!(error, es_core::CreateError::Store(StoreError::NotReadBack { .. })), "{error}");
    assert!(!shops.exists("a").await.unwrap());
    // Maps in the state, in any order.
    import(&store, "account", 60).await;
    accounts(&store).take_snapshot("account").await.unwrap();
    let stream = StreamId::of::<Account>("account").unwrap();
    assert!(Snapshot::<Account>::newest(&store, &stream, Version::MAX).await.unwrap().is_some());
}
