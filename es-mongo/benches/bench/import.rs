//! An import of many aggregates, beside `insert_many` of the same events with the bare driver.

use std::time::{Duration, Instant};

use es_core::repository::{ImportedEvent, ImportedHistory};
use es_core::{Repository, Timestamp};
use es_mongo::MongoStore;
use futures_util::stream;

use crate::bare::{self, Bare};
use crate::domain::{Ledger, metadata, new_event, posted};
use crate::report::{Goal, judged, line, median};
use crate::{Outcome, Wanted};

/// The events of one aggregate. A log has a few events for each of many cases.
const EVENTS: u64 = 5;

/// The documents that the driver inserts with one command.
const BATCH: usize = 1_000;
const GOAL: Goal = Goal::AtLeast(0.9);

pub(crate) async fn run(uri: &str, wanted: &Wanted) -> Outcome {
    let (rounds, histories) = (wanted.rounds(5), if wanted.short { 2_000 } else { 10_000 });
    let store = MongoStore::builder(bare::client(uri).await?, "bench_import").open().await?;
    let ledgers = Repository::<Ledger>::new(&store);
    let bare = Bare::open(uri, "bench_import").await?;
    let (mut ours, mut driver) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let mut took = [Duration::ZERO; 2];
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                took[0] = import(&ledgers, round, histories).await?;
            } else {
                took[1] = insert(&bare, round, histories).await?;
            }
        }
        // The first round warms up connections and caches.
        if round > 0 {
            ours.push(rate(histories, took[0]));
            driver.push(rate(histories, took[1]));
        }
    }
    line("import.import_many.rate", median(&ours), "events/s");
    line("import.insert_many.rate", median(&driver), "events/s");
    judged("import.rate_to_driver", median(&ours) / median(&driver), GOAL);
    store.close().await;
    Ok(())
}

/// Both encode their events within the time.
async fn import(
    ledgers: &Repository<Ledger>,
    round: u64,
    histories: u64,
) -> Result<Duration, Box<dyn std::error::Error>> {
    let started = Instant::now();
    let histories = (0..histories).map(|history| {
        let event = |number| ImportedEvent::new(posted(number), Timestamp::now(), metadata(number));
        ImportedHistory::new(format!("{round}-{history}"), (0..EVENTS).map(event).collect())
    });
    let report = ledgers.import_many(stream::iter(histories)).await?;
    assert_eq!((report.imported, report.failed), (report.histories, 0), "{:?}", report.failures);
    Ok(started.elapsed())
}

async fn insert(bare: &Bare, round: u64, histories: u64) -> Result<Duration, Box<dyn std::error::Error>> {
    let started = Instant::now();
    let mut batch = Vec::with_capacity(BATCH);
    for history in 0..histories {
        let id = format!("{round}-{history}");
        for number in 0..EVENTS {
            batch.push(bare.next_document(&id, i64::try_from(number)? + 1, &new_event(number)));
        }
        if batch.len() >= BATCH {
            bare.events.insert_many(batch.drain(..)).ordered(true).await?;
        }
    }
    if !batch.is_empty() {
        bare.events.insert_many(batch).ordered(true).await?;
    }
    Ok(started.elapsed())
}

#[allow(clippy::cast_precision_loss, reason = "far fewer events than a double can count")]
fn rate(histories: u64, took: Duration) -> f64 {
    (histories * EVENTS) as f64 / took.as_secs_f64()
}
