//! An update that nobody competes with, beside one insert with the bare driver.

use std::time::{Duration, Instant};

use es_core::{Repository, SnapshotPolicy};
use es_mongo::MongoStore;

use crate::bare::{self, Bare};
use crate::domain::{Ledger, metadata, new_event, posted};
use crate::report::{Figures, Goal, judged, line, median};
use crate::{Outcome, Wanted};

/// The aggregates that are updated in turns.
const AGGREGATES: u64 = 16;
const GOAL: Goal = Goal::AtMost(1.1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rival {
    Cached,
    Uncached,
    Driver,
}

pub(crate) async fn run(uri: &str, wanted: &Wanted) -> Outcome {
    let (rounds, length) = (wanted.rounds(7), wanted.round(Duration::from_secs(1)));
    let store = MongoStore::builder(bare::client(uri).await?, "bench_cache").open().await?;
    let bare = Bare::open(uri, "bench_cache").await?;
    let uncached = Repository::<Ledger>::new(&store).with_snapshots(SnapshotPolicy::every(50));
    let cached = uncached.clone().with_cache(1_024);
    for aggregate in 0..AGGREGATES {
        uncached.create(id(Rival::Uncached, aggregate), posted(0)).await?;
        cached.create(id(Rival::Cached, aggregate), posted(0)).await?;
    }
    let mut sequence = 0;
    let mut rivals = [Rival::Cached, Rival::Uncached, Rival::Driver].map(|rival| (rival, Vec::new(), Vec::new()));
    for round in 0..=rounds {
        rivals.rotate_left(1);
        for (rival, p50, p99) in &mut rivals {
            let (mut latencies, end) = (Vec::new(), Instant::now() + length);
            while Instant::now() < end {
                sequence += 1;
                let number = sequence / AGGREGATES;
                let id = id(*rival, sequence % AGGREGATES);
                let event = (*rival == Rival::Driver).then(|| new_event(number));
                let started = Instant::now();
                match event {
                    Some(event) => bare.insert(&id, i64::try_from(number)? + 1, &event).await?,
                    None => {
                        let ledgers = if *rival == Rival::Cached { &cached } else { &uncached };
                        ledgers.update(&id, |_| posted(number)).metadata(metadata(number)).await?;
                    }
                }
                latencies.push(started.elapsed());
            }
            // The first round warms up connections and caches.
            if round > 0 {
                let mut figures = Figures::new();
                figures.round(&latencies, length);
                p50.push(figures.percentile(50.0));
                p99.push(figures.percentile(99.0));
            }
        }
    }
    let p50 = |wanted| rivals.iter().find(|(rival, ..)| *rival == wanted).map_or(f64::NAN, |(_, p50, _)| median(p50));
    for (rival, p50, p99) in &rivals {
        let name = format!("cache.{}", name(*rival));
        line(&format!("{name}.p50"), median(p50), "ms");
        line(&format!("{name}.p99"), median(p99), "ms");
    }
    judged("cache.p50_to_driver", p50(Rival::Cached) / p50(Rival::Driver), GOAL);
    judged("cache.p50_to_uncached", p50(Rival::Cached) / p50(Rival::Uncached), Goal::None);
    store.close().await;
    Ok(())
}

fn name(rival: Rival) -> &'static str {
    match rival {
        Rival::Cached => "update_cached",
        Rival::Uncached => "update_uncached",
        Rival::Driver => "insert_one",
    }
}

fn id(rival: Rival, aggregate: u64) -> String {
    format!("{}-{aggregate}", name(rival))
}
