//! Why rows cannot be read.

use std::time::Duration;

use crate::projection::ProjectionError;
use crate::store::{Failure, Partition, ReadModelId};
use crate::{AggregateId, Position, StoreError};

/// The rows of a projection cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ReadModelError {
    /// No process has folded this version of the projection yet.
    #[error("{projection} was never folded; run it with `Subscriptions`")]
    NeverFolded {
        /// The projection and its version.
        projection: ReadModelId,
    },
    /// The rows are folded for the first time, or again after a reset, and have not reached the end
    /// of the log yet.
    #[error("{partition} is folded from the beginning, and has reached {}", reached(*.position))]
    Building {
        /// The partition.
        partition: Partition,
        /// The position up to which the events are folded.
        position: Option<Position>,
    },
    /// The partition has stopped before the position, so waiting is pointless.
    #[error("{partition} has stopped at position {}: {}", failure.position, failure.error)]
    Stopped {
        /// The partition.
        partition: Partition,
        /// The reason.
        failure: Failure,
    },
    /// The partition is paused before the position, so waiting is pointless.
    #[error("{partition} is paused, and has reached {}", reached(*.position))]
    Paused {
        /// The partition.
        partition: Partition,
        /// The position up to which the events are folded.
        position: Option<Position>,
    },
    /// Events of the row are parked, so it is not the fold of all events up to the checkpoint, and
    /// waiting is pointless. See [`DeadLetters`](crate::dead_letters::DeadLetters).
    #[error("the events of row `{key}` of {partition} are parked from position {position} on; retry or skip them")]
    Parked {
        /// The partition.
        partition: Partition,
        /// The key of the row.
        key: AggregateId,
        /// The position of the first event that is parked.
        position: Position,
    },
    /// The partition has not reached the position in time.
    #[error("{partition} has reached only {} within {within:?}", reached(*.position))]
    Late {
        /// The partition.
        partition: Partition,
        /// The position up to which the events are folded.
        position: Option<Position>,
        /// The time limit.
        within: Duration,
    },
    /// An event of the log cannot be folded.
    #[error("the log cannot be folded")]
    Unfoldable(#[from] Box<ProjectionError>),
    /// The store cannot be read, or a row cannot.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far a partition is, as a part of a message.
pub(crate) fn reached(position: Option<Position>) -> String {
    position.map_or_else(|| "no event".to_owned(), |position| format!("position {position}"))
}
