//! Durations and sizes at their limits: they work, or are refused, and never cause a panic.

use std::time::Duration;

use es_core::{Repository, RetryPolicy, StoreError};
use es_mongo::MongoStore;
use es_mongo::dev::{DevServer, fresh_database_name};
use es_mongo::mongodb::Client;
use tests::account::{Account, Deposited, Opened, accounts, day, import};
use tests::server;

const LONGEST: [Duration; 3] = [Duration::MAX, Duration::from_secs(u64::MAX), Duration::from_millis(u64::MAX)];

/// Everything that has a limit.
async fn exercise(store: &MongoStore) {
    import(store, "a", 4).await;
    let patient = RetryPolicy::default().tries(u32::MAX).base_wait(Duration::MAX).max_wait(Duration::MAX);
    let repository = Repository::<Account>::new(store).with_retry(patient);
    let deposit = |_: &_| Deposited { cents: 1, source: "x".to_owned() };
    repository.update("a", deposit).await.unwrap();
    repository.take_snapshot("a").await.unwrap();
    assert_eq!(repository.load("a").await.unwrap().version, 5);
    assert_eq!(store.archive::<Account>(day(9)).batch(u32::MAX).run().await.unwrap().moved, 4);
    assert_eq!(store.events().limit(u64::MAX).read().collect().await.unwrap().len(), 5);
    assert_eq!(store.events().limit(0).read().collect().await.unwrap().len(), 0);
    assert!(store.verify::<Account>().run().await.unwrap().is_sound());
    assert_eq!(store.stats().await.unwrap().events, 5);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_the_longest_deadlines_and_the_largest_sizes_works() {
    let client = Client::with_uri_str(server().await.uri()).await.unwrap();
    for longest in LONGEST {
        let builder = MongoStore::builder(client.clone(), fresh_database_name("longest"));
        let builder = builder.append_deadline(longest).read_deadline(longest);
        let store = builder.queue(usize::MAX).keep_snapshots(u32::MAX).open().await.unwrap();
        exercise(&store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_and_sizes_of_zero_are_errors_or_the_smallest_that_works() {
    let client = Client::with_uri_str(server().await.uri()).await.unwrap();
    let builder = || MongoStore::builder(client.clone(), fresh_database_name("shortest"));
    exercise(&builder().queue(0).keep_snapshots(0).open().await.unwrap()).await;
    let opened = builder().read_deadline(Duration::ZERO).open().await;
    assert!(matches!(opened, Err(StoreError::Unavailable { .. })), "{opened:?}");
    let hurried = builder().append_deadline(Duration::ZERO).open().await.unwrap();
    let created = accounts(&hurried).create("a", Opened { owner: "o".to_owned() }).await;
    // It may still be stored in time.
    if let Err(error) = created {
        let text = error.to_string();
        assert!(text.contains("unknown") || text.contains("unavailable"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_development_server_may_have_an_unlimited_time_to_start() {
    for longest in LONGEST {
        let server = DevServer::builder().always_own().start_timeout(longest).start().await.unwrap();
        assert!(server.primary().await.is_ok());
    }
}
