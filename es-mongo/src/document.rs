//! The stored forms. Each field name is defined here once.

use bson::raw::{RawArray, RawBsonRef, RawDocument, RawDocumentBuf, cstr};
use bson::{Document, doc};
use es_core::{
    BsonPayload, EventId, InvalidCount, NewEvent, Position, Sequence, StoreError, StoredEvent, StreamId, Timestamp,
};

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

/// An event in its stored form, except for its position, which the appender sets just before
/// sending it.
#[derive(Debug, Clone)]
pub(crate) struct EventDocument(Vec<u8>);

impl EventDocument {
    /// Serializes the event.
    pub(crate) fn new(
        id: EventId,
        stream: &StreamId,
        event: &NewEvent,
        sequence: Sequence,
        timestamp: Timestamp,
        append_id: Option<&str>,
    ) -> Result<Self, StoreError> {
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("_id"), id.as_object_id());
        document.append(cstr!("aggregateId"), stream.aggregate_id().as_str());
        document.append(cstr!("aggregateType"), stream.aggregate_type());
        document.append(cstr!("eventType"), &*event.event_type);
        // Versions are small numbers. A version that does not fit an `i32` is stored as an `i64`.
        match i32::try_from(event.event_version) {
            Ok(version) => document.append(cstr!("eventVersion"), version),
            Err(_) => document.append(cstr!("eventVersion"), i64::from(event.event_version)),
        }
        document.append(cstr!("eventData"), event.data.as_raw());
        document.append(cstr!("metadata"), event.metadata.as_raw());
        document.append(cstr!("timestamp"), bson::DateTime::from(timestamp));
        document.append(cstr!("sequenceNumber"), sequence.as_i64());
        if let Some(append_id) = append_id {
            document.append(cstr!("appendId"), append_id);
        }
        // The last field, so that its eight bytes are at a known place.
        document.append(cstr!("position"), 0_i64);
        let bytes = document.into_bytes();
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(StoreError::TooLarge {
                what: event.event_type.clone().into_owned(),
                bytes: bytes.len(),
                limit: MAX_DOCUMENT_BYTES,
            });
        }
        Ok(Self(bytes))
    }

    /// The size of the document in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len()
    }

    /// The document with its position.
    pub(crate) fn at(&self, position: Position) -> Result<RawDocumentBuf, StoreError> {
        let mut bytes = self.0.clone();
        let end = bytes.len() - 1;
        bytes[end - size_of::<i64>()..end].copy_from_slice(&position.as_i64().to_le_bytes());
        RawDocumentBuf::from_bytes(bytes).map_err(|error| malformed("an event that is to be stored", error))
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
    use es_core::{EventData, Metadata};

    fn new_event() -> NewEvent {
        let data = EventData::from(bson::serialize_to_raw_document_buf(&doc! { "amount": 5 }).unwrap());
        NewEvent::from_data("Paid", 2, data, Metadata::new().user("u")).unwrap()
    }

    #[test]
    fn an_event_is_read_back_as_it_was_written() {
        let stream = StreamId::new("Invoice", "i-1").unwrap();
        let id = EventId::new();
        let moment = Timestamp::from_millis(1_234);
        let document = EventDocument::new(id, &stream, &new_event(), Sequence::FIRST, moment, Some("key")).unwrap();
        let stored = document.at(Position::try_from(0x0102_0304_0506_0708_u64).unwrap()).unwrap();
        let event = read_event(&stored).unwrap();
        assert_eq!((event.id, event.aggregate_id, event.aggregate_type), (id, "i-1", "Invoice"));
        assert_eq!((event.event_type, event.event_version, event.timestamp), ("Paid", 2, moment));
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
        let error = es_core::ErrorChain::new(&read_event(&stored.unwrap()).unwrap_err()).to_string();
        assert!(error.contains("`position`"), "{error}");
    }
}
