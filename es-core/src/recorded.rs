//! Recorded events.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use bson::raw::{RawDocument, RawDocumentBuf};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{self, Serialize, Serializer};

use crate::error::Panicked;
use crate::error::StoreError;
use crate::event_types::{BoxError, DecodeError, Decoded, Event, EventSet, Payload};
use crate::nesting::{MAX_NESTING, TooDeep, is_too_deep};
use crate::read_back::Refused;
use crate::store::Stamp;
use crate::{Aggregate, AggregateId, Metadata, Position, Sequence, StreamId, Timestamp};

/// The id of one recorded event, created before the first attempt to store it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(bson::oid::ObjectId);

/// A text is not a valid event id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an event id; an event id has 24 hexadecimal digits")]
pub struct InvalidEventId(String);

impl EventId {
    /// A new id, different from every other.
    #[allow(clippy::new_without_default, reason = "each call returns a different value")]
    pub fn new() -> Self {
        Self(bson::oid::ObjectId::new())
    }

    /// The ids of the events of one append, in order: they are consecutive, and no other append has
    /// an id in between or directly after.
    ///
    /// So the ids of the stored events show where an append ends, without a separate field.
    pub fn block(count: usize) -> Vec<Self> {
        // The layout of an ObjectId: four bytes of time, five random bytes, and a counter of three
        // bytes.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let first = NEXT.fetch_add(count.saturating_add(1), Ordering::Relaxed);
        let base = bson::oid::ObjectId::new().bytes();
        (0..count)
            .map(|offset| {
                let mut bytes = base;
                bytes[9..].copy_from_slice(&first.wrapping_add(offset).to_be_bytes()[1..]);
                Self(bson::oid::ObjectId::from_bytes(bytes))
            })
            .collect()
    }

    /// Whether `next` is the id of the event that follows in the same append.
    pub fn is_followed_by(self, next: Self) -> bool {
        let (left, right) = (self.0.bytes(), next.0.bytes());
        let count = |id: [u8; 12]| u32::from_be_bytes([0, id[9], id[10], id[11]]);
        left[..9] == right[..9] && count(right) == (count(left) + 1) & 0x00ff_ffff
    }

    /// The id as a BSON type.
    pub const fn as_object_id(self) -> bson::oid::ObjectId {
        self.0
    }
}

impl From<bson::oid::ObjectId> for EventId {
    fn from(id: bson::oid::ObjectId) -> Self {
        Self(id)
    }
}

impl FromStr for EventId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, InvalidEventId> {
        bson::oid::ObjectId::parse_str(text).map(Self).map_err(|_| InvalidEventId(text.to_owned()))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for EventId {
    /// 24 digits in text formats such as JSON, an `ObjectId` in BSON.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // `ObjectId` accepts the digits too, in every format.
        bson::oid::ObjectId::deserialize(deserializer).map(Self)
    }
}

/// The data of one event as it is stored: a BSON document.
///
/// `Debug` and text formats show it as extended JSON.
#[derive(Clone, PartialEq)]
pub struct EventData(RawDocumentBuf);

impl EventData {
    /// Writes the data of an event.
    ///
    /// # Errors
    ///
    /// [`StoreError::Encode`] if the data is not a document, or has a value or key that BSON cannot
    /// hold; the error names it. [`StoreError::TooDeep`] if the data is nested deeper than
    /// [`MAX_NESTING`].
    pub fn encode<T: Serialize>(event_type: &str, data: &T) -> Result<Self, StoreError> {
        let data = bson::serialize_to_raw_document_buf(data).map_err(|error| StoreError::Encode {
            what: event_type.to_owned(),
            source: Refused::of(data, error).into(),
        })?;
        if is_too_deep(&data) {
            return Err(StoreError::TooDeep { what: event_type.to_owned(), limit: MAX_NESTING });
        }
        Ok(Self(data))
    }

    /// The same for the code of a user that writes a state or a row. A panic in it is an error, too.
    pub(crate) fn encode_caught<T: Serialize>(what: &str, data: &T) -> Result<Self, StoreError> {
        Panicked::catch(|| Self::encode(what, data))
            .unwrap_or_else(|panicked| Err(StoreError::Encode { what: what.to_owned(), source: panicked.into() }))
    }

    /// The document itself.
    pub fn as_raw(&self) -> &RawDocument {
        &self.0
    }
}

impl fmt::Debug for EventData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_document(&self.0, f)
    }
}

impl Serialize for EventData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_document(&self.0, serializer)
    }
}

impl From<RawDocumentBuf> for EventData {
    fn from(document: RawDocumentBuf) -> Self {
        Self(document)
    }
}

impl Payload for EventData {
    fn decode<T: DeserializeOwned>(&self) -> Result<T, BoxError> {
        BsonPayload(&self.0).decode()
    }
}

/// The data of one event inside a larger buffer: a BSON document.
#[derive(Debug, Clone, Copy)]
pub struct BsonPayload<'a>(pub &'a RawDocument);

impl Payload for BsonPayload<'_> {
    fn decode<T: DeserializeOwned>(&self) -> Result<T, BoxError> {
        if is_too_deep(self.0) {
            return Err(TooDeep.into());
        }
        Ok(bson::deserialize_from_slice(self.0.as_bytes())?)
    }
}

/// One event as a store returns it, borrowed from the store's buffer.
#[derive(Debug, Clone, Copy)]
pub struct StoredEvent<'a> {
    /// The identity of the event.
    pub id: EventId,
    /// The id of its aggregate.
    pub aggregate_id: &'a str,
    /// The stored name of the aggregate's type.
    pub aggregate_type: &'a str,
    /// The stored name of the event.
    pub event_type: &'a str,
    /// The version that the event was stored with.
    pub event_version: u32,
    /// Its place in the stream.
    pub sequence: Sequence,
    /// Its place in the store.
    pub position: Position,
    /// When it was recorded.
    pub timestamp: Timestamp,
    /// Who recorded it, and why: a BSON document.
    pub metadata: &'a RawDocument,
    /// The data.
    pub data: BsonPayload<'a>,
}

impl StoredEvent<'_> {
    /// Reads the event as one of the set `E`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Decode`], which names the event, also if an upcast panics.
    pub fn decode<E: EventSet>(&self) -> Result<Decoded<E>, StoreError> {
        self.caught(|| E::decode(self.event_type, self.event_version, &self.data))
    }

    /// Reads the data as event `E`, in any of its versions.
    pub(crate) fn decode_as<E: Event>(&self) -> Result<E, StoreError> {
        self.caught(|| E::decode(self.event_version, &self.data))
    }

    /// Runs the code that reads the event. A panic in it is an error, too.
    #[inline]
    fn caught<T>(&self, decode: impl FnOnce() -> Result<T, DecodeError>) -> Result<T, StoreError> {
        let decoded = Panicked::catch(decode).unwrap_or_else(|panicked| Err(panicked.into()));
        decoded.map_err(|source| self.undecodable(source))
    }

    /// The circumstances of the event, which is one of `stream`.
    pub(crate) fn context(&self, stream: &StreamId) -> crate::Context {
        let metadata = Metadata::from_raw(self.metadata.to_owned());
        crate::Context::new(self.id, stream.aggregate_id().clone(), self.sequence, self.timestamp, metadata)
    }

    /// An owned copy, with the data still in its stored form.
    pub fn to_recorded(&self) -> RecordedEvent<EventData> {
        self.record(EventData(self.data.0.to_owned()))
    }

    /// An owned copy with other data.
    pub fn record<T>(&self, data: T) -> RecordedEvent<T> {
        RecordedEvent {
            id: self.id,
            aggregate_id: self.aggregate_id.to_owned(),
            aggregate_type: self.aggregate_type.to_owned(),
            event_type: self.event_type.to_owned(),
            event_version: self.event_version,
            sequence: self.sequence,
            position: self.position,
            timestamp: self.timestamp,
            metadata: Metadata::from_raw(self.metadata.to_owned()),
            data,
        }
    }

    fn undecodable(&self, source: DecodeError) -> StoreError {
        StoreError::Decode {
            aggregate_type: self.aggregate_type.to_owned(),
            aggregate_id: self.aggregate_id.to_owned(),
            sequence: self.sequence,
            event_type: self.event_type.to_owned(),
            source,
        }
    }
}

/// One recorded event, with everything that was recorded about it.
///
/// `T` is the event set of an aggregate, or [`EventData`] if the aggregate is not known yet;
/// [`decode`](Self::decode) converts the latter into the former. The event serializes under the
/// names of the stored fields, with `id` for `_id`.
///
/// ```
/// # use es_core::{event, Aggregate, Apply, Context, Metadata, Repository, memory::MemoryStore};
/// # #[event(version = 1)]
/// # pub struct Deposited { pub cents: i64 }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(Deposited))]
/// # pub struct Account { cents: i64 }
/// # impl Apply<Deposited> for Account {
/// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let accounts = Repository::<Account>::new(&MemoryStore::new());
/// # accounts.create("alice", Deposited { cents: 5 }).by("clerk_7").await?;
/// let mut history = accounts.history("alice")?;
/// while let Some(event) = history.next().await {
///     let json = serde_json::to_value(event?)?;
///     assert_eq!(json["eventType"], "Deposited");
///     assert_eq!(json["eventData"]["cents"], 5);
///     assert_eq!(json["metadata"]["userId"], "clerk_7");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecordedEvent<T> {
    /// The identity of the event.
    pub id: EventId,
    /// The id of its aggregate.
    pub aggregate_id: String,
    /// The stored name of the aggregate's type.
    pub aggregate_type: String,
    /// The stored name of the event.
    pub event_type: String,
    /// The version that the event was stored with.
    pub event_version: u32,
    /// Its place in the stream of its aggregate.
    #[serde(rename = "sequenceNumber")]
    pub sequence: Sequence,
    /// Its place in the store.
    pub position: Position,
    /// When it was recorded.
    pub timestamp: Timestamp,
    /// Who recorded it, and why.
    pub metadata: Metadata,
    /// The event, or its data.
    #[serde(rename = "eventData")]
    pub data: T,
}

impl RecordedEvent<EventData> {
    /// The same event in its stored form, borrowed.
    pub fn as_stored(&self) -> StoredEvent<'_> {
        StoredEvent {
            id: self.id,
            aggregate_id: &self.aggregate_id,
            aggregate_type: &self.aggregate_type,
            event_type: &self.event_type,
            event_version: self.event_version,
            sequence: self.sequence,
            position: self.position,
            timestamp: self.timestamp,
            metadata: self.metadata.as_raw(),
            data: BsonPayload(self.data.as_raw()),
        }
    }

    /// Whether the event belongs to an aggregate of type `A`.
    pub fn is_of<A: Aggregate>(&self) -> bool {
        self.aggregate_type == A::TYPE
    }

    /// Reads the data as an event of aggregate `A`, through all versions in between.
    ///
    /// # Errors
    ///
    /// [`StoreError::Decode`], which names the event.
    pub fn decode<A: Aggregate>(&self) -> Result<Decoded<A::Event>, StoreError> {
        self.as_stored().decode()
    }
}

impl<T> RecordedEvent<T> {
    /// The event `data` of a stream, with what the store has added to it.
    pub fn new(
        stream: &StreamId,
        stamp: Stamp,
        event_type: impl Into<String>,
        event_version: u32,
        metadata: Metadata,
        data: T,
    ) -> Self {
        Self {
            id: stamp.id,
            aggregate_id: stream.aggregate_id().as_str().to_owned(),
            aggregate_type: stream.aggregate_type().to_owned(),
            event_type: event_type.into(),
            event_version,
            sequence: stamp.sequence,
            position: stamp.position,
            timestamp: stamp.timestamp,
            metadata,
            data,
        }
    }

    /// The stream that the event belongs to.
    ///
    /// # Errors
    ///
    /// [`InvalidId`](crate::error::InvalidId) if another program stored a name that this library
    /// would have refused.
    pub fn stream(&self) -> Result<StreamId, crate::error::InvalidId> {
        StreamId::new(&self.aggregate_type, &self.aggregate_id)
    }

    /// The circumstances of the event, for folding.
    ///
    /// # Errors
    ///
    /// [`InvalidId`](crate::error::InvalidId) if another program stored a name that this library
    /// would have refused.
    pub fn context(&self) -> Result<crate::Context, crate::error::InvalidId> {
        let id = AggregateId::new(self.aggregate_id.as_str())?;
        Ok(crate::Context::new(self.id, id, self.sequence, self.timestamp, self.metadata.clone()))
    }
}

/// The events that one stored event means, each with the recorded fields.
pub(crate) fn record_decoded<E: EventSet>(event: &StoredEvent<'_>) -> Result<Vec<RecordedEvent<E>>, StoreError> {
    Ok(event.decode::<E>()?.map(|data| event.record(data)).into_vec())
}

/// Writes a document with any serializer.
pub(crate) fn serialize_document<S: Serializer>(document: &RawDocument, serializer: S) -> Result<S::Ok, S::Error> {
    if is_too_deep(document) {
        return Err(ser::Error::custom(TooDeep));
    }
    document.serialize(serializer)
}

/// Formats a document as extended JSON on one line.
pub(crate) fn debug_document(document: &RawDocument, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if is_too_deep(document) {
        return write!(f, "{{ {TooDeep} }}");
    }
    match bson::Document::try_from(document) {
        Ok(document) => fmt::Display::fmt(&document, f),
        Err(error) => write!(f, "{{ {error} }}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_is_text_in_json_and_an_object_id_in_bson() {
        let id: EventId = "65f0c0ffee00112233445566".parse().unwrap();
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, r#""65f0c0ffee00112233445566""#);
        assert_eq!(serde_json::from_str::<EventId>(&json).unwrap(), id);
        let bson = bson::serialize_to_raw_document_buf(&std::collections::BTreeMap::from([("id", id)])).unwrap();
        assert_eq!(bson.get_object_id("id").unwrap(), id.as_object_id());
        let back: std::collections::BTreeMap<String, EventId> = bson::deserialize_from_slice(bson.as_bytes()).unwrap();
        assert_eq!(back["id"], id);
    }

    #[test]
    fn data_shows_its_fields_and_not_its_bytes() {
        let data = EventData::encode("Paid", &bson::doc! { "cents": 5, "by": "alice" }).unwrap();
        assert_eq!(format!("{data:?}"), r#"{ "cents": 5, "by": "alice" }"#);
        assert_eq!(serde_json::to_string(&data).unwrap(), r#"{"cents":5,"by":"alice"}"#);
    }

    #[test]
    fn ids_of_one_append_follow_each_other_and_those_of_the_next_do_not() {
        let (first, second) = (EventId::block(3), EventId::block(1));
        assert!(first[0].is_followed_by(first[1]) && first[1].is_followed_by(first[2]));
        assert!(!first[2].is_followed_by(second[0]));
        assert!(!first[0].is_followed_by(first[2]));
    }
}
