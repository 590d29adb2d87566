//! The contract of a store.

use std::future::Future;
use std::time::Duration;

use futures_core::Stream;

use crate::{Aggregate, Append, Appended, Receipt, Snapshot, StoreError, StoredEvent, StreamId, Version};

/// Where events are recorded, for ever.
///
/// Implemented once for each kind of storage; called by [`Repository`](crate::Repository).
///
/// # Contract
///
/// An implementation
///
/// - MUST make an append all or nothing, and MUST let exactly one of several appends that expect the same version win. Every other one
///   gets [`StoreError::Conflict`] with the version that the aggregate has, and has written nothing.
/// - MUST answer an append that expects a version which the aggregate has not reached with `Conflict` too.
/// - MUST answer success only when the events are durable.
/// - MUST number the events of a stream from 1 without holes, and all events of the store by positions from 1, without holes and in commit order.
/// - MUST answer a repeated append id of the same stream with [`Appended::Already`] and the first receipt, or, if
///   [`Append::has_recorded`] says that the key belongs to another command, with [`StoreError::AppendIdReused`].
/// - MUST find out what became of an append whose answer was lost before it writes again, and answer
///   [`StoreError::OutcomeUnknown`] where it cannot: never a guess.
/// - MUST answer what repeating does not cure at once, for the append that it concerns alone: a value that another unique index holds already with
///   [`StoreError::DuplicateKey`], any other refusal with [`StoreError::Refused`] or a more specific error.
/// - MUST read in the order of the stream, from what is durable.
/// - SHOULD refuse an empty append with [`StoreError::EmptyAppend`].
///
/// # Which failure is which error
///
/// Callers act on the variants, so an implementation MUST answer
///
/// | failure | with |
/// |---|---|
/// | the stream has a different version than the append expects | [`StoreError::Conflict`], with both versions |
/// | the append id recorded a different command on the stream | [`StoreError::AppendIdReused`] |
/// | the append may be stored, and the store cannot find out | [`StoreError::OutcomeUnknown`], with the append id, if there is one |
/// | the store cannot be reached, or does not answer in time, and nothing was written | [`StoreError::Unavailable`] |
/// | the credentials are wrong, or the user lacks a right | [`StoreError::Unauthorized`] |
/// | a unique index that is not the library's own holds a value | [`StoreError::DuplicateKey`], with its name |
/// | the store refuses the write, and a retry does not cure it | [`StoreError::Refused`] |
/// | an event is larger or nested deeper than the store takes | [`StoreError::TooLarge`], [`StoreError::TooDeep`] |
/// | what is stored does not have the form in which the store writes it | [`StoreError::Malformed`], while reading |
/// | the store was closed | [`StoreError::Closed`] |
/// | the runtime that drives the store has ended | [`StoreError::RuntimeEnded`] |
/// | anything else | [`StoreError::Backend`] |
///
/// It MUST keep the error of its driver as the source, and MUST NOT put credentials into any of them. [`Replay`](crate::Replay)
/// and [`StoredEvent`] report the rest: [`StoreError::Gap`], [`StoreError::Decode`], [`StoreError::Fold`] and
/// [`StoreError::SnapshotAhead`]. A wrapper around a store passes errors on unchanged.
pub trait EventStore: Clone + Send + Sync + 'static {
    /// Several stored events, in the store's own buffer.
    type Batch: EventBatch;

    /// Records events.
    ///
    /// # Errors
    ///
    /// As the contract says.
    fn append(&self, append: Append) -> impl Future<Output = Result<Appended, StoreError>> + Send;

    /// Reads the events of a stream after one version and up to another, in order.
    fn read(
        &self,
        stream: &StreamId,
        range: ReadRange,
    ) -> impl Stream<Item = Result<Self::Batch, StoreError>> + Send + 'static;

    /// Finds what an append with this idempotency key has recorded.
    ///
    /// # Errors
    ///
    /// When the store cannot be asked.
    fn find_append(
        &self,
        stream: &StreamId,
        append_id: &str,
    ) -> impl Future<Output = Result<Option<Receipt>, StoreError>> + Send;

    /// The version of an aggregate: the head of its stream, whether or not the code understands the events.
    ///
    /// # Errors
    ///
    /// When the store cannot be asked.
    fn head(&self, stream: &StreamId) -> impl Future<Output = Result<Version, StoreError>> + Send;
}

/// Several stored events that are lent out one by one.
pub trait EventBatch: Send + 'static {
    /// The events, in order.
    fn events(&self) -> impl Iterator<Item = Result<StoredEvent<'_>, StoreError>>;
}

/// Which part of a stream is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadRange {
    /// The version strictly after which reading begins.
    pub after: Version,
    /// The last version that is read.
    pub until: Version,
}

impl ReadRange {
    /// The whole stream.
    pub const ALL: Self = Self { after: Version::NONE, until: Version::MAX };

    /// Everything after a version.
    pub const fn after(version: Version) -> Self {
        Self { after: version, until: Version::MAX }
    }

    /// The same, but only up to a version.
    #[must_use]
    pub const fn until(self, version: Version) -> Self {
        Self { until: version, ..self }
    }
}

/// Where snapshots are kept. They are a cache: all of them may be lost at any time, and nothing but time is lost with them.
///
/// A snapshot replaces no event. Whoever uses one reads the stream from the snapshot's own event on, as [`Replay`](crate::Replay) demands.
///
/// # Contract
///
/// An implementation
///
/// - MUST pass over a snapshot whose `stateVersion` is not [`Aggregate::STATE_VERSION`] or that does not decode,
///   and return an older one or none instead.
/// - MUST refuse a state that would not be read back as it is, with [`StoreError::NotReadBack`], and keep the snapshots that it has.
///   [`Snapshot::encode`] does it.
/// - MUST keep the snapshot that it was given last, whatever snapshots of higher versions there are.
/// - MUST keep the snapshots of two aggregates apart, whatever their types and ids contain.
/// - MUST answer a state that is too large with [`StoreError::TooLarge`], one that is nested too deep with
///   [`StoreError::TooDeep`], and one that BSON cannot hold with [`StoreError::Encode`]; each names [`Aggregate::TYPE`].
///   [`Snapshot::encode`] does the last two.
/// - MUST answer every other failure as an [`EventStore`] does.
pub trait SnapshotStore: Clone + Send + Sync + 'static {
    /// The newest usable snapshot at or below a version.
    ///
    /// # Errors
    ///
    /// When the store cannot be asked.
    fn newest_snapshot<A: Aggregate>(
        &self,
        stream: &StreamId,
        at_most: Version,
    ) -> impl Future<Output = Result<Option<Snapshot<A>>, StoreError>> + Send;

    /// Keeps a snapshot, and drops those that are too many.
    ///
    /// # Errors
    ///
    /// If the state cannot be written or read back, or the store cannot be reached.
    fn put_snapshot<A: Aggregate>(
        &self,
        stream: &StreamId,
        snapshot: &Snapshot<A>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What the repository needs of the program around it: time, and work beside the caller's.
///
/// The store brings it, so that this crate works with any asynchronous runtime.
pub trait Runtime: Clone + Send + Sync + 'static {
    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;

    /// Runs work that nobody waits for.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static);
}

/// Everything that a [`Repository`](crate::Repository) needs. Implemented for all that has the three parts.
pub trait Store: EventStore + SnapshotStore + Runtime {}

impl<S: EventStore + SnapshotStore + Runtime> Store for S {}
