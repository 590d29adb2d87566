//! Folds everything from the beginning.

use std::time::{Duration, Instant};

use es_mongo::MongoStore;
use es_mongo::mongodb::Collection;
use es_mongo::mongodb::bson::{Document, doc};

use super::{filled, forget, key, per_second, worker};
use crate::Outcome;
use crate::domain::posted;
use crate::feed::raw_batches;
use crate::members::Members;
use crate::report::{line, median, ratio};

/// The number of rows that the driver writes.
const BULK: u64 = 100_000;

/// How often everything is folded.
pub(super) struct Rounds {
    /// The first one is not counted.
    pub(super) warm_up: bool,
    pub(super) counted: usize,
}

/// The figures of all rounds.
#[derive(Default)]
struct Rates {
    raw: Vec<f64>,
    bulk: Vec<f64>,
    one: Vec<f64>,
    four: Vec<f64>,
    peak: Vec<f64>,
}

/// Folds this number of events into this number of rows.
pub(super) async fn run(uri: &str, events: u64, keys: u64, rounds: Rounds) -> Outcome {
    let store = filled(uri, "bench_read_side", events).await?;
    let mut rates = Rates::default();
    for round in 0..rounds.counted + usize::from(rounds.warm_up) {
        let started = Instant::now();
        assert_eq!(raw_batches(&store).await, events);
        let raw = per_second(events, started);
        let started = Instant::now();
        bulk_rows(&store, keys).await?;
        let bulk = per_second(BULK, started);
        let (one, peak) = folded(&store, uri, events, keys, 1).await?;
        let (four, _) = folded(&store, uri, events, keys, 4).await?;
        if round == 0 && rounds.warm_up {
            continue;
        }
        let all = [&mut rates.raw, &mut rates.bulk, &mut rates.one, &mut rates.four, &mut rates.peak];
        all.into_iter().zip([raw, bulk, one, four, peak]).for_each(|(rates, rate)| rates.push(rate));
    }
    let Rates { raw, bulk, one, four, peak } = &rates;
    let name = format!("read_side.fold.{events}.{keys}");
    line(&format!("{name}.driver_raw"), median(raw), "events/s");
    line(&format!("{name}.driver_bulk_rows"), median(bulk), "rows/s");
    line(&format!("{name}.one_partition"), median(one), "events/s");
    line(&format!("{name}.four_partitions"), median(four), "events/s");
    line(&format!("{name}.peak"), median(peak), "MiB");
    ratio(
        &format!("{name}.to_driver_raw"),
        median(one) / median(raw),
        "goal: at least 0.75, and 0.6 with a million rows",
    );
    ratio(&format!("{name}.to_bulk_rows"), median(one) / median(bulk), "goal: at least 0.75");
    store.close().await;
    Ok(())
}

/// The rate, and the peak memory in MiB of the process that folds.
async fn folded(
    store: &MongoStore,
    uri: &str,
    events: u64,
    keys: u64,
    partitions: u32,
) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    forget(store).await?;
    let answer = tokio::task::block_in_place(|| {
        let database = store.database().name();
        let arguments = |_| worker::arguments(uri, database, partitions, keys);
        let mut member = Members::start("read-side-worker", 1, arguments)?;
        let answers = member.round("alone", 0, Duration::ZERO)?;
        member.end()?;
        Ok::<_, Box<dyn std::error::Error>>(answers)
    })?;
    let [micros, kibibytes] = answer[0][..] else { return Err("the answer is not two numbers".into()) };
    let folded = store.database().collection::<Document>("account_v1").count_documents(doc! {}).await?;
    assert_eq!(folded, keys.min(events));
    #[allow(clippy::cast_precision_loss, reason = "far fewer than a double can count")]
    Ok((events as f64 / (micros as f64 / 1e6), kibibytes as f64 / 1_024.0))
}

/// Replaces rows, a thousand at once: what a fold without locality costs.
async fn bulk_rows(store: &MongoStore, keys: u64) -> Outcome {
    let rows: Collection<Document> = store.database().collection("bulk_rows");
    rows.drop().await?;
    store.database().create_collection("bulk_rows").await?;
    for command in 0..BULK / 1_000 {
        let updates: Vec<_> = (0..1_000)
            .map(|offset| {
                let number = command * 1_000 + offset;
                let key = (key(number) % keys).to_string();
                let event = posted(number);
                let row = doc! {
                    "_id": &key, "cents": event.cents, "postings": 1_i64, "last": event.posting_id, "text": event.text,
                };
                doc! { "q": { "_id": key }, "u": row, "upsert": true }
            })
            .collect();
        let update = doc! {
            "update": "bulk_rows", "updates": updates, "ordered": false, "writeConcern": { "w": "majority", "j": true },
        };
        store.database().run_command(update).await?;
    }
    Ok(())
}
