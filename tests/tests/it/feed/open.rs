//! Positions at which no event is recorded yet, or never will be.

use std::time::{Duration, Instant};

use es_core::StoreError;
use es_core::feed;
use es_core::store::FeedStore;
use es_mongo::Role;
use es_mongo::mongodb::bson::{Bson, doc};
use es_mongo::mongodb::error::{ErrorKind, WriteFailure};
use tests::account::{Account, day, import};
use tests::empty_store;
use tests::secured::Secured;
use tokio::time::timeout;

use super::{
    another_process, event_at, events, from_the_beginning, position, positions, positions_of, record_at, skips, take,
    waits,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_open_position_is_waited_for_and_then_skipped() {
    let store = empty_store().await;
    import(&store, "a", 2).await;
    record_at(&store, [5, 7, 8]).await;
    let (mut all, mut accounts) =
        (store.follow(feed::From::beginning()).read(), store.follow(feed::From::beginning()).of::<Account>().read());
    let begun = Instant::now();
    assert_eq!(positions(&take(&mut all, 2).await), [1, 2]);
    assert_eq!(store.frontier().await.unwrap(), Some(position(2)));
    assert_eq!(positions(&take(&mut all, 3).await), [5, 7, 8]);
    let took = begun.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_secs(3)).contains(&took), "{took:?}");
    assert_eq!(positions(&take(&mut accounts, 5).await), [1, 2, 5, 7, 8]);
    assert_eq!(skips(&store).await, [3, 4, 6]);
    assert_eq!(store.frontier().await.unwrap(), Some(position(8)));

    let skip = events(&store).find_one(doc! { "position": 3_i64 }).await.unwrap().unwrap();
    assert_eq!(skip.get_str("aggregateId").unwrap(), "positions");
    assert_eq!(skip.get_str("eventType").unwrap(), "$skip");
    assert_eq!(skip.get("sequenceNumber"), Some(&Bson::Int64(3)));
    assert_eq!(skip.get_document("eventData").unwrap(), &doc! { "reason": "abandoned" });

    // The writer that had the position continues.
    let late = events(&store).insert_one(event_at(4)).await.unwrap_err();
    assert!(matches!(*late.kind, ErrorKind::Write(WriteFailure::WriteError(error)) if error.code == 11_000));
    assert_eq!(positions(&take(&mut from_the_beginning(&store), 5).await), [1, 2, 5, 7, 8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_recorded_in_time_is_not_skipped() {
    let store = empty_store().await;
    record_at(&store, [1, 3]).await;
    let mut all = from_the_beginning(&store);
    let mut accounts = store.follow(feed::From::beginning()).of::<Account>().read();
    assert_eq!(positions(&take(&mut all, 1).await), [1]);
    assert_eq!(positions(&take(&mut accounts, 1).await), [1]);
    assert!(waits(&mut all, Duration::from_millis(300)).await);
    record_at(&store, [2]).await;
    let begun = Instant::now();
    assert_eq!(positions(&take(&mut all, 2).await), [2, 3]);
    assert_eq!(positions(&take(&mut accounts, 2).await), [2, 3]);
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    assert_eq!(skips(&store).await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_has_written_at_an_open_position_is_not_overtaken() {
    for with_archive in [false, true] {
        let store = empty_store().await;
        let mut next = 1;
        if with_archive {
            import(&store, "old", 3).await;
            import(&store, "new", 1).await;
            store.archive::<Account>(day(2)).run().await.unwrap();
            next = 5;
        }
        let mut session = store.database().client().start_session().await.unwrap();
        session.start_transaction().await.unwrap();
        events(&store).insert_one(event_at(next)).session(&mut session).await.unwrap();
        record_at(&store, [next + 1]).await;
        let mut all = store.follow(feed::From::beginning()).read();
        take(&mut all, usize::try_from(next - 1).unwrap()).await;
        assert!(waits(&mut all, Duration::from_secs(3)).await, "a transaction in flight was overtaken");
        session.commit_transaction().await.unwrap();
        assert_eq!(positions(&take(&mut all, 2).await), [next, next + 1]);
        assert_eq!(skips(&store).await, [0; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_is_skipped_although_there_is_an_archive() {
    let store = empty_store().await;
    import(&store, "old", 3).await;
    import(&store, "new", 2).await;
    store.archive::<Account>(day(2)).run().await.unwrap();
    record_at(&store, [8]).await;
    let mut accounts = store.follow(feed::From::beginning()).of::<Account>().read();
    assert_eq!(positions(&take(&mut accounts, 6).await), [1, 2, 3, 4, 5, 8]);
    assert_eq!(positions(&take(&mut from_the_beginning(&store), 6).await), [1, 2, 3, 4, 5, 8]);
    assert_eq!(skips(&store).await, [6, 7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_was_deleted_below_the_frontier_is_an_error_and_not_skipped() {
    for types in [false, true] {
        let store = empty_store().await;
        import(&store, "a", 6).await;
        take(&mut from_the_beginning(&store), 6).await;
        let frontier = doc! { "_id": "frontier" };
        let grown = doc! { "$max": { "position": 6_i64 } };
        positions_of(&store).update_one(frontier, grown).upsert(true).await.unwrap();
        events(&store).delete_one(doc! { "position": 4_i64 }).await.unwrap();
        // A store that knows nothing of the past.
        let store = tests::open(store.database().name()).await;
        let mut all = from_the_beginning(&store);
        if types {
            // The archive is present, so pages are complete by the frontier.
            import(&store, "b", 2).await;
            store.archive::<Account>(day(1)).run().await.unwrap();
        }
        let mut seen = Vec::new();
        let error = loop {
            match timeout(Duration::from_secs(30), all.next()).await.expect("the deletion is not noticed").unwrap() {
                Ok(event) => seen.push(event.position),
                Err(error) => break error,
            }
        };
        assert!(
            matches!(error, StoreError::MissingPosition { position: missing } if missing == position(4)),
            "{error}"
        );
        assert!(seen.iter().all(|seen| *seen < position(4)), "{seen:?}");
        assert_eq!(skips(&store).await, [0; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_begins_beyond_an_open_position_decides_nothing_for_others() {
    let store = empty_store().await;
    record_at(&store, [1, 3, 4, 6]).await;
    let patient =
        another_process(&store, "patient").await.position_grace(Duration::from_secs(60)).open().await.unwrap();
    let mut beyond = patient.follow(feed::From::position(position(3))).read();
    let mut accounts = patient.follow(feed::From::position(position(3))).of::<Account>().read();
    assert_eq!(positions(&take(&mut beyond, 1).await), [4]);
    assert_eq!(positions(&take(&mut accounts, 1).await), [4]);
    assert!(waits(&mut beyond, Duration::from_secs(2)).await);
    // Position 2 is open, so the frontier is below it, and so is what was recorded of it.
    assert_eq!(patient.frontier().await.unwrap(), Some(position(1)));
    let recorded = positions_of(&store).find_one(doc! { "_id": "frontier" }).await.unwrap();
    assert!(recorded.is_none_or(|recorded| recorded.get_i64("position").unwrap() <= 1));
    // Position 5 is not decided before position 2.
    let hasty = another_process(&store, "hasty").await.position_grace(Duration::ZERO).open().await.unwrap();
    let mut session = store.database().client().start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    events(&store).insert_one(event_at(2)).session(&mut session).await.unwrap();
    let mut beyond_5 = hasty.follow(feed::From::position(position(4))).read();
    assert!(waits(&mut beyond_5, Duration::from_secs(2)).await, "a skip overtook a transaction in flight");
    session.commit_transaction().await.unwrap();
    assert_eq!(positions(&take(&mut beyond_5, 1).await), [6]);
    assert_eq!(skips(&store).await, [5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_may_begin_anywhere() {
    let store = empty_store().await;
    import(&store, "a", 3).await;
    for far in [4, 1_000, i64::MAX - 1, i64::MAX] {
        let mut all = store.follow(feed::From::position(position(far))).read();
        assert!(waits(&mut all, Duration::from_millis(300)).await);
        let mut accounts = store.follow(feed::From::position(position(far))).of::<Account>().read();
        assert!(waits(&mut accounts, Duration::from_millis(300)).await);
        assert_eq!(all.reaches(), Some(position(far)));
    }
    assert_eq!(skips(&store).await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_waits_until_a_writer_records_the_skip() {
    let secured = Secured::prepared().await;
    let reader = secured.open_as(Role::Reader).await;
    let events = secured.admin.collection("events");
    events.insert_many([event_at(1), event_at(3)]).await.unwrap();
    let mut reads = from_the_beginning(&reader);
    assert_eq!(positions(&take(&mut reads, 1).await), [1]);
    assert!(waits(&mut reads, Duration::from_secs(3)).await, "a reader passed an open position");
    assert_eq!(reads.reaches(), Some(position(1)));
    let writer = secured.open_as(Role::Writer).await;
    assert_eq!(positions(&take(&mut from_the_beginning(&writer), 2).await), [1, 3]);
    assert_eq!(positions(&take(&mut reads, 1).await), [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_frontier_is_recorded_and_only_grows() {
    let store = empty_store().await;
    let recorded = || async {
        let found = positions_of(&store).find_one(doc! { "_id": "frontier" }).await.unwrap();
        found.map(|found| found.get_i64("position").unwrap())
    };
    assert_eq!(recorded().await, None);
    let mut all = from_the_beginning(&store);
    let mut last = 0;
    for id in 0..3 {
        import(&store, &format!("a{id}"), 4).await;
        take(&mut all, 4).await;
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let now = recorded().await.unwrap();
        assert!(now > last && now <= 4 * (id + 1), "{now} after {last}");
        last = now;
    }
}
