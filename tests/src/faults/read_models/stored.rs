//! The rows at the end of a run.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use es_core::subscription::SubscriptionError;
use es_mongo::MongoStore;
use es_mongo::mongodb::bson::{Document, deserialize_from_document, doc};
use es_mongo::mongodb::options::ReadConcern;
use futures_util::TryStreamExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::sleep;

use super::subscriptions;
use crate::history::{Model, Row};

/// A lease of a process that was killed ends within this time.
const LEASES_END_WITHIN: Duration = Duration::from_secs(60);

/// Folds what is not folded yet, after all other processes have ended.
pub(in super::super) async fn catch_up(store: &MongoStore) {
    let begun = Instant::now();
    while let Err(error) = subscriptions(store).catch_up().await {
        assert!(matches!(error, SubscriptionError::Held { .. }), "a projection has stopped: {error}");
        assert!(begun.elapsed() < LEASES_END_WITHIN, "a lease does not end: {error}");
        sleep(Duration::from_millis(500)).await;
    }
}

#[derive(Deserialize)]
struct Sum {
    events: u64,
    sum: u64,
}

#[derive(Deserialize)]
struct List {
    events: Vec<String>,
}

/// All rows, read without the library.
pub(in super::super) async fn rows(store: &MongoStore) -> BTreeMap<(Model, String), Row> {
    let sums = documents::<Sum>(store, "summed_v1").await.into_iter().map(|(key, Sum { events, sum })| {
        let row = Row::Sum { events, sum };
        ((Model::Sum, key), row)
    });
    let lists = documents::<List>(store, "listed_v1").await.into_iter();
    sums.chain(lists.map(|(key, List { events })| ((Model::List, key), Row::List(events)))).collect()
}

/// How often a lease was taken. It shows whether the faults have moved partitions between processes.
pub(in super::super) async fn leases_taken(store: &MongoStore) -> i64 {
    all(store, "subscriptions").await.iter().filter_map(|partition| partition.get_i64("fence").ok()).sum()
}

async fn documents<T: DeserializeOwned>(store: &MongoStore, collection: &str) -> Vec<(String, T)> {
    let keyed = |document: Document| {
        let key = document.get_str("_id").unwrap().to_owned();
        (key, deserialize_from_document(document).unwrap())
    };
    all(store, collection).await.into_iter().map(keyed).collect()
}

async fn all(store: &MongoStore, collection: &str) -> Vec<Document> {
    let collection = store.database().collection::<Document>(collection);
    let found = collection.find(doc! {}).read_concern(ReadConcern::majority()).await.unwrap();
    found.try_collect().await.unwrap()
}
