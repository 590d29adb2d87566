//! The daily check that the stored data are consistent.

mod finding;
pub(crate) mod order;
mod positions;
pub(crate) mod snapshots;
mod streams;

use std::fmt;
use std::marker::PhantomData;

use es_core::store::Ordering;
use es_core::{Aggregate, StoreError};

pub use finding::Finding;

use crate::metrics;
use crate::progress::Progress;
use crate::store::MongoStore;

/// The number of findings that a report names.
const MAX_FINDINGS: usize = 1000;

/// The number of events between two calls of the listener.
const TELL_EVERY: u64 = 1000;

impl MongoStore {
    /// Checks all stored data of aggregates of type `A`: sequences have no gap and no duplicate,
    /// each position has exactly one event or skip, positions grow along each stream, every event
    /// can be decoded and folded, both in the events and in the archive, and each snapshot equals
    /// the result of a replay up to its version.
    ///
    /// It only reads: all events once and their positions a second time. One aggregate and a few
    /// batches are in memory. It may run at the same time as writers and archive runs; events that
    /// are recorded in the meantime may or may not be checked.
    ///
    /// A position without event or skip is reported if it is still missing two seconds later: an
    /// event was deleted, or a writer died before it used the position and nobody has followed the
    /// store since. An append that takes longer is reported too.
    ///
    /// A snapshot of a different `stateVersion` is not a finding, because the current program does
    /// not use it. In the state, the order of the keys in a map is ignored. The order of a list is
    /// not, so a state with a `HashSet` is reported as different.
    ///
    /// Events are not signed, so some changes cannot be found. If the data of an event were altered
    /// and can still be decoded, the check finds this only if a snapshot at or after the event, or
    /// a copy of the event in the archive, contradicts it. Altered metadata and timestamps are
    /// found only by comparison with that copy. If the newest events of the store are missing, this
    /// is found only if a snapshot has a higher version than the remaining events.
    ///
    /// ```no_run
    /// # async fn example<Invoice: es_core::Aggregate>(store: es_mongo::MongoStore) -> Result<(), es_core::StoreError> {
    /// let report = store.verify::<Invoice>().run().await?;
    /// for finding in &report.findings {
    ///     eprintln!("{finding}");
    /// }
    /// assert!(report.is_sound());
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify<A: Aggregate>(&self) -> Verification<'_, A> {
        Verification { store: self, progress: Progress::none(), aggregate: PhantomData }
    }
}

/// A check that is not started yet; created by [`MongoStore::verify`].
#[must_use = "nothing is checked before `run`"]
pub struct Verification<'a, A> {
    store: &'a MongoStore,
    progress: Progress<VerificationReport>,
    aggregate: PhantomData<fn() -> A>,
}

/// The results of a check, final or so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct VerificationReport {
    /// The number of checked aggregates.
    pub streams: u64,
    /// The number of their events.
    pub events: u64,
    /// The number of their snapshots, whether or not they can be used.
    pub snapshots: u64,
    /// The number of events of other types of aggregates. Only their positions were checked.
    pub other_events: u64,
    /// The number of skips: positions that are recorded as not used.
    pub skips: u64,
    /// Events that are in the events collection and, identical, in the archive: an archive run is
    /// in progress, or must be run again.
    pub unfinished: u64,
    /// The first 1000 findings.
    pub findings: Vec<Finding>,
    /// The total number of findings.
    pub total_findings: u64,
}

impl VerificationReport {
    /// Whether there are no findings.
    pub fn is_sound(&self) -> bool {
        self.total_findings == 0
    }

    fn found(&mut self, finding: Finding) {
        tracing::warn!(%finding, "the stored data are not consistent");
        self.total_findings += 1;
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }
}

impl<A: Aggregate> Verification<'_, A> {
    /// Calls `listener` with the results so far, every thousand events and at the end.
    pub fn progress(self, listener: impl Fn(&VerificationReport) + Send + Sync + 'static) -> Self {
        Self { progress: Progress::to(listener), ..self }
    }

    /// Runs the check. Findings are in the report and do not stop it.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    #[tracing::instrument(level = "debug", name = "verify", skip_all, fields(aggregate = A::TYPE))]
    pub async fn run(self) -> Result<VerificationReport, StoreError> {
        let timer = metrics::Timer::start();
        let mut report = VerificationReport::default();
        streams::check::<A>(self.store.collections(), &mut report, &self.progress).await?;
        match self.store.inner.options.ordering {
            Ordering::Global => positions::check(self.store.collections(), &mut report).await?,
            Ordering::PerAggregate => positions::check_per_aggregate(self.store.collections(), &mut report).await?,
        }
        self.progress.tell(&report);
        metrics::verified(A::TYPE, timer, report.total_findings);
        Ok(report)
    }
}

impl<A> fmt::Debug for Verification<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification").field("store", &self.store).finish_non_exhaustive()
    }
}
