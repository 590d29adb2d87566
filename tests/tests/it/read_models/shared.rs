//! Several processes that fold the same projection.

use std::collections::BTreeMap;

use es_core::store::ReadModelStore;
use tests::empty_store;

use super::process::Process;
use super::*;

/// The number of partitions of `Balance` that each owner has.
async fn owned(store: &MongoStore) -> BTreeMap<String, usize> {
    let mut owned = BTreeMap::new();
    for record in store.partitions().await.unwrap() {
        if let Some(owner) = record.owner.filter(|_| record.partition.model.name == "balance") {
            *owned.entry(owner).or_default() += 1;
        }
    }
    owned
}

/// Waits until the partitions of `Balance` are owned like this.
async fn until_owned(store: &MongoStore, expected: &[usize]) -> BTreeMap<String, usize> {
    let begun = std::time::Instant::now();
    let mut number = 1_000;
    loop {
        record(store, "wallet", number).await;
        number += 1;
        let owned = owned(store).await;
        if owned.values().copied().eq(expected.iter().copied()) {
            return owned;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{owned:?} is not {expected:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_the_partitions_and_leave_them_to_each_other() {
    let store = empty_store().await;
    for number in 0..40 {
        record(&store, &format!("wallet {}", number % 5), number).await;
    }
    let first = Process::start(subscriptions(&store));
    until_owned(&store, &[4]).await;

    let second = Process::start(subscriptions(&store));
    let shared = until_owned(&store, &[2, 2]).await;
    // It stays like this.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(owned(&store).await, shared);

    // A process that ends gives back what it has, and one that dies leaves it for some seconds.
    first.stop().await;
    until_owned(&store, &[4]).await;
    let third = Process::start(subscriptions(&store));
    until_owned(&store, &[2, 2]).await;
    second.running.abort();
    until_owned(&store, &[4]).await;

    third.stop().await;
    assert_eq!(owned(&store).await, BTreeMap::new());
    assert_folded(&store).await;
}
