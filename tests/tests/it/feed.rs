//! Following a store on a server: across the archive, live, and what a follower does with a
//! position at which no event is recorded.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

mod moved;
mod open;
mod race;
mod woken;

use std::time::Duration;

use es_core::feed::{self, Follower};
use es_core::store::EventData;
use es_core::{Position, RecordedEvent};
use es_mongo::mongodb::Collection;
use es_mongo::mongodb::bson::{DateTime, Document, doc, oid::ObjectId};
use es_mongo::{MongoStore, StoreBuilder};
use tests::client_named;
use tokio::time::timeout;

fn events(store: &MongoStore) -> Collection<Document> {
    store.database().collection("events")
}

fn positions_of(store: &MongoStore) -> Collection<Document> {
    store.database().collection("events_positions")
}

fn position(position: i64) -> Position {
    Position::try_from(position).unwrap()
}

/// An event of an account that a writer records at a position that it has reserved.
fn event_at(position: i64) -> Document {
    doc! {
        "_id": ObjectId::new(), "aggregateId": format!("at-{position}"), "aggregateType": "Account", "eventType": "Opened",
        "eventVersion": 1, "eventData": { "owner": "o" }, "metadata": {}, "timestamp": DateTime::now(), "sequenceNumber": 1_i64,
        "position": position,
    }
}

async fn record_at(store: &MongoStore, positions: impl IntoIterator<Item = i64>) {
    events(store).insert_many(positions.into_iter().map(event_at)).await.unwrap();
}

/// The skips of a store.
async fn skips(store: &MongoStore) -> Vec<i64> {
    use futures_util::TryStreamExt;
    let found = events(store).find(doc! { "aggregateType": "$skip" }).sort(doc! { "position": 1 }).await.unwrap();
    found.map_ok(|skip| skip.get_i64("position").unwrap()).try_collect().await.unwrap()
}

/// The next events, within a time limit.
async fn take<T>(follower: &mut Follower<T>, events: usize) -> Vec<RecordedEvent<T>> {
    let mut taken = Vec::new();
    let all = async {
        while taken.len() < events {
            taken.push(follower.next().await.unwrap().unwrap());
        }
    };
    if timeout(Duration::from_secs(30), all).await.is_err() {
        let found: Vec<_> = taken.iter().map(|event| event.position).collect();
        panic!("a follower got {found:?}, but {events} events were expected; it has reached {:?}", follower.reaches());
    }
    taken
}

fn positions<T>(events: &[RecordedEvent<T>]) -> Vec<i64> {
    events.iter().map(|event| event.position.as_i64()).collect()
}

/// Whether nothing comes for this long.
async fn waits<T>(follower: &mut Follower<T>, time: Duration) -> bool {
    timeout(time, follower.next()).await.is_err()
}

fn from_the_beginning(store: &MongoStore) -> Follower<EventData> {
    store.follow(feed::From::beginning()).read()
}

/// A builder for a separate handle of a store, as if it were in a different process.
async fn another_process(store: &MongoStore, application: &str) -> StoreBuilder {
    MongoStore::builder(client_named(application).await, store.database().name())
}
