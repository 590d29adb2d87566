//! What is usual without a library: for each event, the row is found and replaced, and the checkpoint
//! is written.

use std::time::Instant;

use es_core::store::EventStore;
use es_core::subscription::Subscriptions;
use es_mongo::MongoStore;
use es_mongo::mongodb::bson::{Document, doc};

use super::{Account, ROWS, key, per_second, postings};
use crate::domain::posted;
use crate::report::{line, ratio};
use crate::{Outcome, bare};

/// The number of events in the log. The start of a subscription takes as long as the fold of a few
/// thousand events.
const EVENTS: u64 = 20_000;

/// The number of events that are handled one by one. Each takes the same time, so these are enough.
const EACH: u64 = 2_000;

/// Finds the row, replaces it, and writes the checkpoint, for each event.
pub(super) async fn run(uri: &str) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, "bench_each").open().await?;
    for stream in 0..EVENTS / 1_000 {
        store.append(postings(stream)).await?;
    }
    let (rows, checkpoints) = ("each_rows", "each_checkpoints");
    let [rows, checkpoints] = [rows, checkpoints].map(|name| store.database().collection::<Document>(name));
    let started = Instant::now();
    for number in 0..EACH {
        let event = posted(number);
        let key = (key(number) % ROWS).to_string();
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
    let fold = per_second(EVENTS, started);
    line("read_side.each.find_replace_checkpoint", rival, "events/s");
    line("read_side.each.fold", fold, "events/s");
    ratio("read_side.each.fold_to_rival", fold / rival, "goal: at least 50");
    store.close().await;
    Ok(())
}
