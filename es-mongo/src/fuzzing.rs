//! All decoders of stored data, as functions of bytes. The targets in `fuzz/` call them, and so
//! does a short run in `cargo test`.
//!
//! Each of them must return, whatever the bytes are. Further properties are asserted.
#![allow(clippy::unwrap_used, reason = "a panic is how a fuzzer reports")]

pub mod domain;
#[cfg(test)]
mod tests;

use bson::raw::RawDocument;
use es_core::store::{EventSet, Replay, State, StateRef};
use es_core::{Aggregate, Metadata, StreamId, Timestamp, Version};

use crate::document::read_event;
use crate::merge::Order;
use crate::migrate;
use crate::snapshot::stored;
use crate::verify::order::{ByPosition, ByStream};
use crate::verify::snapshots::same_document;
use domain::{Everything, EverythingEvent, Old};

/// A document of `events` or of the archive: its envelope, its metadata, its data in every version
/// of every event, and the fold.
pub fn event(bytes: &[u8]) {
    let Ok(document) = RawDocument::from_bytes(bytes) else { return };
    key(&ByStream, document);
    key(&ByPosition::all(), document);
    assert!(same_document(document, document));
    let event = match read_event(document) {
        Ok(event) => event,
        // Every error must have a message, and printing the message must not fail.
        Err(error) => return assert!(!format!("{error} {error:?}").is_empty()),
    };
    let recorded = event.to_recorded();
    assert_eq!(recorded.as_stored().sequence, event.sequence);
    metadata(&recorded.metadata);
    let _ = (format!("{recorded:?}"), recorded.timestamp.to_string(), recorded.stream(), recorded.context());
    for known in EverythingEvent::EVENTS {
        for version in 0..=known.version + 1 {
            let decoded = EverythingEvent::decode(known.event_type, version, &event.data);
            assert_eq!(decoded.is_ok(), EverythingEvent::decode(known.event_type, version, &event.data).is_ok());
        }
    }
    if let Ok(stream) = StreamId::new(event.aggregate_type, event.aggregate_id) {
        let mut replay = Replay::<Everything>::new(stream);
        if replay.push(&event).is_ok() {
            assert_eq!(replay.version(), Version::from(event.sequence));
            // An event that was folded is not the next one any more.
            assert!(replay.push(&event).is_err());
        }
    }
}

/// Reads metadata as a user does.
fn metadata(metadata: &Metadata) {
    let _ = (metadata.user_id(), metadata.correlation_id(), metadata.caused_by_event());
    for (key, _) in metadata.as_raw().iter().flatten() {
        let _ = (metadata.get::<bson::Bson>(key.as_str()), metadata.get::<String>(key.as_str()));
        let _ = (metadata.get::<Timestamp>(key.as_str()), metadata.get::<Vec<i64>>(key.as_str()));
    }
}

/// A document of `snapshots`. If it is usable, it can be written and read again.
pub fn snapshot(bytes: &[u8]) {
    let Ok(document) = RawDocument::from_bytes(bytes) else { return };
    let Some(Ok(snapshot)) = stored(document).map(|stored| stored.decode::<Everything>()) else { return };
    let written = bson::serialize_to_raw_document_buf(&StateRef(&snapshot.state)).unwrap();
    bson::deserialize_from_slice::<State<Everything>>(written.as_bytes()).unwrap();
}

/// A document of a collection that is migrated.
pub fn migration(bytes: &[u8]) {
    let Ok(document) = RawDocument::from_bytes(bytes) else { return };
    match migrate::prepare::<Everything, Old, _>("old", document, domain::convert) {
        Ok(prepared) => assert_eq!(prepared.stream.aggregate_type(), Everything::TYPE),
        Err(reason) => {
            let _ = migrate::document_id(document);
            assert!(!reason.is_empty());
        }
    }
}

/// The key of a document in an order, which determines its place in a merge.
fn key<O: Order>(order: &O, document: &RawDocument) {
    if let Some(key) = order.key(document) {
        let _ = order.find(Some(&key), Some(&key));
    }
}
