//! Answers queries across all aggregates, from the events and the archive.

mod conditions;
mod order;
mod reader;

use es_core::StoreError;
use es_core::query::{EventQuery, Trace};
use es_core::store::{BatchStream, BoxFuture, EventBatch, Ordering, Query, QueryStore};
use futures_util::{StreamExt, stream};

use crate::store::MongoStore;
use reader::Reader;

impl MongoStore {
    /// Queries recorded events across all aggregates: [`QueryStore::events`], without the import.
    pub fn events(&self) -> EventQuery {
        QueryStore::events(self)
    }

    /// All events of one correlation as a tree of causes and effects: [`QueryStore::trace`],
    /// without the import.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached, or an event is malformed.
    pub async fn trace(&self, correlation_id: &str) -> Result<Trace, StoreError> {
        QueryStore::trace(self, correlation_id).await
    }
}

impl QueryStore for MongoStore {
    fn query_scope(&self) -> String {
        self.collections().events.namespace().to_string()
    }

    fn ordering(&self) -> Ordering {
        self.inner.options.ordering
    }

    fn query(&self, query: Query) -> BatchStream {
        let reader = Reader::new(self.collections().clone(), &query);
        let batches = stream::try_unfold(reader, |mut reader| async move {
            let batch = reader.next().await?;
            Ok(batch.map(|batch| (Box::new(batch) as Box<dyn EventBatch>, reader)))
        });
        Box::pin(batches.fuse())
    }

    fn count(&self, query: Query, at_most: u64) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(reader::count(self.collections().clone(), query, at_most))
    }
}
