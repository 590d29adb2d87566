//! The archive: old events move to a collection of their own, and stay readable wherever they are.
//!
//! ```text
//! scan ──▶ judge ──▶ cover (snapshots) ═▶ copy ──▶ confirm ═▶ wait (once a run) ──▶ delete
//! ```
//!
//! Events move in batches. The three stages between the double arrows work at the same time, each on a batch of its own.
//! Each step leaves every aggregate loadable, so a run may end between any two of them, and the next run finishes what it left.

mod cover;
mod judge;
mod scan;
mod transfer;

use std::fmt;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bson::doc;
use bson::raw::RawDocumentBuf;
use es_core::{Aggregate, StoreError, Timestamp};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::document::field::POSITION;
use crate::document::integer;
use crate::progress::Progress;
use crate::store::MongoStore;
use judge::Judged;
use scan::Scan;
use transfer::{Confirmed, Copies};

/// How many failures a report names.
const MAX_FAILURES: usize = 100;

/// How many events are moved at once unless told otherwise.
const BATCH: u32 = 4_000;

/// The most events that are moved at once: they are named in one command.
const MAX_BATCH: u32 = 10_000;

/// How many batches may be copied and not deleted yet. Only the ids of their events are held, and copying goes on during the wait.
const COPIED_AHEAD: usize = 64;

impl MongoStore {
    /// Moves the events of aggregates of type `A` that were recorded before `older_than` into the archive.
    ///
    /// Of each stream the oldest part is moved: an event goes only where all events before it in its stream are archived too, and only where a
    /// usable snapshot covers it, which is taken if it is missing, and was read back. The newest event of the store never goes. Loading,
    /// queries, traces and appends see no difference, before, during and after a run: what is archived is read from there.
    ///
    /// A run may be stopped at any moment, also by a crash: running it again finishes it. It may run beside writers,
    /// readers and another run.
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

/// A run of the archive that is about to start; made by [`MongoStore::archive`].
#[must_use = "nothing is archived before `run`"]
pub struct Archive<'a, A> {
    store: &'a MongoStore,
    older_than: Timestamp,
    batch: u32,
    progress: Progress<ArchiveReport>,
    hook: Option<Hook>,
    aggregate: PhantomData<fn() -> A>,
}

/// A run of the archive on its way.
struct Run<'a, A> {
    archive: Archive<'a, A>,
    report: Mutex<ArchiveReport>,
    /// A stage has ended early: the others begin nothing new.
    stopped: AtomicBool,
}

type Hook = Box<dyn Fn(ArchiveStep) -> ControlFlow<()> + Send + Sync>;

/// What a run of the archive has done, or has done so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ArchiveReport {
    /// Streams with old events.
    pub streams: u64,
    /// Events that this run has copied and deleted.
    pub moved: u64,
    /// Events that an earlier run had copied before it was stopped: this one has deleted them.
    pub finished: u64,
    /// Snapshots that were missing and have been taken.
    pub snapshots: u64,
    /// Old events that stay in use: a younger one stands before them in their stream, one of them is the newest of the store, or their
    /// aggregate is one of the failed.
    pub kept: u64,
    /// Aggregates that cannot be archived, and event documents of none. Nothing more of them is moved.
    pub failed: u64,
    /// Why not: the first 100 of them.
    pub failures: Vec<ArchiveFailure>,
}

/// An aggregate that cannot be archived.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchiveFailure {
    /// The id of the aggregate, or the `_id` of an event document from which it cannot be told.
    pub aggregate_id: String,
    /// What is in its way.
    pub reason: String,
}

impl fmt::Display for ArchiveFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.aggregate_id, self.reason)
    }
}

impl ArchiveReport {
    fn fail(&mut self, failure: ArchiveFailure) {
        tracing::warn!(id = %failure.aggregate_id, reason = %failure.reason, "an aggregate cannot be archived, so its events stay in use");
        self.failed += 1;
        if self.failures.len() < MAX_FAILURES {
            self.failures.push(failure);
        }
    }
}

/// A step of a run that has just been done.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ArchiveStep {
    /// A missing snapshot was taken.
    SnapshotTaken,
    /// Events were copied.
    Copied,
    /// The copies were read back and are the same.
    Confirmed,
    /// Every process knows of the archive.
    Waited,
    /// The events were deleted from those in use.
    Deleted,
}

/// Why a run ends early.
enum Stop {
    /// The hook of a test says so.
    Told,
    Failed(StoreError),
}

impl Stop {
    /// Of two ends of one run the one that is reported.
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
    /// Calls `listener` with what was done so far, after each batch.
    pub fn progress(self, listener: impl Fn(&ArchiveReport) + Send + Sync + 'static) -> Self {
        Self { progress: Progress::to(listener), ..self }
    }

    /// How many events are moved at once, from 1 to 10,000, and no more than 8 MiB of them; 4,000 unless told otherwise.
    ///
    /// A few batches are in memory at once.
    pub fn batch(self, events: u32) -> Self {
        Self { batch: events.clamp(1, MAX_BATCH), ..self }
    }

    /// Calls `hook` after each step; the run ends as if it were killed there where that says so.
    #[doc(hidden)]
    pub fn at_step(self, hook: impl Fn(ArchiveStep) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self { hook: Some(Box::new(hook)), ..self }
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the store cannot be asked. An aggregate that cannot be archived does not stop the run, be it that its events cannot be
    /// folded, that its state cannot be read back from a snapshot, or that the archive holds something else in the place of
    /// one of its events: its events are kept, and the report names it.
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
        // Positions follow the newest one in use, so the event that has it must stay; later ones are newer still.
        let Some(newest) = self.newest_position().await? else { return Ok(()) };
        let (to_copy, judged) = mpsc::channel(1);
        let (to_delete, copied) = mpsc::channel(COPIED_AHEAD);
        // All of them end before an error ends the run: none is dropped in the middle of a write.
        let ends = tokio::join!(
            self.stage(self.judge_all(newest, to_copy).boxed()),
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

    /// Runs one stage, and lets the others end early if it does.
    async fn stage(&self, stage: BoxFuture<'_, Result<(), Stop>>) -> Result<(), Stop> {
        let ended = stage.await;
        if ended.is_err() {
            self.stopped.store(true, Relaxed);
        }
        ended
    }

    async fn judge_all(&self, newest: i64, to_copy: Sender<Vec<RawDocumentBuf>>) -> Result<(), Stop> {
        let mut scan = Scan::open::<A>(self.archive.store.collections(), self.archive.older_than).await?;
        let mut last = None;
        while !self.has_stopped()
            && let Some(batch) = scan.next(self.archive.batch).await?
        {
            let judged = self.judge(batch, last, newest).await?;
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

    async fn newest_position(&self) -> Result<Option<i64>, StoreError> {
        let collections = self.archive.store.collections();
        let newest = collections.find(&collections.events, doc! {}).sort(doc! { POSITION: -1 });
        let newest = newest.projection(doc! { POSITION: 1 }).one().await?;
        Ok(newest.and_then(|newest| newest.get(POSITION).ok().flatten().and_then(integer)))
    }

    fn report(&self) -> MutexGuard<'_, ArchiveReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }

    fn reached(&self, step: ArchiveStep) -> Result<(), Stop> {
        match self.archive.hook.as_ref().map(|hook| hook(step)) {
            Some(ControlFlow::Break(())) => Err(Stop::Told),
            _ => Ok(()),
        }
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
