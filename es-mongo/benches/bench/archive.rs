//! Moves 100,000 events to the archive. The bare driver copies and deletes the same events, but
//! neither folds them nor checks the copies.

use std::time::Instant;

use es_core::Timestamp;
use es_core::store::EventStore;
use es_mongo::MongoStore;
use es_mongo::mongodb::Collection;
use es_mongo::mongodb::bson::doc;
use es_mongo::mongodb::bson::oid::ObjectId;
use es_mongo::mongodb::bson::raw::{RawBsonRef, RawDocumentBuf};
use futures_util::StreamExt;
use tokio::task::JoinSet;

use crate::domain::{Ledger, append};
use crate::report::{line, median, ratio};
use crate::{Outcome, bare};

const EVENTS: u64 = 100_000;
const ROUNDS: u32 = 3;

/// The number of events that the bare driver copies and deletes at once.
const BATCH: usize = 4_000;

pub(crate) async fn run(uri: &str) -> Outcome {
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let store = MongoStore::builder(bare::client(uri).await?, format!("bench_archive_{round}")).open().await?;
        let events = fill(&store).await;
        if round == 0 {
            let command = doc! { "collStats": "events" };
            let average = store.database().run_command(command).await?.get_i32("avgObjSize")?;
            line("archive.event", f64::from(average), "bytes");
        }
        let started = Instant::now();
        let report = store.archive::<Ledger>(Timestamp::from_millis(i64::MAX / 2)).run().await?;
        // The newest event of the store is never archived.
        assert_eq!(report.moved + 1, events, "{report:?}");
        ours.push(rate(report.moved, started));
        store.database().drop().await?;
        store.close().await;

        let store = MongoStore::builder(bare::client(uri).await?, format!("bench_archive_raw_{round}")).open().await?;
        let events = fill(&store).await;
        let started = Instant::now();
        assert_eq!(copy_and_delete(&store).await?, events);
        raw.push(rate(events, started));
        store.database().drop().await?;
        store.close().await;
    }
    let (ours, raw) = (median(&ours), median(&raw));
    line("archive.store.rate", ours, "events/s (goal: at least 20,000)");
    line("archive.driver.rate", raw, "events/s");
    ratio("archive.rate_to_driver", ours / raw, "folded, covered by snapshots and confirmed; one wait of 2 s included");
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "far fewer events than a double can count")]
fn rate(events: u64, started: Instant) -> f64 {
    events as f64 / started.elapsed().as_secs_f64()
}

/// Creates streams of 10 to 100 events that grow concurrently. Returns the number of events.
async fn fill(store: &MongoStore) -> u64 {
    const WRITERS: u64 = 64;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.spawn(async move {
            let (mut recorded, mut stream) = (0, 0);
            while recorded < EVENTS / WRITERS {
                let (id, length) = (format!("ledger-{writer}-{stream}"), 10 + (stream * 37 + writer * 11) % 91);
                for version in (0..length).step_by(10) {
                    let events = (length - version).min(10);
                    store.append(append(&id, version, events)).await.expect("nobody else writes to this aggregate");
                }
                (recorded, stream) = (recorded + length, stream + 1);
            }
            recorded
        });
    }
    writers.join_all().await.into_iter().sum()
}

/// Copies and deletes batches of events, in one task with the bare driver.
async fn copy_and_delete(store: &MongoStore) -> Result<u64, Box<dyn std::error::Error>> {
    let events: Collection<RawDocumentBuf> = store.database().collection("events");
    let archive: Collection<RawDocumentBuf> = store.database().collection("events_archive");
    let order = doc! { "aggregateId": 1, "sequenceNumber": 1, "aggregateType": 1 };
    let mut batches = events.find(doc! {}).sort(order).batch_size(1_000).batch().await?;
    let (mut slice, mut deleted) = (Vec::new(), 0);
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        for document in batch.doc_slices()? {
            if let RawBsonRef::Document(document) = document? {
                slice.push(document.to_owned());
            }
        }
        if slice.len() >= BATCH {
            deleted += move_slice(&events, &archive, &std::mem::take(&mut slice)).await?;
        }
    }
    if !slice.is_empty() {
        deleted += move_slice(&events, &archive, &slice).await?;
    }
    Ok(deleted)
}

async fn move_slice(
    events: &Collection<RawDocumentBuf>,
    archive: &Collection<RawDocumentBuf>,
    slice: &[RawDocumentBuf],
) -> Result<u64, Box<dyn std::error::Error>> {
    archive.insert_many(slice).ordered(false).await?;
    let ids: Result<Vec<ObjectId>, _> = slice.iter().map(|document| document.get_object_id("_id")).collect();
    Ok(events.delete_many(doc! { "_id": { "$in": ids? } }).await?.deleted_count)
}
