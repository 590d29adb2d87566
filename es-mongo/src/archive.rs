//! The archive: old events move to a collection of their own, and stay readable wherever they are.
//!
//! ```text
//! scan ──▶ cover (a snapshot) ──▶ copy ──▶ confirm ──▶ wait (once a run) ──▶ delete
//! ```
//!
//! Each step leaves every aggregate loadable, so a run may end between any two of them, and the next run finishes what it left.

mod scan;
mod transfer;

use std::fmt;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::pin::pin;

use bson::doc;
use es_core::{
    Aggregate, EventBatch, ReadRange, Replay, Sequence, Snapshot, SnapshotStore, StoreError, StreamId, Timestamp,
    Version,
};
use futures_util::TryStreamExt;

use crate::document::field::POSITION;
use crate::document::integer;
use crate::error::store_error;
use crate::progress::Progress;
use crate::read;
use crate::store::MongoStore;
use scan::{Candidate, Scan};
use transfer::Transfer;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
    /// Old events that stay in use: a younger one stands before them in their stream, it is the newest of the store, or no snapshot
    /// can cover them because the stream cannot be folded.
    pub kept: u64,
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
    /// moved: then nothing of that batch is deleted. A stream that cannot be folded does not stop the run; its events are kept.
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
        let mut stream: Option<Prefix> = None;
        let mut batch = Vec::new();
        while let Some(candidate) = scan.next().await? {
            let Some(candidate) = candidate else {
                self.report.kept += 1;
                continue;
            };
            let prefix = match &mut stream {
                Some(prefix) if prefix.is_of(&candidate) => prefix,
                other => {
                    self.report.streams += 1;
                    other.insert(self.begin(&candidate).await?)
                }
            };
            if candidate.position < newest && self.may_go(prefix, candidate.sequence).await? {
                batch.push(candidate.id);
            } else {
                prefix.next = None;
                self.report.kept += 1;
            }
            if batch.len() >= self.batch as usize {
                self.transfer(&mut transfer, std::mem::take(&mut batch)).await?;
            }
        }
        if !batch.is_empty() {
            self.transfer(&mut transfer, batch).await?;
        }
        self.progress.tell(&self.report);
        Ok(())
    }

    async fn newest_position(&self) -> Result<Option<i64>, StoreError> {
        let newest = self.store.collections().events.find_one(doc! {}).sort(doc! { POSITION: -1 });
        let newest = newest.projection(doc! { POSITION: 1 }).await.map_err(store_error)?;
        Ok(newest.and_then(|newest| newest.get(POSITION).ok().flatten().and_then(integer)))
    }

    /// Begins a stream at the first of its old events in use. It may go only where all before it are archived.
    async fn begin(&self, first: &Candidate) -> Result<Prefix, StoreError> {
        let Ok(stream) = StreamId::of::<A>(&first.aggregate_id) else {
            return Ok(Prefix {
                aggregate_id: first.aggregate_id.clone(),
                stream: None,
                next: None,
                covered: Version::NONE,
            });
        };
        let is_next = first.sequence == Sequence::FIRST
            || scan::archived_before(self.store.collections(), &stream, first.sequence).await?
                == first.sequence.get() - 1;
        Ok(Prefix {
            aggregate_id: first.aggregate_id.clone(),
            stream: Some(stream),
            next: is_next.then_some(first.sequence),
            covered: Version::NONE,
        })
    }

    /// Whether an event may go: everything before it goes, and a snapshot covers it.
    async fn may_go(&mut self, prefix: &mut Prefix, sequence: Sequence) -> Result<bool, Stop> {
        let Some(stream) = prefix.stream.as_ref().filter(|_| prefix.next == Some(sequence)) else { return Ok(false) };
        if prefix.covered < Version::from(sequence) {
            match self.cover(stream, sequence).await? {
                Some(version) => prefix.covered = version,
                None => return Ok(false),
            }
        }
        prefix.next = Some(sequence.next());
        Ok(true)
    }

    /// The version of a usable snapshot that covers an event, taken at the head of the stream where there is none. `None` where there can be none.
    async fn cover(&mut self, stream: &StreamId, sequence: Sequence) -> Result<Option<Version>, Stop> {
        let head = read::head(self.store.collections(), stream).await?;
        let newest = self.store.newest_snapshot::<A>(stream, head).await?;
        if let Some(newest) = newest.as_ref().filter(|newest| newest.version >= Version::from(sequence)) {
            return Ok(Some(newest.version));
        }
        match self.take_snapshot(stream, newest).await {
            Ok(Some(version)) => {
                self.report.snapshots += 1;
                self.reached(ArchiveStep::SnapshotTaken)?;
                Ok(Some(version))
            }
            Ok(None) => Ok(None),
            Err(error) if concerns_the_stream(&error) => {
                tracing::warn!(%stream, %error, "a stream cannot be covered by a snapshot, so its events stay in use");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn take_snapshot(
        &self,
        stream: &StreamId,
        newest: Option<Snapshot<A>>,
    ) -> Result<Option<Version>, StoreError> {
        let mut replay = match newest {
            Some(snapshot) => Replay::from_snapshot(stream.clone(), snapshot),
            None => Replay::<A>::new(stream.clone()),
        };
        let tail = ReadRange::after(replay.version());
        let mut batches = pin!(read::stream(self.store.collections().clone(), stream.clone(), tail));
        while let Some(batch) = batches.try_next().await? {
            for event in batch.events() {
                replay.push(&event?)?;
            }
        }
        let version = replay.version();
        let Some(state) = replay.into_state() else { return Ok(None) };
        self.store.put_snapshot(stream, &Snapshot::new(version, state)).await?;
        Ok(Some(version))
    }

    async fn transfer(&mut self, transfer: &mut Transfer<'_>, batch: Vec<bson::oid::ObjectId>) -> Result<(), Stop> {
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

/// Whether an error would not meet another stream.
fn concerns_the_stream(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Decode { .. }
            | StoreError::Gap { .. }
            | StoreError::Fold { .. }
            | StoreError::Malformed { .. }
            | StoreError::Encode { .. }
            | StoreError::TooLarge { .. }
    )
}

/// The part of a stream that goes.
struct Prefix {
    aggregate_id: String,
    /// `None` where another program wrote an id that this library would have refused.
    stream: Option<StreamId>,
    /// The event that may go next; `None` once one has to stay.
    next: Option<Sequence>,
    /// The version of the newest usable snapshot, once it was asked for.
    covered: Version,
}

impl Prefix {
    fn is_of(&self, candidate: &Candidate) -> bool {
        self.aggregate_id == candidate.aggregate_id
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
