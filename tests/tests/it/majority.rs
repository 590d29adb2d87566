//! A primary that reaches no majority: what only it has is neither read nor acknowledged.

use std::sync::Arc;
use std::time::Duration;

use es_core::feed;
use es_core::repository::IntoEvents;
use es_core::store::{Append, EventStore, NewEvent, ReadRange};
use es_core::{Metadata, Repository, StoreError, StreamId, Version};
use es_mongo::dev::DevServer;
use es_mongo::mongodb::bson::{Document, doc, oid::ObjectId};
use es_mongo::mongodb::options::{ClientOptions, SelectionCriteria, WriteConcern};
use es_mongo::mongodb::{Client, Collection};
use es_mongo::{LoadedFrom, Migrated, MigratingRepository, MongoStore, ReadMode};
use futures_util::TryStreamExt;
use tests::counter::{Counter, CounterEvent, OneAdded};
use tests::observed;

fn append(id: &str, version: u32) -> Append {
    let event: CounterEvent = OneAdded { by: "someone".into() }.into_events().remove(0);
    let event = NewEvent::encode(&event, Metadata::new()).unwrap();
    Append::new(StreamId::of::<Counter>(id).unwrap(), observed(version), vec![event])
}

/// Stops the secondaries from fetching the writes of the primary, or lets them continue.
async fn replication(server: &DevServer, mode: &str) {
    let primary = server.primary().await.unwrap().address();
    replication_without(server, primary, mode).await;
}

/// The same for all nodes except one.
async fn replication_without(server: &DevServer, except: &str, mode: &str) {
    for node in server.nodes().unwrap().iter().filter(|node| node.address() != except) {
        let uri = format!("mongodb://{}/?directConnection=true", node.address());
        let command = doc! { "configureFailPoint": "stopReplProducer", "mode": mode };
        Client::with_uri_str(uri).await.unwrap().database("admin").run_command(command).await.unwrap();
    }
    // A fetch that has begun may still deliver writes until its time limit.
    tokio::time::sleep(Duration::from_secs(if mode == "off" { 0 } else { 3 })).await;
}

async fn read(store: &MongoStore, id: &str) -> usize {
    let stream = StreamId::of::<Counter>(id).unwrap();
    let batches: Vec<_> = store.read(&stream, ReadRange::ALL).try_collect().await.unwrap();
    batches.iter().map(|batch| batch.events().count()).sum()
}

/// A client whose settings send every read to this node.
async fn reading_from(server: &DevServer, address: &str) -> Client {
    let mut options = ClientOptions::parse(server.uri()).await.unwrap();
    let address = address.to_owned();
    options.selection_criteria =
        Some(SelectionCriteria::Predicate(Arc::new(move |server| server.address().to_string() == address)));
    Client::with_options(options).unwrap()
}

#[derive(serde::Deserialize)]
struct Old {
    #[serde(rename = "_id")]
    id: String,
    by: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secondary_that_lags_behind_answers_no_verb() {
    let server = DevServer::builder().nodes(3).always_own().start().await.unwrap();
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    MongoStore::builder(client.clone(), "stale").open().await.unwrap();
    let primary = server.primary().await.unwrap();
    let stale = server.nodes().unwrap().iter().find(|node| node.address() != primary.address()).unwrap();
    let direct = Client::with_uri_str(format!("mongodb://{}/?directConnection=true", stale.address())).await.unwrap();
    let admin = direct.database("admin");
    let replication =
        |mode: &'static str| admin.run_command(doc! { "configureFailPoint": "stopReplProducer", "mode": mode });
    replication("alwaysOn").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;

    let old: Collection<Document> = client.database("stale").collection("old");
    let documents = ["a", "b"].map(|id| doc! { "_id": id, "by": "someone" });
    old.insert_many(documents).write_concern(WriteConcern::majority()).await.unwrap();
    let client = reading_from(&server, stale.address()).await;
    let on_the_stale_node: Collection<Document> = client.database("stale").collection("old");
    assert_eq!(on_the_stale_node.count_documents(doc! {}).await.unwrap(), 0, "the node does not lag behind");

    let store = MongoStore::builder(client, "stale").open().await.unwrap();
    let counters = Repository::<Counter>::new(&store);
    let gradual = MigratingRepository::<Counter, Old>::new(&store, "old", ReadMode::WhereMigrated);
    assert!(matches!(gradual.load("a").await.unwrap(), LoadedFrom::Document(old) if old.id == "a"));
    let migrated = store.migrate::<Counter, Old>("old");
    let migrated = migrated.run(|old| Ok::<_, StoreError>(Migrated::new(old.id, OneAdded { by: old.by })));
    let report = migrated.await.unwrap();
    assert_eq!((report.documents, report.migrated), (2, 2), "a stale copy was migrated: {report:?}");
    assert_eq!(counters.load("a").await.unwrap().version, 1);
    assert_eq!(store.stats().await.unwrap().events, 2);
    assert!(store.verify::<Counter>().run().await.unwrap().is_sound());
    replication("off").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_not_tied_to_one_node_of_several() {
    let server = DevServer::builder().nodes(3).always_own().start().await.unwrap();
    for node in server.nodes().unwrap() {
        let uri = format!("mongodb://{}/?directConnection=true", node.address());
        let by_uri = MongoStore::connect(&uri, "direct").await;
        let client = Client::with_uri_str(&uri).await.unwrap();
        for opened in [by_uri, MongoStore::builder(client, "direct").open().await] {
            let error = opened.unwrap_err();
            assert!(matches!(error, StoreError::Unsafe { .. }), "{error:?}");
            assert!(error.to_string().contains("directConnection"), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_only_the_primary_has_are_neither_read_nor_acknowledged() {
    let server = DevServer::builder().nodes(3).always_own().start().await.unwrap();
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    let deadline = Duration::from_secs(3);
    let store = MongoStore::builder(client.clone(), "majority").append_deadline(deadline).open().await.unwrap();
    store.append(append("a", 0)).await.unwrap();
    replication(&server, "alwaysOn").await;

    let answer = store.append(append("b", 0)).await;
    assert!(matches!(answer, Err(StoreError::OutcomeUnknown { .. })), "acknowledged without a majority: {answer:?}");

    // Another program writes without a majority, so an election would roll back the event.
    let events: Collection<Document> = client.database("majority").collection("events");
    let mut event = events.find_one(doc! {}).await.unwrap().unwrap();
    event.extend(doc! { "_id": ObjectId::new(), "sequenceNumber": 2_i64, "position": 3_i64 });
    events.insert_one(event).write_concern(WriteConcern::nodes(1)).await.unwrap();
    assert_eq!(events.count_documents(doc! {}).await.unwrap(), 3, "the primary itself has both");
    let stream = StreamId::of::<Counter>("a").unwrap();
    assert_eq!(
        store.head(&stream).await.unwrap().version(),
        Version::from(1),
        "a head that may be rolled back was read"
    );
    assert_eq!(read(&store, "a").await, 1, "an event that may be rolled back was read");

    replication(&server, "off").await;
    let patient = MongoStore::builder(client.clone(), "majority").open().await.unwrap();
    let appended = patient.append(append("c", 0)).await.unwrap();
    assert!(appended.receipt().stamps[0].position.get() >= 4);
    assert_eq!(read(&store, "a").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_election_that_sets_the_counter_back_gives_no_position_twice() {
    let server = DevServer::builder().nodes(3).always_own().start().await.unwrap();
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    let first = MongoStore::builder(client.clone(), "set_back").open().await.unwrap();
    let second = MongoStore::builder(client.clone(), "set_back").open().await.unwrap();
    first.append(append("a", 0)).await.unwrap();
    second.append(append("b", 0)).await.unwrap();

    // Only the primary has the position that the counter now gives out, and the event.
    replication(&server, "alwaysOn").await;
    let writer = first.clone();
    let pending = tokio::spawn(async move { writer.append(append("c", 0)).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let deposed = server.primary().await.unwrap();
    deposed.kill().await.unwrap();
    replication_without(&server, deposed.address(), "off").await;
    let position = pending.await.unwrap().unwrap().receipt().stamps[0].position;
    let counters: Collection<Document> = client.database("set_back").collection("events_positions");
    let counter = counters.find_one(doc! { "_id": "counter" }).await.unwrap().unwrap();
    assert!(counter.get_i64("next").unwrap() < position.as_i64(), "the election did not set it back: {counter}");

    for version in 1..20 {
        let (one, other) = tokio::join!(first.append(append("c", version)), second.append(append("b", version)));
        one.unwrap();
        other.unwrap();
        if version == 10 {
            deposed.restart().await.unwrap();
        }
    }
    let mut events = first.follow(feed::From::beginning()).of::<Counter>().read();
    let mut last = None;
    for _ in 0..41 {
        let next = tokio::time::timeout(Duration::from_secs(30), events.next()).await;
        let event = next.expect("a position stays open").unwrap().unwrap();
        assert!(Some(event.position) > last, "{} was given out twice", event.position);
        last = Some(event.position);
    }
    let report = first.verify::<Counter>().run().await.unwrap();
    assert!(report.is_sound() && report.events == 41, "{report:?}");
}
