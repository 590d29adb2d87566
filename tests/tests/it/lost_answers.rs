//! An answer is lost, a write is cut off, a server is slow: each append is stored once, and its
//! outcome is never guessed.

use std::time::{Duration, Instant};

use es_core::repository::IntoEvents;
use es_core::store::{Append, AppendId, Appended, EventStore, NewEvent};
use es_core::{Metadata, Repository, StoreError, StreamId};
use es_mongo::MongoStore;
use es_mongo::dev::fresh_database_name;
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::options::ClientOptions;
use futures_util::TryStreamExt;
use tests::counter::{Counter, CounterEvent, OneAdded};
use tests::fail_point::{FailPoint, Turn};
use tests::{observed, server};

/// A store whose connections a fail point can select.
struct Victim {
    store: MongoStore,
    application: String,
    /// Taken before the first append, because an append directly after an earlier one sends fewer
    /// commands.
    turn: Turn,
}

impl Victim {
    async fn open(deadline: Duration) -> Self {
        let turn = Turn::take().await;
        let application = fresh_database_name("victim");
        let mut options = ClientOptions::parse(server().await.uri()).await.unwrap();
        options.app_name = Some(application.clone());
        options.server_selection_timeout = Some(Duration::from_secs(4));
        // A simulated error does not wake the driver's monitor, as a real election would.
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

    /// The stored events: every event once, versions without gaps, and each position with an event
    /// or a skip.
    async fn assert_stored(&self, expected: &[(&str, usize)]) {
        tests::settle(&self.store).await;
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
        let events = stored.iter().filter(|event| event.get_str("aggregateType").unwrap() != "$skip").count();
        assert_eq!(events, expected.iter().map(|(_, count)| count).sum::<usize>());
    }
}

fn append(id: &str, version: u32, events: usize) -> Append {
    let event = || {
        let event: CounterEvent = OneAdded { by: "victim".into() }.into_events().remove(0);
        NewEvent::encode(&event, Metadata::new()).unwrap()
    };
    let stream = StreamId::of::<Counter>(id).unwrap();
    Append::new(stream, observed(version), (0..events).map(|_| event()).collect())
}

const SOON: Duration = Duration::from_secs(20);

/// Applies a fault to the `commands` of an append with this many events, and checks that it is
/// still stored once.
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
async fn a_write_during_the_shutdown_of_the_primary_is_found_again() {
    let shutdown = doc! { "code": 91, "codeName": "ShutdownInProgress", "errmsg": "shutting down" };
    survives(1, 1, doc! { "failCommands": ["insert"], "writeConcernError": shutdown.clone() }).await;
    survives(1, 4, doc! { "failCommands": ["insert"], "writeConcernError": shutdown }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_a_former_primary_are_survived() {
    for code in [91, 189, 10107, 11600, 11602, 13435] {
        survives(1, 3, doc! { "failCommands": ["insert"], "errorCode": code }).await;
        survives(2, 3, doc! { "failCommands": ["insert"], "errorCode": code }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_conflict_of_the_transaction_is_retried() {
    let labels = ["TransientTransactionError"];
    survives(3, 3, doc! { "failCommands": ["insert"], "errorCode": 112, "errorLabels": labels }).await;
    survives(3, 2, doc! { "failCommands": ["commitTransaction"], "errorCode": 251, "errorLabels": labels }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_repeatedly_is_found() {
    for times in [1, 2, 4, 8] {
        survives(3, times, doc! { "failCommands": ["commitTransaction"], "closeConnection": true }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_transaction_does_not_block_its_positions() {
    let victim = Victim::open(Duration::from_secs(3)).await;
    victim.append("before", 0, 1).await.unwrap();
    let other = tests::open(victim.store.database().name()).await;
    // Its keys are locked on the server, which would end it after a minute.
    let fail_point = victim.fail(10_000, doc! { "failCommands": ["commitTransaction"], "closeConnection": true }).await;
    let given_up = victim.append("a", 0, 3).await;
    assert!(matches!(given_up, Err(StoreError::OutcomeUnknown { .. })), "{given_up:?}");
    let begun = Instant::now();
    let appended = other.append(append("b", 0, 1)).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30), "the place was kept for {:?}", begun.elapsed());
    assert_eq!(appended.receipt().stamps[0].position, 5);
    drop(fail_point);
    // A follower is not blocked either.
    tests::settle(&other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_reads_during_the_search_for_an_outcome_are_repeated() {
    let victim = Victim::open(SOON).await;
    victim.append("before", 0, 1).await.unwrap();
    let fault = doc! { "failCommands": ["insert", "find"], "closeConnection": true };
    let fail_point = victim.fail(9, fault).await;
    assert!(matches!(victim.append("a", 0, 1).await, Ok(Appended::Now(_))));
    drop(fail_point);
    victim.assert_stored(&[("before", 1), ("a", 1)]).await;
}

/// A store with more events than fit into a batch. Its cursor is gone when the second batch is
/// requested.
async fn with_a_lost_cursor(code: i32) -> (Victim, FailPoint) {
    let victim = Victim::open(SOON).await;
    victim.append("a", 0, 1_100).await.unwrap();
    let fail_point = victim.fail(1, doc! { "failCommands": ["getMore"], "errorCode": code }).await;
    (victim, fail_point)
}

/// The errors of the server if the cursor is gone, was ended, or read from a catalog that a
/// rollback closed.
const LOST_CURSOR: [i32; 3] = [43, 237, 175];

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_loses_its_cursor_continues_at_the_same_event() {
    for code in LOST_CURSOR {
        let (victim, fail_point) = with_a_lost_cursor(code).await;
        let read = Repository::<Counter>::new(&victim.store).load("a").await;
        assert!(fail_point.off().await > 0, "the fault was never met");
        assert_eq!(read.unwrap().total, 1_100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_loses_its_cursor_fails_as_unavailable() {
    for code in LOST_CURSOR {
        let (victim, fail_point) = with_a_lost_cursor(code).await;
        let read = victim.store.events().read().collect().await;
        assert!(fail_point.off().await > 0, "the fault was never met");
        assert!(matches!(read, Err(StoreError::Unavailable { .. })), "{read:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_from_a_node_after_a_rollback_or_a_start_is_retried() {
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
async fn an_append_to_a_slow_server_ends_in_time_and_its_events_are_found() {
    let victim = Victim::open(Duration::from_secs(3)).await;
    victim.append("before", 0, 1).await.unwrap();
    // An attempt lasts half of the deadline. The server sleeps longer, and writes.
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
async fn an_append_as_large_as_many_commits_gets_the_time_of_many_commits() {
    let victim = Victim::open(Duration::from_secs(10)).await;
    victim.append("before", 0, 1).await.unwrap();
    // An attempt to write up to 2,000 events may last half of the deadline, but this one has more
    // events.
    let slow = doc! { "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 6_000 };
    let fail_point = victim.fail(100, slow).await;
    let answer = victim.append("a", 0, 3_000).await;
    assert_eq!(fail_point.off().await, 1);
    assert!(matches!(answer, Ok(Appended::Now(_))), "{answer:?}");
    victim.assert_stored(&[("before", 1), ("a", 3_000)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_is_reported_as_unknown_and_found_later_by_its_key() {
    let victim = Victim::open(Duration::from_secs(2)).await;
    victim.append("before", 0, 1).await.unwrap();
    // Whatever is written, the answer is cut off, and so is every read that looks for it.
    // The archive is read before the first attempt, so its reads are left out.
    let namespace = format!("{}.events", victim.store.database().name());
    let fault = doc! { "failCommands": ["insert", "find"], "closeConnection": true, "namespace": namespace };
    let fail_point = victim.fail(1_000_000, fault).await;
    let keyed = || append("a", 0, 1).with_id(AppendId::new("command-1").unwrap());
    let answer = victim.store.append(keyed()).await;
    let Err(StoreError::OutcomeUnknown { append_id, .. }) = answer else {
        panic!("the outcome is not unknown: {answer:?}")
    };
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
async fn closing_finishes_accepted_appends_and_refuses_later_ones() {
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
