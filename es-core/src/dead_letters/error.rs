//! Why dead letters cannot be read or changed.

use crate::error::InvalidId;
use crate::store::{Partition, ReadModelId};
use crate::{Position, StoreError};

/// Dead letters cannot be read or changed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DeadLettersError {
    /// No process has folded this version of the projection yet.
    #[error("{read_model} was never folded; run it with `Subscriptions`")]
    NeverFolded {
        /// The projection and its version.
        read_model: ReadModelId,
    },
    /// The event at this position was folded, or is only behind one that was not, or changes no row.
    #[error("no event that could not be folded is parked at position {position} of {read_model}")]
    NotFailed {
        /// The projection and its version.
        read_model: ReadModelId,
        /// The position.
        position: Position,
    },
    /// An event is skipped only by somebody, for a reason.
    #[error("it must be recorded who skips an event, and why")]
    Unnamed,
    /// The partition is paused or being reset.
    #[error("the rows of {partition} cannot be changed now, because it is paused or being reset")]
    Interrupted {
        /// The partition.
        partition: Partition,
    },
    /// Another process has changed the partition meanwhile, or the store does not show yet what was
    /// committed.
    #[error("another process has changed {partition} meanwhile; retry")]
    Lost {
        /// The partition.
        partition: Partition,
    },
    /// The key is invalid.
    #[error("the key of the row is invalid")]
    Key(#[from] InvalidId),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
