//! Why a version of a read model cannot be compared, or cannot become the live one.

use crate::projection::ProjectionError;
use crate::read_model::reached;
use crate::store::{Activity, Partition, ReadModelId};
use crate::{AggregateId, Position, StoreError};

/// A version of a read model cannot be compared, or cannot become the live one.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError {
    /// No process has folded this version of the projection yet.
    #[error("{projection} was never folded; run it with `Subscriptions`")]
    NeverFolded {
        /// The projection and its version.
        projection: ReadModelId,
    },
    /// The version has not reached the end of the log yet.
    #[error("{partition} is not built yet; it has reached {}", reached(*.position))]
    NotBuilt {
        /// The first partition that is not built.
        partition: Partition,
        /// The position up to which its events are folded.
        position: Option<Position>,
    },
    /// The version is paused, or has stopped.
    #[error("{partition} is not folded, because it {}", why_idle(activity))]
    NotRunning {
        /// The first such partition.
        partition: Partition,
        /// What it does instead.
        activity: Activity,
    },
    /// Some rows of the version are not up to date, because events are parked.
    #[error("{events} events of {partition} are parked; retry or skip them first")]
    Parked {
        /// The first such partition.
        partition: Partition,
        /// The number of its events that are parked.
        events: u64,
    },
    /// The version does not reach the position of the live one.
    #[error(
        "{partition} has reached only {}, and the live version has reached {}; run it with `Subscriptions`",
        reached(*.position),
        reached(*.live)
    )]
    Behind {
        /// The partition that is behind.
        partition: Partition,
        /// The position up to which its events are folded.
        position: Option<Position>,
        /// The position of the live version.
        live: Option<Position>,
    },
    /// Rows are not those of the log.
    #[error("{differences} of {keys} rows of {projection} are not those of the log, the first one is `{first}`")]
    Differs {
        /// The projection and its version.
        projection: ReadModelId,
        /// The number of keys that were compared.
        keys: u64,
        /// The number of those that differ.
        differences: u64,
        /// The first of them.
        first: AggregateId,
    },
    /// The rows were reset while they were compared.
    #[error("{partition} was reset while its rows were compared")]
    Reset {
        /// The partition.
        partition: Partition,
    },
    /// No other version was live before, or it was dropped.
    #[error("there is no version before {live} that could be live again")]
    NoPrevious {
        /// The version that is live.
        live: ReadModelId,
    },
    /// An event of the log cannot be folded.
    #[error("the log cannot be folded")]
    Unfoldable(#[from] Box<ProjectionError>),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn why_idle(activity: &Activity) -> String {
    match activity {
        Activity::Running => "is not running".to_owned(),
        Activity::Paused => "is paused".to_owned(),
        Activity::Resetting => "is being reset".to_owned(),
        Activity::Stopped(failure) => format!("has stopped at position {}: {}", failure.position, failure.error),
    }
}
