//! Loads streams of 10 to 10,000 events. The driver hands over the same bytes undecoded, or decodes
//! them through `Document`.

use std::time::{Duration, Instant};

use es_core::store::EventStore;
use es_core::{Repository, SnapshotPolicy};
use es_mongo::MongoStore;
use es_mongo::mongodb::Collection;
use es_mongo::mongodb::bson::raw::RawDocumentBuf;
use es_mongo::mongodb::bson::{Bson, Document, deserialize_from_bson, doc};
use futures_util::{StreamExt, TryStreamExt};

use crate::domain::{Ledger, Posted, append};
use crate::report::{Figures, ratio};
use crate::{Outcome, Wanted, bare};

pub(crate) async fn run(uri: &str, wanted: &Wanted) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, "bench_load").open().await?;
    let whole = Repository::<Ledger>::new(&store).with_snapshots(SnapshotPolicy::Never);
    for length in [10, 100, 1_000, 10_000_u64] {
        if !wanted.part("load", length) {
            continue;
        }
        let id = format!("ledger-{length}");
        fill(&store, &id, length).await;
        let (mut ours, mut raw, mut documents) = (Figures::new(), Figures::new(), Figures::new());
        let repeats = (20_000 / length).clamp(5, 300);
        for round in 0..6 {
            let (mut a, mut b, mut c) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..repeats {
                a.push(timed(async { assert_eq!(whole.load(&id).await.expect("it exists").postings, length) }).await);
                b.push(timed(async { assert_eq!(raw_bytes(&store, &id).await, length) }).await);
                c.push(timed(async { assert_eq!(through_documents(&store, &id).await, length) }).await);
            }
            if round > 0 {
                ours.round(&a, a.iter().sum());
                raw.round(&b, b.iter().sum());
                documents.round(&c, c.iter().sum());
            }
        }
        let name = format!("load.{length}");
        ours.print(&format!("{name}.store"), "loads");
        raw.print(&format!("{name}.driver_raw"), "loads");
        documents.print(&format!("{name}.driver_document"), "loads");
        ratio(&format!("{name}.time_to_raw"), raw.rate() / ours.rate(), "goal: at most 1.7");
        ratio(&format!("{name}.speed_to_document"), ours.rate() / documents.rate(), "goal: at least 2.2");
    }
    if wanted.part("load", "10000_with_snapshot") {
        with_snapshot(&store).await;
    }
    store.close().await;
    Ok(())
}

async fn with_snapshot(store: &MongoStore) {
    let ledgers = Repository::<Ledger>::new(store);
    fill(store, "ledger-with-snapshot", 10_000).await;
    let version = ledgers.take_snapshot("ledger-with-snapshot").await.expect("it exists");
    let mut next = version.get();
    while next < version.get() + 100 {
        store.append(append("ledger-with-snapshot", next, 1)).await.expect("nobody else writes to this aggregate");
        next += 1;
    }
    let mut figures = Figures::new();
    for _ in 0..5 {
        let mut latencies = Vec::new();
        for _ in 0..100 {
            latencies.push(
                timed(async {
                    assert_eq!(ledgers.load("ledger-with-snapshot").await.expect("it exists").version, next);
                })
                .await,
            );
        }
        figures.round(&latencies, latencies.iter().sum());
    }
    figures.print("load.10000_with_snapshot.store", "loads");
}

pub(crate) async fn fill(store: &MongoStore, id: &str, length: u64) {
    let mut version = 0;
    while version < length {
        let events = (length - version).min(1_000);
        store.append(append(id, version, events)).await.expect("nobody else writes to this aggregate");
        version += events;
    }
}

async fn timed(work: impl Future<Output = ()>) -> Duration {
    let started = Instant::now();
    work.await;
    started.elapsed()
}

/// The fastest way to get the bytes from the driver: raw batches.
async fn raw_bytes(store: &MongoStore, id: &str) -> u64 {
    let events: Collection<RawDocumentBuf> = store.database().collection("events");
    let filter = doc! { "aggregateId": id, "aggregateType": "Ledger" };
    let find = events.find(filter).sort(doc! { "sequenceNumber": 1 }).batch_size(1000);
    let mut batches = find.batch().await.expect("the server answers");
    let mut count = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch.expect("the server answers");
        count += batch.doc_slices().expect("a batch has documents").into_iter().count() as u64;
    }
    count
}

/// The usual way: a cursor of documents, each decoded into the type.
pub(crate) async fn through_documents(store: &MongoStore, id: &str) -> u64 {
    let events: Collection<Document> = store.database().collection("events");
    let cursor = events.find(doc! { "aggregateId": id }).sort(doc! { "sequenceNumber": 1 });
    let mut cursor = cursor.await.expect("the server answers");
    let (mut cents, mut count) = (0, 0);
    while let Some(event) = cursor.try_next().await.expect("the server answers") {
        let data = event.get("eventData").cloned().unwrap_or(Bson::Null);
        let posted: Posted = deserialize_from_bson(data).expect("it is a posting");
        cents += posted.cents;
        count += 1;
    }
    assert!(cents >= 0);
    count
}
