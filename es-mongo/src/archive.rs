//! The archive: old events move to a separate collection and stay readable.
//!
//! ```text
//! scan ──▶ judge ──▶ cover (snapshots) ═▶ copy ──▶ confirm ═▶ wait (once a run) ──▶ delete
//! ```
//!
//! Events move in batches. The three stages between the double arrows run concurrently, each on a
//! different batch. Every aggregate can be loaded after each step. So a run may end between any two
//! steps, and the next run finishes its work.

mod cover;
mod judge;
mod scan;
pub(crate) mod step;
mod transfer;

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bson::raw::RawDocumentBuf;
use es_core::store::{FeedStore, Ordering};
use es_core::{Aggregate, StoreError, Timestamp};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::error::store_error;
use crate::positions::frontier;
use crate::progress::Progress;
use crate::store::MongoStore;
use judge::Judged;
use scan::Scan;
use step::{ArchiveStep, Hook};
use transfer::{Confirmed, Copies};

/// The number of failures that a report names.
const MAX_FAILURES: usize = 100;

/// The default number of events that are moved at once.
const BATCH: u32 = 4_000;

/// The largest number of events that are moved at once. One command lists all of them.
const MAX_BATCH: u32 = 10_000;

/// The number of batches that may be copied but not yet deleted. Only the ids of their events are
/// in memory. Copying continues during the wait.
const COPIED_AHEAD: usize = 64;

impl MongoStore {
    /// Moves the events of aggregates of type `A` that were recorded before `older_than` into the
    /// archive.
    ///
    /// The oldest part of each stream is moved: an event is moved only if all earlier events of its
    /// stream are archived and a usable snapshot covers it. If the snapshot is missing, the run
    /// takes it and reads it back. An aggregate that has ended has no state and needs no snapshot. The
    /// newest event of the store is never moved, and neither is an event above the frontier, the
    /// position up to which each one has an event or a skip. Loads, queries, traces, feeds and
    /// appends give the same results before, during and after a run, because they read archived
    /// events from the archive.
    ///
    /// A run may be stopped at any time, even by a crash; run it again to finish it. It may run at
    /// the same time as writers, readers and other runs.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn example<Invoice: es_core::Aggregate>(store: es_mongo::MongoStore) -> Result<(), es_core::StoreError> {
    /// let a_year_ago = es_core::Timestamp::now().minus(Duration::from_secs(365 * 24 * 3600));
    /// let report = store
    ///     .archive::<Invoice>(a_year_ago)
    ///     .progress(|report| println!("{} events moved", report.moved))
    ///     .run()
    ///     .await?;
    /// println!("{} streams, {} snapshots taken", report.streams, report.snapshots);
    /// # Ok(())
    /// # }
    /// ```
    pub fn archive<A: Aggregate>(&self, older_than: Timestamp) -> Archive<'_, A> {
        Archive {
            store: self,
            older_than,
            batch: BATCH,
            progress: Progress::none(),
            hook: None,
            aggregate: PhantomData,
        }
    }
}

/// A run of the archive that is not started yet; created by [`MongoStore::archive`].
#[must_use = "nothing is archived before `run`"]
pub struct Archive<'a, A> {
    store: &'a MongoStore,
    older_than: Timestamp,
    batch: u32,
    progress: Progress<ArchiveReport>,
    hook: Option<Hook>,
    aggregate: PhantomData<fn() -> A>,
}

/// A run of the archive in progress.
struct Run<'a, A> {
    archive: Archive<'a, A>,
    report: Mutex<ArchiveReport>,
    /// Set if a stage has ended early. The other stages then start no new work.
    stopped: AtomicBool,
}

/// The results of a run of the archive, final or so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ArchiveReport {
    /// Streams with old events.
    pub streams: u64,
    /// Events that this run has copied and deleted.
    pub moved: u64,
    /// Events that an earlier, stopped run had copied and that this run has deleted.
    pub finished: u64,
    /// Missing snapshots that this run has taken.
    pub snapshots: u64,
    /// Old events that were not moved: an earlier event of their stream is too recent, one of them
    /// is the newest event of the store, or their aggregate has failed.
    pub kept: u64,
    /// Aggregates that cannot be archived, and event documents that belong to no aggregate. None of
    /// their further events is moved.
    pub failed: u64,
    /// The reasons: the first 100 of them.
    pub failures: Vec<ArchiveFailure>,
}

/// An aggregate that cannot be archived.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchiveFailure {
    /// The id of the aggregate, or the `_id` of an event document that has no valid aggregate id.
    pub aggregate_id: String,
    /// Why it cannot be archived.
    pub reason: String,
}

impl fmt::Display for ArchiveFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.aggregate_id, self.reason)
    }
}

impl ArchiveReport {
    fn fail(&mut self, failure: ArchiveFailure) {
        tracing::warn!(id = %failure.aggregate_id, reason = %failure.reason, "an aggregate cannot be archived, so its events are kept");
        self.failed += 1;
        if self.failures.len() < MAX_FAILURES {
            self.failures.push(failure);
        }
    }
}

/// The reason why a run ends early.
enum Stop {
    /// The test hook requested it.
    Told,
    Failed(StoreError),
}

impl Stop {
    /// Of two reasons for the end of one run, the one that is reported.
    fn graver(self, other: Self) -> Self {
        if matches!(self, Self::Told) { other } else { self }
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl<A: Aggregate> Archive<'_, A> {
    /// Calls `listener` with the results so far, after each batch.
    pub fn progress(self, listener: impl Fn(&ArchiveReport) + Send + Sync + 'static) -> Self {
        Self { progress: Progress::to(listener), ..self }
    }

    /// The number of events that are moved at once, from 1 to 10,000, and at most 8 MiB of them;
    /// 4,000 by default.
    ///
    /// A few batches are in memory at the same time.
    pub fn batch(self, events: u32) -> Self {
        Self { batch: events.clamp(1, MAX_BATCH), ..self }
    }

    /// Starts the run.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached. An aggregate that cannot be archived does not stop the run:
    /// if its events cannot be folded, its state cannot be read back from a snapshot, or the
    /// archive holds different content in the place of one of its events, its events are kept and
    /// the report names it.
    #[tracing::instrument(level = "debug", name = "archive", skip_all, fields(aggregate = A::TYPE, older_than = %self.older_than))]
    pub async fn run(self) -> Result<ArchiveReport, StoreError> {
        let run = Run { archive: self, report: Mutex::default(), stopped: AtomicBool::new(false) };
        match run.move_all().await {
            Ok(()) | Err(Stop::Told) => Ok(run.report.into_inner().unwrap_or_else(PoisonError::into_inner)),
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}

impl<A: Aggregate> Run<'_, A> {
    async fn move_all(&self) -> Result<(), Stop> {
        let Some(below) = self.below().await? else { return Ok(()) };
        let (to_copy, judged) = mpsc::channel(1);
        let (to_delete, copied) = mpsc::channel(COPIED_AHEAD);
        // All stages end before an error ends the run, so that none is dropped during a write.
        let ends = tokio::join!(
            self.stage(self.judge_all(below, to_copy).boxed()),
            self.stage(self.copy_all(judged, to_delete).boxed()),
            self.stage(self.delete_all(copied).boxed()),
        );
        self.archive.progress.tell(&self.report());
        let (judged, copied, deleted) = ends;
        match [judged, copied, deleted].into_iter().filter_map(Result::err).reduce(Stop::graver) {
            Some(stop) => Err(stop),
            None => Ok(()),
        }
    }

    /// The position below which events may be moved, if there is one.
    ///
    /// The newest event must stay, because it shows the highest position. An event above the
    /// frontier must stay too: a reader that waits for an open position below it reads only the
    /// events that are in use.
    async fn below(&self) -> Result<Option<i64>, StoreError> {
        let store = self.archive.store;
        let collections = store.collections();
        let Some(newest) = collections.read_newest().await? else { return Ok(None) };
        if store.inner.options.ordering == Ordering::PerAggregate {
            return Ok(Some(newest.as_i64()));
        }
        let Some(frontier) = store.frontier().await? else { return Ok(None) };
        frontier::protect(collections, frontier).await.map_err(store_error)?;
        Ok(Some(newest.min(frontier.next()).as_i64()))
    }

    /// Runs one stage. If it ends early, the other stages end early too.
    async fn stage(&self, stage: BoxFuture<'_, Result<(), Stop>>) -> Result<(), Stop> {
        let ended = stage.await;
        if ended.is_err() {
            self.stopped.store(true, Relaxed);
        }
        ended
    }

    async fn judge_all(&self, below: i64, to_copy: Sender<Vec<RawDocumentBuf>>) -> Result<(), Stop> {
        let mut scan = Scan::open::<A>(self.archive.store.collections(), self.archive.older_than).await?;
        let mut last = None;
        while !self.has_stopped()
            && let Some(batch) = scan.next(self.archive.batch).await?
        {
            let judged = self.judge(batch, last, below).await?;
            let Judged { going, last: prefix } = judged;
            last = prefix;
            if !going.is_empty() && to_copy.send(going).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn copy_all(
        &self,
        mut judged: Receiver<Vec<RawDocumentBuf>>,
        to_delete: Sender<Confirmed>,
    ) -> Result<(), Stop> {
        let mut copies = Copies::default();
        while let Some(events) = judged.recv().await
            && !self.has_stopped()
        {
            if let Some(confirmed) = self.copy(events, &mut copies).await?
                && to_delete.send(confirmed).await.is_err()
            {
                break;
            }
        }
        Ok(())
    }

    async fn delete_all(&self, mut copied: Receiver<Confirmed>) -> Result<(), Stop> {
        while let Some(confirmed) = copied.recv().await {
            self.wait(confirmed.first_copy).await?;
            if self.has_stopped() {
                break;
            }
            let deleted = self.delete(&confirmed).await?;
            crate::metrics::archived(A::TYPE, deleted.moved + deleted.finished);
            let mut report = self.report();
            report.moved += deleted.moved;
            report.finished += deleted.finished;
            self.archive.progress.tell(&report);
            drop(report);
            self.reached(ArchiveStep::Deleted)?;
        }
        Ok(())
    }

    fn report(&self) -> MutexGuard<'_, ArchiveReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }
}

impl<A> fmt::Debug for Archive<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("older_than", &self.older_than)
            .field("batch", &self.batch)
            .finish_non_exhaustive()
    }
}
