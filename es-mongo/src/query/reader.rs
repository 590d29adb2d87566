//! Reads the answer to a query.

use std::collections::VecDeque;

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Bson, Document, doc};
use es_core::{QueryError, RecordedEvent, StoreError};

use super::EventQuery;
use super::conditions::Direction;
use super::cursor::{Place, QueryCursor};
use super::order::Along;
use super::select::Selection;
use crate::collections::Collections;
use crate::document::field::{CORRELATION_ID, EVENT_TYPE, ID, POSITION, TIMESTAMP};
use crate::document::integer_in;
use crate::error::malformed;
use crate::merge::{Found, Merge, Order};

/// The largest number of events that are fetched at once.
const BATCH: u32 = 1000;

/// Decodes one stored event.
pub(super) trait Decode<I>: Fn(&RawDocument) -> Result<Vec<I>, StoreError> + Send + 'static {}

impl<I, F: Fn(&RawDocument) -> Result<Vec<I>, StoreError> + Send + 'static> Decode<I> for F {}

/// The state of an answer that is being read.
pub(super) struct Reader<I, D> {
    collections: Collections,
    merge: Merge<Along>,
    order: Along,
    decode: D,
    /// Identifies the query.
    identity: Document,
    /// The event that began the correlation, until its place is reached.
    starter: Starter,
    /// The events at one place on the axis, in order.
    ready: VecDeque<RawDocumentBuf>,
    /// The events that one stored event was decoded to, in reverse.
    decoded: Vec<I>,
    /// The number of them that were returned.
    returned: u32,
    /// The requested stored name, until an event with it was found.
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
            // Three more than the limit: the event with which the last page ended, the event that
            // shows whether there are more, and the first event with a later timestamp.
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
            // An aggregate knows its names. Without an aggregate only the store can show whether
            // the name exists.
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
                // Events are taken from the end, so the order of events that share a sequence is
                // reversed here if the oldest event comes first.
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

    /// Takes the events at one place on the axis. If the event that began the correlation is due,
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
        self.ready.extend(in_order(documents, self.order.direction)?);
        Ok(())
    }

    /// Looks up the event that began the correlation, because it does not carry the correlation id.
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

    /// Fails if no event was found and no event in the store has the requested name.
    async fn prove_name(&mut self) -> Result<(), StoreError> {
        let Some(event_type) = self.unproven.take() else { return Ok(()) };
        let stored = doc! { EVENT_TYPE: &event_type };
        if find_anywhere(&self.collections, &stored, doc! { EVENT_TYPE: 1, TIMESTAMP: 1 }).await?.is_some() {
            return Ok(());
        }
        let reason = "nothing is stored under it; `MongoStore::stats` lists the stored names".to_owned();
        Err(QueryError::UnknownEventType { event_type, reason }.into())
    }
}

impl<T, D: Decode<RecordedEvent<T>>> Reader<RecordedEvent<T>, D> {
    /// The cursor that continues after the last returned event.
    pub(super) fn cursor_behind(&self, last: &RecordedEvent<T>) -> Result<QueryCursor, StoreError> {
        Ok(QueryCursor::new(Place::of(last, self.returned), &self.identity)?)
    }
}

/// The number of events in the answer.
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
        // Only the keys are needed.
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

/// The server's own count, if it is correct: nothing is archived, no page is continued, and no
/// event may have to be added.
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
    // An archive run deletes events only after every process knows of it. So if there is no archive
    // now, no event is missing from the count.
    Ok((!collections.archive_is_present().await?).then_some(events))
}

/// Finds one event in the events or else in the archive. In this order an event that is being
/// archived is found in one of the two.
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

/// Sorts the events at one place on the axis. An event that is being moved is in both collections,
/// and is returned once.
fn in_order(documents: Vec<RawDocumentBuf>, direction: Direction) -> Result<Vec<RawDocumentBuf>, StoreError> {
    let mut ordered = Vec::with_capacity(documents.len());
    for document in documents {
        let id = document.get_object_id(ID).map_err(|error| malformed(identified(&document), error))?;
        let position = integer_in(&document, POSITION);
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
