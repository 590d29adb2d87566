//! The gradual switch from documents to event-sourced aggregates.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bson::raw::RawDocumentBuf;
use bson::{Bson, doc};
use es_core::error::Panicked;
use es_core::store::{BoxFuture, BsonPayload, Payload};
use es_core::{Aggregate, IdFor, LoadError, Loaded, Repository, StreamId};
use mongodb::Collection;
use serde::de::DeserializeOwned;
use tracing::Instrument;

use crate::document::field::ID;
use crate::error::{check_name, malformed};
use crate::store::MongoStore;

/// The source from which a [`MigratingRepository`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReadMode {
    /// Only the old documents: nothing has changed yet.
    #[default]
    Documents,
    /// The event-sourced aggregate if it exists, otherwise the old document.
    WhereMigrated,
    /// Only the event-sourced aggregates: the old documents are no longer used.
    EventSourced,
}

/// The result of a read by [`MigratingRepository`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadedFrom<A, D> {
    /// The aggregate, from its events.
    EventSourced(Loaded<A>),
    /// The old document.
    Document(D),
}

/// Reads event-sourced aggregates or the documents of an old collection, for a gradual switch from
/// one to the other.
///
/// ```no_run
/// # use es_mongo::{MigratingRepository, MongoStore, LoadedFrom, ReadMode};
/// # async fn example<Invoice: es_core::Aggregate, OldInvoice: serde::de::DeserializeOwned>(
/// #     store: MongoStore, mode: ReadMode,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// match MigratingRepository::<Invoice, OldInvoice>::new(&store, "billing_documents", mode).load("invoice_123").await? {
///     LoadedFrom::EventSourced(invoice) => println!("version {}", invoice.version),
///     LoadedFrom::Document(_) => println!("not migrated yet"),
/// }
/// # Ok(())
/// # }
/// ```
pub struct MigratingRepository<A, D> {
    store: MongoStore,
    repository: Repository<A>,
    collection: String,
    mode: ReadMode,
    /// Whether the collection is known to exist.
    is_there: Arc<AtomicBool>,
    document: PhantomData<fn() -> D>,
}

impl<A: Aggregate, D: DeserializeOwned> MigratingRepository<A, D> {
    /// Reads aggregates from this store and documents from this collection of the same database.
    pub fn new(store: &MongoStore, collection: &str, mode: ReadMode) -> Self {
        Self {
            store: store.clone(),
            repository: Repository::new(store),
            collection: collection.to_owned(),
            mode,
            is_there: Arc::new(AtomicBool::new(false)),
            document: PhantomData,
        }
    }

    /// A copy that reads from a different source.
    #[must_use]
    pub fn with_mode(self, mode: ReadMode) -> Self {
        Self { mode, ..self }
    }

    /// Reads the aggregate or the document with this id, depending on the mode.
    ///
    /// A document is found by its `_id`: the [text of the id](es_core::Id), or, if the text has 24
    /// hexadecimal digits, the `ObjectId` with these digits. If an aggregate exists but cannot be
    /// loaded, this is an error; the old document is not used instead. Neither is it used if the
    /// aggregate has ended.
    ///
    /// # Errors
    ///
    /// The errors of [`Repository::load`]; [`LoadError::NotFound`] if neither exists,
    /// [`StoreError::Missing`](es_core::StoreError::Missing) if the old collection does not exist,
    /// and [`StoreError::Malformed`](es_core::StoreError::Malformed) if the document is not a `D`.
    pub fn load(&self, id: impl IdFor<A::Id>) -> BoxFuture<'_, Result<LoadedFrom<A, D>, LoadError>> {
        let stream = StreamId::of::<A>(id);
        let id = stream.as_ref().ok().map(|stream| stream.aggregate_id().as_str());
        let span = tracing::debug_span!("load", collection = %self.collection, id);
        Box::pin(async move { self.load_stream(&stream?).await }.instrument(span))
    }

    async fn load_stream(&self, stream: &StreamId) -> Result<LoadedFrom<A, D>, LoadError> {
        let id = stream.aggregate_id();
        match self.mode {
            ReadMode::Documents => self.document(stream).await,
            ReadMode::EventSourced => self.repository.load(id).await.map(LoadedFrom::EventSourced),
            ReadMode::WhereMigrated => match self.repository.load(id).await {
                Err(LoadError::NotFound { .. }) => {
                    if A::CAN_END && self.repository.has_begun(id).await? {
                        // It has ended, so its old document is outdated, or it began just now.
                        return self.repository.load(id).await.map(LoadedFrom::EventSourced);
                    }
                    self.document(stream).await
                }
                loaded => loaded.map(LoadedFrom::EventSourced),
            },
        }
    }

    async fn document(&self, stream: &StreamId) -> Result<LoadedFrom<A, D>, LoadError> {
        let id = stream.aggregate_id().as_str();
        check_name(&self.collection)?;
        let mut ids = vec![Bson::from(id)];
        ids.extend(bson::oid::ObjectId::parse_str(id).ok().map(Bson::from));
        let collections = self.store.collections();
        let found = collections.find(&self.documents(), doc! { ID: { "$in": ids } }).one().await?;
        let Some(found) = found else {
            // One check is enough. Otherwise every missing document would cost another query.
            if !self.is_there.load(Relaxed) {
                collections.require(&self.collection).await?;
                self.is_there.store(true, Relaxed);
            }
            return Err(LoadError::NotFound { stream: stream.clone() });
        };
        let decoded = Panicked::catch(|| BsonPayload(&found).decode());
        let document = decoded.unwrap_or_else(|panicked| Err(panicked.into())).map_err(|error| {
            let what = format!("the document `{}` of the collection `{}`", id, self.collection);
            malformed(what, error)
        })?;
        Ok(LoadedFrom::Document(document))
    }

    fn documents(&self) -> Collection<RawDocumentBuf> {
        self.store.collections().handles.collection(&self.collection)
    }
}

impl<A: Aggregate, D> Clone for MigratingRepository<A, D> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            repository: self.repository.clone(),
            collection: self.collection.clone(),
            mode: self.mode,
            is_there: Arc::clone(&self.is_there),
            document: PhantomData,
        }
    }
}

impl<A: Aggregate, D> fmt::Debug for MigratingRepository<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MigratingRepository")
            .field("aggregate", &A::TYPE)
            .field("collection", &self.collection)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}
