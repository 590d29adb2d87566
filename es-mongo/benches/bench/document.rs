//! The document that the store writes for an event, written without the library.

use es_core::Timestamp;
use es_core::store::NewEvent;
use es_mongo::mongodb::bson;
use es_mongo::mongodb::bson::oid::ObjectId;
use es_mongo::mongodb::bson::raw::{RawDocumentBuf, cstr};

pub(crate) fn document(id: &str, sequence: i64, position: i64, event: &NewEvent) -> RawDocumentBuf {
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("_id"), ObjectId::new());
    document.append(cstr!("aggregateId"), id);
    document.append(cstr!("aggregateType"), "Ledger");
    document.append(cstr!("eventType"), &*event.event_type);
    document.append(cstr!("eventVersion"), 1_i32);
    document.append(cstr!("eventData"), event.data.as_raw());
    document.append(cstr!("metadata"), event.metadata.as_raw());
    document.append(cstr!("timestamp"), bson::DateTime::from(Timestamp::now()));
    document.append(cstr!("sequenceNumber"), sequence);
    document.append(cstr!("position"), position);
    document
}
