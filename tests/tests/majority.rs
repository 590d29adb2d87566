//! A primary that reaches no majority: what only it has is neither read nor acknowledged.

use std::time::Duration;

use es_core::{
    Append, EventStore, ExpectedVersion, IntoEvents, Metadata, NewEvent, ReadRange, StoreError, StreamId, Version,
};
use es_mongo::MongoStore;
use es_mongo::dev::DevServer;
use es_mongo::mongodb::bson::{Document, doc, oid::ObjectId};
use es_mongo::mongodb::options::WriteConcern;
use es_mongo::mongodb::{Client, Collection};
use futures_util::TryStreamExt;
use tests::counter::{Counter, CounterEvent, OneAdded};

fn append(id: &str, version: u32) -> Append {
    let event: CounterEvent = OneAdded { by: "someone".into() }.into_events().remove(0);
    let event = NewEvent::encode(&event, Metadata::new()).unwrap();
    Append::new(StreamId::of::<Counter>(id).unwrap(), ExpectedVersion::observed(version.into()), vec![event])
}

/// Stops the secondaries from fetching what the primary writes, or lets them go on.
async fn replication(server: &DevServer, mode: &str) {
    let primary = server.primary().await.unwrap();
    for node in server.nodes().unwrap().iter().filter(|node| node.address() != primary.address()) {
        let uri = format!("mongodb://{}/?directConnection=true", node.address());
        let command = doc! { "configureFailPoint": "stopReplProducer", "mode": mode };
        Client::with_uri_str(uri).await.unwrap().database("admin").run_command(command).await.unwrap();
    }
    // A fetch that was begun may still bring what comes within its time.
    tokio::time::sleep(Duration::from_secs(if mode == "off" { 0 } else { 3 })).await;
}

async fn read(store: &MongoStore, id: &str) -> usize {
    let stream = StreamId::of::<Counter>(id).unwrap();
    let batches: Vec<_> = store.read(&stream, ReadRange::ALL).try_collect().await.unwrap();
    batches.iter().map(|batch| es_core::EventBatch::events(batch).count()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_primary_has_is_neither_read_nor_acknowledged() {
    let server = DevServer::builder().nodes(3).always_own().start().await.unwrap();
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    let deadline = Duration::from_secs(3);
    let store = MongoStore::builder(client.clone(), "majority").append_deadline(deadline).open().await.unwrap();
    store.append(append("a", 0)).await.unwrap();
    replication(&server, "alwaysOn").await;

    let answer = store.append(append("b", 0)).await;
    assert!(matches!(answer, Err(StoreError::OutcomeUnknown { .. })), "acknowledged without a majority: {answer:?}");

    // Another program writes with the primary's word alone: an election would take the event back.
    let events: Collection<Document> = client.database("majority").collection("events");
    let mut event = events.find_one(doc! {}).await.unwrap().unwrap();
    event.extend(doc! { "_id": ObjectId::new(), "sequenceNumber": 2_i64, "position": 3_i64 });
    events.insert_one(event).write_concern(WriteConcern::nodes(1)).await.unwrap();
    assert_eq!(events.count_documents(doc! {}).await.unwrap(), 3, "the primary itself has both");
    let stream = StreamId::of::<Counter>("a").unwrap();
    assert_eq!(store.head(&stream).await.unwrap(), Version::from(1), "a head that may be rolled back was read");
    assert_eq!(read(&store, "a").await, 1, "an event that may be rolled back was read");

    replication(&server, "off").await;
    let patient = MongoStore::builder(client.clone(), "majority").open().await.unwrap();
    let appended = patient.append(append("c", 0)).await.unwrap();
    assert!(appended.receipt().stamps[0].position.get() >= 4);
    assert_eq!(read(&store, "a").await, 2);
}
