//! A service that knows only that `A` is an aggregate can call everything.

use std::fmt::Debug;

use es_core::memory::MemoryStore;
use es_core::repository::{FirstEvents, NextEvents};
use es_core::{Aggregate, Apply, Context, Metadata, Repository, RetryPolicy, SnapshotPolicy, Timestamp, event};

async fn service<A: Aggregate>(
    store: MemoryStore,
    first: impl FirstEvents<A::Event> + Send,
    next: impl NextEvents<A::Event> + Send + Clone + 'static,
) -> usize {
    let aggregates = Repository::<A>::new(&store)
        .with_retry(RetryPolicy::default())
        .with_snapshots(SnapshotPolicy::every(1))
        .clone();
    let created = aggregates.create("a", first).by("ann").await.unwrap();
    let (one, two) = (next.clone(), next);
    aggregates.update("a", move |_| one.clone()).metadata(Metadata::new()).expecting(created.version).await.unwrap();
    let _ = aggregates.upsert("a", move |_| two.clone()).once("key").await.unwrap();
    let _ = aggregates.load("a").await.unwrap().version;
    aggregates.load_at("a", 1).await.unwrap();
    assert!(aggregates.load_as_of("a", Timestamp::now()).await.is_ok());
    aggregates.load_ignoring_snapshots_above("a", 1).await.unwrap();
    assert!(aggregates.exists("a").await.unwrap());
    aggregates.take_snapshot("a").await.unwrap();
    aggregates.import("b", Vec::new()).await.unwrap();
    let mut history = aggregates.history("a").unwrap();
    assert!(history.next().await.unwrap().is_ok());
    let read = store.events().read_as::<A>().collect().await.unwrap().len();
    let page = store.events().limit(1).page_as::<A>().await.unwrap();
    assert_eq!(page.events.len(), 1);
    read + usize::try_from(store.events().of_aggregates::<A>().count_as::<A>().await.unwrap()).unwrap()
}

fn is_send<T: Send>(value: T) -> T {
    value
}

fn is_shared<T: Send + Sync + Debug + 'static>(_: &T) {}

fn is_shared_by_every_service<A: Aggregate>(store: &MemoryStore) {
    let aggregates = Repository::<A>::new(store);
    is_shared(&aggregates);
    is_shared(store);
    let _ = is_send(aggregates.history("a"));
    is_send(store.events().read_as::<A>());
}

/// Neither `Unpin`, nor `Sync`, nor `Debug`.
#[event(version = 1)]
#[derive(Clone)]
struct Moved {
    metres: u32,
    #[serde(skip)]
    pinned: std::marker::PhantomData<(std::marker::PhantomPinned, std::cell::Cell<u8>)>,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Moved))]
struct Walk {
    metres: u32,
}

impl Apply<Moved> for Walk {
    fn apply(&mut self, event: Moved, _: &Context) {
        self.metres += event.metres;
    }
}

#[tokio::test]
async fn a_generic_service_calls_everything_with_the_least_bounds() {
    let moved = || Moved { metres: 1, pinned: std::marker::PhantomData };
    let store = MemoryStore::new();
    is_shared_by_every_service::<Walk>(&store);
    assert_eq!(is_send(service::<Walk>(store, moved(), moved())).await, 6);
}
