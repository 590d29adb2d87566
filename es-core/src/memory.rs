//! A store in memory, for tests and for trying things out.

use std::collections::{BTreeMap, HashMap};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bson::raw::RawDocumentBuf;
use futures_core::Stream;

use crate::{
    Aggregate, Append, Appended, BsonPayload, EventBatch, EventData, EventStore, NewEvent, Position, ReadRange,
    Receipt, RecordedEvent, Runtime, Snapshot, SnapshotStore, Stamp, State, StoreError, StoredEvent, StreamId,
    Timestamp, Version,
};

/// A store that keeps everything in memory and nothing for longer than it lives.
///
/// It writes events and snapshots as BSON, as a store on MongoDB does, and has the same conflicts, idempotency keys and positions,
/// so what a test sees here is what a server would do. Clones share what they hold.
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
/// let accounts = Repository::<Account, _>::new(MemoryStore::new());
/// accounts.create("alice", Deposited { cents: 500 }, Metadata::new()).await?;
/// assert_eq!(accounts.load("alice").await?.version, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Every event, at the index of its position less one.
    log: Vec<Arc<RecordedEvent<EventData>>>,
    streams: HashMap<StreamId, Recording>,
}

#[derive(Debug, Default)]
struct Recording {
    events: Vec<Arc<RecordedEvent<EventData>>>,
    /// The sequences that each idempotency key has recorded, first and last.
    appends: HashMap<String, (usize, usize)>,
    snapshots: BTreeMap<Version, StoredSnapshot>,
}

#[derive(Debug)]
struct StoredSnapshot {
    state_version: u32,
    timestamp: Timestamp,
    state: RawDocumentBuf,
}

impl MemoryStore {
    /// A store without any event.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every event of the store, in the order of positions.
    pub fn events(&self) -> Vec<RecordedEvent<EventData>> {
        self.lock().log.iter().map(|event| RecordedEvent::clone(event)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock, and every change is complete before the lock is let go.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn append(&mut self, mut append: Append) -> Result<Appended, StoreError> {
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
        let now = Timestamp::now();
        let mut stamps = Vec::with_capacity(append.events.len());
        let first = stream.events.len();
        let (mut sequence, mut position) = (actual.next(), next_position(&self.log));
        let ids = append.take_event_ids();
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
    fn version(&self) -> Version {
        self.events.last().map_or(Version::NONE, |last| last.sequence.into())
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
    type Batch = MemoryBatch;

    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        self.lock().append(append)
    }

    fn read(
        &self,
        stream: &StreamId,
        range: ReadRange,
    ) -> impl Stream<Item = Result<MemoryBatch, StoreError>> + Send + 'static {
        let inner = self.lock();
        let events = inner.streams.get(stream).map(|stream| stream.events.as_slice()).unwrap_or_default();
        let wanted = events.iter().filter(|event| {
            let version = Version::from(event.sequence);
            version > range.after && version <= range.until
        });
        Once(Some(Ok(MemoryBatch(wanted.cloned().collect()))))
    }

    async fn find_append(&self, stream: &StreamId, append_id: &str) -> Result<Option<Receipt>, StoreError> {
        let inner = self.lock();
        let stream = inner.streams.get(stream);
        Ok(stream.and_then(|stream| stream.receipt(*stream.appends.get(append_id)?)))
    }

    async fn head(&self, stream: &StreamId) -> Result<Version, StoreError> {
        Ok(self.lock().streams.get(stream).map_or(Version::NONE, Recording::version))
    }
}

impl SnapshotStore for MemoryStore {
    async fn newest_snapshot<A: Aggregate>(
        &self,
        stream: &StreamId,
        at_most: Version,
    ) -> Result<Option<Snapshot<A>>, StoreError> {
        let inner = self.lock();
        let Some(stream) = inner.streams.get(stream) else { return Ok(None) };
        let usable = stream.snapshots.range(..=at_most).rev().find_map(|(version, stored)| {
            if stored.state_version != A::STATE_VERSION {
                return None;
            }
            let state = State::decode(&BsonPayload(&stored.state)).ok()?;
            Some(Snapshot { version: *version, timestamp: stored.timestamp, state })
        });
        Ok(usable)
    }

    async fn put_snapshot<A: Aggregate>(&self, stream: &StreamId, snapshot: &Snapshot<A>) -> Result<(), StoreError> {
        let state = snapshot.encode()?.as_raw().to_owned();
        let stored = StoredSnapshot { state_version: A::STATE_VERSION, timestamp: snapshot.timestamp, state };
        self.lock().streams.entry(stream.clone()).or_default().snapshots.insert(snapshot.version, stored);
        Ok(())
    }
}

impl Runtime for MemoryStore {
    /// Lets other tasks run once. There is no timer without a runtime, and nothing here takes long enough to wait for.
    async fn sleep(&self, _duration: Duration) {
        let mut slept = false;
        poll_fn(|context| {
            if slept {
                return Poll::Ready(());
            }
            slept = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Runs the work at once. What the repository spawns touches this store only, and this store never makes it wait.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let _ = pin!(work).poll(&mut Context::from_waker(Waker::noop()));
    }
}

/// Events of a [`MemoryStore`].
#[derive(Debug)]
pub struct MemoryBatch(Vec<Arc<RecordedEvent<EventData>>>);

impl EventBatch for MemoryBatch {
    fn events(&self) -> impl Iterator<Item = Result<StoredEvent<'_>, StoreError>> {
        self.0.iter().map(|event| Ok(event.as_stored()))
    }
}

/// A stream of one item.
struct Once<T>(Option<T>);

impl<T: Unpin> Stream for Once<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<T>> {
        Poll::Ready(self.0.take())
    }
}
