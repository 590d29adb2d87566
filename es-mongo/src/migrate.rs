//! Migration: each document of an existing collection becomes an aggregate with one event.

mod origin;

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use bson::raw::{RawBsonRef, RawDocument, RawDocumentBuf};
use bson::{Bson, Document, doc};
use es_core::error::{ErrorChain, FoldError, InvalidId, Panicked};
use es_core::repository::{FirstEvents, WriteCheck};
use es_core::store::{Append, BsonPayload, EventSet, EventStore, ExpectedVersion, NewEvent, Payload};
use es_core::{Aggregate, IdFor, Metadata, StoreError, StreamId, Timestamp};
use futures_util::future::join_all;
use mongodb::Collection;
use serde::de::DeserializeOwned;

use origin::{ORIGIN, Origin};

use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, APPEND_ID, ID, METADATA, SEQUENCE};
use crate::document::{documents, of_stream, read_event, stream_index};
use crate::error::{check_name, store_error};
use crate::metrics;
use crate::progress::Progress;
use crate::store::MongoStore;

/// The number of documents that are recorded concurrently. They share commits.
const IN_FLIGHT: usize = 64;

/// The size of the documents that are recorded concurrently in bytes, unless a single one is
/// larger.
const BYTES_IN_FLIGHT: usize = 8 * 1024 * 1024;

/// The number of failures that a report names.
const MAX_FAILURES: usize = 100;

impl MongoStore {
    /// Turns each document of a collection in the same database into an aggregate with one event.
    ///
    /// The documents are read in the order of their ids and are not changed. If a document cannot
    /// be read, converted or recorded, or its conversion panics, the report counts and names it,
    /// and the run continues.
    ///
    /// The metadata of each event contain the origin: `migratedFrom: { collection, id }`. If the
    /// aggregate of a document was made from this very document, the document is skipped, even if
    /// it has changed since. So a run that was stopped can be repeated to finish it, and a further
    /// run changes nothing. If the aggregate exists for a different reason, because it was made
    /// from a different document or by the program itself, the document has failed, and the report
    /// names both.
    ///
    /// ```no_run
    /// # use es_core::{event, Aggregate, Apply, Context, Metadata, Timestamp};
    /// # #[event(version = 1)]
    /// # pub struct AccountMigrated { pub cents: i64 }
    /// # #[derive(Aggregate, Default)]
    /// # #[aggregate(events(AccountMigrated))]
    /// # pub struct Account { cents: i64 }
    /// # impl Apply<AccountMigrated> for Account {
    /// #     fn apply(&mut self, event: AccountMigrated, _: &Context) { self.cents += event.cents; }
    /// # }
    /// # async fn example(store: es_mongo::MongoStore) -> Result<(), es_core::StoreError> {
    /// use es_mongo::Migrated;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct OldAccount { _id: String, balance: f64 }
    ///
    /// let report = store
    ///     .migrate::<Account, OldAccount>("accounts")
    ///     .progress(|report| println!("{} documents", report.documents))
    ///     .run(|old| {
    ///         let cents = (old.balance * 100.0).round() as i64;
    ///         Ok::<_, std::convert::Infallible>(Migrated::new(old._id, AccountMigrated { cents }))
    ///     })
    ///     .await?;
    /// assert_eq!(report.failed, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn migrate<A: Aggregate, D: DeserializeOwned>(&self, collection: &str) -> Migration<'_, A, D> {
        Migration { store: self, collection: collection.to_owned(), progress: Progress::none(), types: PhantomData }
    }
}

/// A migration that is not started yet; created by [`MongoStore::migrate`].
#[must_use = "nothing is migrated before `run`"]
pub struct Migration<'a, A, D> {
    store: &'a MongoStore,
    collection: String,
    progress: Progress<MigrationReport>,
    types: PhantomData<fn(D) -> A>,
}

/// The result of converting one document to an aggregate of type `A`.
pub struct Migrated<A: Aggregate> {
    stream: Result<StreamId, InvalidId>,
    event: A::Event,
    metadata: Metadata,
    timestamp: Option<Timestamp>,
}

impl<A: Aggregate> Migrated<A> {
    /// An aggregate with this id that begins with this event. An invalid id is a failure of the
    /// document.
    pub fn new(id: impl IdFor<A::Id>, event: impl Into<A::Event> + FirstEvents<A::Event>) -> Self {
        let (stream, metadata) = (StreamId::of::<A>(id), Metadata::new());
        Self { stream, event: event.into(), metadata, timestamp: None }
    }

    /// Adds metadata.
    #[must_use]
    pub fn metadata(self, metadata: Metadata) -> Self {
        Self { metadata, ..self }
    }

    /// Records the event with the time at which it happened, instead of the time of the migration.
    #[must_use]
    pub fn at(self, timestamp: Timestamp) -> Self {
        Self { timestamp: Some(timestamp), ..self }
    }
}

/// The results of a migration, final or so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MigrationReport {
    /// The processed documents: the sum of the next three counts.
    pub documents: u64,
    /// Documents that this run converted to aggregates.
    pub migrated: u64,
    /// Documents that an earlier or concurrent run has converted.
    pub already: u64,
    /// Documents that could not be migrated.
    pub failed: u64,
    /// The reasons: the first 100 of them.
    pub failures: Vec<MigrationFailure>,
}

/// A document that could not be migrated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigrationFailure {
    /// The `_id` of the document, as text.
    pub document_id: String,
    /// Why it could not be migrated.
    pub reason: String,
}

impl fmt::Display for MigrationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.document_id, self.reason)
    }
}

impl<A: Aggregate, D: DeserializeOwned> Migration<'_, A, D> {
    /// Calls `listener` with the results so far, after each group of documents.
    pub fn progress(self, listener: impl Fn(&MigrationReport) + Send + Sync + 'static) -> Self {
        Self { progress: Progress::to(listener), ..self }
    }

    /// Runs the migration: `convert` returns the aggregate and the event for a document.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] if the collection does not exist, and every error that keeps the
    /// store from reading or recording. Documents that were migrated before the error stay
    /// migrated. Errors that concern a single document are in the report instead.
    #[tracing::instrument(level = "debug", name = "migrate", skip_all, fields(collection = %self.collection, aggregate = A::TYPE))]
    pub async fn run<E: fmt::Display>(
        self,
        convert: impl Fn(D) -> Result<Migrated<A>, E> + Send + Sync,
    ) -> Result<MigrationReport, StoreError> {
        check_name(&self.collection)?;
        let mut report = MigrationReport::default();
        let all = self.store.collections().find(&self.source(), doc! {}).sort(doc! { ID: 1 });
        let mut cursor = all.batches().await?;
        let mut group = Group::default();
        while let Some(batch) = cursor.next().await? {
            for document in documents(batch.doc_slices().map_err(store_error)?) {
                let document = document?;
                let prepared = Panicked::catch(|| prepare::<A, D, E>(&self.collection, document, &convert));
                match prepared.unwrap_or_else(|panicked| Err(panicked.to_string())) {
                    Ok(prepared) => group.prepared.push(prepared),
                    Err(reason) => report.fail(document_id(document), reason),
                }
                group.documents += 1;
                group.bytes += document.as_bytes().len();
                if group.is_full() {
                    self.record(std::mem::take(&mut group), &mut report).await?;
                }
            }
        }
        self.record(group, &mut report).await?;
        if report.documents == 0 {
            self.store.collections().require(&self.collection).await?;
        }
        Ok(report)
    }

    fn source(&self) -> Collection<RawDocumentBuf> {
        self.store.collections().handles.collection(&self.collection)
    }

    /// Records a group. One query finds the aggregates that exist already, so that a repeated run
    /// is fast.
    async fn record(&self, group: Group, report: &mut MigrationReport) -> Result<(), StoreError> {
        let existing = self.first_events(&group.prepared).await?;
        let (known, new): (Vec<_>, Vec<_>) =
            group.prepared.into_iter().partition(|one| existing.contains_key(one.stream.aggregate_id().as_str()));
        self.settle(&known, &existing, report).await?;
        let appends = new.into_iter().map(|one| async {
            let append = Append::new(one.stream.clone(), ExpectedVersion::NONE, vec![one.event.clone()]);
            let answer = self.store.append(append).await;
            (one, answer)
        });
        let before = report.migrated;
        // All appends are answered before an error ends the run: those in progress are recorded in
        // any case, and must be counted.
        let (mut stopped, mut late) = (None, Vec::new());
        for (one, answer) in join_all(appends).await {
            match answer {
                Ok(_) => report.migrated(),
                Err(StoreError::Conflict { .. }) => late.push(one),
                Err(error) if error.concerns_the_store() => stopped = Some(error),
                Err(error) => report.fail(one.document_id, ErrorChain::new(&error).to_string()),
            }
        }
        metrics::migrated(A::TYPE, report.migrated - before);
        let settled = match stopped {
            Some(error) => Err(error),
            // Another document in this group, or another writer, has created the aggregate first.
            None => self.settle(&late, &self.first_events(&late).await?, report).await,
        };
        self.progress.tell(report);
        settled
    }

    /// The first events of the aggregates in a group that exist, by aggregate id.
    async fn first_events(&self, group: &[Prepared]) -> Result<HashMap<String, RawDocumentBuf>, StoreError> {
        let ids: Vec<&str> = group.iter().map(|one| one.stream.aggregate_id().as_str()).collect();
        let mut existing = HashMap::new();
        if ids.is_empty() {
            return Ok(existing);
        }
        let filter = doc! { AGGREGATE_ID: { "$in": ids }, SEQUENCE: 1, AGGREGATE_TYPE: A::TYPE };
        let fields = doc! { AGGREGATE_ID: 1, APPEND_ID: 1, format!("{METADATA}.{ORIGIN}"): 1 };
        let collections = self.store.collections();
        for collection in [&collections.events, &collections.archive] {
            let found = collections.find(collection, filter.clone()).on_index(stream_index());
            for document in found.projection(fields.clone()).all().await? {
                if let Ok(id) = document.get_str(AGGREGATE_ID) {
                    existing.insert(id.to_owned(), document);
                }
            }
        }
        Ok(existing)
    }

    /// Reports documents whose aggregates exist: as already migrated, if the aggregates were made
    /// from these documents.
    async fn settle(
        &self,
        group: &[Prepared],
        existing: &HashMap<String, RawDocumentBuf>,
        report: &mut MigrationReport,
    ) -> Result<(), StoreError> {
        for one in group {
            let Some(first) = existing.get(one.stream.aggregate_id().as_str()) else {
                report
                    .fail(one.document_id.clone(), format!("{} has events, but the first one is missing", one.stream));
                continue;
            };
            let stream = &one.stream;
            let clash = match Origin::of(first) {
                Some(origin) if origin == one.origin => None,
                Some(origin) => Some(format!("{stream} was made of {origin}")),
                None if !self.is_of_an_earlier_release(first) => {
                    Some(format!("{stream} exists already, and was not made by a migration"))
                }
                None if self.has_this_content(one).await? => None,
                None => Some(format!(
                    "an earlier release has made {stream} of a document of `{}` with other content, and did not record which document it was; \
                     compare both, and migrate this document under a different id if it is not the same one",
                    self.collection
                )),
            };
            match clash {
                Some(reason) => report.fail(one.document_id.clone(), reason),
                None => report.already(1),
            }
        }
        Ok(())
    }

    /// Whether an earlier release recorded the event. Those releases stored only the collection of
    /// the origin.
    fn is_of_an_earlier_release(&self, first: &RawDocument) -> bool {
        first.get_str(APPEND_ID).ok().and_then(|key| key.strip_prefix("migration:")) == Some(&*self.collection)
    }

    /// Whether the first event has the content that the document would give today.
    async fn has_this_content(&self, one: &Prepared) -> Result<bool, StoreError> {
        let mut filter = of_stream(&one.stream);
        filter.insert(SEQUENCE, 1);
        let collections = self.store.collections();
        for collection in [&collections.events, &collections.archive] {
            let first = collections.find(collection, filter.clone()).on_index(stream_index()).one().await?;
            let Some(first) = first else { continue };
            let Ok(events) = read_event(&first)?.decode::<A::Event>().map(es_core::store::Decoded::into_vec) else {
                return Ok(false);
            };
            let [event] = &events[..] else { return Ok(false) };
            let stored = NewEvent::encode(event, Metadata::new())?;
            // The order of fields does not matter when documents are compared, because a map has
            // none.
            let data = |event: &NewEvent| Document::try_from(event.data.as_raw());
            return Ok(stored.event_type == one.event.event_type
                && matches!((data(&stored), data(&one.event)), (Ok(stored), Ok(new)) if stored == new));
        }
        Ok(false)
    }
}

/// A document that is being migrated.
pub(crate) struct Prepared {
    document_id: String,
    origin: Origin,
    pub(crate) stream: StreamId,
    event: NewEvent,
}

/// Documents that are recorded together.
#[derive(Default)]
struct Group {
    prepared: Vec<Prepared>,
    /// The number of documents that were processed for the group, including those that failed.
    documents: usize,
    bytes: usize,
}

impl Group {
    fn is_full(&self) -> bool {
        self.documents >= IN_FLIGHT || self.bytes >= BYTES_IN_FLIGHT
    }
}

pub(crate) fn prepare<A: Aggregate, D: DeserializeOwned, E: fmt::Display>(
    collection: &str,
    document: &RawDocument,
    convert: impl Fn(D) -> Result<Migrated<A>, E>,
) -> Result<Prepared, String> {
    let read = BsonPayload(document).decode().map_err(|error| ErrorChain::new(&*error).to_string())?;
    let Migrated { stream, event, metadata, timestamp } = convert(read).map_err(|error| error.to_string())?;
    let stream = stream.map_err(|error| error.to_string())?;
    if !A::can_begin(&event) {
        return Err(FoldError::NotInitial { event_type: event.event_type() }.to_string());
    }
    let origin = Origin::new(collection, document)?;
    let event = NewEvent::encode_with(&event, origin.add_to(&metadata)?, WriteCheck::Always);
    let event = event.map_err(|error| ErrorChain::new(&error).to_string())?;
    let event = match timestamp {
        Some(timestamp) => event.at(timestamp),
        None => event,
    };
    Ok(Prepared { document_id: document_id(document), origin, stream, event })
}

/// The `_id` of a document as readable text.
pub(crate) fn document_id(document: &RawDocument) -> String {
    match document.get(ID) {
        Ok(Some(RawBsonRef::String(id))) => id.to_owned(),
        Ok(Some(RawBsonRef::ObjectId(id))) => id.to_hex(),
        Ok(Some(RawBsonRef::Document(id))) => match BsonPayload(id).decode::<Document>() {
            Ok(id) => id.to_string(),
            Err(_) => "a document whose _id cannot be read".to_owned(),
        },
        Ok(Some(id)) => Bson::try_from(id).map_or_else(|_| format!("{id:?}"), |id| id.to_string()),
        _ => "a document without a readable _id".to_owned(),
    }
}

impl MigrationReport {
    fn migrated(&mut self) {
        self.documents += 1;
        self.migrated += 1;
    }

    fn already(&mut self, documents: u64) {
        self.documents += documents;
        self.already += documents;
    }

    fn fail(&mut self, document_id: String, reason: String) {
        self.documents += 1;
        self.failed += 1;
        if self.failures.len() < MAX_FAILURES {
            self.failures.push(MigrationFailure { document_id, reason });
        }
    }
}

impl<A: Aggregate> fmt::Debug for Migrated<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrated")
            .field("stream", &self.stream)
            .field("event", &self.event.event_type())
            .field("metadata", &self.metadata)
            .field("timestamp", &self.timestamp)
            .finish()
    }
}

impl<A, D> fmt::Debug for Migration<'_, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migration").field("collection", &self.collection).finish_non_exhaustive()
    }
}
