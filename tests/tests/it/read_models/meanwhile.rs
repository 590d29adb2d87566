//! What happens to the log while rows are folded: archive runs, positions without an event, and
//! appends that take long.

use es_core::Timestamp;
use es_mongo::FindRows;
use es_mongo::mongodb::bson::{DateTime, oid::ObjectId};
use tests::{empty_store, server};

use super::process::Process;
use super::*;

/// The newest position.
async fn newest(store: &MongoStore) -> i64 {
    let newest = rows(store, "events").find_one(doc! {}).sort(doc! { "position": -1 }).await.unwrap();
    newest.unwrap().get_i64("position").unwrap()
}

/// An event that a writer records at a position that it has reserved.
fn earned_at(position: i64) -> Document {
    doc! {
        "_id": ObjectId::new(), "aggregateId": format!("at-{position}"), "aggregateType": "Wallet", "eventType": "Earned",
        "eventVersion": 1, "eventData": { "owner": "ann", "cents": 1_000_i64 }, "metadata": {}, "timestamp": DateTime::now(),
        "sequenceNumber": 1_i64, "position": position,
    }
}

/// Records an event above positions that nobody will use.
async fn leave_positions_open(store: &MongoStore) {
    let position = newest(store).await + 3;
    rows(store, "events").insert_one(earned_at(position)).await.unwrap();
}

/// Records an event in a transaction that takes long, below events that are recorded meanwhile.
async fn append_slowly(store: &MongoStore) {
    let client = es_mongo::mongodb::Client::with_uri_str(server().await.uri()).await.unwrap();
    let mut session = client.start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    let position = newest(store).await + 2;
    let events = client.database(store.database().name()).collection::<Document>("events");
    events.insert_one(earned_at(position)).session(&mut session).await.unwrap();
    rows(store, "events").insert_one(earned_at(position + 1)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    session.commit_transaction().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn archive_runs_skips_and_slow_appends_while_rows_are_folded_are_invisible_to_them() {
    let store = empty_store().await;
    record(&store, "wallet 0", 0).await;
    let folding = Process::start(subscriptions(&store));
    let archiving = tokio::spawn({
        let store = store.clone();
        async move {
            let mut moved = 0;
            for _ in 0..40 {
                moved += store.archive::<Wallet>(Timestamp::now()).run().await.unwrap().moved;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            moved
        }
    });
    for round in 0..3 {
        for number in 0..40 {
            record(&store, &format!("wallet {}", number % 9), round * 40 + number).await;
        }
        leave_positions_open(&store).await;
        append_slowly(&store).await;
    }
    let last = record_all(&store, "wallet 1", 200..203).await;
    let within = Duration::from_secs(60);
    store.read_model::<Balance>().at_least(last).within(within).ready().await.unwrap();
    store.read_model::<Entries>().at_least(last).within(within).ready().await.unwrap();
    let moved = archiving.await.unwrap();
    let skips = rows(&store, "events").count_documents(doc! { "aggregateType": "$skip" }).await.unwrap();
    assert!(moved > 50 && skips >= 6, "{moved} events were archived, {skips} positions skipped");
    let balances = store.read_model::<Balance>().find(doc! {}).await.unwrap();
    let counted: u64 = balances.iter().map(|(_, balance)| balance.events).sum();
    assert_eq!(counted, 1 + 3 * (40 + 1 + 2) + 3);
    folding.stop().await;
    assert_folded(&store).await;
}
