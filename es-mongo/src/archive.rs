//! The archive: old events move to a collection of their own, and stay readable wherever they are.
//!
//! ```text
//! scan ──▶ cover (a snapshot) ──▶ copy ──▶ confirm ──▶ wait (once a run) ──▶ delete
//! ```
//!
//! Each step leaves every aggregate loadable, so a run may end between any two of them, and the next run finishes what it left.

mod judge;
mod scan;
mod transfer;

use std::fmt;
use std::marker::PhantomData;
use std::ops::ControlFlow;

use bson::doc;
use bson::oid::ObjectId;
use es_core::{Aggregate, StoreError, Timestamp};
use futures_util::{StreamExt, stream};

use crate::document::field::POSITION;
use crate::document::integer;
use crate::progress::Progress;
use crate::store::MongoStore;
use judge::{Judged, Part, Prefix};
use scan::Scan;
use transfer::Transfer;

/// How many failures a report names.
const MAX_FAILURES: usize = 100;

/// How many streams are looked at at once.
const IN_FLIGHT: usize = 16;

/// How many events are moved at once unless told otherwise.
const BATCH: u32 = 500;

/// The most events that are moved at once: they are named in one command, and deleted in one transaction.
const MAX_BATCH: u32 = 10_000;

impl MongoStore {
    /// Moves the events of aggregates of type `A` that were recorded before `older_than` into the archive.
    ///
    /// Of each stream the oldest part is moved: an event goes only where all events before it in its stream are archived too, and only where a
    /// usable snapshot covers it, which is taken where it is missing. The newest event of the store never goes. Loading,
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
            report: ArchiveReport::default(),
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
    report: ArchiveReport,
    aggregate: PhantomData<fn() -> A>,
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

    /// How many events are moved at once, from 1 to 10,000; 500 unless told otherwise.
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
    /// When the store cannot be asked, or when the archive holds another event in the place of one that is to be
    /// moved: then nothing of that batch is deleted. An aggregate that cannot be archived does not stop the run: its events are kept,
    /// and the report names it.
    #[tracing::instrument(level = "debug", name = "archive", skip_all, fields(aggregate = A::TYPE, older_than = %self.older_than))]
    pub async fn run(mut self) -> Result<ArchiveReport, StoreError> {
        match self.move_all().await {
            Ok(()) | Err(Stop::Told) => Ok(self.report),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    async fn move_all(&mut self) -> Result<(), Stop> {
        // Positions follow the newest one in use, so the event that has it must stay; later ones are newer still.
        let Some(newest) = self.newest_position().await? else { return Ok(()) };
        let mut scan = Scan::open::<A>(self.store.collections(), self.older_than).await?;
        let mut transfer = Transfer::new(self.store);
        let mut last: Option<Prefix> = None;
        loop {
            let (parts, malformed) = self.next_parts(&mut scan, last.take()).await?;
            self.report.kept += malformed;
            if parts.is_empty() && malformed == 0 {
                break;
            }
            self.report.streams += parts.iter().filter(|part| part.begun.is_none()).count() as u64;
            let this = &*self;
            let judging = stream::iter(parts).map(|part| this.judge(part, newest)).buffered(IN_FLIGHT);
            // All of them end before an error ends the run: none is dropped in the middle of a write.
            let judged: Vec<Result<Judged, Stop>> = judging.collect().await;
            let mut going = Vec::new();
            for judged in judged {
                let Judged { prefix, ids, kept, snapshots, failure } = judged?;
                going.extend(ids);
                self.report.kept += kept;
                self.report.snapshots += snapshots;
                if let Some(failure) = failure {
                    self.report.fail(failure);
                }
                last = Some(prefix);
            }
            if !going.is_empty() {
                self.transfer(&mut transfer, going).await?;
            }
        }
        self.progress.tell(&self.report);
        Ok(())
    }

    /// The next old events, as many as are moved at once, by their streams; and how many others are malformed.
    ///
    /// A stream may have more of them than that: `last` is what is known about the one that was looked at last.
    async fn next_parts(&self, scan: &mut Scan, mut last: Option<Prefix>) -> Result<(Vec<Part>, u64), StoreError> {
        let mut parts: Vec<Part> = Vec::new();
        let (mut events, mut malformed) = (0, 0);
        while events < self.batch {
            let Some(candidate) = scan.next().await? else { break };
            events += 1;
            let Some(candidate) = candidate else {
                malformed += 1;
                continue;
            };
            match parts.last_mut().filter(|part| part.aggregate_id == candidate.aggregate_id) {
                Some(part) => part.events.push(candidate),
                None => {
                    let begun = last.take_if(|last| last.aggregate_id == candidate.aggregate_id);
                    parts.push(Part { aggregate_id: candidate.aggregate_id.clone(), begun, events: vec![candidate] });
                }
            }
        }
        Ok((parts, malformed))
    }

    async fn newest_position(&self) -> Result<Option<i64>, StoreError> {
        let collections = self.store.collections();
        let newest = collections.find(&collections.events, doc! {}).sort(doc! { POSITION: -1 });
        let newest = newest.projection(doc! { POSITION: 1 }).one().await?;
        Ok(newest.and_then(|newest| newest.get(POSITION).ok().flatten().and_then(integer)))
    }

    async fn transfer(&mut self, transfer: &mut Transfer<'_>, batch: Vec<ObjectId>) -> Result<(), Stop> {
        let hook = self.hook.as_deref();
        let deleted = transfer.run(batch, |step| reached(hook, step)).await?;
        self.report.moved += deleted.moved;
        self.report.finished += deleted.finished;
        crate::metrics::archived(A::TYPE, deleted.moved + deleted.finished);
        self.progress.tell(&self.report);
        self.reached(ArchiveStep::Deleted)
    }

    fn reached(&self, step: ArchiveStep) -> Result<(), Stop> {
        reached(self.hook.as_deref(), step)
    }
}

fn reached(
    hook: Option<&(dyn Fn(ArchiveStep) -> ControlFlow<()> + Send + Sync)>,
    step: ArchiveStep,
) -> Result<(), Stop> {
    match hook.map(|hook| hook(step)) {
        Some(ControlFlow::Break(())) => Err(Stop::Told),
        _ => Ok(()),
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
