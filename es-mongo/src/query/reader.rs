//! The answer while it is read.

use std::collections::VecDeque;

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Bson, Document, doc};
use es_core::{QueryError, RecordedEvent, StoreError};

use super::EventQuery;
use super::conditions::Direction;
use super::cursor::{Place, QueryCursor};
use super::order::Along;
use super::select::Selection;
use crate::document::field::{CORRELATION_ID, EVENT_TYPE, ID, POSITION, TIMESTAMP};
use crate::document::integer;
use crate::error::malformed;
use crate::merge::{Found, Merge, Order};
use crate::store::Collections;

/// The most events that are fetched at once.
const BATCH: u32 = 1000;

/// What one stored event means.
pub(super) trait Decode<I>: Fn(&RawDocument) -> Result<Vec<I>, StoreError> + Send + 'static {}

impl<I, F: Fn(&RawDocument) -> Result<Vec<I>, StoreError> + Send + 'static> Decode<I> for F {}

/// The answer while it is read.
pub(super) struct Reader<I, D> {
    collections: Collections,
    merge: Merge<Along>,
    order: Along,
    decode: D,
    /// What makes it this query.
    identity: Document,
    /// The event that began the correlation, until its place is reached.
    starter: Starter,
    /// The events of one place on the axis, in order.
    ready: VecDeque<RawDocumentBuf>,
    /// What one stored event means, in reverse.
    decoded: Vec<I>,
    /// How many of them were returned.
    returned: u32,
    /// The stored name that was asked for, until an event was found.
    unproven: Option<String>,
}

enum Starter {
    Unknown(Bson),
    Known(i64, RawDocumentBuf),
    None,
}

impl<I, D: Decode<I>> Reader<I, D> {
    pub(super) fn begin<S>(query: EventQuery<S>, selection: Option<&Selection>, decode: D) -> Result<Self, StoreError> {
        let EventQuery { collections, ordering, conditions, limit, after, .. } = query;
        conditions.check(ordering)?;
        let mut identity = conditions.identity(selection.is_some());
        identity.insert("store", collections.events.namespace().to_string());
        let stored_name = conditions.wanted.stored_name();
        let named = selection.and_then(Selection::condition).or(stored_name.map(Bson::from));
        let order = Along {
            axis: conditions.axis(),
            direction: conditions.direction,
            filter: conditions.filter(named),
            ranges: conditions.ranges(),
            from: after.map(|cursor| cursor.place_in(&identity)).transpose()?,
            // Beyond the limit: the event that the last page ended with, the one that says whether there are more, and the one behind the last time.
            batch: u32::try_from(limit.saturating_add(3)).unwrap_or(BATCH).min(BATCH),
            projection: None,
        };
        let starter = conditions.starter().map_or(Starter::None, |id| Starter::Unknown(id.as_object_id().into()));
        Ok(Self {
            merge: Merge::new(collections.clone(), order.clone()),
            collections,
            order,
            decode,
            identity,
            starter,
            ready: VecDeque::new(),
            decoded: Vec::new(),
            returned: 0,
            // An aggregate knows its names; without one only the store does.
            unproven: stored_name.filter(|_| selection.is_none()).map(str::to_owned),
        })
    }

    pub(super) async fn next(&mut self) -> Result<Option<I>, StoreError> {
        loop {
            if let Some(event) = self.decoded.pop() {
                self.returned += 1;
                return Ok(Some(event));
            }
            if let Some(document) = self.ready.pop_front() {
                self.unproven = None;
                self.decoded = (self.decode)(&document)?;
                // Popping from the end gives events that share a sequence in their order, or in reverse if the newest come first.
                if self.order.direction == Direction::OldestFirst {
                    self.decoded.reverse();
                }
                self.returned = match &self.order.from {
                    Some(place) if place.is_of(&document) => place.returned,
                    _ => 0,
                };
                self.decoded.truncate(self.decoded.len().saturating_sub(self.returned as usize));
                continue;
            }
            self.find_starter().await?;
            match self.merge.next().await? {
                Some(Found::Same { in_use, archived }) => self.take([in_use, archived].concat())?,
                Some(Found::Malformed(document)) => {
                    let field = self.order.axis.field();
                    return Err(malformed(identified(&document), format!("it has no valid `{field}`")));
                }
                None => match std::mem::replace(&mut self.starter, Starter::None) {
                    Starter::Known(_, starter) => self.ready.push_back(starter),
                    Starter::Unknown(_) | Starter::None => {
                        self.prove_name().await?;
                        return Ok(None);
                    }
                },
            }
        }
    }

    /// Takes the events of one place on the axis, and before them, or among them, the one that began the correlation.
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
        self.ready.extend(in_order(documents, self.order.direction)?);
        Ok(())
    }

    /// Looks for the event that began the correlation, and does not carry it itself.
    async fn find_starter(&mut self) -> Result<(), StoreError> {
        let Starter::Unknown(id) = &self.starter else { return Ok(()) };
        let mut filter = self.order.part(None, None);
        filter.remove(CORRELATION_ID);
        filter.insert(ID, id);
        let found = find_anywhere(&self.collections, &filter, doc! { ID: 1 }).await?;
        self.starter = match found {
            Some(document) => {
                let place = self.order.key(&document).ok_or_else(|| {
                    malformed(identified(&document), format!("it has no valid `{}`", self.order.axis.field()))
                })?;
                Starter::Known(place, document)
            }
            None => Starter::None,
        };
        Ok(())
    }

    /// Fails if nothing was found and no event at all is stored under the name that was asked for.
    async fn prove_name(&mut self) -> Result<(), StoreError> {
        let Some(event_type) = self.unproven.take() else { return Ok(()) };
        let stored = doc! { EVENT_TYPE: &event_type };
        if find_anywhere(&self.collections, &stored, doc! { EVENT_TYPE: 1, TIMESTAMP: 1 }).await?.is_some() {
            return Ok(());
        }
        let reason = "nothing is stored under it; `MongoStore::stats` lists the names that are".to_owned();
        Err(QueryError::UnknownEventType { event_type, reason }.into())
    }
}

impl<T, D: Decode<RecordedEvent<T>>> Reader<RecordedEvent<T>, D> {
    /// Where the answer goes on behind the event that was returned last.
    pub(super) fn cursor_behind(&self, last: &RecordedEvent<T>) -> Result<QueryCursor, StoreError> {
        Ok(QueryCursor::new(Place::of(last, self.returned), &self.identity)?)
    }
}

/// How many events would appear.
pub(super) async fn count<S>(
    query: EventQuery<S>,
    selection: Option<&Selection>,
    appear: impl Decode<()>,
) -> Result<u64, StoreError> {
    let limit = query.limit;
    let is_stored_form = selection.is_none();
    let mut reader = Reader::begin(query, selection, appear)?;
    if limit == 0 {
        return Ok(0);
    }
    if is_stored_form {
        if let Some(events) = count_in_use(&reader).await? {
            if events == 0 {
                reader.prove_name().await?;
            }
            return Ok(events.min(limit));
        }
        // The keys are enough.
        let field = reader.order.axis.field();
        reader.order.projection = Some(doc! { field: 1, POSITION: 1 });
        reader.merge = Merge::new(reader.collections.clone(), reader.order.clone());
    }
    let mut events = 0;
    while events < limit && reader.next().await?.is_some() {
        events += 1;
    }
    Ok(events)
}

/// What the server counts, if that is all: nothing is archived, no page is continued, and no event may have to be added.
async fn count_in_use<D: Decode<()>>(reader: &Reader<(), D>) -> Result<Option<u64>, StoreError> {
    let Reader { collections, order, starter, .. } = reader;
    if order.from.is_some() || !matches!(starter, Starter::None) || collections.archive_is_present().await? {
        return Ok(None);
    }
    let mut counted = collections.find(&collections.events, order.part(None, None));
    if let Some(index) = order.axis.hint() {
        counted = counted.on_index(index);
    }
    let events = counted.count().await?;
    // An archive run deletes nothing before everybody who asks has learnt of it, so there is nothing to add if it is not there now.
    Ok((!collections.archive_is_present().await?).then_some(events))
}

/// One event that is in use or archived. In this order nothing is missed that is being archived.
async fn find_anywhere(
    collections: &Collections,
    filter: &Document,
    index: Document,
) -> Result<Option<RawDocumentBuf>, StoreError> {
    for place in [&collections.events, &collections.archive] {
        let found = collections.find(place, filter.clone()).on_index(index.clone()).one().await?;
        if found.is_some() || !collections.archive_is_present().await? {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Orders the events of one place on the axis. One that is just being moved is in both collections, and appears once.
fn in_order(documents: Vec<RawDocumentBuf>, direction: Direction) -> Result<Vec<RawDocumentBuf>, StoreError> {
    let mut ordered = Vec::with_capacity(documents.len());
    for document in documents {
        let id = document.get_object_id(ID).map_err(|error| malformed(identified(&document), error))?;
        let position = document.get(POSITION).ok().flatten().and_then(integer);
        let position = position.ok_or_else(|| malformed(identified(&document), "it has no valid `position`"))?;
        ordered.push((position, id, document));
    }
    ordered.sort_by_key(|(position, id, _)| (*position, *id));
    ordered.dedup_by_key(|(_, id, _)| *id);
    if direction == Direction::NewestFirst {
        ordered.reverse();
    }
    Ok(ordered.into_iter().map(|(_, _, document)| document).collect())
}

fn identified(document: &RawDocument) -> String {
    format!("the event document with _id {:?}", document.get(ID).ok().flatten())
}
