//! Reads the answer to a query.

use std::collections::VecDeque;

use bson::oid::ObjectId;
use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Document, doc};
use es_core::store::{EventBatch, Query, QueryStart, StoredEvent};
use es_core::{EventId, StoreError};

use super::conditions::{filter, ranges};
use super::order::{Along, field, hint};
use crate::collections::Collections;
use crate::document::field::{CORRELATION_ID, ID, POSITION};
use crate::document::{integer, position_in, read_event};
use crate::error::malformed;
use crate::merge::{Found, Merge, Order};

/// The largest number of events that are fetched at once.
const BATCH: u32 = 1000;

/// The state of an answer that is being read.
pub(super) struct Reader {
    collections: Collections,
    merge: Merge<Along>,
    order: Along,
    /// The event after which the answer starts. The server finds it too.
    behind: Option<ObjectId>,
    /// The event that began the correlation, until its place is reached.
    starter: Starter,
    /// The events at one place of the order, sorted.
    ready: VecDeque<RawDocumentBuf>,
}

enum Starter {
    Unknown(EventId),
    Known(i64, RawDocumentBuf),
    None,
}

/// Several events of an answer.
pub(super) struct QueryBatch(Vec<RawDocumentBuf>);

impl EventBatch for QueryBatch {
    fn events(&self) -> Box<dyn Iterator<Item = Result<StoredEvent<'_>, StoreError>> + '_> {
        Box::new(self.0.iter().map(|document| read_event(document)))
    }
}

impl Reader {
    pub(super) fn new(collections: Collections, query: &Query) -> Self {
        Self::with_fields(collections, query, None)
    }

    fn with_fields(collections: Collections, query: &Query, projection: Option<Document>) -> Self {
        let (from, behind) = match query.start {
            QueryStart::Beginning => (None, None),
            QueryStart::At(place) => (Some(place), None),
            QueryStart::After(place) => (Some(place), Some(place.id.as_object_id())),
        };
        let order = Along {
            order: query.order,
            newest_first: query.newest_first,
            filter: filter(query),
            ranges: ranges(query),
            from,
            // Three more than the limit: the event with which the last page ended, the event that
            // shows whether there are more, and the first event with a later timestamp.
            batch: u32::try_from(query.size_hint.saturating_add(3)).unwrap_or(BATCH).min(BATCH),
            projection,
        };
        Self {
            merge: Merge::new(collections.clone(), order.clone()),
            collections,
            order,
            behind,
            starter: query.first_of_correlation().map_or(Starter::None, Starter::Unknown),
            ready: VecDeque::new(),
        }
    }

    /// The next events, at most as many as are fetched at once.
    pub(super) async fn next(&mut self) -> Result<Option<QueryBatch>, StoreError> {
        while self.ready.is_empty() {
            if !self.fill().await? {
                return Ok(None);
            }
        }
        let events = self.ready.len().min(self.order.batch as usize);
        Ok(Some(QueryBatch(self.ready.drain(..events).collect())))
    }

    /// Reads the events at the next place of the order. Returns whether there may be more.
    async fn fill(&mut self) -> Result<bool, StoreError> {
        self.find_starter().await?;
        match self.merge.next().await? {
            Some(Found::Same { in_use, archived }) => self.take([in_use, archived].concat())?,
            Some(Found::Malformed(document)) => {
                let field = field(self.order.order);
                return Err(malformed(identified(&document), format!("it has no valid `{field}`")));
            }
            None => match std::mem::replace(&mut self.starter, Starter::None) {
                Starter::Known(_, starter) => self.ready.push_back(starter),
                Starter::Unknown(_) | Starter::None => return Ok(false),
            },
        }
        if let Some(id) = self.behind {
            self.ready.retain(|document| document.get_object_id(ID).ok() != Some(id));
        }
        Ok(true)
    }

    /// Takes the events at one place of the order. If the event that began the correlation is due,
    /// adds it.
    fn take(&mut self, mut documents: Vec<RawDocumentBuf>) -> Result<(), StoreError> {
        let key = documents.first().and_then(|document| self.order.key(document));
        self.starter = match std::mem::replace(&mut self.starter, Starter::None) {
            Starter::Known(place, starter) if Some(place) < key => {
                self.ready.push_back(starter);
                Starter::None
            }
            Starter::Known(place, starter) if Some(place) == key => {
                documents.push(starter);
                Starter::None
            }
            later => later,
        };
        let documents = in_order(documents, self.order.newest_first)?;
        self.collections.known.raise(documents.iter().filter_map(|document| position_in(document)).max());
        self.ready.extend(documents);
        Ok(())
    }

    /// Looks up the event that began the correlation, because it does not carry the correlation id.
    async fn find_starter(&mut self) -> Result<(), StoreError> {
        let Starter::Unknown(id) = &self.starter else { return Ok(()) };
        let mut filter = self.order.part(None, None);
        filter.remove(CORRELATION_ID);
        filter.insert(ID, id.as_object_id());
        let found = find_anywhere(&self.collections, &filter, Some(doc! { ID: 1 })).await?;
        self.starter = match found {
            Some(document) => {
                let place = self.order.key(&document).ok_or_else(|| {
                    malformed(identified(&document), format!("it has no valid `{}`", field(self.order.order)))
                })?;
                Starter::Known(place, document)
            }
            None => Starter::None,
        };
        Ok(())
    }
}

/// The number of events in the answer, but not more than `at_most`.
pub(super) async fn count(collections: Collections, query: Query, at_most: u64) -> Result<u64, StoreError> {
    // Only the keys are needed.
    let keys = doc! { field(query.order): 1, POSITION: 1 };
    let mut reader = Reader::with_fields(collections, &query, Some(keys));
    // The filter alone decides if no page is continued and no event may have to be added.
    if reader.order.from.is_none() && matches!(reader.starter, Starter::None) {
        let (collections, order) = (&reader.collections, &reader.order);
        if at_most == 1 {
            let found = find_anywhere(collections, &order.part(None, None), hint(order.order)).await?;
            return Ok(found.is_some().into());
        }
        if let Some(events) = count_in_use(collections, order).await? {
            return Ok(events.min(at_most));
        }
    }
    let mut events = 0;
    while events < at_most
        && let Some(batch) = reader.next().await?
    {
        events += batch.0.len() as u64;
    }
    Ok(events.min(at_most))
}

/// The server's own count, if nothing is archived.
async fn count_in_use(collections: &Collections, order: &Along) -> Result<Option<u64>, StoreError> {
    if collections.archive_is_present().await? {
        return Ok(None);
    }
    let mut counted = collections.find(&collections.events, order.part(None, None));
    if let Some(index) = hint(order.order) {
        counted = counted.on_index(index);
    }
    let events = counted.count().await?;
    // An archive run deletes events only after every process knows of it. So if there is no archive
    // now, no event is missing from the count.
    Ok((!collections.archive_is_present().await?).then_some(events))
}

/// Finds one event in the events or else in the archive. In this order an event that is being
/// archived is found in one of the two.
async fn find_anywhere(
    collections: &Collections,
    filter: &Document,
    index: Option<Document>,
) -> Result<Option<RawDocumentBuf>, StoreError> {
    for place in [&collections.events, &collections.archive] {
        let mut find = collections.find(place, filter.clone());
        if let Some(index) = index.clone() {
            find = find.on_index(index);
        }
        let found = find.one().await?;
        if found.is_some() || !collections.archive_is_present().await? {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Sorts the events at one place of the order. An event that is being moved is in both collections,
/// and is returned once.
fn in_order(documents: Vec<RawDocumentBuf>, newest_first: bool) -> Result<Vec<RawDocumentBuf>, StoreError> {
    let mut ordered = Vec::with_capacity(documents.len());
    for document in documents {
        let id = document.get_object_id(ID).map_err(|error| malformed(identified(&document), error))?;
        let position = document.get(POSITION).ok().flatten().and_then(integer);
        let position = position.ok_or_else(|| malformed(identified(&document), "it has no valid `position`"))?;
        ordered.push((position, id, document));
    }
    ordered.sort_by_key(|(position, id, _)| (*position, *id));
    ordered.dedup_by_key(|(_, id, _)| *id);
    if newest_first {
        ordered.reverse();
    }
    Ok(ordered.into_iter().map(|(_, _, document)| document).collect())
}

fn identified(document: &RawDocument) -> String {
    format!("the event document with _id {:?}", document.get(ID).ok().flatten())
}
