//! Which queues exist.

use super::*;
use crate::conformance::{Added, Numbers};
use crate::memory::MemoryStore;
use crate::{StreamId, Version};

fn stream(id: &str) -> StreamId {
    StreamId::of::<Numbers>(id).unwrap()
}

/// The numbers of open queues and of aggregates that had one.
fn known(numbers: &Repository<Numbers>) -> (usize, usize) {
    let known = numbers.queues.lock();
    (known.open.len(), known.recent.len())
}

/// Two updates meet in the queue of an aggregate, and leave it.
async fn meet(numbers: &Repository<Numbers>, id: &str) {
    let state = numbers.replay(&stream(id), Version::MAX).await.unwrap();
    let first = Queues::enter(numbers, state, true).ok().unwrap();
    let second = Queues::enter_if_contended(numbers, &stream(id)).unwrap();
    assert_eq!(known(numbers).0, 1);
    drop(first);
    assert_eq!(known(numbers).0, 1);
    drop(second);
}

#[tokio::test]
async fn a_queue_exists_only_while_updates_of_its_aggregate_meet() {
    let numbers = Repository::<Numbers>::new(&MemoryStore::new());
    numbers.create("a", Added { number: 1 }).await.unwrap();
    numbers.update("a", |_| Added { number: 2 }).await.unwrap();
    assert_eq!(known(&numbers), (0, 0));
    meet(&numbers, "a").await;
    assert_eq!(known(&numbers), (0, 1), "the next update opens a queue at once");
    assert!(Queues::enter_if_contended(&numbers, &stream("b")).is_none());
    numbers.update("a", |_| Added { number: 3 }).await.unwrap();
    assert_eq!(known(&numbers), (0, 0), "an update that was alone leaves nothing");
}

#[tokio::test]
async fn only_so_many_aggregates_are_remembered() {
    let numbers = Repository::<Numbers>::new(&MemoryStore::new());
    for number in 0..RECENT + 5 {
        meet(&numbers, &format!("aggregate-{number}")).await;
    }
    assert_eq!(known(&numbers), (0, RECENT));
    assert!(Queues::enter_if_contended(&numbers, &stream("aggregate-4")).is_none());
    assert!(Queues::enter_if_contended(&numbers, &stream("aggregate-5")).is_some());
}
