//! Moving events: copy, confirm, wait, delete.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bson::oid::ObjectId;
use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Document, doc};
use es_core::{Aggregate, RetryPolicy, StoreError, StreamId};
use mongodb::ClientSession;
use mongodb::error::Error;
use tokio::time::Instant;

use super::{ArchiveFailure, ArchiveStep, Run, Stop};
use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, ID, POSITION, SEQUENCE};
use crate::document::{documents, read_event};
use crate::error::{WriteFate, commit_fate, duplicates, malformed, refused, store_error, uncommitted_fate};
use crate::sessions::{GivenUp, Lease};
use crate::store::{ARCHIVE_STATE_LASTS, Collections};

/// How often an unknown commit is sent again.
const COMMIT_TRIES: u32 = 3;

/// What was deleted from the events in use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Deleted {
    /// Events that this run has copied.
    pub(super) moved: u64,
    /// Events that were in the archive before.
    pub(super) finished: u64,
}

/// Events with a confirmed copy.
#[derive(Clone)]
pub(super) struct Confirmed {
    copied: Vec<ObjectId>,
    found: Vec<ObjectId>,
    /// When something was in the archive for certain.
    pub(super) first_copy: Instant,
}

/// What the copies of a run have met so far.
#[derive(Default)]
pub(super) struct Copies {
    first: Option<Instant>,
    /// The aggregates of which the archive holds something else. Nothing more of them goes.
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
        let mut confirmed = Confirmed { copied: Vec::with_capacity(events.len()), found: Vec::new(), first_copy };
        for (at, event) in events.iter().enumerate() {
            let id = id_of(event)?;
            if copies.held.contains(aggregate_of(event)) {
                self.report().kept += 1;
            } else if refused.contains(&at) {
                confirmed.found.push(id);
            } else {
                confirmed.copied.push(id);
            }
        }
        self.reached(ArchiveStep::Confirmed)?;
        Ok(Some(confirmed))
    }

    /// Leaves out the events of some aggregates.
    fn hold(&self, events: &mut Vec<RawDocumentBuf>, held: &HashSet<String>) {
        let all = events.len();
        events.retain(|event| !held.contains(aggregate_of(event)));
        self.report().kept += (all - events.len()) as u64;
    }

    /// Waits until every process has learned that there is an archive: from then on it looks there for what is deleted.
    pub(super) async fn wait(&self, first_copy: Instant) -> Result<(), Stop> {
        // Not even a wrong setting may delete an event under a process that does not look into the archive yet.
        let grace = self.archive.store.inner.options.archive_grace.max(ARCHIVE_STATE_LASTS * 2);
        tokio::time::sleep_until(first_copy + grace).await;
        self.reached(ArchiveStep::Waited)
    }

    /// Deletes what has a confirmed copy.
    ///
    /// In one transaction: nobody sees a stream that lacks its last event, or one in its middle, and still has earlier ones.
    pub(super) async fn delete(&self, confirmed: &Confirmed) -> Result<Deleted, StoreError> {
        let collections = self.archive.store.collections();
        // A run that was killed in the middle of this keeps its documents until somebody ends its transaction.
        collections.sessions.clear_the_way(delete_in_turn(collections, confirmed)).await
    }
}

async fn delete_in_turn(collections: &Collections, confirmed: &Confirmed) -> Result<Deleted, StoreError> {
    let mut retries = RetryPolicy::default().within(Duration::from_secs(90)).max_wait(Duration::from_secs(1)).start();
    loop {
        let lease = collections.sessions.take().await.map_err(store_error)?;
        let (own, confirmed, waiter) = (collections.clone(), confirmed.clone(), lease.waiter());
        let deletion = async move { try_delete(&own, lease, &confirmed).await };
        let deleted = collections.patience.once(deletion).await.inspect_err(|_| waiter.abandon());
        let error = match deleted? {
            Ok(deleted) => return Ok(deleted),
            Err((WriteFate::NotWritten, error)) => error,
            Err((_, error)) => return Err(store_error(error)),
        };
        match retries.wait() {
            Some(wait) => tokio::time::sleep(wait).await,
            None => return Err(store_error(error)),
        }
    }
}

/// The aggregates of which the archive holds something else than these events, on a majority.
///
/// `refusal` is what the server said about those that it did not take.
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
                    differs(original, "the archive holds it with other content");
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
                differs(original, &refused(&stream, error.clone()).to_string());
            }
            None => differs(original, "the archive holds another event in its place"),
        }
    }
    Ok(differing.into_iter().map(|(aggregate_id, reason)| ArchiveFailure { aggregate_id, reason }).collect())
}

async fn try_delete(
    collections: &Collections,
    mut lease: Lease,
    confirmed: &Confirmed,
) -> Result<Deleted, (WriteFate, Error)> {
    let not_committed = |error: Error| (uncommitted_fate(&error), error);
    let given_up = |given_up: GivenUp| (WriteFate::NotWritten, Error::custom(given_up));
    lease.begin_transaction().await.map_err(not_committed)?;
    let mut deleted = [0, 0];
    for (count, ids) in deleted.iter_mut().zip([&confirmed.copied, &confirmed.found]) {
        match delete_ids(collections, ids, lease.session().map_err(given_up)?).await {
            Ok(events) => *count = events,
            Err(error) => {
                // An explicit end frees the documents at once; a failed transaction is often gone by itself, which is as good.
                let _ = lease.session().map_err(given_up)?.abort_transaction().await;
                lease.failed(&error);
                return Err(not_committed(error));
            }
        }
    }
    let mut tries = 0;
    while let Err(error) = lease.session().map_err(given_up)?.commit_transaction().await {
        tries += 1;
        match commit_fate(&error) {
            WriteFate::Unknown if tries < COMMIT_TRIES => {}
            fate => {
                if fate == WriteFate::NotWritten {
                    lease.over();
                }
                return Err((fate, error));
            }
        }
    }
    lease.over();
    let [moved, finished] = deleted;
    Ok(Deleted { moved, finished })
}

async fn delete_ids(collections: &Collections, ids: &[ObjectId], session: &mut ClientSession) -> Result<u64, Error> {
    if ids.is_empty() {
        return Ok(0);
    }
    let filter: Document = doc! { ID: { "$in": ids } };
    let deleted = collections.events.delete_many(filter).session(session).await?;
    Ok(deleted.deleted_count)
}

fn id_of(document: &RawDocument) -> Result<ObjectId, StoreError> {
    document.get_object_id(ID).map_err(|error| malformed("an event that is to be archived", error))
}

/// The id of the aggregate, which every event has that was judged.
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
