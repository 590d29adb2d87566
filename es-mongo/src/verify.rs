//! The daily check of coherence: is what is stored what the rules say it must be?

mod finding;
mod order;
mod positions;
mod snapshots;
mod streams;

use std::fmt;
use std::marker::PhantomData;

use es_core::{Aggregate, StoreError};

pub use finding::Finding;

use crate::metrics;
use crate::options::Ordering;
use crate::progress::Progress;
use crate::store::MongoStore;

/// How many findings a report names.
const MAX_FINDINGS: usize = 1000;

/// After how many events the caller is told.
const TELL_EVERY: u64 = 1000;

impl MongoStore {
    /// Checks everything that is stored about aggregates of type `A`: that sequences and positions have no gap and nothing is there
    /// twice, that positions grow along each stream, that every event decodes and folds, in use and archived, and that each snapshot is what replaying
    /// gives at its version.
    ///
    /// It only reads, all events once and their positions a second time, and holds one aggregate and a few batches in memory. It may run beside
    /// writers and archive runs; what is recorded meanwhile may or may not be checked.
    ///
    /// A snapshot of another `stateVersion` is no finding: no program of today uses it. In the state, the order of the keys of a map
    /// does not matter; the order of a list does, so a state with a `HashSet` is reported as different.
    ///
    /// What it cannot know: nothing is signed, so data that were altered and still decode show only where a snapshot at or above the event, or its twin in the
    /// archive, says otherwise; altered metadata and moments show only against that twin. That the newest events of the store are
    /// missing shows only where a snapshot lies above what is left.
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

/// What the check decodes, for the fuzzer.
#[cfg(any(test, fuzzing))]
pub(crate) fn fuzz(document: &bson::raw::RawDocument) {
    crate::fuzzing::key(&order::ByStream, document);
    crate::fuzzing::key(&order::ByPosition, document);
    assert!(snapshots::same_document(document, document));
}

/// A check that is about to run; made by [`MongoStore::verify`].
#[must_use = "nothing is checked before `run`"]
pub struct Verification<'a, A> {
    store: &'a MongoStore,
    progress: Progress<VerifyReport>,
    aggregate: PhantomData<fn() -> A>,
}

/// What a check has found, or has found so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Aggregates checked.
    pub streams: u64,
    /// Their events.
    pub events: u64,
    /// Their snapshots, whether or not they can be used.
    pub snapshots: u64,
    /// Events of aggregates of other types, of which only the positions were checked.
    pub other_events: u64,
    /// Events that lie among those in use and, the same, in the archive: an archive run is on its way, or has to be run again.
    pub unfinished: u64,
    /// What is wrong: the first 1000 findings.
    pub findings: Vec<Finding>,
    /// How many findings there are in all.
    pub total_findings: u64,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.total_findings == 0
    }

    fn found(&mut self, finding: Finding) {
        tracing::warn!(%finding, "what is stored is not as it must be");
        self.total_findings += 1;
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }
}

impl<A: Aggregate> Verification<'_, A> {
    /// Calls `listener` with what was found so far, every thousand events and at the end.
    pub fn progress(self, listener: impl Fn(&VerifyReport) + Send + Sync + 'static) -> Self {
        Self { progress: Progress::to(listener), ..self }
    }

    /// Runs the check. Whatever it finds is in the report and does not stop it.
    ///
    /// # Errors
    ///
    /// When the store cannot be asked.
    #[tracing::instrument(level = "debug", name = "verify", skip_all, fields(aggregate = A::TYPE))]
    pub async fn run(self) -> Result<VerifyReport, StoreError> {
        let timer = metrics::Timer::start();
        let mut report = VerifyReport::default();
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
