//! Many concurrent commands on one aggregate: with default settings every one of them succeeds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use es_core::memory::MemoryStore;
use es_core::store::{Snapshot, SnapshotStore, Store};
use es_core::{Repository, StreamId, UpdateError, Version};
use tests::counter::{Counter, OneAdded};
use tests::empty_store;
use tokio::task::JoinSet;

/// Many writers increment one counter many times, with the default settings of a repository. None
/// of them may fail with a conflict.
async fn burst(store: impl Store + Clone, writers: u64, each: u64) {
    let counters = Repository::<Counter>::new(&store);
    counters.create("hot", OneAdded { by: "begin".into() }).await.unwrap();
    let (tries, started) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut running = JoinSet::new();
    for writer in 0..writers {
        let (counters, tries) = (counters.clone(), Arc::clone(&tries));
        running.spawn(async move {
            let (mut conflicts, mut slowest) = (0, Duration::ZERO);
            for _ in 0..each {
                let started = Instant::now();
                let decide = |_: &_| {
                    tries.fetch_add(1, Ordering::Relaxed);
                    Ok::<_, String>(OneAdded { by: format!("writer-{writer}") })
                };
                match counters.update("hot", decide).await {
                    Ok(_) => {}
                    Err(error) if UpdateError::is_conflict(&error) => conflicts += 1,
                    Err(error) => panic!("{error}"),
                }
                slowest = slowest.max(started.elapsed());
            }
            (conflicts, slowest)
        });
    }
    let answers = running.join_all().await;
    let whole = started.elapsed();
    let (conflicts, commands): (u64, u64) = (answers.iter().map(|answer| answer.0).sum(), writers * each);
    #[allow(clippy::cast_precision_loss, reason = "a double can count these attempts exactly")]
    let tries_per_command = tries.load(Ordering::Relaxed) as f64 / commands as f64;
    let slowest = answers.iter().map(|answer| answer.1).max().unwrap_or_default();
    let cost =
        format!("{tries_per_command:.1} attempts per command, {whole:?} in total, {slowest:?} for the slowest command");
    println!("{writers} writers, {commands} commands: {conflicts} conflicts, {cost}");
    assert_eq!(conflicts, 0, "{writers} writers: {cost}");
    let total = counters.load("hot").await.unwrap().total;
    assert_eq!(total, 1 + commands, "the stored events are the acknowledged ones");
}

/// A snapshot represents an event that the stream does not have, so every append meets a conflict,
/// although nobody has recorded anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_that_nobody_caused_is_not_retried_for_the_whole_time() {
    let store = MemoryStore::new();
    let counters = Repository::<Counter>::new(&store);
    counters.create("c", OneAdded { by: "begin".into() }).await.unwrap();
    let (mut tries, started) = (0, Instant::now());
    let beyond = Snapshot::new(Version::from(7_u32), Counter { total: 7 });
    store.put_snapshot(&StreamId::of::<Counter>("c").unwrap(), beyond.encode().unwrap()).await.unwrap();
    let decide = |_: &_| {
        tries += 1;
        Ok::<_, String>(OneAdded { by: "u".into() })
    };
    let error = counters.update("c", decide).await.unwrap_err();
    assert!(tries <= 5 && started.elapsed() < Duration::from_secs(10), "{tries} tries: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_concurrent_updates_of_one_aggregate_all_succeed() {
    burst(MemoryStore::new(), 64, 1).await;
    burst(empty_store().await, 64, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_update_one_aggregate_in_a_loop_all_succeed() {
    for writers in [4, 8] {
        burst(MemoryStore::new(), writers, 50).await;
        burst(empty_store().await, writers, 50).await;
    }
}
