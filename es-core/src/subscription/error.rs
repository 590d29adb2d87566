//! Why a subscription does not start, or has stopped.

use crate::error::SharedError;
use crate::projection::ProjectionError;
use crate::store::{Partition, ReadModelId};
use crate::{Position, StoreError};

/// A subscription does not start, or has stopped.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionError {
    /// Two subscriptions have the same name.
    #[error("`{name}` was added twice; add it once, or choose a different name")]
    Twice {
        /// The name.
        name: String,
    },
    /// The projection reads other events than when this version of it was started first.
    #[error(
        "the rows of {projection} are folded from {stored}, but the code declares {declared}; increase the `version` of the projection"
    )]
    Changed {
        /// The projection and its version.
        projection: ReadModelId,
        /// What the rows are folded from.
        stored: String,
        /// What the code declares.
        declared: String,
    },
    /// The version of the projection has a different number of partitions.
    #[error(
        "{projection} has {stored} partitions, and not {wanted}; the number is fixed with the first start of a version"
    )]
    Partitions {
        /// The projection and its version.
        projection: ReadModelId,
        /// The number with which it was started.
        stored: u32,
        /// The number that was asked for.
        wanted: u32,
    },
    /// The projection has a unique index and several partitions. Partitions are folded independently,
    /// so one may give a row a value that a row of a different partition is about to lose.
    #[error(
        "{projection} has {partitions} partitions, so the index `{index}` cannot be unique; use one partition, or write `index(..)` instead of `unique(..)`"
    )]
    UniqueInPartitions {
        /// The projection and its version.
        projection: ReadModelId,
        /// The number of partitions that was asked for.
        partitions: u32,
        /// The name of the index.
        index: String,
    },
    /// Another process folds the partition, so this one cannot catch up.
    #[error("another process folds {partition}")]
    Held {
        /// The partition.
        partition: Partition,
    },
    /// The partition is paused, so this process cannot catch up.
    #[error("{partition} is paused; resume it, and retry")]
    Paused {
        /// The partition.
        partition: Partition,
    },
    /// An event cannot be folded.
    #[error("{partition} has stopped")]
    Stopped {
        /// The partition.
        partition: Partition,
        /// The reason.
        source: Box<ProjectionError>,
    },
    /// An event cannot be folded, or is behind one that could not be, and the partition has so many
    /// that are parked that it stops before this one.
    #[error(
        "{partition} has stopped before position {position}, because {limit} of its events are parked; retry or skip them"
    )]
    TooManyParked {
        /// The partition.
        partition: Partition,
        /// The position of the event.
        position: Position,
        /// The largest number of events that are parked in a partition.
        limit: usize,
    },
    /// A handler has refused an event.
    #[error("{partition} has stopped, because its handler has refused the events from position {position} on")]
    Refused {
        /// The partition.
        partition: Partition,
        /// The position of the first event of the batch.
        position: Position,
        /// The error of the handler.
        source: SharedError,
    },
    /// The store refuses what a subscription needs.
    #[error(transparent)]
    Store(#[from] StoreError),
}
