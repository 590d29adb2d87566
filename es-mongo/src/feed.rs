//! Reads the store by position, from the events and the archive, up to the frontier.
//!
//! A position is open until an event or a skip is recorded at it, and commits do not arrive in the
//! order of positions. A page ends before the first open position. Two things show that a part of
//! the log is complete:
//!
//! - *By count*: events and skips leave no gap. One read is enough, and it does not matter which
//!   node answers.
//! - *By the frontier*, if only some events are read, or if a part is archived. The frontier and
//!   the page are read in one snapshot: a node whose snapshot has the frontier has everything up to
//!   it.
//!
//! A position that stays open is [skipped](skips).

mod batch;
mod changes;
mod page;
mod skips;
mod snapshot;
pub(crate) mod wakes;

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::AcqRel, Ordering::Acquire, Ordering::Release};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use es_core::feed::{Follow, From};
use es_core::store::{BoxFuture, FeedFilter, FeedPage, FeedStore, Ordering};
use es_core::{Position, StoreError};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::collections::Collections;
use crate::error::is_unauthorized;
use crate::metrics;
use crate::options::StoreOptions;
use crate::patience::stopped;
use crate::positions::frontier;
use crate::store::MongoStore;
use changes::Changes;
use page::Reader;

/// How often the frontier is recorded at most.
const RECORD_EVERY: Duration = Duration::from_secs(1);

/// How long a failed attempt to decide a position is not repeated.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The positions that are open, as this process has seen them, and what else its followers share.
#[derive(Clone)]
pub(crate) struct Feed(Arc<State>);

struct State {
    ordering: Ordering,
    grace: Duration,
    changes: Changes,
    holes: Mutex<Vec<Hole>>,
    /// Held by the follower that decides a position. After a failure, nobody tries before this
    /// time.
    turn: tokio::sync::Mutex<Option<Instant>>,
    /// The highest position that was read in the document of the frontier, or [`NOT_READ`].
    recorded: AtomicI64,
    /// The highest position up to which all are known to be decided.
    proven: AtomicI64,
    /// Whether a task records the frontier.
    is_recording: AtomicBool,
    may_not_record: AtomicBool,
}

/// Below every position: the frontier was not read yet.
const NOT_READ: i64 = -1;

/// Open positions between those of two events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) positions: RangeInclusive<i64>,
    /// When this process has seen that they are open.
    since: Instant,
}

impl Feed {
    pub(crate) fn new(options: &StoreOptions) -> Self {
        Self(Arc::new(State {
            ordering: options.ordering,
            grace: options.position_grace,
            changes: Changes::default(),
            holes: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            recorded: AtomicI64::new(NOT_READ),
            proven: AtomicI64::new(0),
            is_recording: AtomicBool::new(false),
            may_not_record: AtomicBool::new(false),
        }))
    }

    fn holes(&self) -> MutexGuard<'_, Vec<Hole>> {
        self.0.holes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes which positions between `after` and `until` are open. All others are decided.
    fn note(&self, after: i64, until: i64, open: impl IntoIterator<Item = RangeInclusive<i64>>) {
        let mut holes = self.holes();
        let (before, kept) = std::mem::take(&mut *holes)
            .into_iter()
            .partition(|hole| *hole.positions.end() > after && *hole.positions.start() <= until);
        let before: Vec<Hole> = before;
        *holes = kept;
        for positions in open {
            let known = before.iter().find(|hole| hole.positions.contains(positions.start()));
            let since = known.map_or_else(Instant::now, |hole| hole.since);
            holes.push(Hole { positions, since });
        }
        let is_open = |hole: &&Hole| holes.iter().any(|open| hole.positions.contains(open.positions.start()));
        for hole in before.iter().filter(|hole| !is_open(hole)) {
            metrics::position_was_open(hole.since.elapsed());
        }
    }

    /// The open positions directly after this one.
    fn hole_after(&self, position: i64) -> Option<Hole> {
        let next = position.saturating_add(1);
        self.holes().iter().find(|hole| hole.positions.contains(&next)).cloned()
    }

    /// The recorded frontier was read.
    fn saw_recorded(&self, frontier: i64) {
        self.0.recorded.fetch_max(frontier, AcqRel);
        self.prove(frontier);
    }

    /// Everything up to a position is known to be decided.
    fn prove(&self, position: i64) {
        self.0.proven.fetch_max(position, AcqRel);
    }

    /// The highest position up to which this process knows that all are decided.
    fn proven(&self) -> i64 {
        self.0.proven.load(Acquire)
    }

    /// The highest position at which this process has seen the recorded frontier, if it was read.
    fn recorded(&self) -> Option<i64> {
        Some(self.0.recorded.load(Acquire)).filter(|recorded| *recorded != NOT_READ)
    }

    /// Everything after one position and up to another was read. Records this, if it is due.
    ///
    /// A page may begin anywhere. If it begins above what is proven, the positions between the two are
    /// not known to be decided, so nothing is recorded.
    fn reached(&self, collections: &Collections, after: i64, until: Position) {
        if after > self.proven() {
            return;
        }
        self.prove(until.as_i64());
        let is_ahead = Some(until.as_i64()) > self.recorded();
        if !is_ahead || self.0.may_not_record.load(Acquire) || self.0.is_recording.swap(true, AcqRel) {
            return;
        }
        let (feed, own) = (self.clone(), collections.clone());
        collections.patience.spawn(async move { feed.record(&own).await });
    }

    /// Records the frontier, until it no longer grows.
    async fn record(&self, collections: &Collections) {
        while let Ok(proven) = Position::try_from(self.proven())
            && Some(proven.as_i64()) > self.recorded()
        {
            match frontier::record(collections, proven).await {
                Ok(()) => self.saw_recorded(proven.as_i64()),
                Err(error) if is_unauthorized(&error) => {
                    self.0.may_not_record.store(true, Release);
                    break;
                }
                Err(problem) => tracing::debug!(%problem, "the frontier could not be recorded"),
            }
            sleep(RECORD_EVERY).await;
        }
        self.0.is_recording.store(false, Release);
    }
}

impl MongoStore {
    /// Follows the events of the store: [`FeedStore::follow`], without the import.
    pub fn follow(&self, from: From) -> Follow {
        FeedStore::follow(self, from)
    }

    fn reader(&self) -> Result<Reader, StoreError> {
        match self.inner.feed.0.ordering {
            Ordering::Global => Ok(Reader::new(self.collections().clone(), self.inner.feed.clone())),
            Ordering::PerAggregate => Err(StoreError::NoGlobalOrder),
        }
    }

    async fn in_background<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut task = Abandoned(self.collections().patience.spawn(work));
        (&mut task.0).await.unwrap_or_else(|error| Err(stopped(error)))
    }
}

impl FeedStore for MongoStore {
    fn page<'a>(
        &'a self,
        after: Option<Position>,
        filter: &'a FeedFilter,
    ) -> BoxFuture<'a, Result<FeedPage, StoreError>> {
        let (reader, filter) = (self.reader(), filter.clone());
        Box::pin(async move {
            let reader = reader?;
            // A task of its runtime, so that it goes on while its caller does something else.
            self.in_background(async move { reader.page(after, &filter).await }).await
        })
    }

    fn frontier(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        let reader = self.reader();
        Box::pin(async move {
            let reader = reader?;
            self.in_background(async move { reader.frontier().await }).await
        })
    }

    fn wake(&self, after: Option<Position>) -> BoxFuture<'_, ()> {
        let (collections, feed) = (self.collections(), &self.inner.feed);
        let after = after.map_or(0, Position::as_i64);
        Box::pin(async move {
            feed.0.changes.listen(collections);
            match feed.hole_after(after) {
                Some(hole) => collections.wakes.any(again_after(hole.since.elapsed())).await,
                None => collections.wakes.wait(after).await,
            }
        })
    }
}

/// When to look at a position again that was open for this long.
fn again_after(open: Duration) -> Duration {
    (open / 4).clamp(Duration::from_millis(2), Duration::from_millis(50))
}

/// A task that ends if nobody waits for it any more.
struct Abandoned<T>(JoinHandle<T>);

impl<T> Drop for Abandoned<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
