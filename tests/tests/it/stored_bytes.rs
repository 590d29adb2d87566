//! The bytes of a stored event, on which every program that reads the collection relies.

use es_core::store::{Append, AppendId, EventData, EventStore, ExpectedVersion, NewEvent};
use es_core::{EventId, Metadata, StreamId, Timestamp};
use es_mongo::mongodb::bson::raw::{RawDocumentBuf, cstr};
use es_mongo::mongodb::bson::{self, doc};
use futures_util::TryStreamExt;

#[tokio::test]
async fn an_event_is_stored_byte_for_byte_in_the_documented_form() {
    let store = tests::empty_store().await;
    let data = EventData::from(bson::serialize_to_raw_document_buf(&doc! { "cents": 5_i64, "to": ["a"] }).unwrap());
    let metadata = Metadata::new().user("u").correlation("c");
    let event = |event_type: &'static str, version, millis| {
        let event = NewEvent::from_data(event_type, version, data.clone(), metadata.clone()).unwrap();
        event.at(Timestamp::from_millis(millis))
    };
    let events = vec![event("Paid", 3, 1_234), event("Paid", u32::MAX, -1)];
    let stream = StreamId::new("Invoice", "i-1").unwrap();
    let mut append = Append::new(stream, ExpectedVersion::NONE, events).with_id(AppendId::new("key").unwrap());
    let ids = EventId::block(2);
    append.event_ids = Some(ids.clone());
    store.append(append).await.unwrap();

    let mut expected = Vec::new();
    for (at, id) in (1_i64..).zip(&ids) {
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("_id"), id.as_object_id());
        document.append(cstr!("aggregateId"), "i-1");
        document.append(cstr!("aggregateType"), "Invoice");
        document.append(cstr!("eventType"), "Paid");
        if at == 1 {
            document.append(cstr!("eventVersion"), 3_i32);
        } else {
            document.append(cstr!("eventVersion"), i64::from(u32::MAX));
        }
        document.append(cstr!("eventData"), data.as_raw());
        document.append(cstr!("metadata"), metadata.as_raw());
        document.append(cstr!("timestamp"), bson::DateTime::from_millis(if at == 1 { 1_234 } else { -1 }));
        document.append(cstr!("sequenceNumber"), at);
        if at == 1 {
            document.append(cstr!("appendId"), "key");
        }
        document.append(cstr!("position"), at);
        expected.push(document);
    }
    let stored = store.database().collection::<RawDocumentBuf>("events");
    let stored = stored.find(doc! {}).sort(doc! { "position": 1 }).await.unwrap();
    assert_eq!(stored.try_collect::<Vec<_>>().await.unwrap(), expected);
    store.close().await;
}
