//! Many writers that reserve positions and are slow, and followers that wait for less long than
//! that: either the event or the skip is stored, and every follower sees the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use es_core::feed;
use es_mongo::MongoStore;
use es_mongo::mongodb::Collection;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::error::{ErrorKind, WriteFailure};
use futures_util::TryStreamExt;
use tests::account::{Account, day, import};
use tests::empty_store;

use super::{another_process, event_at, events, positions};

const WRITERS: usize = 8;
const EVENTS: usize = 25;

/// Whether a writer stops at this event until its position was skipped.
fn is_frozen(writer: usize, number: usize) -> bool {
    writer < 2 && number == 5
}

/// Records events at reserved positions. If a position was skipped, the event gets a new one.
async fn write(events: Collection<Document>, counter: Arc<AtomicI64>, writer: usize) {
    for number in 0..EVENTS {
        let mut was_frozen = false;
        loop {
            let position = counter.fetch_add(1, SeqCst) + 1;
            let mut looks = 0;
            while is_frozen(writer, number) && !was_frozen && looks < 600 {
                was_frozen = events.count_documents(doc! { "position": position }).await.unwrap() > 0;
                looks += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            tokio::time::sleep(Duration::from_millis(((writer * 7 + number * 13) % 23 * 6) as u64)).await;
            let mut event = event_at(position);
            event.insert("aggregateId", format!("{writer}-{number}"));
            match events.insert_one(event).await.map_err(|error| *error.kind) {
                Ok(_) => break,
                Err(ErrorKind::Write(WriteFailure::WriteError(error))) if error.code == 11_000 => {}
                Err(other) => panic!("{other}"),
            }
        }
    }
}

async fn follow(store: MongoStore, filtered: bool) -> Vec<(i64, String)> {
    let mut seen = Vec::new();
    let (mut all, mut accounts) =
        (store.follow(feed::From::beginning()).read(), store.follow(feed::From::beginning()).of::<Account>().read());
    let mut last = 0;
    let written = |seen: &[(i64, String)]| seen.iter().filter(|(_, id)| id.contains('-')).count();
    while written(&seen) < WRITERS * EVENTS {
        let (position, id) = if filtered {
            let event = accounts.next().await.unwrap().unwrap();
            (event.position.as_i64(), event.aggregate_id)
        } else {
            let event = all.next().await.unwrap().unwrap();
            (event.position.as_i64(), event.aggregate_id)
        };
        assert!(position > last, "{position} comes after {last}");
        last = position;
        seen.push((position, id));
    }
    seen
}

async fn race(with_archive: bool) {
    let store = empty_store().await;
    let mut first = 0;
    if with_archive {
        import(&store, "old", 3).await;
        import(&store, "new", 1).await;
        store.archive::<Account>(day(2)).run().await.unwrap();
        first = 4;
    }
    let counter = Arc::new(AtomicI64::new(first));
    let mut follows = Vec::new();
    for number in 0..4 {
        let hasty = another_process(&store, "hasty").await.position_grace(Duration::from_millis(number * 4));
        let hasty = hasty.open().await.unwrap();
        follows.push(tokio::spawn(follow(hasty, number % 2 == 0)));
    }
    let writes: Vec<_> =
        (0..WRITERS).map(|writer| tokio::spawn(write(events(&store), Arc::clone(&counter), writer))).collect();
    for write in writes {
        write.await.unwrap();
    }
    let all: Vec<_> = store.events().stored_as("Opened").read().try_collect().await.unwrap();
    let mut stored = positions(&all);
    stored.sort_unstable();
    for seen in follows {
        let seen = tokio::time::timeout(Duration::from_secs(60), seen).await.unwrap().unwrap();
        let seen: Vec<i64> =
            seen.into_iter().filter(|(_, id)| id.contains('-') || id == "new").map(|(at, _)| at).collect();
        let wanted: Vec<i64> = stored.iter().copied().filter(|at| *at > first || (with_archive && *at == 4)).collect();
        assert_eq!(seen, wanted);
    }
    let skipped = events(&store).count_documents(doc! { "aggregateType": "$skip" }).await.unwrap();
    println!("{skipped} positions were skipped, with_archive {with_archive}");
    assert!(skipped >= 2, "no follower was faster than a writer, so nothing was tested");
}

#[tokio::test(flavor = "multi_thread")]
async fn either_the_event_or_the_skip_is_stored_and_all_followers_see_the_same() {
    race(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_with_an_archive() {
    race(true).await;
}
