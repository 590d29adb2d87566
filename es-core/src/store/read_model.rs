//! The contract of a store that keeps read models.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{BoxFuture, FeedStore};
use crate::projection::Projection;
use crate::read_model::ReadModel;
use crate::store::EventData;
use crate::{AggregateId, Position, StoreError};

/// A store that keeps read models: the rows of projections, and how far each of them has come.
///
/// [`read_model`](Self::read_model) is for users; the other methods are for
/// [`Subscriptions`](crate::subscription::Subscriptions).
///
/// # Contract
///
/// The *checkpoint* of a partition is the position up to which its rows are folded. The *lease*
/// determines which process folds it, and the *fence* is a number that grows each time the lease is
/// taken. All three are one record, which is never deleted. An implementation
///
/// - MUST change the rows and the checkpoint together, completely or not at all, and only if the
///   fence and the position are those that the commit expects. So an event counts once, whatever
///   fails, and a process that has lost its lease changes nothing.
/// - MUST measure the time of a lease by one clock for all processes, that of the storage.
/// - MUST return from [`commit_rows`](Self::commit_rows) only when the commit is durable.
/// - MUST read the checkpoint and the rows of [`read_rows`](Self::read_rows) as of one time.
/// - MUST return all other failures as an [`EventStore`](super::EventStore) does. After an error of
///   [`commit_rows`](Self::commit_rows) the caller takes the lease again and reads the checkpoint,
///   so the outcome may be unknown.
pub trait ReadModelStore: FeedStore {
    /// Prepares the rows and the partitions of a read model. `declared` describes what is read.
    /// Returns the description and the number of partitions with which it was prepared first.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn prepare<'a>(&'a self, prepare: &'a Prepare) -> BoxFuture<'a, Result<Prepare, StoreError>>;

    /// Takes or keeps the lease of a partition, unless another owner has it. The fence grows.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn take_lease<'a>(
        &'a self,
        partition: Partition,
        owner: &'a str,
        lasts: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>, StoreError>>;

    /// Gives a lease back, with the failure that stopped the partition, unless it was lost.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn release<'a>(
        &'a self,
        partition: Partition,
        fence: u64,
        failure: Option<&'a Failure>,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Writes rows, moves the checkpoint and renews the lease. Returns whether the lease still
    /// belongs to the caller; otherwise nothing was written.
    ///
    /// # Errors
    ///
    /// As the contract describes, and [`StoreError::TooLarge`] if a row is too large.
    fn commit_rows(&self, commit: RowCommit) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// The checkpoint of a partition, and those of the rows with these keys that exist. `None` if
    /// the read model was never prepared.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn read_rows<'a>(
        &'a self,
        partition: Partition,
        keys: &'a [AggregateId],
    ) -> BoxFuture<'a, Result<Option<(Checkpoint, StoredRows)>, StoreError>>;

    /// The rows of a projection, for reading.
    fn read_model<P: Projection>(&self) -> ReadModel<P, Self>
    where
        Self: Clone + Sized,
    {
        ReadModel::new(self.clone())
    }
}

/// Rows by their keys.
pub type StoredRows = Vec<(AggregateId, EventData)>;

/// The rows of one version of a projection. Displayed as `customer_balance@1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReadModelId {
    /// The name of the projection.
    pub name: &'static str,
    /// The version of its rows.
    pub version: u32,
}

impl ReadModelId {
    /// The read model of projection `P`.
    pub const fn of<P: Projection>() -> Self {
        Self { name: P::NAME, version: P::VERSION }
    }

    /// One of its partitions, from 0.
    pub const fn partition(self, number: u32) -> Partition {
        Partition { model: self, number }
    }
}

impl fmt::Display for ReadModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

/// One partition of a read model: the rows of some of its keys. Displayed as
/// `customer_balance@1/0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Partition {
    /// The read model.
    pub model: ReadModelId,
    /// The number of the partition, from 0.
    pub number: u32,
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.model, self.number)
    }
}

/// How a read model is prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepare {
    /// The read model.
    pub model: ReadModelId,
    /// What it reads, as [`Dispatch::declared`](crate::projection::Dispatch::declared) writes it.
    pub declared: String,
    /// The number of its partitions, at least 1.
    pub partitions: u32,
}

/// The right to fold a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The number that every commit under this lease has to name.
    pub fence: u64,
    /// The checkpoint, or `None` if no event is folded yet.
    pub position: Option<Position>,
}

/// How far a partition has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The position up to which every event is folded, or `None` if there is none.
    pub position: Option<Position>,
    /// The number of partitions of the read model.
    pub partitions: u32,
    /// Whether it has reached the end of the log once, so that its rows can be read.
    pub is_live: bool,
    /// Why it has stopped, until a process continues with it.
    pub failure: Option<Failure>,
}

/// Why a partition has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The position of the event that could not be folded, or of the first event of the batch that
    /// could not be stored.
    pub position: Position,
    /// The error with its causes.
    pub error: String,
}

/// One commit of a partition.
#[derive(Debug, Clone, PartialEq)]
pub struct RowCommit {
    /// The partition.
    pub partition: Partition,
    /// The fence of the lease.
    pub fence: u64,
    /// The checkpoint before the commit.
    pub from: Option<Position>,
    /// The checkpoint after it.
    pub to: Option<Position>,
    /// The rows by their keys, each at most once. `None` removes a row.
    pub rows: Vec<(AggregateId, Option<EventData>)>,
    /// Whether the end of the log is reached.
    pub is_live: bool,
    /// For how long the lease is renewed.
    pub lease_lasts: Duration,
}

impl<S: ReadModelStore + ?Sized> ReadModelStore for Arc<S> {
    fn prepare<'a>(&'a self, prepare: &'a Prepare) -> BoxFuture<'a, Result<Prepare, StoreError>> {
        (**self).prepare(prepare)
    }

    fn take_lease<'a>(
        &'a self,
        partition: Partition,
        owner: &'a str,
        lasts: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>, StoreError>> {
        (**self).take_lease(partition, owner, lasts)
    }

    fn release<'a>(
        &'a self,
        partition: Partition,
        fence: u64,
        failure: Option<&'a Failure>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        (**self).release(partition, fence, failure)
    }

    fn commit_rows(&self, commit: RowCommit) -> BoxFuture<'_, Result<bool, StoreError>> {
        (**self).commit_rows(commit)
    }

    fn read_rows<'a>(
        &'a self,
        partition: Partition,
        keys: &'a [AggregateId],
    ) -> BoxFuture<'a, Result<Option<(Checkpoint, StoredRows)>, StoreError>> {
        (**self).read_rows(partition, keys)
    }
}
