//! If a retry cannot help, an append is refused immediately with a typed error, and its neighbours
//! are still recorded.

use std::time::{Duration, Instant};

use es_core::repository::{ImportedEvent, IntoEvents};
use es_core::store::{Append, Appended, EventStore, ExpectedVersion, NewEvent, Ordering, Snapshot, SnapshotStore};
use es_core::{Metadata, StoreError, StreamId, Version};
use es_mongo::dev::fresh_database_name;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::error::ErrorKind;
use es_mongo::mongodb::options::IndexOptions;
use es_mongo::mongodb::{Client, IndexModel};
use es_mongo::{DriverError, Migrated, MongoStore};
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tests::account::{Account, AccountMigrated, Opened, accounts, day, import};
use tests::counter::{Counter, CounterEvent, OneAdded};
use tests::fail_point::{FailPoint, Turn};
use tests::{client_named, server};

/// The longest time of a refusal on a busy machine. The append deadline is much longer.
const AT_ONCE: Duration = Duration::from_secs(6);

/// A store whose connections have the name of its database, so that a fail point can select them.
async fn store(ordering: Ordering) -> MongoStore {
    let database = fresh_database_name("refused");
    MongoStore::builder(client_named(&database).await, database).ordering(ordering).open().await.unwrap()
}

/// A store with an archive, which every append has to check.
async fn store_with_an_archive() -> MongoStore {
    let store = store(Ordering::Global).await;
    import(&store, "old", 3).await;
    import(&store, "newest", 1).await;
    assert_eq!(store.archive::<Account>(day(10)).run().await.unwrap().moved, 3);
    store
}

/// An index of the user: every value of `by` occurs once.
async fn everybody_once(store: &MongoStore) {
    let options = IndexOptions::builder().unique(true).name("everybody once".to_owned());
    let options = options.partial_filter_expression(doc! { "eventData.by": { "$exists": true } }).build();
    let model = IndexModel::builder().keys(doc! { "eventData.by": 1 }).options(options).build();
    store.database().collection::<Document>("events").create_index(model).await.unwrap();
}

fn event(by: &str) -> NewEvent {
    let event: CounterEvent = OneAdded { by: by.to_owned() }.into_events().remove(0);
    NewEvent::encode(&event, Metadata::new()).unwrap()
}

/// An append to a separate stream, with these values of `by`.
fn append(id: &str, by: &[&str]) -> Append {
    let stream = StreamId::of::<Counter>(id).unwrap();
    Append::new(stream, ExpectedVersion::NONE, by.iter().map(|by| event(by)).collect())
}

/// Records appends concurrently, and returns the duration of the slowest.
async fn record(store: &MongoStore, appends: Vec<Append>) -> (Vec<Result<Appended, StoreError>>, Duration) {
    let begun = Instant::now();
    let answers = join_all(appends.into_iter().map(|append| store.append(append))).await;
    (answers, begun.elapsed())
}

fn index_of(answer: &Result<Appended, StoreError>) -> Option<&str> {
    match answer {
        Err(StoreError::DuplicateKey { index, .. }) => Some(index),
        _ => None,
    }
}

/// Every position exists once and without gaps, and so does every sequence of each stream.
async fn assert_sound(store: &MongoStore, events: usize) {
    let stored: Vec<Document> = store
        .database()
        .collection::<Document>("events")
        .find(doc! { "aggregateType": "Counter" })
        .sort(doc! { "position": 1 })
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(stored.len(), events);
    let by = |event: &Document| event.get_document("eventData").unwrap().get_str("by").unwrap().to_owned();
    let mut everybody: Vec<String> = stored.iter().map(by).collect();
    everybody.sort_unstable();
    everybody.dedup();
    assert_eq!(everybody.len(), events, "a value occurs twice");
    // If the server refuses every insert, it refuses skips too, and a follower records them.
    tests::settle(store).await;
    assert!(store.verify::<Counter>().run().await.unwrap().is_sound());
}

/// Of many concurrent appends, one has a value that is already used, and two have the same new
/// value.
async fn only_the_culprits_of_many_appends_are_refused(store: MongoStore, events_each: usize) {
    everybody_once(&store).await;
    store.append(append("first", &["alice"])).await.unwrap();
    let names: Vec<Vec<String>> =
        (0..20).map(|number| (0..events_each).map(|event| format!("user-{number}-{event}")).collect()).collect();
    let mut appends: Vec<Append> = names
        .iter()
        .enumerate()
        .map(|(number, names)| append(&format!("s{number}"), &names.iter().map(String::as_str).collect::<Vec<_>>()))
        .collect();
    let with = |id: &str, by: &str| {
        let others: Vec<String> = (1..events_each).map(|event| format!("{id}-{event}")).collect();
        append(id, &others.iter().map(String::as_str).chain([by]).collect::<Vec<_>>())
    };
    appends.insert(3, with("alice again", "alice"));
    appends.insert(9, with("bob", "bob"));
    appends.insert(15, with("bob again", "bob"));
    let (answers, took) = record(&store, appends).await;
    assert!(took < AT_ONCE, "{took:?}");
    assert_eq!(index_of(&answers[3]), Some("everybody once"), "{:?}", answers[3]);
    let bobs = [&answers[9], &answers[15]];
    assert_eq!(bobs.iter().filter(|bob| bob.is_ok()).count(), 1, "{bobs:?}");
    assert_eq!(bobs.iter().filter(|bob| index_of(bob) == Some("everybody once")).count(), 1, "{bobs:?}");
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 21, "{answers:?}");
    // A refused append can be recorded with a different value, at the version that it expected.
    store.append(append("alice again", &["carol"])).await.unwrap();
    assert_sound(&store, 1 + 21 * events_each + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn among_many_single_events_only_those_with_a_used_value_are_refused() {
    only_the_culprits_of_many_appends_are_refused(store(Ordering::Global).await, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn among_many_appends_in_transactions_only_those_with_a_used_value_are_refused() {
    only_the_culprits_of_many_appends_are_refused(store(Ordering::Global).await, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn among_many_appends_with_an_archive_only_those_with_a_used_value_are_refused() {
    only_the_culprits_of_many_appends_are_refused(store_with_an_archive().await, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn among_many_appends_without_a_global_order_only_those_with_a_used_value_are_refused() {
    for events_each in [1, 3] {
        only_the_culprits_of_many_appends_are_refused(store(Ordering::PerAggregate).await, events_each).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_value_is_distinguished_from_a_position_that_another_process_takes() {
    let store = store(Ordering::Global).await;
    everybody_once(&store).await;
    let other = tests::open(store.database().name()).await;
    store.append(append("first", &["alice"])).await.unwrap();
    let of = async |store: &MongoStore, name: &str| {
        let mut answers = Vec::new();
        for number in 0..40 {
            let by = if number % 4 == 0 { "alice".to_owned() } else { format!("{name}-{number}") };
            let begun = Instant::now();
            let answer = store.append(append(&format!("{name}-{number}"), &[&by])).await;
            assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
            assert_eq!(answer.is_err(), number % 4 == 0, "{answer:?}");
            answers.push(answer);
        }
        answers
    };
    let (left, right) = tokio::join!(of(&store, "left"), of(&other, "right"));
    let refused = left.iter().chain(&right).filter(|answer| index_of(answer) == Some("everybody once"));
    assert_eq!(refused.count(), 20);
    assert_sound(&store, 61).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_a_transaction_releases_refuses_nobody_and_one_that_it_commits_does() {
    for (events, kept) in [(1, false), (1, true), (3, false), (3, true)] {
        let store = store(Ordering::Global).await;
        everybody_once(&store).await;
        store.append(append("first", &["alice"])).await.unwrap();
        let client = Client::with_uri_str(server().await.uri()).await.unwrap();
        let all = client.database(store.database().name()).collection::<Document>("events");
        let mut held = all.find_one(doc! {}).await.unwrap().unwrap();
        held.insert("_id", es_mongo::mongodb::bson::oid::ObjectId::new());
        held.insert("aggregateId", "held");
        held.insert("position", 1_000_i64);
        held.insert("eventData", doc! { "by": "bob" });
        let mut session = client.start_session().await.unwrap();
        session.start_transaction().await.unwrap();
        all.insert_one(&held).session(&mut session).await.unwrap();
        let waiting = tokio::spawn({
            let store = store.clone();
            let by = ["bob", "carol", "dave"][..events].to_vec();
            async move { store.append(append("b", &by)).await }
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!waiting.is_finished());
        if kept {
            session.commit_transaction().await.unwrap();
        } else {
            session.abort_transaction().await.unwrap();
        }
        let begun = Instant::now();
        let answer = waiting.await.unwrap();
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
        assert_eq!((answer.is_ok(), index_of(&answer).is_some()), (!kept, kept), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_validator_refuses_only_invalid_events() {
    for events in [1, 3] {
        let store = store(Ordering::Global).await;
        store.append(append("first", &["alice"])).await.unwrap();
        // Opening the store would refuse it, so it comes later.
        let stricter = doc! { "collMod": "events", "validator": { "eventData.by": { "$ne": "mallory" } } };
        store.database().run_command(stricter).await.unwrap();
        let appends = (0..10).map(|number| {
            let by: Vec<String> = (0..events).map(|event| format!("{number}-{event}")).collect();
            let mut by: Vec<&str> = by.iter().map(String::as_str).collect();
            if number == 4 {
                by[events - 1] = "mallory";
            }
            append(&format!("s{number}"), &by)
        });
        let (answers, took) = record(&store, appends.collect()).await;
        assert!(took < AT_ONCE, "{took:?}");
        for (number, answer) in answers.iter().enumerate() {
            let refused = matches!(answer, Err(StoreError::Refused { .. }));
            assert_eq!((answer.is_ok(), refused), (number != 4, number == 4), "{answer:?}");
        }
        assert_eq!(store.stats().await.unwrap().events, 1 + 9 * events as u64);
    }
}

/// Error codes of the server with which a command fails as a whole, and whether they concern every
/// write.
const LASTING: [i32; 12] = [2, 8, 9, 14, 20, 28, 72, 121, 257, 8000, 10334, 14031];

#[tokio::test(flavor = "multi_thread")]
async fn a_lasting_error_is_returned_immediately_whatever_its_code() {
    for (command, events) in [("insert", 1), ("insert", 3), ("commitTransaction", 3)] {
        let store = store(Ordering::Global).await;
        store.append(append("first", &["alice"])).await.unwrap();
        for code in LASTING {
            let fault = doc! { "failCommands": [command], "errorCode": code };
            let name = store.database().name();
            let always = doc! { "times": 1_000_000 };
            let fault = FailPoint::on_commands(server().await.uri(), name, always, fault).await;
            let by: Vec<String> = (0..events).map(|event| format!("{code}-{event}")).collect();
            let by: Vec<&str> = by.iter().map(String::as_str).collect();
            let appends = (0..8).map(|number| append(&format!("{code}-{number}"), &by));
            let (answers, took) = record(&store, appends.collect()).await;
            assert!(fault.off().await > 0, "the fault was never met");
            println!("{command} of {events}: error {code} was answered after {took:?}");
            assert!(took < AT_ONCE, "{command}: {code}: {took:?}");
            for answer in answers {
                assert!(matches!(answer, Err(StoreError::Refused { .. })), "{command}: {code}: {answer:?}");
            }
        }
        let begun = Instant::now();
        store.append(append("after", &["zoe"])).await.unwrap();
        assert!(begun.elapsed() < AT_ONCE, "{command}: {:?}", begun.elapsed());
        assert_sound(&store, 2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_after_its_write_is_answered_from_the_stored_events() {
    let store = store(Ordering::Global).await;
    store.append(append("first", &["alice"])).await.unwrap();
    for (command, by) in [("insert", vec!["a"]), ("commitTransaction", vec!["b", "c"])] {
        // The write is done, but then its concern fails with a lasting error.
        let concern = doc! { "code": 100, "codeName": "UnsatisfiableWriteConcern", "errmsg": "not enough nodes" };
        let fault = doc! { "failCommands": [command], "writeConcernError": concern };
        let name = store.database().name();
        let fault = FailPoint::on_commands(server().await.uri(), name, doc! { "times": 3 }, fault).await;
        let (answers, took) = record(&store, vec![append(by[0], &by)]).await;
        assert!(fault.off().await > 0, "the fault was never met");
        assert!(took < AT_ONCE, "{took:?}");
        assert!(matches!(answers[0], Ok(Appended::Now(_))), "{:?}", answers[0]);
    }
    assert_sound(&store, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_read_between_two_attempts_ends_the_append_immediately() {
    let store = store(Ordering::Global).await;
    store.append(append("first", &["alice"])).await.unwrap();
    let other = tests::open(store.database().name()).await;
    // As many as the appends below get, in whichever commits they arrive.
    let names: Vec<String> = (0..8).map(|number| format!("bob-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    other.append(append("second", &names)).await.unwrap();
    // The counter gives out positions that are used, so the newest one is read.
    let positions = store.database().collection::<Document>("events_positions");
    positions.update_one(doc! { "_id": "counter" }, doc! { "$set": { "next": 1_i64 } }).await.unwrap();
    let name = store.database().name();
    // A new session makes the server itself read `config.transactions`.
    let fault = doc! { "failCommands": ["find"], "errorCode": 2, "namespace": format!("{name}.events") };
    let fault = FailPoint::on_commands(server().await.uri(), name, doc! { "times": 1_000_000 }, fault).await;
    let appends = (0..8).map(|number| append(&format!("third-{number}"), &["carol"]));
    let (answers, took) = record(&store, appends.collect()).await;
    assert!(fault.off().await > 0, "the fault was never met");
    assert!(took < AT_ONCE, "{took:?}");
    for answer in answers {
        let Err(error @ StoreError::Backend { .. }) = answer else { panic!("{answer:?}") };
        // Each append of a batch gets the error itself, not its text.
        let cause = DriverError::behind(&error).map(|cause| &*cause.driver_error().kind);
        assert!(matches!(cause, Some(ErrorKind::Command(failure)) if failure.code == 2), "{error:?}");
    }
    assert_sound(&store, 9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_and_an_archive_run_name_the_users_index_that_refuses_them() {
    // First, because the measured time must not include faults of other tests.
    let turn = Turn::take().await;
    let store = store(Ordering::Global).await;
    import(&store, "a", 4).await;
    import(&store, "b", 4).await;
    import(&store, "last", 1).await;
    let unique = |keys: Document, name: &str| {
        let options = IndexOptions::builder().unique(true).name(name.to_owned()).build();
        IndexModel::builder().keys(keys).options(options).build()
    };
    let snapshots = store.database().collection::<Document>("snapshots");
    snapshots.create_index(unique(doc! { "state.cents": 1 }, "one state")).await.unwrap();
    accounts(&store).take_snapshot("a").await.unwrap();
    let begun = Instant::now();
    let at = accounts(&store).load("b").await.unwrap();
    let stream = StreamId::of::<Account>("b").unwrap();
    let kept = store.put_snapshot(&stream, Snapshot::new(at.version, at.state).encode().unwrap()).await;
    let Err(StoreError::DuplicateKey { index, stream: refused, .. }) = &kept else { panic!("{kept:?}") };
    assert_eq!((index.as_str(), refused), ("one state", &stream));
    snapshots.drop_index("one state").await.unwrap();

    let archive = store.database().collection::<Document>("events_archive");
    archive.create_index(unique(doc! { "eventData.cents": 1 }, "one sum")).await.unwrap();
    let run = store.archive::<Account>(day(10)).run().await.unwrap();
    assert!(run.failures.len() == 1 && run.failures[0].reason.contains("`one sum`"), "{run:?}");
    archive.drop_index("one sum").await.unwrap();

    let fault = doc! { "failCommands": ["delete"], "errorCode": 8000 };
    let name = store.database().name();
    let fault = turn.on_commands(server().await.uri(), name, doc! { "times": 1_000_000 }, fault).await;
    let run = store.archive::<Account>(day(10)).run().await;
    assert!(fault.off().await > 0, "the fault was never met");
    assert!(run.is_err(), "{run:?}");
    assert!(begun.elapsed() < AT_ONCE * 3, "{:?}", begun.elapsed());
    // Nothing was lost, and the next run finishes the archive.
    store.archive::<Account>(day(10)).run().await.unwrap();
    for id in ["a", "b"] {
        tests::account::assert_loads_everywhere(&store, id, 4).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_and_a_migration_name_the_index_and_continue_with_the_rest() {
    let store = store(Ordering::Global).await;
    let options = IndexOptions::builder().unique(true).name("one owner".to_owned());
    let options = options.partial_filter_expression(doc! { "eventData.owner": { "$exists": true } }).build();
    let model = IndexModel::builder().keys(doc! { "eventData.owner": 1 }).options(options).build();
    store.database().collection::<Document>("events").create_index(model).await.unwrap();
    let opened = |owner: &str| vec![ImportedEvent::new(Opened { owner: owner.to_owned() }, day(0), Metadata::new())];
    accounts(&store).import("a", opened("alice")).await.unwrap();
    let refused = accounts(&store).import("b", opened("alice")).await;
    assert!(
        matches!(&refused, Err(es_core::repository::ImportError::Store(StoreError::DuplicateKey { index, .. })) if index == "one owner"),
        "{refused:?}"
    );
    let old = [doc! { "_id": "x", "owner": "alice" }, doc! { "_id": "y", "owner": "bob" }];
    store.database().collection::<Document>("accounts").insert_many(old).await.unwrap();
    let report = store.migrate::<Account, Document>("accounts").run(|old| {
        let text = |key: &str| old.get_str(key).map(str::to_owned).map_err(|error| error.to_string());
        Ok::<_, String>(Migrated::new(text("_id")?, AccountMigrated { owner: text("owner")?, cents: 1 }))
    });
    let begun = Instant::now();
    let report = report.await.unwrap();
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    assert_eq!((report.migrated, report.failed), (1, 1), "{report:?}");
    assert!(report.failures[0].reason.contains("one owner"), "{report:?}");
    assert_eq!(store.head(&StreamId::of::<Account>("x").unwrap()).await.unwrap().version(), Version::NONE);
}
