//! The stored forms. Each field name is defined here once.

use bson::raw::{RawArray, RawBsonRef, RawDocument};
use bson::{Document, doc};
use es_core::error::InvalidCount;
use es_core::store::{BsonPayload, NewEvent, StoredEvent};
use es_core::{EventId, Position, Sequence, StoreError, StreamId, Timestamp};

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::error::malformed;

/// The names of the stored fields.
pub(crate) mod field {
    pub(crate) const ID: &str = "_id";
    pub(crate) const AGGREGATE_ID: &str = "aggregateId";
    pub(crate) const AGGREGATE_TYPE: &str = "aggregateType";
    pub(crate) const EVENT_TYPE: &str = "eventType";
    pub(crate) const EVENT_VERSION: &str = "eventVersion";
    pub(crate) const EVENT_DATA: &str = "eventData";
    pub(crate) const METADATA: &str = "metadata";
    pub(crate) const USER_ID: &str = "metadata.userId";
    pub(crate) const CORRELATION_ID: &str = "metadata.correlationId";
    pub(crate) const TIMESTAMP: &str = "timestamp";
    pub(crate) const SEQUENCE: &str = "sequenceNumber";
    pub(crate) const POSITION: &str = "position";
    pub(crate) const APPEND_ID: &str = "appendId";
    pub(crate) const VERSION: &str = "version";
    pub(crate) const STATE_VERSION: &str = "stateVersion";
    pub(crate) const STATE: &str = "state";
}

/// The largest document that the server accepts.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// An event in its stored form.
///
/// It borrows its parts, and the driver serializes it into the command. So an event is copied only
/// when it is encoded and by the driver.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventDocument<'a> {
    pub(crate) id: EventId,
    pub(crate) stream: &'a StreamId,
    pub(crate) event: &'a NewEvent,
    pub(crate) timestamp: Timestamp,
    pub(crate) sequence: Sequence,
    pub(crate) append_id: Option<&'a str>,
    pub(crate) position: Position,
}

impl EventDocument<'_> {
    /// The size of the document in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let Self { id, stream, event, append_id, .. } = self;
        let text = |text: &str| size_of::<i32>() + text.len() + 1;
        let version = self.small_version().map_or(size_of::<i64>(), |_| size_of::<i32>());
        let fields = [
            (field::ID, id.as_object_id().bytes().len()),
            (field::AGGREGATE_ID, text(stream.aggregate_id().as_str())),
            (field::AGGREGATE_TYPE, text(stream.aggregate_type())),
            (field::EVENT_TYPE, text(&event.event_type)),
            (field::EVENT_VERSION, version),
            (field::EVENT_DATA, event.data.as_raw().as_bytes().len()),
            (field::METADATA, event.metadata.as_raw().as_bytes().len()),
            (field::TIMESTAMP, size_of::<i64>()),
            (field::SEQUENCE, size_of::<i64>()),
            (field::POSITION, size_of::<i64>()),
        ];
        let append_id = append_id.map(|append_id| (field::APPEND_ID, text(append_id)));
        // A field is its type, its name with a NUL, and its value; a document is its length, its
        // fields and a NUL.
        let fields = fields.into_iter().chain(append_id).map(|(name, value)| 1 + name.len() + 1 + value);
        size_of::<i32>() + fields.sum::<usize>() + 1
    }

    /// Refuses an event that is larger than a document can be. Returns its size in bytes.
    pub(crate) fn require_storable(&self) -> Result<usize, StoreError> {
        let bytes = self.bytes();
        if bytes > MAX_DOCUMENT_BYTES {
            let what = self.event.event_type.clone().into_owned();
            return Err(StoreError::TooLarge { what, bytes, limit: MAX_DOCUMENT_BYTES });
        }
        Ok(bytes)
    }

    /// Versions are small numbers. A version that does not fit an `i32` is stored as an `i64`.
    fn small_version(&self) -> Option<i32> {
        i32::try_from(self.event.event_version).ok()
    }
}

impl Serialize for EventDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { id, stream, event, timestamp, sequence, append_id, position } = self;
        let mut document = serializer.serialize_struct("Event", 10 + usize::from(append_id.is_some()))?;
        document.serialize_field(field::ID, &id.as_object_id())?;
        document.serialize_field(field::AGGREGATE_ID, stream.aggregate_id().as_str())?;
        document.serialize_field(field::AGGREGATE_TYPE, stream.aggregate_type())?;
        document.serialize_field(field::EVENT_TYPE, &*event.event_type)?;
        match self.small_version() {
            Some(version) => document.serialize_field(field::EVENT_VERSION, &version)?,
            None => document.serialize_field(field::EVENT_VERSION, &i64::from(event.event_version))?,
        }
        // Both are copied as a whole, and not walked through.
        document.serialize_field(field::EVENT_DATA, &event.data.as_raw())?;
        document.serialize_field(field::METADATA, &event.metadata.as_raw())?;
        document.serialize_field(field::TIMESTAMP, &bson::DateTime::from(*timestamp))?;
        document.serialize_field(field::SEQUENCE, &sequence.as_i64())?;
        if let Some(append_id) = append_id {
            document.serialize_field(field::APPEND_ID, append_id)?;
        }
        document.serialize_field(field::POSITION, &position.as_i64())?;
        document.end()
    }
}

/// Reads an event from its document, in one pass and without copying.
pub(crate) fn read_event(document: &RawDocument) -> Result<StoredEvent<'_>, StoreError> {
    parse_event(document).map_err(|error| {
        let id = document.get(field::ID).ok().flatten();
        malformed(format!("the event document with _id {id:?}"), error)
    })
}

/// What is wrong with a document that should be an event.
#[derive(Debug, thiserror::Error)]
enum ShapeError {
    #[error("`{0}` is missing or has a different type")]
    Field(&'static str),
    #[error("`{0}` is out of range")]
    Count(&'static str, #[source] InvalidCount),
    #[error(transparent)]
    Bson(#[from] bson::error::Error),
}

fn parse_event(document: &RawDocument) -> Result<StoredEvent<'_>, ShapeError> {
    let (mut id, mut aggregate_id, mut aggregate_type, mut event_type) = (None, None, None, None);
    let (mut event_version, mut data, mut metadata, mut timestamp) = (None, None, None, None);
    let (mut sequence, mut position) = (None, None);
    for entry in document {
        let (key, value) = entry?;
        match key.as_str() {
            field::ID => id = value.as_object_id(),
            field::AGGREGATE_ID => aggregate_id = value.as_str(),
            field::AGGREGATE_TYPE => aggregate_type = value.as_str(),
            field::EVENT_TYPE => event_type = value.as_str(),
            field::EVENT_VERSION => event_version = integer(value),
            field::EVENT_DATA => data = value.as_document(),
            field::METADATA => metadata = value.as_document(),
            field::TIMESTAMP => timestamp = value.as_datetime(),
            field::SEQUENCE => sequence = integer(value),
            field::POSITION => position = integer(value),
            _ => {}
        }
    }
    let sequence = sequence.ok_or(ShapeError::Field(field::SEQUENCE))?;
    let position = position.ok_or(ShapeError::Field(field::POSITION))?;
    let event_version = event_version.and_then(|version| u32::try_from(version).ok());
    Ok(StoredEvent {
        id: id.ok_or(ShapeError::Field(field::ID))?.into(),
        aggregate_id: aggregate_id.ok_or(ShapeError::Field(field::AGGREGATE_ID))?,
        aggregate_type: aggregate_type.ok_or(ShapeError::Field(field::AGGREGATE_TYPE))?,
        event_type: event_type.ok_or(ShapeError::Field(field::EVENT_TYPE))?,
        event_version: event_version.ok_or(ShapeError::Field(field::EVENT_VERSION))?,
        sequence: Sequence::try_from(sequence).map_err(|error| ShapeError::Count(field::SEQUENCE, error))?,
        position: Position::try_from(position).map_err(|error| ShapeError::Count(field::POSITION, error))?,
        timestamp: timestamp.ok_or(ShapeError::Field(field::TIMESTAMP))?.into(),
        // Another program may record an event without metadata. The metadata are then empty.
        metadata: match metadata {
            Some(metadata) => metadata,
            None => RawDocument::from_bytes(b"\x05\0\0\0\0")?,
        },
        data: BsonPayload(data.ok_or(ShapeError::Field(field::EVENT_DATA))?),
    })
}

/// A whole number in any of its stored types: the shell writes doubles.
pub(crate) fn integer(value: RawBsonRef<'_>) -> Option<i64> {
    match value {
        RawBsonRef::Int32(number) => Some(number.into()),
        RawBsonRef::Int64(number) => Some(number),
        #[allow(clippy::cast_possible_truncation, reason = "only whole numbers that a double holds exactly pass")]
        RawBsonRef::Double(number) if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 => {
            Some(number as i64)
        }
        _ => None,
    }
}

/// The whole number in a field of a document.
pub(crate) fn integer_in(document: &RawDocument, field: &str) -> Option<i64> {
    integer(document.get(field).ok().flatten()?)
}

/// The position of a document, if it has a valid one.
pub(crate) fn position_in(document: &RawDocument) -> Option<Position> {
    Position::try_from(integer_in(document, field::POSITION)?).ok()
}

/// The documents in one batch of a cursor.
pub(crate) fn documents(slices: &RawArray) -> impl Iterator<Item = Result<&RawDocument, StoreError>> {
    slices.into_iter().map(|entry| match entry {
        Ok(RawBsonRef::Document(document)) => Ok(document),
        Ok(other) => Err(malformed("a batch", format!("it holds a {:?}", other.element_type()))),
        Err(error) => Err(malformed("a batch", error)),
    })
}

/// The index that contains the events of each stream in their order.
pub(crate) fn stream_index() -> Document {
    doc! { field::AGGREGATE_ID: 1, field::SEQUENCE: 1, field::AGGREGATE_TYPE: 1 }
}

/// The keys of the index on positions.
pub(crate) fn position_index() -> Document {
    doc! { field::POSITION: 1 }
}

/// The keys of the index that has the snapshots of each stream, the newest first.
pub(crate) fn snapshot_index() -> Document {
    doc! { field::AGGREGATE_ID: 1, field::AGGREGATE_TYPE: 1, field::VERSION: -1 }
}

/// The keys of the index that counts the events of each type.
pub(crate) fn type_index() -> Document {
    doc! { field::EVENT_TYPE: 1, field::TIMESTAMP: 1 }
}

/// The keys of the index on the append ids.
pub(crate) fn append_index() -> Document {
    doc! { field::AGGREGATE_ID: 1, field::AGGREGATE_TYPE: 1, field::APPEND_ID: 1 }
}

/// The filter for these append ids. The index contains only strings, so the server uses it only for
/// a filter that states this.
pub(crate) fn any_append_id(keys: &[&str]) -> Document {
    doc! { "$in": keys, "$type": "string" }
}

/// The filter for the events of one stream.
pub(crate) fn of_stream(stream: &StreamId) -> Document {
    doc! { field::AGGREGATE_ID: stream.aggregate_id().as_str(), field::AGGREGATE_TYPE: stream.aggregate_type() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::raw::{RawDocumentBuf, cstr};
    use es_core::Metadata;
    use es_core::store::EventData;

    fn new_event() -> NewEvent {
        let data = EventData::from(bson::serialize_to_raw_document_buf(&doc! { "amount": 5 }).unwrap());
        NewEvent::from_data("Paid", 2, data, Metadata::new().user("u")).unwrap()
    }

    fn document<'a>(stream: &'a StreamId, event: &'a NewEvent, append_id: Option<&'a str>) -> EventDocument<'a> {
        let (id, timestamp, sequence) = (EventId::new(), Timestamp::from_millis(-1_234), Sequence::FIRST);
        let position = Position::try_from(0x0102_0304_0506_0708_u64).unwrap();
        EventDocument { id, stream, event, timestamp, sequence, append_id, position }
    }

    /// The stored form, field by field.
    fn field_by_field(document: &EventDocument<'_>) -> RawDocumentBuf {
        let EventDocument { id, stream, event, timestamp, sequence, append_id, position } = *document;
        let mut fields = RawDocumentBuf::new();
        fields.append(cstr!("_id"), id.as_object_id());
        fields.append(cstr!("aggregateId"), stream.aggregate_id().as_str());
        fields.append(cstr!("aggregateType"), stream.aggregate_type());
        fields.append(cstr!("eventType"), &*event.event_type);
        match i32::try_from(event.event_version) {
            Ok(version) => fields.append(cstr!("eventVersion"), version),
            Err(_) => fields.append(cstr!("eventVersion"), i64::from(event.event_version)),
        }
        fields.append(cstr!("eventData"), event.data.as_raw());
        fields.append(cstr!("metadata"), event.metadata.as_raw());
        fields.append(cstr!("timestamp"), bson::DateTime::from(timestamp));
        fields.append(cstr!("sequenceNumber"), sequence.as_i64());
        if let Some(append_id) = append_id {
            fields.append(cstr!("appendId"), append_id);
        }
        fields.append(cstr!("position"), position.as_i64());
        fields
    }

    #[test]
    fn an_event_is_serialized_byte_for_byte_in_the_stored_form_and_its_size_is_known_before() {
        let stream = StreamId::new("Invoice", "i-1 \u{1f9fe}").unwrap();
        let mut far = new_event();
        far.event_version = u32::MAX;
        for event in [new_event(), far] {
            for append_id in [None, Some("key"), Some("k\u{e9}y")] {
                let document = document(&stream, &event, append_id);
                let serialized = bson::serialize_to_raw_document_buf(&document).unwrap();
                assert_eq!(serialized.as_bytes(), field_by_field(&document).as_bytes());
                assert_eq!(document.bytes(), serialized.as_bytes().len());
            }
        }
    }

    #[test]
    fn the_largest_document_is_taken_and_one_byte_more_is_not() {
        let stream = StreamId::new("Invoice", "i-1").unwrap();
        let sized = |text: usize| {
            let data = bson::serialize_to_raw_document_buf(&doc! { "text": "x".repeat(text) }).unwrap();
            NewEvent::from_data("Attached", 1, data.into(), Metadata::new()).unwrap()
        };
        let room = MAX_DOCUMENT_BYTES - document(&stream, &sized(0), None).bytes();
        assert_eq!(document(&stream, &sized(room), None).require_storable().unwrap(), MAX_DOCUMENT_BYTES);
        let error = document(&stream, &sized(room + 1), None).require_storable().unwrap_err();
        assert!(matches!(error, StoreError::TooLarge { bytes, .. } if bytes == MAX_DOCUMENT_BYTES + 1), "{error}");
    }

    #[test]
    fn an_event_is_read_back_as_it_was_written() {
        let (stream, new_event) = (StreamId::new("Invoice", "i-1").unwrap(), new_event());
        let document = document(&stream, &new_event, Some("key"));
        let stored = bson::serialize_to_raw_document_buf(&document).unwrap();
        let event = read_event(&stored).unwrap();
        assert_eq!((event.id, event.aggregate_id, event.aggregate_type), (document.id, "i-1", "Invoice"));
        assert_eq!((event.event_type, event.event_version, event.timestamp), ("Paid", 2, document.timestamp));
        assert_eq!(event.position, 0x0102_0304_0506_0708);
        assert_eq!(event.metadata.get_str("userId").unwrap(), "u");
        assert_eq!(stored.get_str(field::APPEND_ID).unwrap(), "key");
    }

    #[test]
    fn an_event_that_the_shell_wrote_with_doubles_and_without_metadata_is_read() {
        let stored = bson::serialize_to_raw_document_buf(&doc! {
            "_id": bson::oid::ObjectId::new(), "aggregateId": "i", "aggregateType": "Invoice", "eventType": "Paid",
            "eventVersion": 1.0, "eventData": {}, "timestamp": bson::DateTime::now(), "sequenceNumber": 2.0, "position": 7,
        })
        .unwrap();
        let event = read_event(&stored).unwrap();
        assert_eq!((event.event_version, event.sequence.get(), event.position.get()), (1, 2, 7));
        assert_eq!(event.metadata.iter().count(), 0);
    }

    #[test]
    fn a_document_without_a_position_is_refused_by_name() {
        let stored =
            bson::serialize_to_raw_document_buf(&doc! { "_id": bson::oid::ObjectId::new(), "sequenceNumber": 1 });
        let error = es_core::error::ErrorChain::new(&read_event(&stored.unwrap()).unwrap_err()).to_string();
        assert!(error.contains("`position`"), "{error}");
    }
}
