//! Typed ids on a server: what is stored, and what finds it.

use std::fmt;
use std::str::FromStr;

use es_core::error::InvalidId;
use es_core::repository::ImportedEvent;
use es_core::store::{Append, EventStore, ExpectedVersion, NewEvent};
use es_core::{
    Aggregate, Apply, Context, Id, LoadError, Metadata, Outcome, Repository, StoreError, StreamId, Timestamp, event,
};
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::{LoadedFrom, Migrated, MigratingRepository, MongoStore, ReadMode};
use futures_util::TryStreamExt;
use tests::empty_store;

/// 16 bits, written as four digits in lower case, and read in any case.
#[derive(Id, Debug, Clone, Copy, PartialEq)]
#[id(display)]
struct SensorId(u16);

impl fmt::Display for SensorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

impl FromStr for SensorId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u16::from_str_radix(text, 16).map(Self)
    }
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
struct Measured {
    degrees: i64,
}

#[derive(Aggregate, Debug, Default, Clone, PartialEq)]
#[aggregate(events(Measured), id = SensorId, snapshot(every = 2))]
struct Sensor {
    degrees: i64,
    number: u16,
}

impl Apply<Measured> for Sensor {
    fn apply(&mut self, event: Measured, context: &Context) {
        self.degrees = event.degrees;
        self.number = context.id::<Self>().0;
    }
}

fn measured(degrees: i64) -> Measured {
    Measured { degrees }
}

async fn stored_ids(store: &MongoStore) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for id in store.database().collection::<Document>("events").distinct("aggregateId", doc! {}).await.unwrap() {
        ids.push(id.as_str().unwrap().to_owned());
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_stored_as_its_canonical_text_and_found_by_each_of_its_texts() {
    let store = empty_store().await;
    let sensors = Repository::<Sensor>::new(&store);
    let id = SensorId(0xAB);
    sensors.create("AB", measured(1)).once("k").await.unwrap();
    assert_eq!(sensors.create(id, measured(1)).once("k").await.unwrap().outcome, Outcome::AlreadyAppended);
    sensors.update(id, |_| measured(2)).expecting(1_u64).await.unwrap();
    sensors.upsert("00ab", |_| measured(3)).await.unwrap();
    assert_eq!(stored_ids(&store).await, ["00ab"]);

    assert_eq!(sensors.take_snapshot(id).await.unwrap(), 3);
    let sensor = sensors.load("aB").await.unwrap();
    assert_eq!((sensor.typed_id(), sensor.degrees, sensor.number), (id, 3, 0xAB));
    assert_eq!(sensors.load_ignoring_snapshots_above(id, 0).await.unwrap(), sensor);
    let history: Vec<_> = sensors.history(id).unwrap().try_collect().await.unwrap();
    assert_eq!((history.len(), history[2].aggregate_id.as_str()), (3, "00ab"));

    let time = Timestamp::now();
    let past = || vec![ImportedEvent::new(measured(1), time, Metadata::new())];
    sensors.import(SensorId(0xCD), past()).await.unwrap();
    assert_eq!(sensors.import("CD", past()).await.unwrap().outcome, Outcome::AlreadyAppended);
    assert!(store.verify::<Sensor>().run().await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_not_an_id_of_the_type_is_refused_and_nothing_is_written() {
    let store = empty_store().await;
    let sensors = Repository::<Sensor>::new(&store);
    for error in [
        sensors.create("roof", measured(1)).await.unwrap_err().to_string(),
        sensors.update("roof", |_| measured(1)).await.unwrap_err().to_string(),
        sensors.load("roof").await.unwrap_err().to_string(),
        MigratingRepository::<Sensor, Document>::new(&store, "old", ReadMode::Documents)
            .load("roof")
            .await
            .unwrap_err()
            .to_string(),
    ] {
        assert_eq!(error, "`roof` is not an id of the type `SensorId`: invalid digit found in string");
    }
    assert!(stored_ids(&store).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_migrated_to_the_canonical_id() {
    let store = empty_store().await;
    let old = store.database().collection::<Document>("old");
    old.insert_many([doc! { "_id": "00AB" }, doc! { "_id": "roof" }, doc! { "_id": "00ef" }]).await.unwrap();
    let run = store.migrate::<Sensor, Document>("old").run(|document| {
        let id = document.get_str("_id").map_err(|error| error.to_string())?;
        Ok::<_, String>(Migrated::new(id, measured(1)))
    });
    let report = run.await.unwrap();
    assert_eq!((report.migrated, report.failed), (2, 1), "{report:?}");
    assert!(report.failures[0].reason.contains("`roof` is not an id of the type `SensorId`"), "{report:?}");
    assert_eq!(stored_ids(&store).await, ["00ab", "00ef"]);

    let gradual = MigratingRepository::<Sensor, Document>::new(&store, "old", ReadMode::WhereMigrated);
    let LoadedFrom::EventSourced(sensor) = gradual.load(SensorId(0xAB)).await.unwrap() else { panic!() };
    assert_eq!(sensor.typed_id(), SensorId(0xAB));
    // An old document is found by the canonical text.
    let documents = gradual.with_mode(ReadMode::Documents);
    assert!(matches!(documents.load("EF").await.unwrap(), LoadedFrom::Document(_)));
    assert!(matches!(documents.load(SensorId(0xAB)).await, Err(LoadError::NotFound { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_id_that_the_declared_type_does_not_write_is_reported() {
    let store = empty_store().await;
    for id in ["00ab", "CD", "roof"] {
        let event = NewEvent::encode(&SensorEvent::from(measured(1)), Metadata::new()).unwrap();
        let stream = StreamId::new("Sensor", id).unwrap();
        store.append(Append::new(stream, ExpectedVersion::NONE, vec![event])).await.unwrap();
    }
    let sensors = Repository::<Sensor>::new(&store);
    assert_eq!(sensors.load(SensorId(0xAB)).await.unwrap().number, 0xAB);
    let error = sensors.load("roof").await.unwrap_err();
    assert!(matches!(error, LoadError::Store(StoreError::InvalidId(InvalidId::Malformed { .. }))), "{error:?}");

    let report = store.verify::<Sensor>().run().await.unwrap();
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(
        findings[0].contains("`CD` is not the canonical text of an id of the type `SensorId`, which is `00cd`"),
        "{findings:?}"
    );
    assert!(findings[1].contains("`roof` is not an id of the type `SensorId`"), "{findings:?}");
}
