//! Reads the events and the archive as one collection, in the order of an index.
//!
//! An archive run may move events while they are read, so the order in which the two collections
//! are read matters. Both are read in windows: first a part of the events, and only then the same
//! part of the archive. The archive copies before it deletes. So an event that was moved before its
//! window was read is found in the archive, and an event that is moved later was found in the
//! events.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bson::Document;
use bson::raw::{RawDocument, RawDocumentBuf};
use es_core::StoreError;
use mongodb::Collection;
use mongodb::options::FindOptions;

use crate::collections::Collections;
use crate::document::documents;
use crate::error::store_error;
use crate::read_ahead::ReadAhead;

/// The server closes a cursor that was not used for ten minutes, so a cursor that was unused for
/// this long is replaced well before that.
const CURSOR_RESTS: Duration = Duration::from_secs(120);

/// An order in which both collections can be read, each with an index.
pub(crate) trait Order: Send + 'static {
    /// The sort key.
    type Key: Ord + Clone + Send + Sync;

    /// The key of a document, or `None` if it has none because it is malformed.
    fn key(&self, document: &RawDocument) -> Option<Self::Key>;

    /// The queries for a part of a collection, from one key on and before another key. Their
    /// results, one after the other, are sorted by the key.
    fn find(&self, from: Option<&Self::Key>, before: Option<&Self::Key>) -> Vec<Query>;

    /// The query for the documents that the other queries do not find, because their fields have
    /// types outside the order.
    fn strays(&self) -> Option<Query> {
        None
    }
}

/// A filter and its options.
pub(crate) type Query = (Document, FindOptions);

/// The next result of a merge.
#[derive(Debug)]
pub(crate) enum Found {
    /// All documents with the same key.
    Same {
        /// Those in the events collection.
        in_use: Vec<RawDocumentBuf>,
        /// Those in the archive.
        archived: Vec<RawDocumentBuf>,
    },
    /// A document without a key.
    Malformed(RawDocumentBuf),
}

/// Both collections, read as one.
pub(crate) struct Merge<O: Order> {
    collections: Collections,
    order: O,
    in_use: Option<Side<O::Key>>,
    archived: Option<Side<O::Key>>,
    /// Documents in the events and in the archive that have no place in the order. They come first.
    strays: Vec<Side<O::Key>>,
    phase: Phase<O::Key>,
    /// The start of the window; `None` is the very beginning.
    from: Option<O::Key>,
}

/// The state of a merge.
enum Phase<K> {
    /// The next window is not chosen yet.
    Between,
    /// In a window that ends before this key; `None` is the very end.
    Within(Option<K>),
    Done,
}

impl<O: Order> Merge<O> {
    pub(crate) fn new(collections: Collections, order: O) -> Self {
        let strays = |collection: &Collection<RawDocumentBuf>| {
            order.strays().map(|query| Side::new(&collections, collection, vec![query]))
        };
        // Events are read before the archive, so a document that is being archived is found in one
        // of the two.
        let strays = [strays(&collections.archive), strays(&collections.events)].into_iter().flatten().collect();
        Self { collections, order, in_use: None, archived: None, strays, phase: Phase::Between, from: None }
    }

    /// The next result, or `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Found>, StoreError> {
        while let Some(side) = self.strays.last_mut() {
            if let Some(document) = side.malformed.pop() {
                return Ok(Some(Found::Malformed(document)));
            }
            if !side.fill(&self.order).await? {
                self.strays.pop();
            }
        }
        loop {
            for side in [&mut self.in_use, &mut self.archived].into_iter().flatten() {
                if let Some(document) = side.malformed.pop() {
                    return Ok(Some(Found::Malformed(document)));
                }
            }
            let before = match &self.phase {
                Phase::Done => return Ok(None),
                Phase::Between => {
                    self.begin_window().await?;
                    continue;
                }
                Phase::Within(before) => before.clone(),
            };
            if let Some(archived) = &mut self.archived {
                archived.complete_first(&self.order).await?;
            }
            let in_window = |key: &&O::Key| before.as_ref().is_none_or(|before| *key < before);
            let in_use = self.in_use.as_ref().and_then(Side::first).filter(in_window);
            let archived = self.archived.as_ref().and_then(Side::first);
            let Some(key) = in_use.into_iter().chain(archived).min().cloned() else {
                if self.archived.as_ref().is_some_and(Side::has_malformed) {
                    continue;
                }
                self.phase = if before.is_none() { Phase::Done } else { Phase::Between };
                self.from = before;
                continue;
            };
            let take = |side: &mut Option<Side<O::Key>>| side.as_mut().map(|side| side.take(&key)).unwrap_or_default();
            return Ok(Some(Found::Same { in_use: take(&mut self.in_use), archived: take(&mut self.archived) }));
        }
    }

    /// Reads a part of the events, and opens the same part of the archive.
    async fn begin_window(&mut self) -> Result<(), StoreError> {
        let fresh = self.in_use.take().filter(|side| !side.rested());
        let mut in_use = match fresh {
            Some(side) => side,
            None => {
                let events = &self.collections.events;
                Side::new(&self.collections, events, self.order.find(self.from.as_ref(), None))
            }
        };
        in_use.complete_first(&self.order).await?;
        // The next batch may contain more documents with the last key, so this key belongs to the
        // next window.
        let before = if in_use.is_exhausted() { None } else { in_use.last().cloned() };
        self.in_use = Some(in_use);
        self.archived = if self.collections.archive_is_present().await? {
            let queries = self.order.find(self.from.as_ref(), before.as_ref());
            Some(Side::new(&self.collections, &self.collections.archive, queries))
        } else {
            None
        };
        self.phase = Phase::Within(before);
        Ok(())
    }
}

/// One of the two collections.
struct Side<K> {
    collections: Collections,
    collection: Collection<RawDocumentBuf>,
    /// The queries that have not started yet.
    queries: VecDeque<Query>,
    cursor: Option<ReadAhead>,
    used: Instant,
    ready: VecDeque<(K, RawDocumentBuf)>,
    malformed: Vec<RawDocumentBuf>,
}

impl<K: Ord + Clone> Side<K> {
    fn new(collections: &Collections, collection: &Collection<RawDocumentBuf>, queries: Vec<Query>) -> Self {
        Self {
            collections: collections.clone(),
            collection: collection.clone(),
            queries: queries.into(),
            cursor: None,
            used: Instant::now(),
            ready: VecDeque::new(),
            malformed: Vec::new(),
        }
    }

    /// Reads until all documents with the first key are in memory.
    async fn complete_first<O: Order<Key = K>>(&mut self, order: &O) -> Result<(), StoreError> {
        while self.first() == self.last() && self.fill(order).await? {}
        Ok(())
    }

    /// Reads one batch. Returns whether there may be more.
    async fn fill<O: Order<Key = K>>(&mut self, order: &O) -> Result<bool, StoreError> {
        self.used = Instant::now();
        let cursor = match &mut self.cursor {
            Some(cursor) => cursor,
            None => {
                let Some((filter, options)) = self.queries.pop_front() else { return Ok(false) };
                let found = self.collections.find(&self.collection, filter).with_options(options);
                self.cursor.insert(found.batches().await?)
            }
        };
        let Some(batch) = cursor.next().await? else {
            self.cursor = None;
            return Ok(!self.queries.is_empty());
        };
        for document in documents(batch.doc_slices().map_err(store_error)?) {
            let document = document?;
            match order.key(document) {
                Some(key) => self.ready.push_back((key, document.to_owned())),
                None => self.malformed.push(document.to_owned()),
            }
        }
        Ok(true)
    }

    fn take(&mut self, key: &K) -> Vec<RawDocumentBuf> {
        let mut taken = Vec::new();
        while self.first() == Some(key) {
            taken.extend(self.ready.pop_front().map(|(_, document)| document));
        }
        taken
    }

    fn first(&self) -> Option<&K> {
        self.ready.front().map(|(key, _)| key)
    }

    fn last(&self) -> Option<&K> {
        self.ready.back().map(|(key, _)| key)
    }

    fn has_malformed(&self) -> bool {
        !self.malformed.is_empty()
    }

    fn is_exhausted(&self) -> bool {
        self.cursor.is_none() && self.queries.is_empty()
    }

    /// Whether the server may have closed the cursor.
    fn rested(&self) -> bool {
        !self.is_exhausted() && self.used.elapsed() > CURSOR_RESTS
    }
}
