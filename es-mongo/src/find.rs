//! Queries to one collection. Every read uses this module, so that each has a time limit.

use bson::Document;
use bson::raw::RawDocumentBuf;
use es_core::StoreError;
use futures_util::TryStreamExt;
use mongodb::Collection;
use mongodb::options::{CountOptions, FindOneOptions, FindOptions, Hint};

use crate::patience::Patience;
use crate::read_ahead::ReadAhead;

/// A query for documents, like the driver's own `find`; created by `Collections::find`.
#[must_use = "nothing is asked before `one`, `all`, `batches` or `count`"]
pub(crate) struct Find {
    collection: Collection<RawDocumentBuf>,
    patience: Patience,
    filter: Document,
    options: Box<FindOptions>,
}

impl Find {
    pub(crate) fn new(collection: Collection<RawDocumentBuf>, patience: Patience, filter: Document) -> Self {
        Self { collection, patience, filter, options: Box::default() }
    }

    pub(crate) fn with_options(self, options: FindOptions) -> Self {
        Self { options: Box::new(options), ..self }
    }

    pub(crate) fn sort(mut self, order: Document) -> Self {
        self.options.sort = Some(order);
        self
    }

    pub(crate) fn projection(mut self, fields: Document) -> Self {
        self.options.projection = Some(fields);
        self
    }

    /// Uses the index with these keys.
    pub(crate) fn on_index(mut self, keys: Document) -> Self {
        self.options.hint = Some(Hint::Keys(keys));
        self
    }

    pub(crate) fn skip(mut self, documents: u64) -> Self {
        self.options.skip = Some(documents);
        self
    }

    pub(crate) fn limit(mut self, documents: i64) -> Self {
        self.options.limit = Some(documents);
        self
    }

    pub(crate) fn batch_size(mut self, documents: u32) -> Self {
        self.options.batch_size = Some(documents);
        self
    }

    /// The first document.
    pub(crate) async fn one(self) -> Result<Option<RawDocumentBuf>, StoreError> {
        let Self { collection, patience, filter, options } = self;
        let FindOptions { sort, projection, hint, skip, .. } = *options;
        let options = FindOneOptions::builder().sort(sort).projection(projection).hint(hint).skip(skip).build();
        let ask = || {
            let (collection, filter, options) = (collection.clone(), filter.clone(), options.clone());
            async move { collection.find_one(filter).with_options(options).await }
        };
        patience.ask(ask).await
    }

    /// All documents, for small results.
    pub(crate) async fn all(self) -> Result<Vec<RawDocumentBuf>, StoreError> {
        let Self { collection, patience, filter, options } = self;
        let ask = || {
            let (collection, filter, options) = (collection.clone(), filter.clone(), options.clone());
            async move { collection.find(filter).with_options(*options).await?.try_collect().await }
        };
        patience.ask(ask).await
    }

    /// The documents in batches. The time limit applies to each batch.
    pub(crate) async fn batches(self) -> Result<ReadAhead, StoreError> {
        let Self { collection, patience, filter, options } = self;
        let ask = || {
            let (collection, filter, options) = (collection.clone(), filter.clone(), options.clone());
            async move { collection.find(filter).with_options(*options).batch().await }
        };
        patience.ask(ask).await.map(|cursor| ReadAhead::new(cursor, patience))
    }

    /// The number of documents.
    pub(crate) async fn count(self) -> Result<u64, StoreError> {
        let Self { collection, patience, filter, options } = self;
        let options = CountOptions::builder().hint(options.hint).build();
        let ask = || {
            let (collection, filter, options) = (collection.clone(), filter.clone(), options.clone());
            async move { collection.count_documents(filter).with_options(options).await }
        };
        patience.with_one_at_a_time().ask(ask).await
    }
}
