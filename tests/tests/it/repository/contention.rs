//! Updates of one aggregate at the same time queue up in a process, on a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use es_core::store::Store;
use es_core::{Outcome, Repository};
use futures_util::FutureExt;
use tests::counter::{Counter, CounterEvent, OneAdded};
use tests::{empty_store, open};
use tokio::task::JoinSet;

/// Writers that add one in a loop, and how many decisions they needed.
async fn add(counters: &Repository<Counter>, name: &'static str, writers: u64, each: u64) -> u64 {
    let decisions = Arc::new(AtomicU64::new(0));
    let mut running = JoinSet::new();
    for writer in 0..writers {
        let (counters, decisions) = (counters.clone(), Arc::clone(&decisions));
        running.spawn(async move {
            for number in 0..each {
                let by = format!("{name}-{writer}-{number}");
                let decide = |counter: &es_core::Loaded<Counter>| {
                    decisions.fetch_add(1, Ordering::Relaxed);
                    assert_eq!(counter.version, counter.total, "the state has every event of its version");
                    OneAdded { by: by.clone() }
                };
                let added = counters.update("hot", decide).by(&by).await.unwrap();
                assert_eq!((added.outcome, added.events.len()), (Outcome::Appended, 1));
            }
        });
    }
    running.join_all().await;
    decisions.load(Ordering::Relaxed)
}

/// Who added, in order. Each event has its own metadata.
async fn added(store: &(impl Store + Clone)) -> Vec<String> {
    let history = Repository::<Counter>::new(store).history("hot").unwrap().collect().await.unwrap();
    for event in &history[1..] {
        let CounterEvent::OneAdded(data) = &event.data;
        assert_eq!(event.metadata.user_id(), Some(data.by.as_str()));
    }
    history
        .iter()
        .map(|event| match &event.data {
            CounterEvent::OneAdded(added) => added.by.clone(),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_two_writers_of_one_aggregate_decide_hardly_more_than_once_for_each_command() {
    let store = empty_store().await;
    let counters = Repository::<Counter>::new(&store);
    counters.create("hot", OneAdded { by: "begin".into() }).await.unwrap();
    let (writers, each) = (32, 15);
    let decisions = add(&counters, "w", writers, each).await;
    let commands = writers * each;
    println!("{decisions} decisions for {commands} commands");
    assert!(decisions * 10 <= commands * 12, "{decisions} decisions for {commands} commands");
    let mut by = added(&store).await;
    assert_eq!(by.len() as u64, 1 + commands);
    by.sort_unstable();
    by.dedup();
    assert_eq!(by.len() as u64, 1 + commands, "every command has acted once");
    let of_writer = |by: &String| by.split('-').nth(1).and_then(|writer| writer.parse::<u64>().ok());
    assert!((0..writers).all(|writer| by.iter().filter(|by| of_writer(by) == Some(writer)).count() as u64 == each));
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_of_two_processes_and_their_caches_share_an_aggregate() {
    let one = empty_store().await;
    let two = open(one.database().name()).await;
    let plain = Repository::<Counter>::new(&one);
    plain.create("hot", OneAdded { by: "begin".into() }).await.unwrap();
    let (first, second) = (Repository::<Counter>::new(&one).with_cache(10), Repository::<Counter>::new(&two));
    tokio::join!(add(&first, "one", 8, 20), add(&second, "two", 8, 20));
    let mut by = added(&one).await;
    assert_eq!(by.len(), 1 + 2 * 8 * 20);
    by.sort_unstable();
    by.dedup();
    assert_eq!(by.len(), 1 + 2 * 8 * 20, "every command has acted once");
    for counters in [&plain, &first, &second] {
        assert_eq!(counters.load("hot").await.unwrap().total, 1 + 2 * 8 * 20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_stop_waiting_hold_up_nobody_and_act_at_most_once() {
    let store = empty_store().await;
    let counters = Repository::<Counter>::new(&store);
    counters.create("hot", OneAdded { by: "begin".into() }).await.unwrap();
    let stopping = async {
        for number in 0..200 {
            let by = format!("stopped-{number}");
            // Polled once or a few times, and dropped.
            let mut update = counters.update("hot", |_| OneAdded { by: by.clone() }).by(&by).into_future();
            for _ in 0..=number % 4 {
                if (&mut update).now_or_never().is_some() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::join!(add(&counters, "w", 8, 20), stopping);
    // Appends that were sent are recorded, or refused, a little later.
    add(&counters, "last", 1, 1).await;
    let mut by = added(&store).await;
    let stayed = by.iter().filter(|by| by.starts_with("w-")).count();
    assert_eq!(stayed, 8 * 20, "all of those who stayed");
    let events = by.len();
    by.sort_unstable();
    by.dedup();
    assert_eq!(by.len(), events, "nobody has acted twice");
}
