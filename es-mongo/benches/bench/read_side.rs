//! Folds a projection, and reads its rows.
//!
//! `read_side.fold` folds a million events into 10,000 rows and into a million, in a separate process
//! whose peak memory is shown. The rivals are the driver that reads the same events in raw batches,
//! and the driver that writes rows in bulk, without a checkpoint. `read_side.fold_10m` folds ten
//! million events, and `read_side.fold_100k` is for a first look; both run only if they are named.
//! `read_side.processes` folds with four processes and with one. `read_side.beside` appends while three
//! projections run, and alone. `read_side.each` does what is usual without a library.
//! `read_side.own_write` is the time until a writer reads its own write.

mod beside;
mod each;
mod fold;
mod own_write;
mod processes;
mod worker;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use es_core::projection::{Keyed, Keys, Projection};
use es_core::store::{Append, EventStore, ExpectedVersion};
use es_core::{Apply, Context, StreamId};
use es_mongo::MongoStore;
use es_mongo::mongodb::bson::Document;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::domain::{Ledger, Posted, new_event};
use crate::{Outcome, Wanted, bare};

pub(crate) use worker::work;

/// The number of rows, unless a part has its own.
const ROWS: u64 = 10_000;

/// The number of rows in this process.
static KEYS: AtomicU64 = AtomicU64::new(ROWS);

/// The number of appends at the same time that record the events to fold.
const WRITERS: usize = 8;

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
        let number = event.posting_id.trim_start_matches("posting-").parse::<u64>().ok();
        number.map(|number| key(number) % KEYS.load(Ordering::Relaxed)).into()
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
fn key(number: u64) -> u64 {
    number.wrapping_mul(7_919)
}

pub(crate) async fn run(uri: &str, wanted: &Wanted) -> Outcome {
    for (part, events) in [("fold_100k", 100_000), ("fold", 1_000_000), ("fold_10m", 10_000_000)] {
        let is_wanted = if part == "fold" { wanted.part("read_side", part) } else { wanted.named("read_side", part) };
        if is_wanted {
            let is_long = part == "fold_10m";
            for keys in [ROWS, 1_000_000] {
                let rounds = fold::Rounds { warm_up: !is_long, counted: if is_long { 1 } else { 3 } };
                fold::run(uri, events, keys, rounds).await?;
            }
        }
    }
    if wanted.part("read_side", "processes") {
        processes::run(uri).await?;
    }
    if wanted.part("read_side", "beside") {
        beside::run(uri).await?;
    }
    if wanted.part("read_side", "each") {
        each::run(uri).await?;
    }
    if wanted.part("read_side", "own_write") {
        own_write::run(uri).await?;
    }
    Ok(())
}

/// A new ledger with a thousand postings, whose numbers continue from ledger to ledger.
fn postings(ledger: u64) -> Append {
    let stream = StreamId::of::<Ledger>(format!("ledger-{ledger}")).expect("the id is valid");
    let events = (ledger * 1_000..).take(1_000).map(new_event).collect();
    Append::new(stream, ExpectedVersion::NONE, events)
}

/// A store with this number of events.
async fn filled(uri: &str, database: &str, events: u64) -> Result<MongoStore, Box<dyn std::error::Error>> {
    let store = MongoStore::builder(bare::client(uri).await?, format!("{database}_{events}")).open().await?;
    if store.database().collection::<Document>("events").estimated_document_count().await? == 0 {
        let appends = stream::iter((0..events / 1_000).map(postings).map(|append| store.append(append)));
        appends.buffer_unordered(WRITERS).try_for_each(|_| std::future::ready(Ok(()))).await?;
    }
    Ok(store)
}

/// Forgets what was folded.
async fn forget(store: &MongoStore) -> Outcome {
    for name in ["subscriptions", "account_v1"] {
        store.database().collection::<Document>(name).drop().await?;
    }
    Ok(())
}

fn per_second(count: u64, started: Instant) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "far fewer than a double can count")]
    let count = count as f64;
    count / started.elapsed().as_secs_f64()
}
