//! The cost of an append, a load and the feed as the store grows: stores of different sizes,
//! measured in turns.

use std::time::{Duration, Instant};

use es_core::feed::From;
use es_core::store::{EventStore, FeedStore};
use es_core::{Position, Repository, SnapshotPolicy};
use es_mongo::MongoStore;
use tokio::task::JoinSet;

use crate::domain::{Ledger, append};
use crate::feed::follow;
use crate::report::{Figures, line, median, ratio};
use crate::{Outcome, Wanted, bare};

/// The numbers of stored events, and whether the store is created by default. The largest store
/// takes a quarter of an hour and 5 GB.
const SIZES: [(u64, bool); 3] = [(10_000, true), (1_000_000, true), (10_000_000, false)];
const EVENTS_EACH: u64 = 100;
/// The number of newest events that the feed reads.
const FOLLOWED: u64 = 10_000;
const ROUNDS: u64 = 5;

struct Sized {
    events: u64,
    store: MongoStore,
    append: Figures,
    many: Figures,
    load: Figures,
    feed: Vec<f64>,
}

pub(crate) async fn run(uri: &str, wanted: &Wanted) -> Outcome {
    let mut stores = Vec::new();
    for (events, unasked) in SIZES {
        if wanted.part("growth", events) && (unasked || wanted.named("growth", events)) {
            let store = MongoStore::builder(bare::client(uri).await?, format!("bench_growth_{events}")).open().await?;
            let started = Instant::now();
            fill(&store, events / EVENTS_EACH).await;
            line(&format!("growth.{events}.filled_in"), started.elapsed().as_secs_f64(), "s");
            let (append, many, load) = (Figures::new(), Figures::new(), Figures::new());
            stores.push(Sized { events, store, append, many, load, feed: Vec::new() });
        }
    }
    for round in 0..=ROUNDS {
        let turn = 1.min(stores.len());
        stores.rotate_left(turn);
        for sized in &mut stores {
            sized.measure(round).await;
            sized.measure_feed(round).await?;
        }
    }
    stores.sort_by_key(|sized| sized.events);
    for sized in &stores {
        let name = format!("growth.{}", sized.events);
        sized.append.print(&format!("{name}.append"), "events");
        sized.many.print(&format!("{name}.append_by_128"), "events");
        sized.load.print(&format!("{name}.load_{EVENTS_EACH}"), "loads");
        line(&format!("{name}.feed_{FOLLOWED}.rate"), median(&sized.feed), "events/s");
    }
    if let [smallest, larger @ ..] = stores.as_slice() {
        for sized in larger {
            let name = format!("growth.{}", sized.events);
            let to = format!("to {} events; 1 is flat", smallest.events);
            ratio(&format!("{name}.append.rate"), sized.append.rate() / smallest.append.rate(), &to);
            ratio(&format!("{name}.append_by_128.rate"), sized.many.rate() / smallest.many.rate(), &to);
            ratio(&format!("{name}.load_{EVENTS_EACH}.rate"), sized.load.rate() / smallest.load.rate(), &to);
            ratio(&format!("{name}.feed_{FOLLOWED}.rate"), median(&sized.feed) / median(&smallest.feed), &to);
        }
    }
    for sized in stores {
        sized.store.close().await;
    }
    Ok(())
}

impl Sized {
    async fn measure(&mut self, round: u64) {
        let (store, aggregates) = (&self.store, self.events / EVENTS_EACH);
        let (mut one, mut load) = (Vec::new(), Vec::new());
        for number in 0..200 {
            one.push(timed(append_one(store, &format!("one-{round}-{number}"), 0)).await);
        }
        let started = Instant::now();
        let mut writers = JoinSet::new();
        for writer in 0..128 {
            let (store, id) = (store.clone(), format!("many-{round}-{writer}"));
            writers.spawn(async move {
                let mut latencies = Vec::new();
                for version in 0..50 {
                    latencies.push(timed(append_one(&store, &id, version)).await);
                }
                latencies
            });
        }
        let many: Vec<Duration> = writers.join_all().await.into_iter().flatten().collect();
        let took = started.elapsed();
        let ledgers = Repository::<Ledger>::new(store).with_snapshots(SnapshotPolicy::Never);
        for _ in 0..200 {
            let id = id(fastrand::u64(..aggregates));
            load.push(
                timed(async { assert_eq!(ledgers.load(&id).await.expect("it exists").postings, EVENTS_EACH) }).await,
            );
        }
        // The first round warms up caches.
        if round > 0 {
            self.append.round(&one, one.iter().sum());
            self.many.round(&many, took);
            self.load.round(&load, load.iter().sum());
        }
    }
}

impl Sized {
    /// Reads the newest events by position, as a subscription that was not running for a while.
    #[allow(clippy::cast_precision_loss, reason = "far fewer events than a double can count")]
    async fn measure_feed(&mut self, round: u64) -> Outcome {
        let last = self.store.frontier().await?.ok_or("the store has events")?;
        let after = Position::try_from(last.as_i64() - i64::try_from(FOLLOWED)?)?;
        let follower = self.store.follow(From::position(after)).of::<Ledger>().read();
        let started = Instant::now();
        let read = follow(follower, FOLLOWED).await;
        if round > 0 {
            self.feed.push(read as f64 / started.elapsed().as_secs_f64());
        }
        Ok(())
    }
}

/// Creates streams of 100 events each. They grow concurrently as in production, so that the events
/// of a stream are not stored side by side.
async fn fill(store: &MongoStore, aggregates: u64) {
    const WRITERS: u64 = 64;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.spawn(async move {
            let own: Vec<String> =
                (writer..aggregates).step_by(usize::try_from(WRITERS).unwrap_or(1)).map(id).collect();
            for some in own.chunks(100) {
                for version in (0..EVENTS_EACH).step_by(20) {
                    for id in some {
                        store.append(append(id, version, 20)).await.expect("nobody else writes to this aggregate");
                    }
                }
            }
        });
    }
    writers.join_all().await;
}

async fn append_one(store: &MongoStore, id: &str, version: u64) {
    store.append(append(id, version, 1)).await.expect("nobody else writes to this aggregate");
}

fn id(aggregate: u64) -> String {
    format!("ledger-{aggregate}")
}

async fn timed(work: impl Future<Output = ()>) -> Duration {
    let started = Instant::now();
    work.await;
    started.elapsed()
}
