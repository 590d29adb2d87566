//! The request to record events, and its result.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use crate::error::InvalidId;
use crate::head::Head;
use crate::nesting::{MAX_NESTING, is_too_deep};
use crate::repository::WriteCheck;
use crate::store::{BsonPayload, EventData, EventInfo, EventSet, StoredEvent};
use crate::stream::{check_id, travels_as_text};
use crate::{
    EventId, Metadata, Position, RecordedEvent, Sequence, StoreError, StreamId, Timestamp, Version, read_back,
};

/// The largest event that a store must accept, including its envelope, in bytes. It is the size of
/// the largest document of MongoDB.
pub const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// The version that an append expects the aggregate to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectedVersion(Provenance);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provenance {
    Observed(Head),
    Claimed(Version),
}

impl ExpectedVersion {
    /// The aggregate has no event yet.
    pub const NONE: Self = Self::observed(Head::NONE);

    /// The aggregate has exactly this version. If a store does not know that this version exists,
    /// it checks that before it writes.
    pub const fn exactly(version: Version) -> Self {
        Self(Provenance::Claimed(version))
    }

    /// The aggregate had this head when the caller read its event from the same store, durably.
    /// This saves the store a check, and shows it the [position](Self::seen) that the caller has
    /// seen. A snapshot alone does not prove it.
    ///
    /// ```
    /// use es_core::store::{ExpectedVersion, Head};
    /// use es_core::{Position, Sequence};
    ///
    /// let expected = ExpectedVersion::observed(Head::new(Sequence::FIRST, Position::FIRST));
    /// assert_eq!((expected.version().get(), expected.seen()), (1, Some(Position::FIRST)));
    /// ```
    pub const fn observed(head: Head) -> Self {
        Self(Provenance::Observed(head))
    }

    /// The version.
    pub fn version(self) -> Version {
        match self.0 {
            Provenance::Observed(head) => head.version(),
            Provenance::Claimed(version) => version,
        }
    }

    /// Whether the caller guarantees that this version exists.
    pub fn is_observed(self) -> bool {
        matches!(self.0, Provenance::Observed(_)) || self.version() == Version::NONE
    }

    /// The position of the event at that version, if the caller has [observed](Self::observed) it.
    /// Every event of the append gets a higher one.
    pub fn seen(self) -> Option<Position> {
        match self.0 {
            Provenance::Observed(head) => head.position(),
            Provenance::Claimed(_) => None,
        }
    }
}

/// The caller's idempotency key of an append. A second append with the same key records nothing.
///
/// Not empty, at most 512 bytes, without NUL. It is valid for one aggregate.
///
/// If a key was used before, the answer is what it recorded, whatever the data are. A retry often
/// has different bytes for the same command, because the order of a map, the form of a number or
/// the version of the program differs. Only the kinds of events are compared, and one common kind
/// is enough: a newer program may record more or fewer events for a command. If the key recorded no
/// event of a kind that the append would record, it belongs to a different command, and the append
/// fails with [`StoreError::AppendIdReused`]. The kind of a stored event is the event that the
/// current program reads it as, through aliases and splits. A retired event matches every command.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AppendId(Arc<str>);

impl AppendId {
    /// Takes the string as a key.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] if the string is empty, too long or contains NUL.
    pub fn new(key: impl AsRef<str>) -> Result<Self, InvalidId> {
        let key = key.as_ref();
        check_id(key)?;
        Ok(Self(key.into()))
    }

    /// The string itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

travels_as_text!(AppendId);

/// An event to record, already written as BSON.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NewEvent {
    /// The stored name.
    pub event_type: Cow<'static, str>,
    /// The version.
    pub event_version: u32,
    /// Older names under which an event of this kind may be stored.
    pub aliases: &'static [&'static str],
    /// The data.
    pub data: EventData,
    /// Who records it and because of what.
    pub metadata: Metadata,
    /// When the event happened. If it is `None`, the store sets the current time.
    pub timestamp: Option<Timestamp>,
}

impl NewEvent {
    /// Writes an event, and reads it back if the build has debug assertions: see [`WriteCheck`].
    ///
    /// # Errors
    ///
    /// As [`encode_with`](Self::encode_with).
    pub fn encode<E: EventSet>(event: &E, metadata: Metadata) -> Result<Self, StoreError> {
        Self::encode_with(event, metadata, WriteCheck::default())
    }

    /// Writes an event, and reads it back if asked to.
    ///
    /// # Errors
    ///
    /// [`StoreError::Encode`], [`StoreError::NotReadBack`], [`StoreError::TooDeep`] or
    /// [`StoreError::TooLarge`], each of which names the event.
    pub fn encode_with<E: EventSet>(event: &E, metadata: Metadata, check: WriteCheck) -> Result<Self, StoreError> {
        let &EventInfo { event_type, version, aliases, .. } = event.info();
        let data = EventData::encode(event_type, event)?;
        if check == WriteCheck::Always {
            read_back::check_event(event, &data)?;
        }
        Ok(Self { aliases, ..Self::within_limits(event_type.into(), version, data, metadata)? })
    }

    /// Takes data that is already written.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidId`] if the name is empty, too long or contains NUL,
    /// [`StoreError::TooDeep`] or [`StoreError::TooLarge`], each of which names the event.
    pub fn from_data(
        event_type: impl Into<Cow<'static, str>>,
        event_version: u32,
        data: EventData,
        metadata: Metadata,
    ) -> Result<Self, StoreError> {
        let event_type = event_type.into();
        check_id(&event_type)?;
        if is_too_deep(data.as_raw()) {
            return Err(StoreError::TooDeep { what: event_type.into_owned(), limit: MAX_NESTING });
        }
        Self::within_limits(event_type, event_version, data, metadata)
    }

    /// Takes data that is known not to be nested too deep.
    fn within_limits(
        event_type: Cow<'static, str>,
        event_version: u32,
        data: EventData,
        metadata: Metadata,
    ) -> Result<Self, StoreError> {
        let bytes = data.as_raw().as_bytes().len() + metadata.as_raw().as_bytes().len();
        if bytes > MAX_EVENT_BYTES {
            return Err(StoreError::TooLarge { what: event_type.into_owned(), bytes, limit: MAX_EVENT_BYTES });
        }
        if is_too_deep(metadata.as_raw()) {
            return Err(StoreError::TooDeep { what: event_type.into_owned(), limit: MAX_NESTING });
        }
        Ok(Self { event_type, event_version, aliases: &[], data, metadata, timestamp: None })
    }

    /// The event as a store returns it after it was recorded with this stamp.
    pub(crate) fn as_stored<'a>(&'a self, stream: &'a StreamId, stamp: Stamp) -> StoredEvent<'a> {
        StoredEvent {
            id: stamp.id,
            aggregate_id: stream.aggregate_id().as_str(),
            aggregate_type: stream.aggregate_type(),
            event_type: &self.event_type,
            event_version: self.event_version,
            sequence: stamp.sequence,
            position: stamp.position,
            timestamp: stamp.timestamp,
            metadata: self.metadata.as_raw(),
            data: BsonPayload(self.data.as_raw()),
        }
    }

    /// The same event with the time when it happened. For imports only.
    #[must_use]
    pub fn at(self, timestamp: Timestamp) -> Self {
        Self { timestamp: Some(timestamp), ..self }
    }
}

/// Events to record together: all or none of them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Append {
    /// The aggregate.
    pub stream: StreamId,
    /// The version that it must have.
    pub expected: ExpectedVersion,
    /// The events, in order.
    pub events: Vec<NewEvent>,
    /// The caller's idempotency key.
    pub append_id: Option<AppendId>,
    /// The ids of the events, if one event already refers to another by its id. Otherwise the store
    /// creates them.
    pub event_ids: Option<Vec<EventId>>,
}

impl Append {
    /// These events after this version of this aggregate.
    pub fn new(stream: StreamId, expected: ExpectedVersion, events: Vec<NewEvent>) -> Self {
        Self { stream, expected, events, append_id: None, event_ids: None }
    }

    /// Whether these recorded events can be those of this append, sent before: at least one has a
    /// name that an event of this append has or had. The data are not compared; [`AppendId`]
    /// explains why.
    ///
    /// A store uses this to distinguish a repeated append from an append id that was used for a
    /// different command.
    pub fn has_recorded<'a>(&self, mut stored: impl Iterator<Item = &'a RecordedEvent<EventData>>) -> bool {
        let own = self.events.iter().map(|event| &*event.event_type);
        let older = self.events.iter().flat_map(|event| event.aliases).copied();
        let names: HashSet<&str> = own.chain(older).collect();
        stored.any(|event| names.contains(&*event.event_type))
    }

    /// The same under an idempotency key.
    #[must_use]
    pub fn with_id(self, append_id: impl Into<Option<AppendId>>) -> Self {
        Self { append_id: append_id.into(), ..self }
    }

    /// Takes the ids of the events, or creates them: one for each event, all of one
    /// [block](EventId::block).
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] if the append has a different number of ids than of events.
    pub fn take_event_ids(&mut self) -> Result<Vec<EventId>, StoreError> {
        let count = self.events.len();
        match self.event_ids.take() {
            None => Ok(EventId::block(count)),
            Some(ids) if ids.len() == count => Ok(ids),
            Some(ids) => Err(StoreError::Refused {
                stream: self.stream.clone(),
                source: format!("the append has {count} events and {} ids", ids.len()).into(),
            }),
        }
    }
}

/// The outcome of a successful append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// The events were recorded now.
    Now(Receipt),
    /// The same append was recorded before; nothing was written now.
    Already(Receipt),
}

impl Appended {
    /// The place of the events, whenever they were recorded.
    pub fn receipt(&self) -> &Receipt {
        match self {
            Self::Now(receipt) | Self::Already(receipt) => receipt,
        }
    }

    /// The place of the events, whenever they were recorded.
    pub fn into_receipt(self) -> Receipt {
        match self {
            Self::Now(receipt) | Self::Already(receipt) => receipt,
        }
    }
}

/// The place of the events of one append.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The version of the aggregate after the append.
    pub version: Version,
    /// One stamp for each event, in order.
    pub stamps: Vec<Stamp>,
}

impl Receipt {
    /// The receipt for these stamps, or `None` if there are no stamps.
    pub fn new(stamps: Vec<Stamp>) -> Option<Self> {
        let version = stamps.last()?.sequence.into();
        Some(Self { version, stamps })
    }

    /// The head of the stream after the append.
    pub fn head(&self) -> Head {
        self.stamps.last().map_or(Head::NONE, Head::from)
    }
}

/// What the store adds to an event when it records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stamp {
    /// The identity of the event.
    pub id: EventId,
    /// Its place in the stream.
    pub sequence: Sequence,
    /// Its place in the store.
    pub position: Position,
    /// When it was recorded.
    pub timestamp: Timestamp,
}

impl Stamp {
    /// What was added to one event.
    pub const fn new(id: EventId, sequence: Sequence, position: Position, timestamp: Timestamp) -> Self {
        Self { id, sequence, position, timestamp }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{Document, doc};

    fn nested(levels: usize) -> EventData {
        let mut document = Document::new();
        for _ in 1..levels {
            document = doc! { "in": document };
        }
        EventData::from(bson::serialize_to_raw_document_buf(&document).unwrap())
    }

    #[test]
    fn data_of_100_levels_is_taken_and_of_101_is_not() {
        assert!(NewEvent::from_data("E", 1, nested(100), Metadata::new()).is_ok());
        let error = NewEvent::from_data("E", 1, nested(101), Metadata::new()).unwrap_err();
        assert!(matches!(error, StoreError::TooDeep { limit: 100, .. }), "{error}");
    }

    #[test]
    fn data_over_16_mib_is_refused_with_its_size() {
        let data = bson::serialize_to_raw_document_buf(&doc! { "text": "x".repeat(MAX_EVENT_BYTES) }).unwrap();
        let error = NewEvent::from_data("E", 1, data.into(), Metadata::new()).unwrap_err();
        assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    }
}
