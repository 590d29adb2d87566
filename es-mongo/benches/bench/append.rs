//! Appends of one event by 1 to 1,024 writers, each on an aggregate of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::EventStore;
use es_mongo::MongoStore;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::bare::{self, Bare};
use crate::domain::{append, new_event};
use crate::report::{Figures, ratio};

const ROUNDS: u64 = 5;
const ROUND: Duration = Duration::from_millis(1_500);

/// For each number of writers: how the library's rate should compare to the bare driver's.
const GOALS: [(usize, &str); 5] = [
    (1, "goal: at least 0.95"),
    (8, "goal: at least 0.9"),
    (32, "goal: at least 2"),
    (128, "goal: at least 3.5"),
    (1_024, "goal: at least 5"),
];

pub(crate) async fn run(uri: &str) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, "bench_append").open().await?;
    let bare = Bare::open(uri, "bench_append").await?;
    for (writers, goal) in GOALS {
        let (mut ours, mut theirs, mut seeds) = (Figures::new(), Figures::new(), Figures::new());
        let with_seed = matches!(writers, 1 | 128);
        for round in 0..=ROUNDS {
            let of_store =
                each_writer(writers, |writer| one_writer(store.clone(), format!("o{writers}-{round}-{writer}")));
            let (ours_latencies, ours_took) = of_store.await;
            let of_bare = each_writer(writers, |writer| one_bare(bare.clone(), format!("b{writers}-{round}-{writer}")));
            let (theirs_latencies, theirs_took) = of_bare.await;
            // The first round warms connections and caches.
            if round > 0 {
                ours.round(&ours_latencies, ours_took);
                theirs.round(&theirs_latencies, theirs_took);
            }
            if with_seed && round > 0 {
                let of_seed =
                    each_writer(writers, |writer| one_seed(bare.clone(), format!("s{writers}-{round}-{writer}")));
                let (latencies, took) = of_seed.await;
                seeds.round(&latencies, took);
            }
        }
        let name = format!("append.{writers}");
        ours.print(&format!("{name}.store"), "events");
        theirs.print(&format!("{name}.driver"), "events");
        ratio(&format!("{name}.rate_to_driver"), ours.rate() / theirs.rate(), goal);
        ratio(
            &format!("{name}.p99_to_driver"),
            ours.percentile(99.0) / theirs.percentile(99.0),
            if writers == 128 { "goal: at most 0.25" } else { "no goal" },
        );
        if with_seed {
            seeds.print(&format!("{name}.seed"), "events");
            let goal = if writers == 1 { "goal: at least 1.6" } else { "goal: at least 8" };
            ratio(&format!("{name}.rate_to_seed"), ours.rate() / seeds.rate(), goal);
        }
    }
    store.close().await;
    Ok(())
}

/// Runs writers side by side for one round: all their latencies, and how long it took.
async fn each_writer<W>(writers: usize, write: impl Fn(usize) -> W) -> (Vec<Duration>, Duration)
where
    W: Future<Output = Vec<Duration>> + Send + 'static,
{
    let started = Instant::now();
    let mut running = JoinSet::new();
    for writer in 0..writers {
        running.spawn(write(writer));
    }
    let latencies = running.join_all().await.into_iter().flatten().collect();
    (latencies, started.elapsed())
}

async fn one_writer(store: MongoStore, id: String) -> Vec<Duration> {
    let (end, mut latencies, mut version) = (Instant::now() + ROUND, Vec::new(), 0);
    while Instant::now() < end {
        let append = append(&id, version, 1);
        let started = Instant::now();
        store.append(append).await.expect("nobody else writes to this aggregate");
        latencies.push(started.elapsed());
        version += 1;
    }
    latencies
}

async fn one_bare(bare: Bare, id: String) -> Vec<Duration> {
    let (end, mut latencies, mut sequence) = (Instant::now() + ROUND, Vec::new(), 1);
    while Instant::now() < end {
        let event = new_event(u64::try_from(sequence).unwrap_or_default());
        let started = Instant::now();
        bare.insert(&id, sequence, &event).await.expect("nobody else writes to this aggregate");
        latencies.push(started.elapsed());
        sequence += 1;
    }
    latencies
}

async fn one_seed(bare: Bare, id: String) -> Vec<Duration> {
    let (end, mut latencies, mut number) = (Instant::now() + ROUND, Vec::new(), 0);
    let id = Arc::new(id);
    while Instant::now() < end {
        let event = new_event(number);
        let started = Instant::now();
        bare.append_the_seeds_way(&id, &event).await.expect("nobody else writes to this aggregate");
        latencies.push(started.elapsed());
        number += 1;
    }
    latencies
}
