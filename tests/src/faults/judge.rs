//! The verdict: compares the history of both processes with the stored data.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use es_core::store::{AppendId, EventStore as _};
use es_core::{Repository, StreamId};
use es_mongo::MongoStore;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::options::ReadConcern;
use futures_util::TryStreamExt as _;

use super::follower::read_all;
use super::read_models;
use super::stored::Decided;
use super::tally::{Tally, TallyEvent};
use crate::history::{Answer, Broken, History, Mark, Place, Resolved, Stored, check};

/// The results of a run.
pub(super) struct Verdict {
    pub(super) history: History,
    pub(super) broken: BTreeSet<Broken>,
    /// The findings of `verify`, and aggregates whose state differs from the stored events.
    pub(super) findings: Vec<String>,
    /// The number of events in the archive.
    pub(super) archived: usize,
    pub(super) snapshots: u64,
    /// How often a lease of a partition was taken.
    pub(super) leases: i64,
}

/// Judges a history, after all writers have ended.
pub(super) async fn judge(store: &MongoStore, mut history: History) -> Verdict {
    history.resolved = resolve(store, &history).await;
    let whole = read_all(store).await;
    let in_use = decided(store, "events").await;
    let archived = decided(store, "events_archive").await;
    let archived_events = archived.len();
    // Both collections contain the events that an unfinished archive run has copied but not
    // deleted.
    let positions: BTreeSet<u64> = in_use.iter().map(|found| found.position).collect();
    let only_archived = archived.into_iter().filter(|found| !positions.contains(&found.position));
    for Decided { position, event } in in_use.into_iter().chain(only_archived) {
        match event {
            Some(event) => history.stored.push(event),
            None => history.skipped.push(position),
        }
    }
    let read = whole.seen.len();
    history.readers.insert("a reader after the end".into(), whole);
    read_models::catch_up(store).await;
    history.rows = read_models::rows(store).await;
    let broken = check(&history);
    let report = store.verify::<Tally>().run().await.unwrap();
    let mut findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    if read != history.stored.len() {
        findings.push(format!("a reader after the end has seen {read} events"));
    }
    if history.row_reads.iter().all(|read| read.row.is_none()) {
        findings.push("no row was read during the run".to_owned());
    }
    findings.extend(misfolded(store, &history.stored).await);
    let leases = read_models::leases_taken(store).await;
    Verdict { history, broken, findings, archived: archived_events, snapshots: report.snapshots, leases }
}

/// Asks the store for the outcome of every append whose outcome was unknown: by its key, or by
/// loading the aggregate.
async fn resolve(store: &MongoStore, history: &History) -> Vec<Resolved> {
    let unknown: BTreeMap<Mark, &str> = history
        .asked
        .iter()
        .filter(|asked| asked.answer == Answer::Unknown)
        .map(|asked| (asked.mark, asked.stream.as_str()))
        .collect();
    let tallies = Repository::<Tally>::new(store);
    let mut resolved = Vec::with_capacity(unknown.len());
    let mut read: BTreeMap<&str, BTreeMap<Mark, Place>> = BTreeMap::new();
    for (mark, stream) in unknown {
        let id = StreamId::of::<Tally>(stream).unwrap();
        let by_key = store.find_append(&id, &AppendId::new(mark.to_string()).unwrap()).await.unwrap();
        let found = match by_key {
            Some(receipt) => Some(Place::of(&receipt)),
            None => {
                if !read.contains_key(stream) {
                    let events = tallies.history(stream).unwrap().collect().await.unwrap();
                    let mut places = BTreeMap::new();
                    for event in events {
                        let place = Place { sequence: event.sequence.get(), position: event.position.get() };
                        let TallyEvent::Noted(noted) = event.data;
                        places.entry(noted.mark).or_insert(place);
                    }
                    read.insert(stream, places);
                }
                read[stream].get(&mark).copied()
            }
        };
        resolved.push(Resolved { mark, found });
    }
    resolved
}

/// The stored events and skips.
async fn decided(store: &MongoStore, collection: &str) -> Vec<Decided> {
    let collection = store.database().collection::<Document>(collection);
    let mut found = collection.find(doc! {}).read_concern(ReadConcern::majority()).await.unwrap();
    let mut decided = Vec::new();
    while let Some(document) = found.try_next().await.unwrap() {
        decided.push(Decided::read(document));
    }
    decided
}

/// Aggregates whose state with a snapshot differs from that of a full replay, or from the stored
/// events.
async fn misfolded(store: &MongoStore, stored: &[Stored]) -> Vec<String> {
    let mut events: BTreeMap<&str, u64> = BTreeMap::new();
    for event in stored {
        *events.entry(&event.stream).or_default() += 1;
    }
    let tallies = Repository::<Tally>::new(store);
    let mut misfolded = Vec::new();
    for (stream, events) in events {
        let loaded = tallies.load(stream).await.unwrap();
        let whole = tallies.load_ignoring_snapshots_above(stream, 0).await.unwrap();
        if loaded != whole || loaded.events != events {
            misfolded
                .push(format!("{stream} with {events} events folds to {loaded:?}, but to {whole:?} in a full replay"));
        }
    }
    misfolded
}
