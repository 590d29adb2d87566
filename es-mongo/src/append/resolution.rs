//! Finds out the result of an append that was refused or whose answer was lost.
//!
//! The message of a duplicate-key error is never parsed. The stored events show which append owns
//! the key.

use std::collections::BTreeSet;
use std::pin::pin;

use bson::doc;
use bson::raw::{RawDocument, RawDocumentBuf};
use es_core::store::{Append, Appended, EventData, ReadRange, Receipt, Stamp};
use es_core::{EventId, Position, RecordedEvent, StoreError, StoreError as Error, StreamId, Version};
use futures_util::TryStreamExt;
use mongodb::Collection;

use crate::append::request::Request;
use crate::append::slots::{Lookup, Slots};
use crate::collections::Collections;
use crate::document::field::{APPEND_ID, ID, POSITION};
use crate::document::{any_append_id, append_index, of_stream, position_index, read_event};
use crate::read;

/// The result of looking up an append.
#[derive(Debug)]
pub(crate) enum Resolution {
    /// The append has this answer.
    Answered(Result<Appended, StoreError>),
    /// No event in its stream conflicts with it: another process has taken its position.
    PositionTaken,
}

/// Finds out why an append was refused.
pub(crate) async fn resolve(collections: &Collections, request: &Request) -> Result<Resolution, StoreError> {
    let stream = request.stream();
    if let Some(events) = own_events(collections, request).await? {
        let receipt = receipt(&events).map(Appended::Now);
        return Ok(Resolution::Answered(receipt.ok_or_else(|| Error::EmptyAppend { stream: stream.clone() })));
    }
    if let Some(answer) = answer_by_key(collections, &request.prepared.append).await? {
        return Ok(Resolution::Answered(answer));
    }
    let actual = read::head(collections, stream).await?.version();
    let expected = request.prepared.expected();
    if actual == expected {
        return Ok(Resolution::PositionTaken);
    }
    Ok(Resolution::Answered(Err(Error::Conflict { stream: stream.clone(), expected, actual })))
}

/// The indexes of the requests that conflict with events in the same stream. For the other
/// requests, the position was taken or the key belongs to an index that is not part of this
/// library.
pub(crate) async fn in_the_way(collections: &Collections, requests: &[Request]) -> Result<Vec<usize>, StoreError> {
    taken_in(collections, collections.events.clone(), requests).await
}

/// Whether a position holds an event or a skip, on a majority.
pub(crate) async fn is_taken(collections: &Collections, position: Position) -> Result<bool, StoreError> {
    // The events are read before the archive, so an event that is being archived is found in one of
    // the two.
    for collection in [&collections.events, &collections.archive] {
        let taken = collections.find(collection, doc! { POSITION: position.as_i64() }).on_index(position_index());
        if taken.projection(doc! { ID: 0, POSITION: 1 }).one().await?.is_some() {
            return Ok(true);
        }
        if !collections.archive_is_present().await? {
            break;
        }
    }
    Ok(false)
}

/// Whether an event of the library conflicts with one request but is not yet on a majority: it has
/// the same key in the stream, or this position.
///
/// The server reports duplicate keys as of the primary alone, and this function reads the same
/// state.
pub(crate) async fn is_in_the_way_on_the_primary(
    collections: &Collections,
    request: &Request,
    position: Option<Position>,
) -> Result<bool, StoreError> {
    let events = collections.handles.collection_of_the_primary(collections.events.name());
    if let Some(position) = position {
        let filter = doc! { POSITION: position.as_i64() };
        let taken = collections.find(&events, filter).on_index(position_index()).projection(doc! { POSITION: 1 });
        if taken.one().await?.is_some() {
            return Ok(true);
        }
    }
    let taken = taken_in(collections, events, std::slice::from_ref(request)).await?;
    Ok(!taken.is_empty())
}

/// Whether the primary has the first event of one of these requests, whether or not a majority has
/// it.
pub(crate) async fn are_stored_on_the_primary(
    collections: &Collections,
    requests: &[Request],
) -> Result<bool, StoreError> {
    let ids: Vec<_> = requests.iter().filter_map(Request::first_id).map(EventId::as_object_id).collect();
    let found = collections
        .find(&collections.handles.collection_of_the_primary(collections.events.name()), doc! { ID: { "$in": ids } });
    Ok(found.projection(doc! { ID: 1 }).one().await?.is_some())
}

async fn taken_in(
    collections: &Collections,
    events: Collection<RawDocumentBuf>,
    requests: &[Request],
) -> Result<Vec<usize>, StoreError> {
    let slots = Slots::of(requests);
    let mut taken = BTreeSet::new();
    // Events are checked before the archive, so an event that is being archived is found in one of
    // the two.
    let mut holders = vec![events];
    if collections.archive_is_present().await? {
        holders.push(collections.archive.clone());
    }
    for collection in holders {
        for Lookup { filter, index } in slots.lookups() {
            let found = collections.find(&collection, filter).on_index(index).projection(Slots::projection());
            for event in found.all().await? {
                taken.extend(slots.taken_by(&event));
            }
        }
    }
    Ok(taken.into_iter().collect())
}

/// The answer to an append whose expected version differs from the version of the aggregate.
pub(crate) async fn refuse(
    collections: &Collections,
    append: &Append,
    actual: Version,
) -> Result<Appended, StoreError> {
    match answer_by_key(collections, append).await? {
        Some(answer) => answer,
        None => {
            let (stream, expected) = (append.stream.clone(), append.expected.version());
            Err(Error::Conflict { stream, expected, actual })
        }
    }
}

/// The events that an earlier attempt of this request has stored, if any.
async fn own_events(
    collections: &Collections,
    request: &Request,
) -> Result<Option<Vec<RecordedEvent<EventData>>>, StoreError> {
    let Some(first) = request.first_id() else { return Ok(None) };
    let lookup = Lookup { filter: doc! { ID: first.as_object_id() }, index: doc! { ID: 1 } };
    match find_anywhere(collections, lookup).await? {
        Some(first) => append_from(collections, request.stream(), &first).await.map(Some),
        None => Ok(None),
    }
}

/// The answer for an append id that was used before, if it was.
async fn answer_by_key(
    collections: &Collections,
    append: &Append,
) -> Result<Option<Result<Appended, StoreError>>, StoreError> {
    let Some(append_id) = &append.append_id else { return Ok(None) };
    let Some(stored) = find_append(collections, &append.stream, append_id.as_str()).await? else { return Ok(None) };
    let Some(receipt) = receipt(&stored) else { return Ok(None) };
    Ok(Some(if append.has_recorded(stored.iter()) {
        Ok(Appended::Already(receipt))
    } else {
        let (stream, append_id) = (append.stream.clone(), append_id.as_str().to_owned());
        Err(Error::AppendIdReused { stream, append_id, version: receipt.version })
    }))
}

/// The events that an append with this id has recorded.
pub(crate) async fn find_append(
    collections: &Collections,
    stream: &StreamId,
    append_id: &str,
) -> Result<Option<Vec<RecordedEvent<EventData>>>, StoreError> {
    let mut filter = of_stream(stream);
    filter.insert(APPEND_ID, any_append_id(&[append_id]));
    match find_anywhere(collections, Lookup { filter, index: append_index() }).await? {
        Some(first) => append_from(collections, stream, &first).await.map(Some),
        None => Ok(None),
    }
}

/// The receipt for events that were recorded together.
pub(crate) fn receipt(events: &[RecordedEvent<EventData>]) -> Option<Receipt> {
    let stamp =
        |event: &RecordedEvent<EventData>| Stamp::new(event.id, event.sequence, event.position, event.timestamp);
    Receipt::new(events.iter().map(stamp).collect())
}

/// The requests whose first event is stored, with that event. An attempt whose answer was lost has
/// written them.
pub(crate) async fn stored_ids(
    collections: &Collections,
    ids: Vec<EventId>,
) -> Result<Vec<RecordedEvent<EventData>>, StoreError> {
    let ids: Vec<_> = ids.into_iter().map(EventId::as_object_id).collect();
    let filter = doc! { ID: { "$in": ids } };
    let mut found = Vec::new();
    for place in [&collections.events, &collections.archive] {
        for document in collections.find(place, filter.clone()).all().await? {
            found.push(record(collections, &document)?);
        }
    }
    Ok(found)
}

/// Finds one event in the events or else in the archive. In this order an event that is being
/// archived is found in one of the two.
async fn find_anywhere(
    collections: &Collections,
    lookup: Lookup,
) -> Result<Option<RecordedEvent<EventData>>, StoreError> {
    // Boxed, because the future of every command contains this one.
    let one_of = |collection| {
        let found = collections.find(collection, lookup.filter.clone()).on_index(lookup.index.clone());
        Box::pin(found.one())
    };
    let in_use = one_of(&collections.events);
    if let Some(document) = collections.beside_archive_state(in_use).await? {
        return record(collections, &document).map(Some);
    }
    if !collections.archive_is_present().await? {
        return Ok(None);
    }
    let archived = one_of(&collections.archive).await?;
    archived.map(|document| record(collections, &document)).transpose()
}

fn record(collections: &Collections, document: &RawDocument) -> Result<RecordedEvent<EventData>, StoreError> {
    let event = read_event(document)?;
    collections.known.raise(event.position);
    Ok(event.to_recorded())
}

/// The events of the append that begins with `first`: the event ids of one append are consecutive.
async fn append_from(
    collections: &Collections,
    stream: &StreamId,
    first: &RecordedEvent<EventData>,
) -> Result<Vec<RecordedEvent<EventData>>, StoreError> {
    let mut events: Vec<RecordedEvent<EventData>> = vec![first.clone()];
    let after = ReadRange::after(first.sequence.into());
    let mut batches = pin!(read::stream(collections.clone(), stream.clone(), after));
    while let Some(batch) = batches.try_next().await? {
        for event in batch.events() {
            let event = event?;
            if !events.last().is_some_and(|last| last.id.is_followed_by(event.id)) {
                return Ok(events);
            }
            events.push(event.to_recorded());
        }
    }
    Ok(events)
}
