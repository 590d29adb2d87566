//! Moves events: copy, confirm, wait, delete.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use bson::oid::ObjectId;
use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Document, doc};
use es_core::error::ErrorChain;
use es_core::{Aggregate, StoreError, StreamId};
use mongodb::error::Error;
use tokio::time::Instant;

use super::{ArchiveFailure, ArchiveStep, Run, Stop};
use crate::collections::{ARCHIVE_STATE_LASTS, Collections};
use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, ID, POSITION, SEQUENCE};
use crate::document::{documents, integer_in, read_event, stream_index};
use crate::error::{duplicates, malformed, refused, store_error};
use crate::handles::durable;

/// The number of events that were deleted from the events collection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Deleted {
    /// Events that this run has copied.
    pub(super) moved: u64,
    /// Events that were already in the archive.
    pub(super) finished: u64,
}

/// Events with a confirmed copy.
pub(super) struct Confirmed {
    streams: Vec<Going>,
    /// The number of them that were already in the archive.
    found: u64,
    /// The time at which the archive certainly contained an event.
    pub(super) first_copy: Instant,
}

/// Consecutive events of one stream.
struct Going {
    aggregate_id: String,
    first: i64,
    last: i64,
    ids: Vec<ObjectId>,
}

/// The state of the copies in a run.
#[derive(Default)]
pub(super) struct Copies {
    first: Option<Instant>,
    /// The aggregates for which the archive holds different content. None of their further events
    /// is moved.
    held: HashSet<String>,
}

impl<A: Aggregate> Run<'_, A> {
    /// Copies events, and reads the copies back.
    pub(super) async fn copy(
        &self,
        mut events: Vec<RawDocumentBuf>,
        copies: &mut Copies,
    ) -> Result<Option<Confirmed>, Stop> {
        let collections = self.archive.store.collections();
        self.hold(&mut events, &copies.held);
        if events.is_empty() {
            return Ok(None);
        }
        let events = Arc::new(events);
        let (archive, originals) = (collections.archive.clone(), Arc::clone(&events));
        let copying = async move { archive.insert_many(&*originals).ordered(false).await };
        let (refused, refusal) = match collections.patience.once(copying).await? {
            Ok(_) => (HashSet::new(), None),
            Err(error) => match duplicates(&error) {
                Some(refused) => (refused, Some(error)),
                None => return Err(store_error(error).into()),
            },
        };
        let first_copy = *copies.first.get_or_insert_with(Instant::now);
        collections.archive_becomes_present();
        self.reached(ArchiveStep::Copied)?;
        for failure in differing(collections, &events, refusal).await? {
            copies.held.insert(failure.aggregate_id.clone());
            self.report().fail(failure);
        }
        let mut confirmed = Confirmed { streams: Vec::new(), found: 0, first_copy };
        for (at, event) in events.iter().enumerate() {
            if copies.held.contains(aggregate_of(event)) {
                self.report().kept += 1;
                continue;
            }
            confirmed.found += u64::from(refused.contains(&at));
            confirmed.add(event)?;
        }
        self.reached(ArchiveStep::Confirmed)?;
        Ok(Some(confirmed).filter(|confirmed| !confirmed.streams.is_empty()))
    }

    /// Removes the events of some aggregates.
    fn hold(&self, events: &mut Vec<RawDocumentBuf>, held: &HashSet<String>) {
        let all = events.len();
        events.retain(|event| !held.contains(aggregate_of(event)));
        self.report().kept += (all - events.len()) as u64;
    }

    /// Waits until every process knows that there is an archive. From then on it checks the archive
    /// for missing events.
    pub(super) async fn wait(&self, first_copy: Instant) -> Result<(), Stop> {
        // Even with a wrong setting, no event may be deleted while a process does not check the
        // archive yet.
        let grace = self.archive.store.inner.options.archive_grace.max(ARCHIVE_STATE_LASTS * 2);
        tokio::time::sleep_until(first_copy + grace).await;
        self.reached(ArchiveStep::Waited)
    }

    /// Deletes the events with a confirmed copy, stream by stream, each in its order.
    ///
    /// So the remaining events of a stream are always its newest part, even if the deletion is
    /// interrupted. The newest event of a stream is deleted last, so no earlier event is taken for
    /// its head. A transaction would hide the intermediate states, but it takes more than twice as
    /// long. A deletion by id can be repeated safely.
    pub(super) async fn delete(&self, confirmed: &Confirmed) -> Result<Deleted, StoreError> {
        let collections = self.archive.store.collections();
        let (command, tries) = (deletion::<A>(collections, confirmed)?, AtomicU32::new(0));
        let ask = || {
            tries.fetch_add(1, Relaxed);
            let (handles, command) = (collections.handles.clone(), command.clone());
            async move { deleted_by(&handles.command(command).await?) }
        };
        let deleted = collections.patience.with_one_at_a_time().ask(ask).await?;
        let going = confirmed.streams.iter().map(|stream| stream.ids.len() as u64).sum();
        // If the answer to an attempt was lost, a later attempt does not count the events that the
        // first one deleted.
        let deleted = if tries.into_inner() > 1 { going } else { deleted };
        let finished = confirmed.found.min(deleted);
        Ok(Deleted { moved: deleted - finished, finished })
    }
}

impl Confirmed {
    fn add(&mut self, event: &RawDocument) -> Result<(), StoreError> {
        let (id, aggregate_id) = (id_of(event)?, aggregate_of(event));
        let sequence = integer_in(event, SEQUENCE);
        let sequence = sequence.ok_or_else(|| malformed("an event that is to be archived", "it has no sequence"))?;
        match self.streams.last_mut().filter(|stream| stream.aggregate_id == aggregate_id) {
            Some(stream) => {
                stream.last = sequence;
                stream.ids.push(id);
            }
            None => {
                let aggregate_id = aggregate_id.to_owned();
                self.streams.push(Going { aggregate_id, first: sequence, last: sequence, ids: vec![id] });
            }
        }
        Ok(())
    }
}

/// The command that deletes exactly these events, each stream in the order of its index.
fn deletion<A: Aggregate>(collections: &Collections, confirmed: &Confirmed) -> Result<Document, StoreError> {
    let deletes: Vec<Document> = confirmed
        .streams
        .iter()
        .map(|Going { aggregate_id, first, last, ids }| {
            let filter = doc! {
                AGGREGATE_ID: aggregate_id,
                AGGREGATE_TYPE: A::TYPE,
                SEQUENCE: { "$gte": *first, "$lte": *last },
                ID: { "$in": ids },
            };
            doc! { "q": filter, "limit": 0, "hint": stream_index() }
        })
        .collect();
    let durable = bson::serialize_to_bson(&durable()).map_err(|error| malformed("a write concern", error))?;
    Ok(doc! { "delete": collections.events.name(), "deletes": deletes, "ordered": true, "writeConcern": durable })
}

/// The number of deleted events in the answer to a deletion.
fn deleted_by(answer: &Document) -> Result<u64, Error> {
    if let Ok([refused, ..]) = answer.get_array("writeErrors").map(Vec::as_slice) {
        return Err(Error::custom(format!("the server refused to delete archived events: {refused}")));
    }
    if let Ok(unmet) = answer.get_document("writeConcernError") {
        // A majority did not confirm the deletion in time. It is retried, as after a lost answer.
        return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, unmet.to_string()).into());
    }
    let deleted = answer.get("n").and_then(|deleted| deleted.as_i64().or(deleted.as_i32().map(i64::from)));
    Ok(deleted.and_then(|deleted| u64::try_from(deleted).ok()).unwrap_or_default())
}

/// The aggregates for which the archive holds different content than these events, as read from a
/// majority.
///
/// `refusal` is the server's error for the events that it did not insert.
async fn differing(
    collections: &Collections,
    events: &[RawDocumentBuf],
    refusal: Option<Error>,
) -> Result<Vec<ArchiveFailure>, StoreError> {
    let mut missing: HashMap<ObjectId, &RawDocument> = HashMap::with_capacity(events.len());
    for event in events {
        missing.insert(id_of(event)?, event);
    }
    let ids: Vec<ObjectId> = missing.keys().copied().collect();
    let mut differing = HashMap::new();
    let mut differs = |original: &RawDocument, how: &str| {
        differing.entry(aggregate_of(original).to_owned()).or_insert_with(|| reason(original, how));
    };
    let mut copies = collections.find(&collections.archive, doc! { ID: { "$in": ids } }).batches().await?;
    while let Some(batch) = copies.next().await? {
        copies.fetch();
        for copy in documents(batch.doc_slices().map_err(store_error)?) {
            let copy = copy?;
            match missing.remove(&id_of(copy)?) {
                Some(original) if original.as_bytes() != copy.as_bytes() => {
                    differs(original, "the archive holds it with different content");
                }
                _ => {}
            }
        }
    }
    for original in missing.into_values() {
        let event = read_event(original)?;
        let place = doc! { "$or": [
            { AGGREGATE_ID: event.aggregate_id, AGGREGATE_TYPE: event.aggregate_type, SEQUENCE: event.sequence.as_i64() },
            { POSITION: event.position.as_i64() },
        ] };
        let is_taken = collections.find(&collections.archive, place).one().await?.is_some();
        match refusal.as_ref().filter(|_| !is_taken) {
            Some(error) => {
                let stream = StreamId::new(event.aggregate_type, event.aggregate_id)?;
                differs(original, &ErrorChain::new(&refused(&stream, error.clone())).to_string());
            }
            None => differs(original, "the archive holds a different event in its place"),
        }
    }
    Ok(differing.into_iter().map(|(aggregate_id, reason)| ArchiveFailure { aggregate_id, reason }).collect())
}

fn id_of(document: &RawDocument) -> Result<ObjectId, StoreError> {
    document.get_object_id(ID).map_err(|error| malformed("an event that is to be archived", error))
}

/// The id of the aggregate. Every event has one at this stage.
fn aggregate_of(event: &RawDocument) -> &str {
    event.get_str(AGGREGATE_ID).unwrap_or_default()
}

fn reason(original: &RawDocument, how: &str) -> String {
    let what = match read_event(original) {
        Ok(event) => format!("event {} of {} `{}`", event.sequence, event.aggregate_type, event.aggregate_id),
        Err(_) => "an event".to_owned(),
    };
    format!("{what}: {how}; it was not deleted")
}
