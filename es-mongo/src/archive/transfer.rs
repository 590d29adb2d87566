//! Moving events: copy, confirm, wait, delete.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bson::oid::ObjectId;
use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Document, doc};
use es_core::{RetryPolicy, StoreError};
use mongodb::ClientSession;
use mongodb::error::Error;
use mongodb::options::TransactionOptions;
use tokio::time::Instant;

use super::{ArchiveStep, Stop};
use crate::document::field::ID;
use crate::document::{documents, read_event};
use crate::error::{WriteFate, commit_fate, duplicates, malformed, store_error, uncommitted_fate};
use crate::options::durable;
use crate::store::{ARCHIVE_STATE_LASTS, Collections, MongoStore};
use crate::transaction::{Leftover, in_transaction};

/// How many bytes are copied at once, unless a single event has more. Far below the 48 MB at which the driver would split.
const BYTES: usize = 8 * 1024 * 1024;

/// How often an unknown commit is sent again.
const COMMIT_TRIES: u32 = 3;

/// The moves of one run.
pub(super) struct Transfer<'a> {
    collections: &'a Collections,
    grace: Duration,
    /// When something was in the archive for certain, and whether the wait that follows is over.
    first_copy: Option<Instant>,
    waited: bool,
}

/// What was deleted from the events in use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Deleted {
    /// Events that this run has copied.
    pub(super) moved: u64,
    /// Events that were in the archive before.
    pub(super) finished: u64,
}

/// Events with a confirmed copy.
#[derive(Clone, Default)]
struct Confirmed {
    copied: Vec<ObjectId>,
    found: Vec<ObjectId>,
}

impl<'a> Transfer<'a> {
    pub(super) fn new(store: &'a MongoStore) -> Self {
        // Not even a wrong setting may delete an event under a process that does not look into the archive yet.
        let grace = store.inner.options.archive_grace.max(ARCHIVE_STATE_LASTS * 2);
        Self { collections: store.collections(), grace, first_copy: None, waited: false }
    }

    /// Moves events by their ids. Those that another run has moved meanwhile are not there any more, and do not count.
    pub(super) async fn run(
        &mut self,
        ids: Vec<ObjectId>,
        reached: impl Fn(ArchiveStep) -> Result<(), Stop>,
    ) -> Result<Deleted, Stop> {
        let mut confirmed = Confirmed::default();
        let going = self.collections.find(&self.collections.events, doc! { ID: { "$in": ids } });
        let mut cursor = going.batches().await?;
        let (mut slice, mut bytes) = (Vec::new(), 0);
        while let Some(batch) = cursor.next().await? {
            for document in documents(batch.doc_slices().map_err(store_error)?) {
                let document = document?;
                if bytes + document.as_bytes().len() > BYTES && !slice.is_empty() {
                    self.copy(std::mem::take(&mut slice), &mut confirmed, &reached).await?;
                    bytes = 0;
                }
                bytes += document.as_bytes().len();
                slice.push(document.to_owned());
            }
        }
        if !slice.is_empty() {
            self.copy(slice, &mut confirmed, &reached).await?;
        }
        self.wait().await;
        reached(ArchiveStep::Waited)?;
        Ok(self.delete(&confirmed).await?)
    }

    /// Copies events, and reads the copies back.
    async fn copy(
        &mut self,
        events: Vec<RawDocumentBuf>,
        confirmed: &mut Confirmed,
        reached: &impl Fn(ArchiveStep) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let (archive, copies) = (self.collections.archive.clone(), events.clone());
        let copying = async move { archive.insert_many(&copies).ordered(false).await };
        let refused = match self.collections.patience.once(copying).await? {
            Ok(_) => HashSet::new(),
            Err(error) => duplicates(&error).ok_or_else(|| store_error(error))?,
        };
        self.first_copy.get_or_insert_with(Instant::now);
        self.collections.archive_becomes_present();
        reached(ArchiveStep::Copied)?;
        self.confirm(&events).await?;
        for (at, event) in events.iter().enumerate() {
            let id = id_of(event)?;
            if refused.contains(&at) { confirmed.found.push(id) } else { confirmed.copied.push(id) }
        }
        reached(ArchiveStep::Confirmed)
    }

    /// Fails unless the archive holds exactly these events, on a majority.
    async fn confirm(&self, events: &[RawDocumentBuf]) -> Result<(), StoreError> {
        let mut missing: HashMap<ObjectId, &RawDocument> = HashMap::with_capacity(events.len());
        for event in events {
            missing.insert(id_of(event)?, event);
        }
        let ids: Vec<ObjectId> = missing.keys().copied().collect();
        let copies = self.collections.find(&self.collections.archive, doc! { ID: { "$in": ids } });
        for copy in copies.all().await? {
            let original = missing.remove(&id_of(&copy)?);
            if let Some(original) = original.filter(|original| original.as_bytes() != copy.as_bytes()) {
                return Err(differs(original, "the archive holds it with other content"));
            }
        }
        match missing.values().next() {
            None => Ok(()),
            Some(original) => Err(differs(original, "the archive holds another event in its place")),
        }
    }

    /// Waits until every process has learned that there is an archive: from then on it looks there for what is deleted.
    async fn wait(&mut self) {
        if let Some(first_copy) = self.first_copy.filter(|_| !self.waited) {
            tokio::time::sleep_until(first_copy + self.grace).await;
            self.waited = true;
        }
    }

    /// Deletes what has a confirmed copy.
    ///
    /// In one transaction: nobody sees a stream that lacks its last event, or one in its middle, and still has earlier ones.
    async fn delete(&self, confirmed: &Confirmed) -> Result<Deleted, StoreError> {
        // A run that was killed in the middle of this keeps its documents until the server ends its transaction: within a minute.
        let mut retries =
            RetryPolicy::default().within(Duration::from_secs(90)).max_wait(Duration::from_secs(1)).start();
        loop {
            let leftover = Leftover::default();
            let (collections, confirmed, tells) = (self.collections.clone(), confirmed.clone(), leftover.clone());
            let deletion = async move { try_delete(&collections, &confirmed, &tells).await };
            let deleted = self.collections.patience.once(deletion).await;
            leftover.release(self.collections.client.clone());
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
}

async fn try_delete(
    collections: &Collections,
    confirmed: &Confirmed,
    leftover: &Leftover,
) -> Result<Deleted, (WriteFate, Error)> {
    let not_begun = |error| (WriteFate::NotWritten, error);
    let mut session = collections.client.start_session().await.map_err(not_begun)?;
    let options = TransactionOptions::builder().write_concern(durable()).build();
    session.start_transaction().with_options(options).await.map_err(not_begun)?;
    leftover.begin(&session).map_err(|given_up| not_begun(Error::custom(given_up)))?;
    let mut deleted = [0, 0];
    for (count, ids) in deleted.iter_mut().zip([&confirmed.copied, &confirmed.found]) {
        match delete_ids(collections, ids, &mut session).await {
            Ok(events) => *count = events,
            Err(error) => {
                // An explicit end frees the documents at once; a failed transaction is often gone by itself, which is as good.
                let _ = session.abort_transaction().await;
                leftover.failed(&error);
                return Err((uncommitted_fate(&error), error));
            }
        }
    }
    let mut tries = 0;
    while let Err(error) = session.commit_transaction().await {
        tries += 1;
        match commit_fate(&error) {
            WriteFate::Unknown if tries < COMMIT_TRIES => {}
            fate => {
                if fate != WriteFate::Unknown {
                    leftover.over();
                }
                return Err((fate, error));
            }
        }
    }
    leftover.over();
    let [moved, finished] = deleted;
    Ok(Deleted { moved, finished })
}

async fn delete_ids(collections: &Collections, ids: &[ObjectId], session: &mut ClientSession) -> Result<u64, Error> {
    if ids.is_empty() {
        return Ok(0);
    }
    let filter: Document = doc! { ID: { "$in": ids } };
    let deleted = in_transaction(&collections.events).delete_many(filter).session(session).await?;
    Ok(deleted.deleted_count)
}

fn id_of(document: &RawDocument) -> Result<ObjectId, StoreError> {
    document.get_object_id(ID).map_err(|error| malformed("an event that is to be archived", error))
}

fn differs(original: &RawDocument, how: &'static str) -> StoreError {
    let what = match read_event(original) {
        Ok(event) => format!("event {} of {} `{}`", event.sequence, event.aggregate_type, event.aggregate_id),
        Err(_) => "an event that is to be archived".to_owned(),
    };
    malformed(what, format!("{how}; nothing was deleted"))
}
