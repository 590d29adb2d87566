//! How soon a follower gets a new event.

use std::time::{Duration, Instant};

use es_core::feed::{self, Follower};
use es_core::store::EventData;
use es_mongo::MongoStore;
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::{Document, doc};
use futures_util::TryStreamExt;
use tests::account::import;
use tests::fail_point::FailPoint;
use tests::{empty_store, server};

use super::{another_process, take, waits};

/// The times from the acknowledgement of each append to the follower, in order of their length.
async fn latencies(store: &MongoStore, follower: &mut Follower<EventData>) -> Vec<Duration> {
    let mut latencies = Vec::new();
    for number in 0..20 {
        import(store, &format!("a{number}"), 1).await;
        let begun = Instant::now();
        take(follower, 1).await;
        latencies.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(17)).await;
    }
    latencies.sort_unstable();
    latencies
}

/// The change streams on the events of a store.
async fn change_streams(store: &MongoStore) -> usize {
    let admin = Client::with_uri_str(server().await.uri()).await.unwrap().database("admin");
    let of_store = doc! { "$match": {
        "ns": format!("{}.events", store.database().name()),
        "cursor.originatingCommand.pipeline.0.$changeStream": { "$exists": true },
    } };
    let all = doc! { "$currentOp": { "idleCursors": true, "allUsers": true } };
    let found: Vec<Document> = admin.aggregate([all, of_store]).await.unwrap().try_collect().await.unwrap();
    found.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_gets_the_appends_of_the_same_process_at_once() {
    let store = empty_store().await;
    let mut follower = store.follow(feed::From::beginning()).read();
    assert!(waits(&mut follower, Duration::from_millis(300)).await);
    let latencies = latencies(&store, &mut follower).await;
    println!("in a process: {latencies:?}");
    assert!(latencies[10] < Duration::from_millis(100), "{latencies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_gets_the_appends_of_other_processes_by_a_change_stream() {
    let store = empty_store().await;
    let other = another_process(&store, "follows").await.open().await.unwrap();
    let mut follower = other.follow(feed::From::beginning()).read();
    assert!(waits(&mut follower, Duration::from_secs(1)).await);
    let latencies = latencies(&store, &mut follower).await;
    println!("across processes: {latencies:?}");
    // Without the change stream it would look once a second.
    assert!(latencies[10] < Duration::from_millis(100), "{latencies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_without_the_right_to_a_change_stream_gets_the_appends_by_looking_for_them() {
    let store = empty_store().await;
    let denied = doc! { "failCommands": ["aggregate"], "errorCode": 13 };
    let name = format!("{}-blind", store.database().name());
    let _denied = FailPoint::on_commands(server().await.uri(), &name, doc! { "times": 1_000_000 }, denied).await;
    let other = another_process(&store, &name).await.open().await.unwrap();
    let mut follower = other.follow(feed::From::beginning()).read();
    assert!(waits(&mut follower, Duration::from_secs(1)).await);
    assert_eq!(change_streams(&store).await, 0);
    let latencies = latencies(&store, &mut follower).await;
    println!("without a change stream: {latencies:?}");
    assert!(latencies[10] < Duration::from_millis(300), "{latencies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_has_one_change_stream_while_it_follows_and_none_otherwise() {
    let store = empty_store().await;
    import(&store, "a", 3).await;
    assert_eq!(change_streams(&store).await, 0);
    let mut followers: Vec<_> = (0..3).map(|_| store.follow(feed::From::beginning()).read()).collect();
    for follower in &mut followers {
        take(follower, 3).await;
        assert!(waits(follower, Duration::from_millis(200)).await);
    }
    assert_eq!(change_streams(&store).await, 1);
    drop(followers);
    let begun = Instant::now();
    while change_streams(&store).await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the change stream stays open");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut follower = store.follow(feed::From::now()).read();
    assert!(waits(&mut follower, Duration::from_millis(500)).await);
    assert_eq!(change_streams(&store).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_stream_that_was_killed_is_opened_again() {
    let store = empty_store().await;
    let other = another_process(&store, "killed").await.open().await.unwrap();
    let mut follower = other.follow(feed::From::beginning()).read();
    assert!(waits(&mut follower, Duration::from_secs(1)).await);
    let admin = Client::with_uri_str(server().await.uri()).await.unwrap().database("admin");
    for round in 0..3 {
        let of_store = doc! { "$match": {
            "ns": format!("{}.events", store.database().name()),
            "cursor.originatingCommand.pipeline.0.$changeStream": { "$exists": true },
        } };
        let all = doc! { "$currentOp": { "idleCursors": true, "allUsers": true } };
        let found: Vec<Document> = admin.aggregate([all, of_store]).await.unwrap().try_collect().await.unwrap();
        for cursor in found {
            let id = cursor.get_document("cursor").unwrap().get_i64("cursorId").unwrap();
            store.database().run_command(doc! { "killCursors": "events", "cursors": [id] }).await.unwrap();
        }
        import(&store, &format!("a{round}"), 2).await;
        take(&mut follower, 2).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert_eq!(change_streams(&store).await, 1);
}
