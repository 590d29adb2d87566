//! Aggregates that end: on both stores, with snapshots, and in the archive.

use es_core::store::{EventStore, Snapshot, SnapshotStore};
use es_core::{
    Aggregate, Apply, Context, CreateError, Init, LoadError, Outcome, Repository, StreamId, Timestamp, UpdateError,
    Version, event,
};
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::{LoadedFrom, MigratingRepository, ReadMode};
use futures_util::future::join_all;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::Deserialize;
use tests::stores::TestStore;
use tests::{empty_store, on_both_stores};

#[event(version = 1)]
struct Rented {
    tenant: u32,
}

#[event(version = 1)]
struct Used {
    hours: u32,
}

#[event(version = 1)]
struct Returned;

/// A machine for rent. Each rental begins the aggregate, and its return ends it.
#[derive(Aggregate, Debug, Clone, PartialEq)]
#[aggregate(init(Rented), events(Used), ends(Returned), retired("Advertised"), snapshot(every = 3))]
struct Rental {
    tenant: u32,
    hours: u32,
}

impl Init<Rented> for Rental {
    fn init(event: Rented, _: &Context) -> Self {
        Self { tenant: event.tenant, hours: 0 }
    }
}

impl Apply<Used> for Rental {
    fn apply(&mut self, event: Used, _: &Context) {
        self.hours += event.hours;
    }
}

fn stream(id: &str) -> StreamId {
    StreamId::of::<Rental>(id).unwrap()
}

fn later() -> Timestamp {
    Timestamp::now().plus(std::time::Duration::from_secs(3600))
}

async fn creates_behind_an_end_are_exclusive(store: impl TestStore) {
    let rentals = Repository::<Rental>::new(&store);
    rentals.create("m", (Rented { tenant: 0 }, Returned)).await.unwrap();
    for round in 0..5_u32 {
        let created = join_all((0..8).map(|tenant| rentals.create("m", Rented { tenant }).into_future())).await;
        let won: Vec<_> = created.iter().filter_map(|created| created.as_ref().ok()).collect();
        let lost = created.iter().filter_map(|created| created.as_ref().err());
        assert_eq!(won.len(), 1, "round {round}: {created:?}");
        assert_eq!(won[0].version.get(), u64::from(3 + 2 * round));
        for error in lost {
            assert!(matches!(error, CreateError::AlreadyExists { .. }), "round {round}: {error}");
        }
        // Of several returns, one ends the rental, and the others find none.
        let returned = join_all((0..8).map(|_| rentals.update("m", |_| Returned).into_future())).await;
        assert_eq!(returned.iter().filter(|returned| returned.is_ok()).count(), 1, "round {round}");
        let not_found = |error: &UpdateError| matches!(error, UpdateError::NotFound { .. });
        assert!(returned.iter().filter_map(|returned| returned.as_ref().err()).all(not_found), "round {round}");
    }
}

async fn a_command_with_a_key_acts_once_across_an_end(store: impl TestStore) {
    let rentals = Repository::<Rental>::new(&store);
    for (at, outcome) in [Outcome::Appended, Outcome::AlreadyAppended].into_iter().enumerate() {
        let rented = rentals.create("m", Rented { tenant: 1 }).once("rent").await.unwrap();
        let returned = rentals.update("m", |_| Returned).once("return").await.unwrap();
        assert_eq!((rented.outcome, rented.version.get()), (outcome, 1), "attempt {at}");
        assert_eq!((returned.outcome, returned.version.get()), (outcome, 2), "attempt {at}");
    }
    assert_eq!(rentals.create("m", Rented { tenant: 2 }).once("rent again").await.unwrap().version, 3);
    assert_eq!(rentals.update("m", |_| Returned).once("return").await.unwrap().outcome, Outcome::AlreadyAppended);
    assert_eq!(rentals.load("m").await.unwrap().tenant, 2);
    store.archive_before::<Rental>(later()).await;
    assert_eq!(rentals.update("m", |_| Returned).once("return").await.unwrap().outcome, Outcome::AlreadyAppended);
    assert_eq!(rentals.load("m").await.unwrap().tenant, 2);
}

/// What happens to a machine.
#[derive(Debug, Clone)]
enum Step {
    Rent(u32),
    Use(u32),
    Return,
    /// Rents the machine if nobody has it, and uses it otherwise.
    RentOrUse(u32),
    Snapshot,
    Archive,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..100_u32).prop_map(Step::Rent),
        4 => (0..100_u32).prop_map(Step::Use),
        4 => Just(Step::Return),
        2 => (0..100_u32).prop_map(Step::RentOrUse),
        1 => Just(Step::Snapshot),
        1 => Just(Step::Archive),
    ]
}

/// Compares a random history with a list of the states at each version.
async fn assert_follows_the_model(store: &impl TestStore, steps: Vec<Step>) {
    let rentals = Repository::<Rental>::new(store);
    let mut states: Vec<Option<Rental>> = vec![None];
    for step in steps {
        let current = states.last().unwrap().clone();
        let rented = |tenant| Rental { tenant, hours: 0 };
        match (step, current) {
            (Step::Rent(tenant), None) => {
                rentals.create("m", Rented { tenant }).await.unwrap();
                states.push(Some(rented(tenant)));
            }
            (Step::Rent(tenant), Some(_)) => {
                let error = rentals.create("m", Rented { tenant }).await.unwrap_err();
                assert!(matches!(error, CreateError::AlreadyExists { .. }), "{error}");
            }
            (Step::Use(hours), Some(rental)) => {
                rentals.update("m", |_| Used { hours }).await.unwrap();
                states.push(Some(Rental { hours: rental.hours + hours, ..rental }));
            }
            (Step::Return, Some(_)) => {
                rentals.update("m", |_| Returned).await.unwrap();
                states.push(None);
            }
            (Step::Use(_) | Step::Return, None) => {
                let error = rentals.update("m", |_| Returned).await.unwrap_err();
                assert!(matches!(error, UpdateError::NotFound { .. }), "{error}");
            }
            (Step::RentOrUse(value), current) => {
                let decide = |rental: Option<&es_core::Loaded<Rental>>| match rental {
                    Some(_) => RentalEvent::from(Used { hours: value }),
                    None => Rented { tenant: value }.into(),
                };
                rentals.upsert("m", decide).await.unwrap();
                let used = current.map(|rental| Rental { hours: rental.hours + value, ..rental });
                states.push(Some(used.unwrap_or(rented(value))));
            }
            (Step::Snapshot, current) => assert_eq!(rentals.take_snapshot("m").await.is_ok(), current.is_some()),
            (Step::Archive, _) => drop(store.archive_before::<Rental>(later()).await),
        }
        assert_eq!(rentals.exists("m").await.unwrap(), states.last().unwrap().is_some());
    }
    for (version, state) in states.iter().enumerate().skip(1) {
        let loaded = rentals.load_at("m", u32::try_from(version).unwrap()).await;
        match (loaded, state) {
            (Ok(loaded), Some(state)) => assert_eq!(loaded.state, *state, "at version {version}"),
            (Err(LoadError::NotFound { .. }), None) => {}
            (loaded, state) => panic!("{loaded:?} instead of {state:?} at version {version}"),
        }
    }
    let full = rentals.load_ignoring_snapshots_above("m", 0).await.ok().map(|loaded| loaded.state);
    assert_eq!(full, *states.last().unwrap());
    let history = rentals.history("m").unwrap().collect().await.unwrap();
    assert_eq!(history.len(), states.len() - 1);
}

/// Runs the property test on the current thread, because it starts futures itself.
fn run(cases: u32, test: impl Fn(Vec<Step>)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(&vec(step(), 1..40), |steps| {
        test(steps);
        Ok(())
    });
    run.unwrap();
}

#[test]
fn random_histories_with_ends_follow_a_model_in_memory() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    run(200, |steps| {
        runtime.block_on(async { assert_follows_the_model(&es_core::memory::MemoryStore::new(), steps).await });
    });
}

#[test]
fn random_histories_with_ends_follow_a_model_on_the_server() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    run(8, |steps| {
        runtime.block_on(async {
            let store = empty_store().await;
            assert_follows_the_model(&store, steps).await;
            let report = store.verify::<Rental>().run().await.unwrap();
            assert!(report.is_sound(), "{:#?}", report.findings);
        });
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_that_has_ended_is_archived_without_a_snapshot() {
    let store = empty_store().await;
    let rentals = Repository::<Rental>::new(&store);
    rentals.create("ended", (Rented { tenant: 1 }, Returned)).await.unwrap();
    rentals.create("renewed", (Rented { tenant: 2 }, Returned)).await.unwrap();
    rentals.create("renewed", Rented { tenant: 3 }).await.unwrap();
    rentals.create("newest", Rented { tenant: 4 }).await.unwrap();
    let report = store.archive::<Rental>(later()).run().await.unwrap();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    // The newest event of the store stays.
    assert_eq!((report.moved, report.kept), (5, 1));
    assert_eq!(store.newest_snapshot(&stream("ended"), 1, Version::MAX).await.unwrap(), None);
    assert_eq!(store.newest_snapshot(&stream("renewed"), 1, Version::MAX).await.unwrap().unwrap().version, 3);
    let report = store.verify::<Rental>().run().await.unwrap();
    assert!(report.is_sound(), "{:#?}", report.findings);
    assert!(matches!(rentals.load("ended").await, Err(LoadError::NotFound { .. })));
    assert_eq!(rentals.load_at("ended", 1).await.unwrap().tenant, 1);
    assert_eq!(rentals.load("renewed").await.unwrap().tenant, 3);
    assert_eq!(rentals.create("ended", Rented { tenant: 5 }).await.unwrap().version, 3);
    assert_eq!(rentals.load("ended").await.unwrap().tenant, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_at_an_end_is_found() {
    let store = empty_store().await;
    let rentals = Repository::<Rental>::new(&store);
    rentals.create("m", (Rented { tenant: 1 }, Returned)).await.unwrap();
    // A release in which the event did not end the aggregate could have left it.
    let wrong = Snapshot::new(Version::from(2), Rental { tenant: 1, hours: 0 }).encode().unwrap();
    store.put_snapshot(&stream("m"), wrong).await.unwrap();
    let report = store.verify::<Rental>().run().await.unwrap();
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    assert!(matches!(report.findings[0], es_mongo::Finding::SnapshotDiffers { .. }));
}

#[derive(Debug, Deserialize, PartialEq)]
struct OldRental {
    tenant: u32,
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_document_does_not_replace_an_aggregate_that_has_ended() {
    let store = empty_store().await;
    let rentals = Repository::<Rental>::new(&store);
    let old = store.database().collection::<Document>("rentals");
    old.insert_many([doc! { "_id": "m", "tenant": 1 }, doc! { "_id": "not migrated", "tenant": 2 }]).await.unwrap();
    rentals.create("m", Rented { tenant: 1 }).await.unwrap();
    let gradual = MigratingRepository::<Rental, OldRental>::new(&store, "rentals", ReadMode::WhereMigrated);
    assert!(matches!(gradual.load("m").await.unwrap(), LoadedFrom::EventSourced(_)));
    rentals.update("m", |_| Returned).await.unwrap();
    assert!(matches!(gradual.load("m").await, Err(LoadError::NotFound { .. })));
    assert_eq!(gradual.load("not migrated").await.unwrap(), LoadedFrom::Document(OldRental { tenant: 2 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_document_is_read_if_the_stream_has_only_retired_events() {
    let store = empty_store().await;
    let rentals = Repository::<Rental>::new(&store);
    let old = store.database().collection::<Document>("rentals");
    old.insert_many(["m", "ended"].map(|id| doc! { "_id": id, "tenant": 1 })).await.unwrap();
    for id in ["m", "ended", "ended"] {
        rentals.create(id, (Rented { tenant: 1 }, Returned)).await.unwrap();
    }
    // An earlier release had these events, and this one does not.
    let earlier = doc! { "$or": [{ "aggregateId": "m" }, { "sequenceNumber": { "$gt": 2 } }] };
    let retire = doc! { "$set": { "eventType": "Advertised", "eventData": {} } };
    let events = store.database().collection::<Document>("events");
    assert_eq!(events.update_many(earlier, retire).await.unwrap().modified_count, 4);

    let gradual = MigratingRepository::<Rental, OldRental>::new(&store, "rentals", ReadMode::WhereMigrated);
    assert!(matches!(gradual.load("ended").await, Err(LoadError::NotFound { .. })));
    assert_eq!(gradual.load("m").await.unwrap(), LoadedFrom::Document(OldRental { tenant: 1 }));
    // It begins after the events that it has.
    rentals.create("m", Rented { tenant: 2 }).await.unwrap();
    assert!(matches!(gradual.load("m").await.unwrap(), LoadedFrom::EventSourced(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_long_stream_is_found_without_reading_it() {
    let store = empty_store().await;
    let rentals = Repository::<Rental>::new(&store);
    rentals.create("m", Rented { tenant: 1 }).await.unwrap();
    for _ in 0..10 {
        rentals.update("m", |_| (0..200).map(|hours| Used { hours }).collect::<Vec<_>>()).await.unwrap();
    }
    rentals.update("m", |_| Returned).await.unwrap();
    let head = store.head(&stream("m")).await.unwrap().version();
    // An event in the middle that nobody can read would be an error for whoever reads it.
    let damaged = doc! { "aggregateId": "m", "sequenceNumber": 1_000_i64 };
    let events = store.database().collection::<Document>("events");
    let damage = doc! { "$set": { "eventData": {}, "eventType": "Unknown" } };
    let unvalidated = events.update_one(damaged, damage).bypass_document_validation(true).await.unwrap();
    assert_eq!(unvalidated.modified_count, 1);
    assert!(!rentals.exists("m").await.unwrap());
    assert_eq!(rentals.create("m", Rented { tenant: 2 }).await.unwrap().version, head.plus(1));
}

on_both_stores! {
    creates_behind_an_end_are_exclusive
    a_command_with_a_key_acts_once_across_an_end
}
