//! The oplog of the server no longer contains the events that were recorded while a process was
//! frozen, a read model was paused, or a change stream was held up.

use es_core::read_model::ReadModelError;
use es_core::store::{ReadModelId, ReadModelStore};
use es_mongo::dev::{DevServer, fresh_database_name};
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::Timestamp;
use tests::fail_point::FailPoint;

use super::child::Projector;
use super::*;

/// How long rows may take.
const WITHIN: Duration = Duration::from_secs(60);

/// The oldest and the newest entry of the oplog.
async fn oplog(client: &Client) -> (Timestamp, Timestamp) {
    let oplog = client.database("local").collection::<Document>("oplog.rs");
    let at = async |direction: i32| {
        let entry = oplog.find_one(doc! {}).sort(doc! { "$natural": direction }).await.unwrap().unwrap();
        entry.get_timestamp("ts").unwrap()
    };
    (at(1).await, at(-1).await)
}

/// Writes until the oplog has no entry any more that it has now.
async fn roll_over(client: &Client) {
    let (_, now) = oplog(client).await;
    let filler = client.database("filler").collection::<Document>("filler");
    for round in 0..1_000 {
        let documents = (0..8).map(|_| doc! { "filler": "x".repeat(1 << 20) });
        filler.insert_many(documents).await.unwrap();
        if oplog(client).await.0 > now {
            return filler.drop().await.unwrap();
        }
        assert!(round < 999, "the oplog does not roll over");
    }
}

/// A server with a small oplog, and a store on it.
async fn small_oplog() -> (DevServer, Client, MongoStore) {
    let server = DevServer::builder().always_own().oplog_size_mb(5);
    // The server keeps the part of the oplog that its last checkpoint does not contain.
    let server = server.argument("--syncdelay").argument("1").start().await.unwrap();
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    let store = MongoStore::connect(server.uri(), &fresh_database_name("rolled")).await.unwrap();
    (server, client, store)
}

/// Waits until both read models contain a position.
async fn folded_up_to(store: &MongoStore, position: Position) {
    store.read_model::<Balance>().at_least(position).within(WITHIN).ready().await.unwrap();
    store.read_model::<Entries>().at_least(position).within(WITHIN).ready().await.unwrap();
}

/// Records events of nine wallets, one after the other, and returns the position of the last one.
async fn record_each(store: &MongoStore, numbers: Range<usize>) -> Position {
    let mut last = None;
    for number in numbers {
        last = Some(record_all(store, &format!("wallet {}", number % 9), number..number + 1).await);
    }
    last.unwrap()
}

/// Checks rows that other processes have folded.
async fn assert_rows_at_least(store: &MongoStore, position: Position) {
    let (balances, entries) = (folded::<Balance>(store).await, folded::<Entries>(store).await);
    for owner in OWNERS {
        let row = store.read_model::<Balance>().at_least(position).within(WITHIN).get(owner).await.unwrap();
        assert_eq!(row.as_ref(), balances.get(owner), "{owner}");
    }
    for wallet in (0..9).map(|wallet| format!("wallet {wallet}")) {
        let row = store.read_model::<Entries>().at_least(position).within(WITHIN).get(wallet.as_str()).await.unwrap();
        assert_eq!(row.as_ref(), entries.get(wallet.as_str()), "{wallet}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missed_if_the_oplog_rolls_over_under_a_frozen_process_and_a_paused_read_model() {
    let (server, client, store) = small_oplog().await;
    let projector = Projector::start(server.uri(), &store);
    folded_up_to(&store, record_each(&store, 0..20).await).await;
    projector.freeze();
    assert!(store.pause(&ReadModelId::of::<Entries>()).await.unwrap());
    let last = record_each(&store, 20..200).await;
    roll_over(&client).await;

    projector.thaw();
    store.read_model::<Balance>().at_least(last).within(WITHIN).ready().await.unwrap();
    let waits = store.read_model::<Entries>().at_least(last).within(WITHIN).ready().await.unwrap_err();
    assert!(matches!(waits, ReadModelError::Paused { .. }), "{waits}");
    assert!(store.resume(&ReadModelId::of::<Entries>()).await.unwrap());
    assert_rows_at_least(&store, last).await;
    drop(projector);
    assert_folded(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missed_if_the_server_has_lost_the_place_of_a_change_stream() {
    let (server, client, store) = small_oplog().await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let projector = Projector::logging_to(&log, server.uri(), &store);
    folded_up_to(&store, record_each(&store, 0..20).await).await;

    // Every read of the change stream waits in the server.
    let of_events = doc! { "nss": format!("{}.events", store.database().name()) };
    let held = "waitAfterPinningCursorBeforeGetMoreBatch";
    let held = FailPoint::set(server.uri(), held, doc! { "times": 1_000_000 }, of_events).await;
    held.met().await;
    let meanwhile = record_each(&store, 20..100).await;
    roll_over(&client).await;
    held.off().await;
    let begun = std::time::Instant::now();
    let is_lost = |log: &str| log.contains("ChangeStreamHistoryLost") || log.contains("CappedPositionLost");
    while !is_lost(&std::fs::read_to_string(&log).unwrap()) {
        assert!(begun.elapsed() < WITHIN, "{}", std::fs::read_to_string(&log).unwrap());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    folded_up_to(&store, meanwhile).await;
    let last = record_each(&store, 100..120).await;
    assert_rows_at_least(&store, last).await;
    drop(projector);
    assert_folded(&store).await;
}
