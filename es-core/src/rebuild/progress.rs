//! How far a version of a read model is built.

use std::time::{Duration, Instant};

use super::{RebuildError, partitions};
use crate::Position;
use crate::store::{Activity, ReadModelId, ReadModelStore};

/// How far a version of a read model is built.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of positions that are folded, as a mean of all partitions.
    pub folded: u64,
    /// The number of positions of the log.
    pub of: u64,
    /// Whether every partition has reached the end of the log once, so that the rows can be read.
    pub is_built: bool,
    /// What the partitions do, or the first of them that is not running.
    pub activity: Activity,
    /// The number of positions that were folded in a second, since the watch began.
    pub per_second: Option<f64>,
}

impl Progress {
    /// How long it takes to fold the rest at the rate until now. `None` if nothing was folded since
    /// the watch began.
    pub fn remaining(&self) -> Option<Duration> {
        let rest = self.of.saturating_sub(self.folded);
        #[allow(clippy::cast_precision_loss, reason = "it is an estimate")]
        let seconds = rest as f64 / self.per_second?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

/// Watches how far a version of a read model is built; [`Rebuild::watch`](super::Rebuild::watch)
/// creates it.
///
/// It reads what is stored, so it can run in any process. Call [`next`](Self::next) as often as the
/// progress is to be shown.
#[derive(Debug)]
pub struct Watch<'a, S> {
    store: &'a S,
    model: ReadModelId,
    begun: Option<(Instant, u64)>,
}

impl<'a, S: ReadModelStore> Watch<'a, S> {
    pub(super) fn new(store: &'a S, model: ReadModelId) -> Self {
        Self { store, model, begun: None }
    }

    /// How far it is now.
    ///
    /// # Errors
    ///
    /// [`RebuildError::NeverFolded`], or [`RebuildError::Store`].
    pub async fn next(&mut self) -> Result<Progress, RebuildError> {
        let partitions = partitions(self.store, &self.model).await?;
        let of = self.store.frontier().await?.map_or(0, Position::get);
        let now = Instant::now();
        let checkpoints = || partitions.iter().map(|record| &record.checkpoint);
        let sum: u64 = checkpoints().map(|checkpoint| checkpoint.position.map_or(0, Position::get)).sum();
        let folded = sum / u64::try_from(partitions.len()).unwrap_or(1);
        let mut activities = checkpoints().map(|checkpoint| &checkpoint.activity);
        let (begun, folded_then) = *self.begun.get_or_insert((now, folded));
        let passed = folded.saturating_sub(folded_then);
        #[allow(clippy::cast_precision_loss, reason = "it is an estimate")]
        let per_second = (passed > 0).then(|| passed as f64 / (now - begun).as_secs_f64());
        Ok(Progress {
            folded,
            of,
            is_built: checkpoints().all(|checkpoint| checkpoint.is_live),
            activity: activities.find(|activity| **activity != Activity::Running).unwrap_or(&Activity::Running).clone(),
            per_second,
        })
    }
}
