//! Events that are in the archive, or on their way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use es_core::feed;
use es_core::store::EventData;
use es_core::{Repository, Timestamp};
use es_mongo::MongoStore;
use futures_util::TryStreamExt;
use tests::account::{Account, day, import};
use tests::counter::{Counter, OneAdded};
use tests::empty_store;

use super::{from_the_beginning, position, positions, take, waits};

async fn counters(store: &MongoStore, ids: std::ops::Range<u32>) {
    let counters = Repository::<Counter>::new(store);
    for id in ids {
        counters.create(format!("c{id}").as_str(), OneAdded { by: "u".into() }).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_gets_archived_events_and_those_in_use_and_each_new_one() {
    let store = empty_store().await;
    for id in 0..5 {
        import(&store, &format!("a{id}"), 10).await;
        counters(&store, id..id + 1).await;
    }
    let report = store.archive::<Account>(day(7)).run().await.unwrap();
    assert_eq!(report.moved, 35);
    let mut all = from_the_beginning(&store);
    let mut accounts = store.follow(feed::From::beginning()).of::<Account>().read();
    let mut some = store.follow(feed::From::beginning()).of::<Counter>().read();
    let seen = take(&mut all, 55).await;
    assert_eq!(positions(&seen), (1..=55).collect::<Vec<_>>());
    let is_account = |at: &i64| at % 11 != 0;
    assert_eq!(positions(&take(&mut accounts, 50).await), (1..=55).filter(is_account).collect::<Vec<_>>());
    assert_eq!(positions(&take(&mut some, 5).await), [11, 22, 33, 44, 55]);
    // Every position is a place to begin.
    for after in 1..54 {
        let mut rest = store.follow(feed::From::position(position(after))).of::<Account>().read();
        assert_eq!(positions(&take(&mut rest, 1).await)[0], if (after + 1) % 11 == 0 { after + 2 } else { after + 1 });
    }
    import(&store, "new", 1).await;
    assert_eq!(positions(&take(&mut all, 1).await), [56]);
    assert_eq!(positions(&take(&mut accounts, 1).await), [56]);
    assert!(waits(&mut some, Duration::from_millis(200)).await);
    assert!(some.reaches() >= Some(position(55)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_comes_twice_while_archive_runs_move_events() {
    let store = empty_store().await;
    let over = Arc::new(AtomicBool::new(false));
    let writes = (0..3).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..30 {
                import(&store, &format!("w{writer}-{number}"), 5).await;
            }
        })
    });
    let writes: Vec<_> = writes.collect();
    let archives = {
        let (store, over) = (store.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            let mut moved = 0;
            while !over.load(SeqCst) {
                moved += store.archive::<Account>(Timestamp::now()).batch(9).run().await.unwrap().moved;
            }
            moved
        })
    };
    let follows = (0..4).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            // One that begins anew all the time reads with and without an archive, at every place.
            let (mut seen, mut from) = (Vec::new(), feed::From::beginning());
            while seen.len() < 450 {
                if number % 2 == 0 {
                    let mut follower = store.follow(from).read();
                    seen.extend(positions(&take(&mut follower, 15).await));
                    from = feed::From::position(follower.reaches().unwrap());
                } else {
                    let mut follower = store.follow(from).of::<Account>().read();
                    seen.extend(positions(&take(&mut follower, 15).await));
                    from = feed::From::position(follower.reaches().unwrap());
                }
            }
            seen
        })
    });
    let follows: Vec<_> = follows.collect();
    for write in writes {
        write.await.unwrap();
    }
    let stored: Vec<_> = store.events().read().try_collect::<Vec<es_core::RecordedEvent<EventData>>>().await.unwrap();
    let mut stored = positions(&stored);
    stored.sort_unstable();
    for follow in follows {
        assert_eq!(follow.await.unwrap(), stored);
    }
    over.store(true, SeqCst);
    assert!(archives.await.unwrap() > 0, "the archive has moved nothing in the meantime");
    assert_eq!(positions(&take(&mut from_the_beginning(&store), 450).await), stored);
}
