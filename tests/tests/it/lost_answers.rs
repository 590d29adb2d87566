//! An answer that was lost, a write that was cut off, a server that is slow: each append is stored once, and never guessed at.

use std::time::{Duration, Instant};

use es_core::{
    Append, AppendId, Appended, EventStore, ExpectedVersion, IntoEvents, Metadata, NewEvent, Repository, StoreError,
    StreamId,
};
use es_mongo::MongoStore;
use es_mongo::dev::fresh_database_name;
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::options::ClientOptions;
use futures_util::TryStreamExt;
use tests::counter::{Counter, CounterEvent, OneAdded};
use tests::fail_point::{FailPoint, Turn};
use tests::server;

/// A store whose connections a fail point can tell from all others.
struct Victim {
    store: MongoStore,
    application: String,
    /// Taken before anything is appended: an append that follows on another at once asks the server for less.
    turn: Turn,
}

impl Victim {
    async fn open(deadline: Duration) -> Self {
        let turn = Turn::take().await;
        let application = fresh_database_name("victim");
        let mut options = ClientOptions::parse(server().await.uri()).await.unwrap();
        options.app_name = Some(application.clone());
        options.server_selection_timeout = Some(Duration::from_secs(4));
        // A made-up error does not wake the driver's monitor, as a real election would.
        options.heartbeat_freq = Some(Duration::from_millis(500));
        let client = Client::with_options(options).unwrap();
        let store = MongoStore::builder(client, &application).append_deadline(deadline).open().await.unwrap();
        Self { store, application, turn }
    }

    async fn fail(&self, times: i32, data: Document) -> FailPoint {
        let uri = server().await.uri();
        self.turn.on_commands(uri, &self.application, doc! { "times": times }, data).await
    }

    async fn append(&self, id: &str, version: u32, events: usize) -> Result<Appended, StoreError> {
        self.store.append(append(id, version, events)).await
    }

    /// What is stored: every event once, versions and positions without holes.
    async fn assert_stored(&self, expected: &[(&str, usize)]) {
        let events = self.store.database().collection::<Document>("events");
        let stored: Vec<Document> =
            events.find(doc! {}).sort(doc! { "position": 1 }).await.unwrap().try_collect().await.unwrap();
        let positions: Vec<i64> = stored.iter().map(|event| event.get_i64("position").unwrap()).collect();
        assert_eq!(positions, (1..).take(stored.len()).collect::<Vec<i64>>(), "positions");
        for (id, count) in expected {
            let of_stream = stored.iter().filter(|event| event.get_str("aggregateId").unwrap() == *id);
            let sequences: Vec<i64> = of_stream.map(|event| event.get_i64("sequenceNumber").unwrap()).collect();
            assert_eq!(sequences, (1..).take(*count).collect::<Vec<i64>>(), "sequences of {id}");
        }
        assert_eq!(stored.len(), expected.iter().map(|(_, count)| count).sum::<usize>());
    }
}

fn append(id: &str, version: u32, events: usize) -> Append {
    let event = || {
        let event: CounterEvent = OneAdded { by: "victim".into() }.into_events().remove(0);
        NewEvent::encode(&event, Metadata::new()).unwrap()
    };
    let stream = StreamId::of::<Counter>(id).unwrap();
    Append::new(stream, ExpectedVersion::observed(version.into()), (0..events).map(|_| event()).collect())
}

const SOON: Duration = Duration::from_secs(20);

/// Lets a fault hit the `commands` of an append of so many events, and checks that it is stored once all the same.
async fn survives(events: usize, times: i32, fault: Document) {
    let victim = Victim::open(SOON).await;
    victim.append("before", 0, 1).await.unwrap();
    let fail_point = victim.fail(times, fault.clone()).await;
    let answer = victim.append("a", 0, events).await;
    let met = fail_point.off().await;
    assert!(met > 0, "the fault was never met: {fault}");
    assert!(matches!(answer, Ok(Appended::Now(_))), "{fault}: {answer:?}");
    victim.append("after", 0, 1).await.unwrap();
    victim.assert_stored(&[("before", 1), ("a", events), ("after", 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_before_the_write_is_survived() {
    for times in [1, 2, 5] {
        survives(1, times, doc! { "failCommands": ["insert"], "closeConnection": true }).await;
    }
    survives(3, 3, doc! { "failCommands": ["insert"], "closeConnection": true }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_concern_was_not_met_in_time_is_found_again() {
    let timed_out = doc! { "code": 64, "codeName": "WriteConcernFailed", "errmsg": "waiting for replication timed out", "errInfo": { "wtimeout": true } };
    survives(1, 1, doc! { "failCommands": ["insert"], "writeConcernError": timed_out.clone() }).await;
    survives(1, 3, doc! { "failCommands": ["insert"], "writeConcernError": timed_out.clone() }).await;
    survives(4, 1, doc! { "failCommands": ["commitTransaction"], "writeConcernError": timed_out }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_done_while_the_primary_went_is_found_again() {
    let shutdown = doc! { "code": 91, "codeName": "ShutdownInProgress", "errmsg": "shutting down" };
    survives(1, 1, doc! { "failCommands": ["insert"], "writeConcernError": shutdown.clone() }).await;
    survives(1, 4, doc! { "failCommands": ["insert"], "writeConcernError": shutdown }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_a_node_that_is_no_primary_any_more_are_survived() {
    for code in [91, 189, 10107, 11600, 11602, 13435] {
        survives(1, 3, doc! { "failCommands": ["insert"], "errorCode": code }).await;
        survives(2, 3, doc! { "failCommands": ["insert"], "errorCode": code }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_conflict_of_the_transaction_is_tried_again() {
    let labels = ["TransientTransactionError"];
    survives(3, 3, doc! { "failCommands": ["insert"], "errorCode": 112, "errorLabels": labels }).await;
    survives(3, 2, doc! { "failCommands": ["commitTransaction"], "errorCode": 251, "errorLabels": labels }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_again_and_again_is_found() {
    for times in [1, 2, 4, 8] {
        survives(3, times, doc! { "failCommands": ["commitTransaction"], "closeConnection": true }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_was_given_up_does_not_keep_its_places_from_others() {
    let victim = Victim::open(Duration::from_secs(3)).await;
    victim.append("before", 0, 1).await.unwrap();
    let other = tests::open(victim.store.database().name()).await;
    // Its keys are locked on the server, which would end it by itself after a minute.
    let fail_point = victim.fail(10_000, doc! { "failCommands": ["commitTransaction"], "closeConnection": true }).await;
    let given_up = victim.append("a", 0, 3).await;
    assert!(matches!(given_up, Err(StoreError::OutcomeUnknown { .. })), "{given_up:?}");
    let begun = Instant::now();
    let appended = other.append(append("b", 0, 1)).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30), "the place was kept for {:?}", begun.elapsed());
    assert_eq!(appended.receipt().stamps[0].position, 2);
    drop(fail_point);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_that_fail_while_an_answer_is_looked_for_are_repeated() {
    let victim = Victim::open(SOON).await;
    victim.append("before", 0, 1).await.unwrap();
    let fault = doc! { "failCommands": ["insert", "find"], "closeConnection": true };
    let fail_point = victim.fail(9, fault).await;
    assert!(matches!(victim.append("a", 0, 1).await, Ok(Appended::Now(_))));
    drop(fail_point);
    victim.assert_stored(&[("before", 1), ("a", 1)]).await;
}

/// A store with more events than a batch has, whose cursor is gone when it is asked a second time.
async fn with_a_lost_cursor(code: i32) -> (Victim, FailPoint) {
    let victim = Victim::open(SOON).await;
    victim.append("a", 0, 1_100).await.unwrap();
    let fail_point = victim.fail(1, doc! { "failCommands": ["getMore"], "errorCode": code }).await;
    (victim, fail_point)
}

/// What the server answers when the cursor is gone, was ended, or read from a catalog that a rollback closed.
const LOST_CURSOR: [i32; 3] = [43, 237, 175];

#[tokio::test(flavor = "multi_thread")]
async fn a_load_whose_cursor_went_with_its_node_reads_on_from_where_it_was() {
    for code in LOST_CURSOR {
        let (victim, fail_point) = with_a_lost_cursor(code).await;
        let read = Repository::<Counter>::new(&victim.store).load("a").await;
        assert!(fail_point.off().await > 0, "the fault was never met");
        assert_eq!(read.unwrap().total, 1_100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_whose_cursor_went_with_its_node_says_that_the_store_could_not_be_reached() {
    for code in LOST_CURSOR {
        let (victim, fail_point) = with_a_lost_cursor(code).await;
        let read = victim.store.events().read().collect().await;
        assert!(fail_point.off().await > 0, "the fault was never met");
        assert!(matches!(read, Err(StoreError::Unavailable { .. })), "{read:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_of_a_node_that_has_undone_writes_or_just_started_is_asked_again() {
    let victim = Victim::open(SOON).await;
    victim.append("a", 0, 3).await.unwrap();
    for code in [134, 175, 246] {
        let fail_point = victim.fail(2, doc! { "failCommands": ["find"], "errorCode": code }).await;
        let read = Repository::<Counter>::new(&victim.store).load("a").await;
        assert!(fail_point.off().await > 0, "the fault was never met");
        assert_eq!(read.unwrap().total, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_too_slow_is_given_up_in_time_and_what_it_wrote_is_found() {
    let victim = Victim::open(Duration::from_secs(3)).await;
    victim.append("before", 0, 1).await.unwrap();
    // An attempt lasts half of the deadline; the server sleeps for longer, and writes.
    let fault = doc! { "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 2_000 };
    let fail_point = victim.fail(1, fault).await;
    let started = Instant::now();
    let answer = victim.append("a", 0, 1).await;
    assert!(matches!(answer, Ok(Appended::Now(_))), "{answer:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    drop(fail_point);
    tokio::time::sleep(Duration::from_secs(1)).await;
    victim.assert_stored(&[("before", 1), ("a", 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_as_large_as_many_commits_gets_the_time_of_as_many() {
    let victim = Victim::open(Duration::from_secs(10)).await;
    victim.append("before", 0, 1).await.unwrap();
    // A try to write up to 2,000 events may last half of the deadline, and this one has more.
    let slow = doc! { "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 6_000 };
    let fail_point = victim.fail(100, slow).await;
    let answer = victim.append("a", 0, 3_000).await;
    assert_eq!(fail_point.off().await, 1);
    assert!(matches!(answer, Ok(Appended::Now(_))), "{answer:?}");
    victim.assert_stored(&[("before", 1), ("a", 3_000)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_found_out_is_reported_as_unknown_and_found_later_by_its_key() {
    let victim = Victim::open(Duration::from_secs(2)).await;
    victim.append("before", 0, 1).await.unwrap();
    // Whatever is written, the answer is cut off, and so is every question about it.
    let fault = doc! { "failCommands": ["insert", "find"], "closeConnection": true };
    let fail_point = victim.fail(1_000_000, fault).await;
    let keyed = || append("a", 0, 1).with_id(AppendId::new("command-1").unwrap());
    let answer = victim.store.append(keyed()).await;
    let Err(StoreError::OutcomeUnknown { append_id, .. }) = answer else { panic!("it is not known: {answer:?}") };
    assert_eq!(append_id.as_deref(), Some("command-1"));
    drop(fail_point);
    let again = victim.store.append(keyed()).await.unwrap();
    assert_eq!(again.receipt().version, 1);
    let once_more = victim.store.append(keyed()).await.unwrap();
    assert_eq!(once_more, Appended::Already(again.into_receipt()));
    victim.assert_stored(&[("before", 1), ("a", 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_stops_waiting_does_not_change_what_happens() {
    let victim = Victim::open(SOON).await;
    let fault = doc! { "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 300 };
    let fail_point = victim.fail(1, fault).await;
    let impatient = tokio::time::timeout(Duration::from_millis(50), victim.append("a", 0, 1)).await;
    assert!(impatient.is_err());
    drop(fail_point);
    victim.store.close().await;
    victim.assert_stored(&[("a", 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_finishes_what_was_accepted_and_refuses_what_comes_later() {
    let victim = Victim::open(SOON).await;
    let running: Vec<_> = (0..50)
        .map(|number| {
            let store = victim.store.clone();
            tokio::spawn(async move { store.append(append(&format!("s{number}"), 0, 1)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    victim.store.close().await;
    let mut stored = 0;
    for answer in running {
        match answer.await.unwrap() {
            Ok(_) => stored += 1,
            Err(StoreError::Closed) => {}
            Err(other) => panic!("{other}"),
        }
    }
    let count = victim.store.database().collection::<Document>("events").count_documents(doc! {}).await.unwrap();
    assert_eq!(count, stored);
    assert!(matches!(victim.append("late", 0, 1).await, Err(StoreError::Closed)));
}
