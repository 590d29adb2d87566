//! Folds a projection over a million events.
//!
//! `read_side.fold` folds everything into 10,000 rows, in one partition and in four; the rivals are
//! the driver that reads the same events in raw batches, and the driver that writes as many rows in
//! bulk, without a checkpoint. `read_side.each` does what is usual without a library: for each event
//! it finds the row, replaces it, and writes the checkpoint. `read_side.own_write` measures the time
//! from the acknowledgement of an append until the reader gets the row with it.

use std::time::{Duration, Instant};

use es_core::projection::{Keyed, Keys, Projection};
use es_core::store::{Append, EventStore, ExpectedVersion};
use es_core::subscription::Subscriptions;
use es_core::{Apply, Context, Repository, StreamId};
use es_mongo::MongoStore;
use es_mongo::mongodb::Collection;
use es_mongo::mongodb::bson::{Document, doc};
use tokio::sync::oneshot;

use crate::domain::{Ledger, Posted, new_event, posted};
use crate::feed::raw_batches;
use crate::report::{Figures, line, median, ratio};
use crate::{Outcome, Wanted, bare};

/// The number of rows.
const KEYS: u64 = 10_000;

/// The number of events that are folded one by one.
const EACH: u64 = 2_000;

/// The number of own writes that are read.
const OWN_WRITES: u64 = 500;

/// What was posted to one of many accounts.
#[derive(Projection, Debug, Default)]
#[projection(version = 1, key = u64, events(Ledger(Posted)))]
struct Account {
    cents: i64,
    postings: u64,
    last: String,
    text: String,
}

impl Keyed<Posted> for Account {
    fn key(event: &Posted, _: &Context) -> Keys<u64> {
        number(event).map(|number| number % KEYS).into()
    }
}

impl Apply<Posted> for Account {
    fn apply(&mut self, event: Posted, _: &Context) {
        self.cents += event.cents;
        self.postings += 1;
        self.last = event.posting_id;
        self.text = event.text;
    }
}

/// The number of a posting, spread so that neighbours are not in neighbouring rows.
fn number(event: &Posted) -> Option<u64> {
    let number: u64 = event.posting_id.trim_start_matches("posting-").parse().ok()?;
    Some(number.wrapping_mul(7_919))
}

pub(crate) async fn run(uri: &str, wanted: &Wanted) -> Outcome {
    if wanted.part("read_side", "fold") {
        fold(uri, 1_000_000).await?;
    }
    // A shorter run, for a first look.
    if wanted.named("read_side", "fold_100k") {
        fold(uri, 100_000).await?;
    }
    if wanted.part("read_side", "each") {
        each(uri).await?;
    }
    if wanted.part("read_side", "own_write") {
        own_write(uri).await?;
    }
    Ok(())
}

/// A new ledger with a thousand postings, whose numbers continue from ledger to ledger.
fn postings(ledger: u64) -> Append {
    let stream = StreamId::of::<Ledger>(format!("ledger-{ledger}")).expect("the id is valid");
    let events = (ledger * 1_000..).take(1_000).map(new_event).collect();
    Append::new(stream, ExpectedVersion::NONE, events)
}

async fn fold(uri: &str, events: u64) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, "bench_read_side").open().await?;
    for stream in 0..events / 1_000 {
        store.append(postings(stream)).await?;
    }
    let (mut raw, mut bulk, mut one, mut four) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..4 {
        let started = Instant::now();
        assert_eq!(raw_batches(&store).await, events);
        let raw_rate = per_second(events, started);
        let started = Instant::now();
        let rows = bulk_rows(&store, events / 1_000).await?;
        let bulk_rate = per_second(rows, started);
        let [one_rate, four_rate] = [folded(&store, events, 1).await?, folded(&store, events, 4).await?];
        if round > 0 {
            raw.push(raw_rate);
            bulk.push(bulk_rate);
            one.push(one_rate);
            four.push(four_rate);
        }
    }
    line("read_side.fold.driver_raw", median(&raw), "events/s");
    line("read_side.fold.driver_bulk_rows", median(&bulk), "rows/s");
    line("read_side.fold.one_partition", median(&one), "events/s");
    line("read_side.fold.four_partitions", median(&four), "events/s");
    ratio("read_side.fold.to_driver_raw", median(&one) / median(&raw), "");
    ratio("read_side.fold.to_bulk_rows", median(&one) / median(&bulk), "goal: at least 0.75");
    store.close().await;
    Ok(())
}

fn per_second(count: u64, started: Instant) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "far fewer than a double can count")]
    let count = count as f64;
    count / started.elapsed().as_secs_f64()
}

/// Folds everything from the beginning.
async fn folded(store: &MongoStore, events: u64, partitions: u32) -> Result<f64, Box<dyn std::error::Error>> {
    for name in ["subscriptions", "account_v1"] {
        store.database().collection::<Document>(name).drop().await?;
    }
    let started = Instant::now();
    Subscriptions::on(store).project_with::<Account>(|options| options.partitions(partitions)).catch_up().await?;
    let rate = per_second(events, started);
    let row = store.read_model::<Account>().get(7).await?;
    assert_eq!(row.map(|row| row.postings), Some(events / KEYS));
    Ok(rate)
}

/// Replaces as many rows as there are events, a thousand at once: what a fold without locality costs.
async fn bulk_rows(store: &MongoStore, commands: u64) -> Result<u64, Box<dyn std::error::Error>> {
    let rows: Collection<Document> = store.database().collection("bulk_rows");
    rows.drop().await?;
    store.database().create_collection("bulk_rows").await?;
    for command in 0..commands {
        let updates: Vec<_> = (0..1_000)
            .map(|offset| {
                let number = command * 1_000 + offset;
                let key = (number.wrapping_mul(7_919) % KEYS).to_string();
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
    Ok(commands * 1_000)
}

/// Finds the row, replaces it, and writes the checkpoint, for each event.
async fn each(uri: &str) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, "bench_each").open().await?;
    for stream in 0..EACH / 1_000 {
        store.append(postings(stream)).await?;
    }
    let (rows, checkpoints) = ("each_rows", "each_checkpoints");
    let [rows, checkpoints] = [rows, checkpoints].map(|name| store.database().collection::<Document>(name));
    let started = Instant::now();
    for number in 0..EACH {
        let event = posted(number);
        let key = (number.wrapping_mul(7_919) % KEYS).to_string();
        let found = rows.find_one(doc! { "_id": &key }).await?.unwrap_or_default();
        let cents = found.get_i64("cents").unwrap_or_default() + event.cents;
        let row = doc! { "cents": cents, "last": event.posting_id, "text": event.text };
        rows.replace_one(doc! { "_id": &key }, row).upsert(true).await?;
        let position = i64::try_from(number)?;
        checkpoints
            .update_one(doc! { "_id": "account" }, doc! { "$set": { "position": position } })
            .upsert(true)
            .await?;
    }
    let rival = per_second(EACH, started);
    let started = Instant::now();
    Subscriptions::on(&store).project::<Account>().catch_up().await?;
    let fold = per_second(EACH, started);
    line("read_side.each.find_replace_checkpoint", rival, "events/s");
    line("read_side.each.fold", fold, "events/s");
    ratio("read_side.each.fold_to_rival", fold / rival, "goal: at least 50");
    store.close().await;
    Ok(())
}

async fn own_write(uri: &str) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, "bench_own_write").open().await?;
    let other = MongoStore::builder(bare::client(uri).await?, "bench_own_write").open().await?;
    for (name, folds) in [("in_process", &store), ("across_processes", &other)] {
        for collection in ["subscriptions", "account_v1"] {
            store.database().collection::<Document>(collection).drop().await?;
        }
        let (stop, stopped) = oneshot::channel::<()>();
        let subscriptions = Subscriptions::on(folds).project::<Account>();
        let running = tokio::spawn(subscriptions.run_until(async { drop(stopped.await) }));
        let ledgers = Repository::<Ledger>::new(&store);
        let mut latencies = Vec::new();
        for number in 0..OWN_WRITES {
            tokio::time::sleep(Duration::from_millis(3 + number * 7 % 13)).await;
            let committed = ledgers.create(format!("{name}-{number}"), posted(number)).await?;
            let started = Instant::now();
            let rows = store.read_model::<Account>().at_least(committed.position());
            assert!(rows.get(number.wrapping_mul(7_919) % KEYS).await?.is_some());
            // Not the start of the subscription.
            if number > 20 {
                latencies.push(started.elapsed());
            }
        }
        drop(stop);
        running.await??;
        let mut figures = Figures::new();
        figures.round(&latencies, latencies.iter().sum());
        line(&format!("read_side.own_write.{name}.p50"), figures.percentile(50.0), "ms (goal: at most 6 and 10 ms)");
        line(&format!("read_side.own_write.{name}.p99"), figures.percentile(99.0), "ms (goal: at most 50 ms)");
    }
    store.close().await;
    Ok(())
}
