//! A store that shows what was stored before the last lease was taken, as a node does that has just
//! been elected, and one that answers only after the process was asked to stop.

use std::sync::{Arc, Mutex};

use es_core::store::{
    BoxFuture, Checkpoint, Dropped, Failure, FeedFilter, FeedPage, FeedStore, Lease, LiveVersion, MakeLive, Partition,
    PartitionLetters, PartitionRecord, Prepare, ReadModelId, RowCommit, Runtime, StoredRows, Take,
};
use es_core::{AggregateId, StoreError};
use tokio::sync::oneshot;

use super::*;

/// What is shown once, instead of what is stored.
#[derive(Debug, Default)]
struct Shown {
    rows: Option<(Checkpoint, StoredRows)>,
    letters: Option<PartitionLetters>,
}

/// A call whose answer comes after the process was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Call {
    Lease,
    Page,
}

#[derive(Debug, Clone)]
struct Behind {
    store: MemoryStore,
    shown: Arc<Mutex<Shown>>,
    stop: Arc<Mutex<Option<Stop>>>,
}

/// Asks the process to stop if it is dropped.
#[derive(Debug)]
struct Stop {
    during: Call,
    _asked: oneshot::Sender<()>,
}

impl Behind {
    fn new(store: &MemoryStore) -> Self {
        Self { store: store.clone(), shown: Arc::default(), stop: Arc::default() }
    }

    /// Asks the process to stop during this call, if it is the chosen one.
    async fn stopping<T>(&self, call: Call, answer: BoxFuture<'_, T>) -> T {
        let answer = answer.await;
        let stop = self.stop.lock().unwrap().take_if(|stop| stop.during == call);
        if stop.is_some() {
            drop(stop);
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
        }
        answer
    }
}

impl ReadModelStore for Behind {
    fn read_rows<'a>(
        &'a self,
        partition: &'a Partition,
        keys: &'a [AggregateId],
    ) -> BoxFuture<'a, Result<Option<(Checkpoint, StoredRows)>, StoreError>> {
        let shown = if keys.is_empty() { None } else { self.shown.lock().unwrap().rows.take() };
        match shown {
            Some(shown) => Box::pin(async move { Ok(Some(shown)) }),
            None => self.store.read_rows(partition, keys),
        }
    }

    fn letters<'a>(&'a self, partition: &'a Partition) -> BoxFuture<'a, Result<Option<PartitionLetters>, StoreError>> {
        let shown = self.shown.lock().unwrap().letters.take();
        match shown {
            Some(shown) => Box::pin(async move { Ok(Some(shown)) }),
            None => self.store.letters(partition),
        }
    }

    fn prepare<'a>(&'a self, prepare: &'a Prepare) -> BoxFuture<'a, Result<Prepare, StoreError>> {
        self.store.prepare(prepare)
    }

    fn take_lease<'a>(
        &'a self,
        partition: &'a Partition,
        owner: &'a str,
        lasts: Duration,
        take: Take,
    ) -> BoxFuture<'a, Result<Option<Lease>, StoreError>> {
        Box::pin(self.stopping(Call::Lease, self.store.take_lease(partition, owner, lasts, take)))
    }

    fn release<'a>(
        &'a self,
        partition: &'a Partition,
        fence: u64,
        failure: Option<&'a Failure>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.release(partition, fence, failure)
    }

    fn commit_rows(&self, commit: RowCommit) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.store.commit_rows(commit)
    }

    fn announce<'a>(
        &'a self,
        model: &'a ReadModelId,
        owner: &'a str,
        lasts: Duration,
    ) -> BoxFuture<'a, Result<u32, StoreError>> {
        self.store.announce(model, owner, lasts)
    }

    fn partitions(&self) -> BoxFuture<'_, Result<Vec<PartitionRecord>, StoreError>> {
        self.store.partitions()
    }

    fn pause<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.pause(model)
    }

    fn resume<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.resume(model)
    }

    fn reset<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.reset(model)
    }

    fn live_version<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<LiveVersion>, StoreError>> {
        self.store.live_version(name)
    }

    fn make_live<'a>(&'a self, change: &'a MakeLive) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.make_live(change)
    }

    fn row_keys<'a>(
        &'a self,
        model: &'a ReadModelId,
        after: Option<&'a AggregateId>,
    ) -> BoxFuture<'a, Result<Vec<AggregateId>, StoreError>> {
        self.store.row_keys(model, after)
    }

    fn drop_version<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<Dropped, StoreError>> {
        self.store.drop_version(model)
    }
}

impl FeedStore for Behind {
    fn page<'a>(
        &'a self,
        after: Option<Position>,
        filter: &'a FeedFilter,
    ) -> BoxFuture<'a, Result<FeedPage, StoreError>> {
        Box::pin(self.stopping(Call::Page, self.store.page(after, filter)))
    }

    fn frontier(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        self.store.frontier()
    }

    fn wake(&self, after: Option<Position>) -> BoxFuture<'_, ()> {
        self.store.wake(after)
    }
}

events_of!(store, Behind);

impl Runtime for Behind {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.store.sleep(duration)
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.store.spawn(work);
    }
}

async fn park(store: &Behind) {
    let subscriptions = Subscriptions::on(store);
    subscriptions.project_with::<Entries>(|options| options.on_error(OnError::Park)).catch_up().await.unwrap();
}

/// A retry changes rows and letters while the checkpoint stays, so the checkpoint does not show
/// whether what is read is older than the lease.
#[tokio::test]
async fn what_is_older_than_the_lease_is_not_folded_on() {
    let mut scene = Scene::new();
    let store = Behind::new(&scene.store);
    let partition = ReadModelId::of::<Entries>().partition(0);
    let ann = [AggregateId::new("ann").unwrap()];
    scene.records("ann", [1, 13]).await;
    park(&store).await;
    let rows = scene.store.read_rows(&partition, &ann).await.unwrap();
    let letters = scene.store.letters(&partition).await.unwrap();
    IS_MENDED.set(true);
    assert_eq!(scene.letters().retry("ann").await.unwrap().folded, 1);
    assert_eq!(scene.row("ann").await, [1, 13]);

    // The row as it was before the retry.
    scene.records("ann", [2]).await;
    store.shown.lock().unwrap().rows = rows;
    park(&store).await;
    assert_eq!(scene.row("ann").await, [1, 13, 2]);
    // The letters as they were before it.
    scene.records("ann", [3]).await;
    store.shown.lock().unwrap().letters = letters;
    park(&store).await;
    assert_eq!(scene.parked().await, []);
    assert_eq!(scene.row("ann").await, [1, 13, 2, 3]);
    let shown = store.shown.lock().unwrap();
    assert!(shown.rows.is_none() && shown.letters.is_none(), "{shown:?}");
}

#[tokio::test]
async fn a_process_that_is_asked_to_stop_during_a_call_gives_its_lease_back() {
    let mut scene = Scene::new();
    let store = Behind::new(&scene.store);
    scene.records("ann", [1]).await;
    park(&store).await;
    for (call, cents) in [(Call::Page, 2), (Call::Lease, 3)] {
        scene.records("ann", [cents]).await;
        let (stop, stopped) = oneshot::channel::<()>();
        *store.stop.lock().unwrap() = Some(Stop { during: call, _asked: stop });
        let running = Subscriptions::on(&store).project::<Entries>().run_until(async { drop(stopped.await) });
        running.await.unwrap();
        assert!(store.stop.lock().unwrap().is_none());
        let partitions = scene.store.partitions().await.unwrap();
        assert_eq!(partitions[0].owner, None, "asked to stop during {call:?}");
        park(&store).await;
        assert_eq!(scene.row("ann").await.last(), Some(&cents));
    }
}
