//! Appends of several events, and many writers on one aggregate.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use es_core::store::EventStore;
use es_core::{Repository, SnapshotPolicy};
use es_mongo::MongoStore;
use tokio::task::JoinSet;

use crate::domain::{Ledger, append, posted};
use crate::report::{Figures, line};
use crate::{Outcome, bare};

const ROUNDS: u64 = 5;
const ROUND: Duration = Duration::from_secs(1);

pub(crate) async fn run(uri: &str) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, "bench_batches").open().await?;
    for writers in [1, 128] {
        let mut figures = Figures::new();
        for round in 0..=ROUNDS {
            let started = Instant::now();
            let mut running = JoinSet::new();
            for writer in 0..writers {
                running.spawn(five_at_once(store.clone(), format!("f{writers}-{round}-{writer}")));
            }
            let latencies: Vec<Duration> = running.join_all().await.into_iter().flatten().collect();
            if round > 0 {
                figures.round(&latencies, started.elapsed());
            }
        }
        figures.print(&format!("append_five.{writers}.store"), "appends");
    }
    hot(&store).await;
    store.close().await;
    Ok(())
}

async fn five_at_once(store: MongoStore, id: String) -> Vec<Duration> {
    let (end, mut latencies, mut version) = (Instant::now() + ROUND, Vec::new(), 0);
    while Instant::now() < end {
        let append = append(&id, version, 5);
        let started = Instant::now();
        store.append(append).await.expect("nobody else writes to this aggregate");
        latencies.push(started.elapsed());
        version += 5;
    }
    latencies
}

/// The number of calls of the decision on the hot aggregate.
static TRIES: AtomicU64 = AtomicU64::new(0);

/// 32 writers on one aggregate, with the default retries of a repository.
async fn hot(store: &MongoStore) {
    let ledgers = Repository::<Ledger>::new(store).with_snapshots(SnapshotPolicy::every(50));
    ledgers.create("hot", posted(0)).await.expect("it is new");
    let mut figures = Figures::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mut running = JoinSet::new();
        for _ in 0..32 {
            let ledgers = ledgers.clone();
            running.spawn(async move {
                let (end, mut latencies) = (Instant::now() + ROUND, Vec::new());
                while Instant::now() < end {
                    let started = Instant::now();
                    let decide = |_: &_| {
                        TRIES.fetch_add(1, Ordering::Relaxed);
                        posted(1)
                    };
                    ledgers.update("hot", decide).await.expect("it is tried until it succeeds");
                    latencies.push(started.elapsed());
                }
                latencies
            });
        }
        let latencies: Vec<Duration> = running.join_all().await.into_iter().flatten().collect();
        figures.round(&latencies, started.elapsed());
    }
    figures.print("hot_aggregate.32.store", "commands");
    let commands = ledgers.load("hot").await.expect("it exists").version.get() - 1;
    #[allow(clippy::cast_precision_loss, reason = "far fewer tries than a double can count")]
    line("hot_aggregate.32.tries", TRIES.load(Ordering::Relaxed) as f64 / commands as f64, "tries/command");
}
