//! The events of one append as they are stored.

use std::sync::Arc;

use es_core::error::SharedError;
use es_core::store::Append;
use es_core::{EventId, Position, Sequence, StoreError, StreamId, Timestamp, Version};
use serde::{Serialize, Serializer};

use crate::document::EventDocument;
use crate::positions::skip::Skip;

/// An append with everything that is stored of it, except for the positions.
///
/// Every attempt shares it, so an attempt does not copy the events.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) append: Append,
    /// Created before the first attempt, so that later attempts recognise events that an earlier
    /// one has stored.
    pub(crate) ids: Vec<EventId>,
    /// The timestamp of the events that were created without one.
    now: Timestamp,
    /// The size of the documents.
    bytes: usize,
}

impl Prepared {
    /// Gives the events their ids and timestamps, and refuses an event that is too large.
    pub(crate) fn new(mut append: Append, now: Timestamp) -> Result<Self, StoreError> {
        let ids = append.take_event_ids()?;
        let mut prepared = Self { append, ids, now, bytes: 0 };
        for event in 0..prepared.events() {
            // The size does not depend on the position.
            prepared.bytes += prepared.document(event, Position::FIRST).require_storable()?;
        }
        Ok(prepared)
    }

    pub(crate) fn stream(&self) -> &StreamId {
        &self.append.stream
    }

    /// The number of events.
    pub(crate) fn events(&self) -> usize {
        self.append.events.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The version that the aggregate must have.
    pub(crate) fn expected(&self) -> Version {
        self.append.expected.version()
    }

    pub(crate) fn append_id(&self) -> Option<&str> {
        self.append.append_id.as_ref().map(es_core::store::AppendId::as_str)
    }

    /// The error if nothing shows whether the events are stored.
    pub(crate) fn outcome_unknown(&self, source: SharedError) -> StoreError {
        let append_id = self.append_id().map(str::to_owned);
        StoreError::OutcomeUnknown { stream: self.stream().clone(), append_id, source }
    }

    pub(crate) fn sequence(&self, event: usize) -> Sequence {
        self.expected().plus(event as u64).next()
    }

    pub(crate) fn timestamp(&self, event: usize) -> Timestamp {
        self.append.events[event].timestamp.unwrap_or(self.now)
    }

    fn document(&self, event: usize, position: Position) -> EventDocument<'_> {
        EventDocument {
            id: self.ids[event],
            stream: self.stream(),
            event: &self.append.events[event],
            timestamp: self.timestamp(event),
            sequence: self.sequence(event),
            // Only the first event carries the append id.
            append_id: self.append_id().filter(|_| event == 0),
            position,
        }
    }
}

/// A document of a batch: what the driver serializes.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    /// An event.
    Event(Placed),
    /// A position that the batch does not need.
    Skip(Skip),
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Event(event) => event.serialize(serializer),
            Self::Skip(skip) => skip.serialize(serializer),
        }
    }
}

/// One event of an append, at its position.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    prepared: Arc<Prepared>,
    event: usize,
    position: Position,
}

impl Placed {
    /// All events of an append, the first one at this position.
    pub(crate) fn all(prepared: &Arc<Prepared>, first: Position) -> impl Iterator<Item = Self> {
        let positions = std::iter::successors(Some(first), |position| Some(position.next()));
        let events = (0..prepared.events()).zip(positions);
        events.map(|(event, position)| Self { prepared: Arc::clone(prepared), event, position })
    }
}

impl Serialize for Placed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.prepared.document(self.event, self.position).serialize(serializer)
    }
}
