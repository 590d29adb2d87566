//! A store in memory, for tests and experiments.

mod feed;
mod letters;
mod live;
mod read_model;
mod table;
mod unique;

use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::event_stream::Ready;
use crate::feed::{Follow, From};
use crate::query::{EventQuery, Trace};
use crate::store::{
    Append, AppendId, Appended, BatchStream, BoxFuture, EventBatch, EventData, EventStore, FeedStore, Head, NewEvent,
    Query, QueryStore, ReadRange, Receipt, Runtime, SnapshotStore, Stamp, StoredEvent, StoredSnapshot,
};
use crate::{EventId, Position, RecordedEvent, StoreError, StreamId, Timestamp, Version};

/// A store that keeps everything in memory. Its clones share the data, which end with the last one.
///
/// It writes events and snapshots as BSON, as a store on MongoDB does, and has the same conflicts,
/// idempotency keys and positions, so a test sees what a server would do. It answers the same
/// queries, [`events`](Self::events) and [`trace`](Self::trace), and can be
/// [followed](Self::follow).
///
/// ```
/// # use es_core::{event, Aggregate, Apply, Context};
/// use es_core::{Metadata, Repository, memory::MemoryStore};
/// # #[event(version = 1)]
/// # pub struct Deposited { pub cents: i64 }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(Deposited))]
/// # pub struct Account { cents: i64 }
/// # impl Apply<Deposited> for Account {
/// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let accounts = Repository::<Account>::new(&MemoryStore::new());
/// accounts.create("alice", Deposited { cents: 500 }).await?;
/// assert_eq!(accounts.load("alice").await?.version, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
    clock: Arc<dyn Clock>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_clock(SystemClock)
    }
}

#[derive(Debug, Default)]
struct Inner {
    /// Different for every store.
    id: StoreId,
    /// Every event, at the index of its position less one.
    log: Vec<Arc<RecordedEvent<EventData>>>,
    streams: HashMap<StreamId, Recording>,
    waiting: feed::Waiting,
    read_models: read_model::ReadModels,
    live: live::Live,
}

#[derive(Debug)]
struct StoreId(EventId);

impl Default for StoreId {
    fn default() -> Self {
        Self(EventId::new())
    }
}

#[derive(Debug, Default)]
struct Recording {
    events: Vec<Arc<RecordedEvent<EventData>>>,
    /// The sequences that each idempotency key has recorded, first and last.
    appends: HashMap<String, (usize, usize)>,
    snapshots: BTreeMap<Version, StoredSnapshot>,
}

impl MemoryStore {
    /// A store without any event.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store without any event that records the time of this clock.
    pub fn with_clock(clock: impl Clock) -> Self {
        Self { inner: Arc::default(), clock: Arc::new(clock) }
    }

    /// Every event of the store, in the order of positions.
    pub fn log(&self) -> Vec<RecordedEvent<EventData>> {
        self.lock().log.iter().map(|event| RecordedEvent::clone(event)).collect()
    }

    /// Queries recorded events across all aggregates: [`QueryStore::events`], without the import.
    pub fn events(&self) -> EventQuery {
        QueryStore::events(self)
    }

    /// All events of one correlation as a tree of causes and effects: [`QueryStore::trace`],
    /// without the import.
    ///
    /// # Errors
    ///
    /// If an event is malformed.
    pub async fn trace(&self, correlation_id: &str) -> Result<Trace, StoreError> {
        QueryStore::trace(self, correlation_id).await
    }

    /// Follows the events of the store: [`FeedStore::follow`], without the import.
    pub fn follow(&self, from: From) -> Follow {
        FeedStore::follow(self, from)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock, and every change is complete before the lock is
        // let go.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn append(&mut self, mut append: Append, now: Timestamp) -> Result<Appended, StoreError> {
        if append.events.is_empty() {
            return Err(StoreError::EmptyAppend { stream: append.stream });
        }
        let stream = self.streams.entry(append.stream.clone()).or_default();
        if let Some(append_id) = &append.append_id
            && let Some(range) = stream.appends.get(append_id.as_str())
        {
            return stream.again(*range, &append);
        }
        let actual = stream.version();
        if append.expected.version() != actual {
            return Err(StoreError::Conflict { stream: append.stream, expected: append.expected.version(), actual });
        }
        let mut stamps = Vec::with_capacity(append.events.len());
        let first = stream.events.len();
        let (mut sequence, mut position) = (actual.next(), next_position(&self.log));
        let ids = append.take_event_ids()?;
        for (event, id) in append.events.into_iter().zip(ids) {
            let timestamp = event.timestamp.unwrap_or(now);
            let stamp = Stamp::new(id, sequence, position, timestamp);
            let NewEvent { event_type, event_version, metadata, data, .. } = event;
            let recorded = RecordedEvent::new(&append.stream, stamp, event_type, event_version, metadata, data);
            let recorded = Arc::new(recorded);
            stream.events.push(Arc::clone(&recorded));
            self.log.push(recorded);
            stamps.push(stamp);
            (sequence, position) = (sequence.next(), position.next());
        }
        if let Some(append_id) = append.append_id {
            stream.appends.insert(append_id.as_str().to_owned(), (first, stream.events.len()));
        }
        let version = stream.version();
        Ok(Appended::Now(Receipt { version, stamps }))
    }
}

fn next_position(log: &[Arc<RecordedEvent<EventData>>]) -> Position {
    log.last().map_or(Position::FIRST, |last| last.position.next())
}

impl Recording {
    fn head(&self) -> Head {
        self.events.last().map_or(Head::NONE, |last| Head::from(&**last))
    }

    fn version(&self) -> Version {
        self.head().version()
    }

    fn receipt(&self, (first, end): (usize, usize)) -> Option<Receipt> {
        let stamp = |event: &Arc<RecordedEvent<EventData>>| {
            Stamp::new(event.id, event.sequence, event.position, event.timestamp)
        };
        Receipt::new(self.events.get(first..end)?.iter().map(stamp).collect())
    }

    fn again(&self, range: (usize, usize), append: &Append) -> Result<Appended, StoreError> {
        let stored = self.events.get(range.0..range.1).unwrap_or_default();
        let same = append.has_recorded(stored.iter().map(|event| &**event));
        match (same, self.receipt(range), &append.append_id) {
            (true, Some(receipt), _) => Ok(Appended::Already(receipt)),
            (_, receipt, append_id) => Err(StoreError::AppendIdReused {
                stream: append.stream.clone(),
                append_id: append_id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
                version: receipt.map_or(Version::NONE, |receipt| receipt.version),
            }),
        }
    }
}

impl EventStore for MemoryStore {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(async move {
            let mut inner = self.lock();
            let appended = inner.append(append, self.clock.now())?;
            let waiting = inner.waiting.take();
            drop(inner);
            waiting.into_iter().for_each(Waker::wake);
            Ok(appended)
        })
    }

    fn read(&self, stream: &StreamId, range: ReadRange) -> BatchStream {
        let inner = self.lock();
        let events = inner.streams.get(stream).map(|stream| stream.events.as_slice()).unwrap_or_default();
        let wanted = events.iter().filter(|event| {
            let version = Version::from(event.sequence);
            version > range.after && version <= range.until
        });
        batches(vec![MemoryBatch(wanted.cloned().collect())])
    }

    fn find_append<'a>(
        &'a self,
        stream: &'a StreamId,
        append_id: &'a AppendId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        Box::pin(async move {
            let inner = self.lock();
            let stream = inner.streams.get(stream);
            Ok(stream.and_then(|stream| stream.receipt(*stream.appends.get(append_id.as_str())?)))
        })
    }

    fn head<'a>(&'a self, stream: &'a StreamId) -> BoxFuture<'a, Result<Head, StoreError>> {
        Box::pin(async move { Ok(self.lock().streams.get(stream).map_or(Head::NONE, Recording::head)) })
    }
}

impl QueryStore for MemoryStore {
    fn query_scope(&self) -> String {
        format!("memory {}", self.lock().id.0)
    }

    fn query(&self, query: Query) -> BatchStream {
        let mut found: Vec<_> =
            self.lock().log.iter().filter(|event| query.includes(&event.as_stored())).cloned().collect();
        found.sort_by(|left, right| query.compare(&(&**left).into(), &(&**right).into()));
        batches(found.chunks(QUERY_BATCH).map(|events| MemoryBatch(events.to_vec())).collect())
    }
}

impl SnapshotStore for MemoryStore {
    fn newest_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        state_version: u32,
        at_most: Version,
    ) -> BoxFuture<'a, Result<Option<StoredSnapshot>, StoreError>> {
        Box::pin(async move {
            let inner = self.lock();
            let Some(stream) = inner.streams.get(stream) else { return Ok(None) };
            let mut newest_first = stream.snapshots.range(..=at_most).rev().map(|(_, snapshot)| snapshot);
            Ok(newest_first.find(|snapshot| snapshot.state_version == state_version).cloned())
        })
    }

    fn put_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        snapshot: StoredSnapshot,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.lock().streams.entry(stream.clone()).or_default().snapshots.insert(snapshot.version, snapshot);
            Ok(())
        })
    }
}

impl Runtime for MemoryStore {
    /// Lets other tasks run once. This store needs no runtime and so has no timer, and none of its
    /// operations takes long.
    fn sleep(&self, _duration: Duration) -> BoxFuture<'_, ()> {
        let mut slept = false;
        Box::pin(poll_fn(move |context| {
            if slept {
                return Poll::Ready(());
            }
            slept = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }))
    }

    /// Runs the work immediately. The tasks of the repository use only this store, which never
    /// makes them wait.
    fn spawn(&self, mut work: BoxFuture<'static, ()>) {
        let _ = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The number of events that are decoded at once for a query.
const QUERY_BATCH: usize = 100;

fn batches(batches: Vec<MemoryBatch>) -> BatchStream {
    let batches = batches.into_iter().map(|batch| Ok(Box::new(batch) as Box<dyn EventBatch>));
    Box::pin(Ready(batches))
}

/// Events of a [`MemoryStore`].
struct MemoryBatch(Vec<Arc<RecordedEvent<EventData>>>);

impl EventBatch for MemoryBatch {
    fn events(&self) -> Box<dyn Iterator<Item = Result<StoredEvent<'_>, StoreError>> + '_> {
        Box::new(self.0.iter().map(|event| Ok(event.as_stored())))
    }
}
