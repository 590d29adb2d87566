//! The targets of the chapter, measured on a store of 100,000 events, compared with the chapter's
//! own implementation.

use std::time::{Duration, Instant};

use es_core::{Repository, SnapshotPolicy};
use es_mongo::MongoStore;
use es_mongo::mongodb::bson::{Document, doc};
use futures_util::TryStreamExt;

use crate::Outcome;
use crate::bare::{self, Bare};
use crate::domain::{Ledger, metadata, new_event, posted};
use crate::load::{fill, through_documents};
use crate::report::{Figures, line, ratio};

const AGGREGATES: u64 = 1_000;
const EVENTS_EACH: u64 = 100;

pub(crate) async fn run(uri: &str) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, "bench_targets").open().await?;
    let bare = Bare::open(uri, "bench_targets").await?;
    let started = Instant::now();
    for aggregate in 0..AGGREGATES {
        fill(&store, &id(aggregate), EVENTS_EACH).await;
    }
    line("targets.events_stored", 100_000.0, "events");
    line("targets.filled_in", started.elapsed().as_secs_f64(), "s");

    let ledgers = Repository::<Ledger>::new(&store).with_snapshots(SnapshotPolicy::Never);
    let (mut update, mut append, mut rebuild, mut snapshot) =
        (Figures::new(), Figures::new(), Figures::new(), Figures::new());
    let (mut query, mut seed_append, mut seed_rebuild, mut seed_query) =
        (Figures::new(), Figures::new(), Figures::new(), Figures::new());
    for round in 0..5 {
        let new = |kind: &str, number: u64| format!("{kind}-{round}-{number}");
        rounds(&mut append, 200, async |n| {
            ledgers.create(new("new", n), posted(n)).metadata(metadata(n)).await.expect("it is new");
        })
        .await;
        rounds(&mut seed_append, 200, async |n| {
            bare.append_the_seeds_way(&new("seed", n), &new_event(n)).await.expect("it is new");
        })
        .await;
        rounds(&mut update, 200, async |n| {
            ledgers.update(new("new", n), |_| posted(n)).await.expect("nobody else writes");
        })
        .await;
        rounds(&mut rebuild, 200, async |n| {
            ledgers.load(id(n * 5)).await.expect("it exists");
        })
        .await;
        rounds(&mut seed_rebuild, 200, async |n| assert_eq!(through_documents(&store, &id(n * 5)).await, EVENTS_EACH))
            .await;
        rounds(&mut snapshot, 50, async |n| {
            ledgers.take_snapshot(id(n)).await.expect("it exists");
        })
        .await;
        rounds(&mut query, 100, async |n| {
            let events = store.events().by_user(&format!("user-{n}")).newest_first().limit(100).read_as::<Ledger>();
            assert_eq!(events.collect().await.expect("the server answers").len(), 100);
        })
        .await;
        rounds(&mut seed_query, 100, async |n| {
            let events = store.database().collection::<Document>("events");
            let find =
                events.find(doc! { "metadata.userId": format!("user-{n}") }).sort(doc! { "timestamp": -1 }).limit(100);
            let found: Vec<Document> =
                find.await.expect("the server answers").try_collect().await.expect("the server answers");
            assert_eq!(found.len(), 100);
        })
        .await;
    }
    target("append", &append, 50.0);
    target("load_decide_append", &update, 50.0);
    target("rebuild", &rebuild, 200.0);
    target("snapshot", &snapshot, 1_000.0);
    target("event_query", &query, 100.0);
    many_writers(&ledgers).await;
    ratio("targets.append.rate_to_seed", append.rate() / seed_append.rate(), "the chapter's transaction");
    ratio("targets.rebuild.rate_to_seed", rebuild.rate() / seed_rebuild.rate(), "Document decoded to types");
    ratio(
        "targets.event_query.rate_to_seed",
        query.rate() / seed_query.rate(),
        "ours decodes to types, the chapter's does not",
    );
    store.close().await;
    Ok(())
}

/// Events per second of 64 writers that create and update.
async fn many_writers(ledgers: &Repository<Ledger>) {
    let started = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for writer in 0..64_u64 {
        let ledgers = ledgers.clone();
        running.spawn(async move {
            for number in 0..100 {
                let id = format!("many-{writer}-{number}");
                ledgers.create(&id, posted(number)).metadata(metadata(number)).await.expect("it is new");
            }
        });
    }
    running.join_all().await;
    line("targets.events_per_second", 6_400.0 / started.elapsed().as_secs_f64(), "events/s (target: more than 1,000)");
}

fn id(aggregate: u64) -> String {
    format!("ledger-{aggregate}")
}

async fn rounds(figures: &mut Figures, repeats: u64, work: impl AsyncFn(u64)) {
    let mut latencies: Vec<Duration> = Vec::new();
    for number in 0..repeats {
        let started = Instant::now();
        work(number).await;
        latencies.push(started.elapsed());
    }
    figures.round(&latencies, latencies.iter().sum());
}

fn target(name: &str, figures: &Figures, limit: f64) {
    let p99 = figures.percentile(99.0);
    line(&format!("targets.{name}.p50"), figures.percentile(50.0), "ms");
    line(&format!("targets.{name}.p99"), p99, &format!("ms (target: less than {limit})"));
}
