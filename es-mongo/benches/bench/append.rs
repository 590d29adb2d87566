//! Appends of one event by 1 to 1,024 writers, each with a separate aggregate.

use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::store::EventStore;
use es_mongo::MongoStore;
use tokio::task::JoinSet;

use crate::bare::{self, Bare};
use crate::domain::{append, new_event};
use crate::report::{Figures, ratio};
use crate::{Outcome, Wanted};

const ROUNDS: u64 = 5;
const ROUND: Duration = Duration::from_millis(1_500);

/// For each number of writers, the goal for the ratio of the library's rate to that of the bare
/// driver.
const GOALS: [(usize, &str); 5] = [
    (1, "goal: at least 0.95"),
    (8, "goal: at least 0.9"),
    (32, "goal: at least 2"),
    (128, "goal: at least 3.5"),
    (1_024, "goal: at least 5"),
];

/// A pause after each rival: the server still works for a rival after its last answer, and the next
/// rival must not be slowed down by it.
const SETTLE: Duration = Duration::from_millis(300);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rival {
    Store,
    Driver,
    Seed,
}

pub(crate) async fn run(uri: &str, wanted: &Wanted) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, "bench_append").open().await?;
    let bare = Bare::open(uri, "bench_append").await?;
    for (writers, goal) in GOALS {
        if wanted.part("append", writers) {
            side_by_side(&store, &bare, writers, goal).await;
        }
    }
    store.close().await;
    Ok(())
}

async fn side_by_side(store: &MongoStore, bare: &Bare, writers: usize, goal: &str) {
    let mut rivals = vec![(Rival::Store, Figures::new()), (Rival::Driver, Figures::new())];
    if matches!(writers, 1 | 128) {
        rivals.push((Rival::Seed, Figures::new()));
    }
    for round in 0..=ROUNDS {
        // The order of the rivals rotates, so that each rival runs after each of the others.
        rivals.rotate_left(1);
        for (rival, figures) in &mut rivals {
            tokio::time::sleep(SETTLE).await;
            let id = |writer: usize| format!("w{writers}-{round}-{writer}");
            let (latencies, took) = match rival {
                Rival::Store => each_writer(writers, |writer| one_writer(store.clone(), id(writer))).await,
                Rival::Driver => each_writer(writers, |writer| one_bare(bare.clone(), id(writer))).await,
                Rival::Seed => each_writer(writers, |writer| one_seed(bare.clone(), format!("s{}", id(writer)))).await,
            };
            // The first round warms up connections and caches.
            if round > 0 {
                figures.round(&latencies, took);
            }
        }
    }
    let figures = |wanted| rivals.iter().find(|(rival, _)| *rival == wanted).map(|(_, figures)| figures);
    let name = format!("append.{writers}");
    let (Some(ours), Some(theirs)) = (figures(Rival::Store), figures(Rival::Driver)) else { return };
    ours.print(&format!("{name}.store"), "events");
    theirs.print(&format!("{name}.driver"), "events");
    ratio(&format!("{name}.rate_to_driver"), ours.rate() / theirs.rate(), goal);
    ratio(
        &format!("{name}.p99_to_driver"),
        ours.percentile(99.0) / theirs.percentile(99.0),
        if writers == 128 { "goal: at most 0.25" } else { "no goal" },
    );
    if let Some(seed) = figures(Rival::Seed) {
        seed.print(&format!("{name}.seed"), "events");
        let goal = if writers == 1 { "goal: at least 1.6" } else { "goal: at least 8" };
        ratio(&format!("{name}.rate_to_seed"), ours.rate() / seed.rate(), goal);
    }
}

/// Runs writers concurrently for one round. Returns all latencies and the duration of the round.
pub(crate) async fn each_writer<W>(writers: usize, write: impl Fn(usize) -> W) -> (Vec<Duration>, Duration)
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

pub(crate) async fn one_writer(store: MongoStore, id: String) -> Vec<Duration> {
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
