//! A process that folds.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use es_core::store::{FeedStore, ReadModelStore};
use es_core::subscription::Subscriptions;
use es_mongo::MongoStore;

use super::{Account, KEYS};
use crate::members::{answer, micros, orders};
use crate::{Outcome, bare, memory};

/// The arguments of a process that folds.
pub(super) fn arguments(uri: &str, database: &str, partitions: u32, keys: u64) -> Vec<String> {
    vec![uri.to_owned(), database.to_owned(), partitions.to_string(), keys.to_string()]
}

/// The child process: folds until everything is folded, alone or with others. It answers with the time
/// that this took, and its peak memory in KiB.
pub(crate) async fn work(arguments: &[String]) -> Outcome {
    let [uri, database, partitions, keys] = arguments else {
        return Err("usage: read-side-worker URI DATABASE PARTITIONS KEYS".into());
    };
    KEYS.store(keys.parse()?, Ordering::Relaxed);
    let partitions: u32 = partitions.parse()?;
    let store = MongoStore::builder(bare::client(uri).await?, database).open().await?;
    for order in orders() {
        let order = order?;
        let subscriptions = Subscriptions::on(&store).project_with::<Account>(|options| options.partitions(partitions));
        tokio::time::sleep_until(order.begin.into()).await;
        let started = Instant::now();
        if order.what == "alone" {
            subscriptions.catch_up().await?;
        } else {
            let done = everything_is_folded(&store);
            subscriptions.run_until(async { done.await.expect("the server answers") }).await?;
        }
        // Only Linux reports the peak.
        answer([micros(started.elapsed()), memory::peak().unwrap_or(0)]);
    }
    store.close().await;
    Ok(())
}

async fn everything_is_folded(store: &MongoStore) -> Outcome {
    let end = store.frontier().await?;
    loop {
        let partitions = store.partitions().await?;
        if !partitions.is_empty() && partitions.iter().all(|partition| partition.checkpoint.position >= end) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
