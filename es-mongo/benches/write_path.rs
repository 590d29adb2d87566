//! What an append allocates between the decision and the wire, beside the bare driver with the same
//! documents.
//!
//! `cargo bench -p es-mongo -- write_path`. The events are encoded before anything is counted. Of a
//! large event, the bytes that are allocated for each byte of it show how often it is copied; what
//! the driver alone needs is the floor.

#![allow(clippy::disallowed_methods, reason = "the bare driver is the rival")]

#[path = "bench/document.rs"]
mod document;
#[path = "bench/domain.rs"]
#[allow(dead_code, reason = "the other benchmark uses all of it")]
mod domain;
#[path = "bench/report.rs"]
#[allow(dead_code, reason = "the other benchmark uses all of it")]
mod report;

use std::alloc::System;

use es_core::store::{Append, EventData, EventStore, NewEvent};
use es_core::{StreamId, Version};
use es_mongo::MongoStore;
use es_mongo::dev::DevServer;
use es_mongo::mongodb::bson::raw::RawDocumentBuf;
use es_mongo::mongodb::bson::{self, doc};
use es_mongo::mongodb::{Client, Collection};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};

use crate::report::line;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The large event: 1 MiB of text.
const LARGE: usize = 1 << 20;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    // The names of sections are for both programs.
    let sections: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if !sections.is_empty() && !sections.iter().any(|section| section == "write_path") {
        return Ok(());
    }
    // One thread, so that nothing but the appends and the driver's monitor allocates.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run())
}

async fn run() -> Outcome {
    let server = DevServer::builder().start().await?;
    let client = Client::with_uri_str(server.uri()).await?;
    let store = MongoStore::builder(client.clone(), "write_path").open().await?;
    let bare = client.database("write_path_bare").collection::<RawDocumentBuf>("events");
    // Connections, sessions and caches.
    store_appends(&store, "warm", appends("warm", 50, 1)).await;
    driver_inserts(&bare, 50, 1).await;
    for (appended, events) in [(500, 1), (20, 100)] {
        let name = format!("write_path.{events}");
        let ours = store_appends(&store, &name, appends(&name, appended, events)).await;
        let theirs = driver_inserts(&bare, appended, events).await;
        for (rival, stats) in [("store", ours), ("driver", theirs)] {
            let count = appended * events;
            line(
                &format!("{name}.{rival}.allocations"),
                per(stats.allocations + stats.reallocations, count),
                "per event",
            );
            line(&format!("{name}.{rival}.bytes"), per(stats.bytes_allocated, count), "B per event");
        }
    }
    let large = (0..8).map(|version| large_append("large", version)).collect();
    let ours = store_appends(&store, "large", large).await;
    let documents: Vec<_> = (0..8).map(|version| document("large", version, &large_event())).collect();
    let region = Region::new(ALLOCATOR);
    for document in &documents {
        bare.insert_many([document]).await?;
    }
    let theirs = region.change();
    for (rival, stats) in [("store", ours), ("driver", theirs)] {
        let name = format!("write_path.large.{rival}.bytes");
        line(&name, per(stats.bytes_allocated, 8 * LARGE as u64), "per byte of the event");
    }
    store.close().await;
    Ok(())
}

fn appends(id: &str, appends: u64, events: u64) -> Vec<Append> {
    (0..appends).map(|append| domain::append(id, append * events, events)).collect()
}

async fn store_appends(store: &MongoStore, name: &str, appends: Vec<Append>) -> Stats {
    let region = Region::new(ALLOCATOR);
    for append in appends {
        store.append(append).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    region.change()
}

async fn driver_inserts(bare: &Collection<RawDocumentBuf>, inserts: u64, events: u64) -> Stats {
    let event = |number| document("bare", number, &domain::new_event(number));
    let documents: Vec<Vec<_>> =
        (0..inserts).map(|insert| (0..events).map(|number| event(insert * events + number)).collect()).collect();
    let region = Region::new(ALLOCATOR);
    for documents in &documents {
        bare.insert_many(documents).await.expect("nothing else is written to this collection");
    }
    region.change()
}

fn large_event() -> NewEvent {
    let data = bson::serialize_to_raw_document_buf(&doc! { "text": "x".repeat(LARGE) }).expect("it is a document");
    NewEvent::from_data("Attached", 1, EventData::from(data), domain::metadata(1)).expect("the event can be stored")
}

fn large_append(id: &str, version: u32) -> Append {
    let stream = StreamId::of::<domain::Ledger>(id).expect("the id is valid");
    Append::new(stream, domain::observed(Version::from(version)), vec![large_event()])
}

fn document(id: &str, number: u64, event: &NewEvent) -> RawDocumentBuf {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    document::document(id, number, number, event)
}

#[allow(clippy::cast_precision_loss, reason = "far fewer than a double can count")]
fn per(total: usize, count: u64) -> f64 {
    total as f64 / count as f64
}
