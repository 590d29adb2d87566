//! The traits that the author of a store implements, and the types in their signatures.

mod feed;
mod in_turn;
mod ordering;
mod query;
mod read_model;

use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;

pub use crate::append::{Append, AppendId, Appended, ExpectedVersion, MAX_EVENT_BYTES, NewEvent, Receipt, Stamp};
pub use crate::event_types::{Decoded, EventInfo, EventSet, Payload, Sample, VisitEvents, VisitVersions};
pub use crate::head::Head;
pub use crate::nesting::MAX_NESTING;
pub use crate::recorded::{BsonPayload, EventData, StoredEvent};
pub use crate::replay::Replay;
pub use crate::retry::Retries;
pub use crate::snapshot::{Snapshot, State, StateRef, StoredSnapshot};
pub use crate::sources::EventSources;
pub use crate::stream::MAX_ID_BYTES;
pub use feed::{FeedFilter, FeedPage, FeedStore};
pub use in_turn::InTurn;
pub use ordering::Ordering;
pub use query::{QueriedAggregates, Query, QueryOrder, QueryPlace, QueryStart, QueryStore};
pub use read_model::{
    Activity, Checkpoint, DeadLetter, Dropped, Failure, Lease, LetterChanges, LiveVersion, MakeLive, Output,
    ParkReason, ParseReadModelError, Partition, PartitionLetters, PartitionRecord, Prepare, ReadModelId,
    ReadModelStore, RowCommit, SkippedEvent, StoredRows, Take,
};

use crate::{StoreError, StreamId, Timestamp, Version};

/// The future of a call to a store: `Box::pin(async move { .. })`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The batches of events that a store reads, in order.
pub type BatchStream = Pin<Box<dyn Stream<Item = Result<Box<dyn EventBatch>, StoreError>> + Send>>;

/// The next batch of a stream, or `None` after the last one.
pub(crate) async fn next_batch(batches: &mut BatchStream) -> Option<Result<Box<dyn EventBatch>, StoreError>> {
    poll_fn(|context| batches.as_mut().poll_next(context)).await
}

/// Records events and keeps them forever.
///
/// Each kind of storage implements it, and [`Repository`](crate::Repository) calls it. It is
/// object-safe, so stores can be wrapped, and chosen at run time.
///
/// # Contract
///
/// An implementation
///
/// - MUST record an append completely or not at all. If several appends expect the same version,
///   exactly one of them succeeds. Each of the others MUST fail with [`StoreError::Conflict`],
///   which carries the current version of the aggregate, and MUST NOT write anything.
/// - MUST also return `Conflict` if an append expects a version that the aggregate has not reached.
/// - MUST return success only if the events are durable.
/// - MUST number the events of a stream from 1 without gaps, and the events of an append by
///   consecutive positions.
/// - MUST give each event of the store its own position, from 1. The position is higher than that
///   of every event of the same stream before it, than the one that the append has
///   [seen](ExpectedVersion::seen), and than that of every event that the store has returned to
///   anyone who then caused the append. It is also higher than that of every event that was
///   acknowledged before the append began, except around a failure of the storage, such as an
///   election. Positions may have gaps.
/// - MUST return [`Appended::Already`] with the first receipt if an append id is repeated in the
///   same stream. If [`Append::has_recorded`] shows that the key belongs to a different command, it
///   MUST return [`StoreError::AppendIdReused`].
/// - MUST find out whether an append was recorded if its answer was lost, before it writes again.
///   If it cannot find out, it MUST return [`StoreError::OutcomeUnknown`], and never guess.
/// - MUST return errors that a retry does not remove at once, and only to the append that causes
///   them: [`StoreError::DuplicateKey`] if a different unique index already holds a value, and
///   [`StoreError::Refused`] or a more specific error for any other refusal.
/// - MUST read events in the order of the stream, and only events that are durable.
/// - SHOULD refuse an empty append with [`StoreError::EmptyAppend`].
///
/// # Which failure is which error
///
/// Callers act on the variants, so an implementation MUST return these:
///
/// | failure | error |
/// |---|---|
/// | the stream has a different version than the append expects | [`StoreError::Conflict`], with both versions |
/// | the append id recorded a different command in the stream | [`StoreError::AppendIdReused`] |
/// | the append may be stored, and the store cannot find out | [`StoreError::OutcomeUnknown`], with the append id, if there is one |
/// | the store cannot be reached or does not answer in time, and nothing was written | [`StoreError::Unavailable`] |
/// | the credentials are wrong, or the user lacks a right | [`StoreError::Unauthorized`] |
/// | a unique index that is not the library's own holds a value | [`StoreError::DuplicateKey`], with its name |
/// | the store refuses the write, and a retry does not help | [`StoreError::Refused`] |
/// | an event is larger or nested deeper than the store allows | [`StoreError::TooLarge`], [`StoreError::TooDeep`] |
/// | stored data do not have the form in which the store writes them | [`StoreError::Malformed`], while reading |
/// | the store was closed | [`StoreError::Closed`] |
/// | the runtime that drives the store has ended | [`StoreError::RuntimeEnded`] |
/// | positions define no order across aggregates, and a reader needs one | [`StoreError::NoGlobalOrder`] |
/// | an event is missing that a reader of positions must not pass | [`StoreError::MissingPosition`] |
/// | anything else | [`StoreError::Backend`] |
///
/// It MUST keep the error of its driver as the source, and MUST NOT put credentials into an error.
/// [`Replay`] and [`StoredEvent`] report the rest: [`StoreError::Gap`], [`StoreError::Decode`],
/// [`StoreError::Fold`] and [`StoreError::SnapshotAhead`]. A wrapper around a store passes errors
/// on unchanged.
pub trait EventStore: fmt::Debug + Send + Sync + 'static {
    /// Records events.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>>;

    /// Records several appends to one stream, of which each expects the version after the previous
    /// one. Each keeps its own idempotency key, event ids and receipt.
    ///
    /// There is one answer for each append, in order. If one is not recorded now, because it fails
    /// or its key was used before, none of those after it is recorded, and each of them fails with
    /// [`StoreError::Conflict`]. If the answer to several of them is lost, each of them fails with
    /// [`StoreError::OutcomeUnknown`].
    ///
    /// The default sends one after the other. A store that can record them together should, with
    /// the same answers, which [`InTurn`] knows: [`Repository`](crate::Repository) uses it for the
    /// updates of an aggregate that many callers update at the same time.
    fn append_in_turn(&self, appends: Vec<Append>) -> BoxFuture<'_, Vec<Result<Appended, StoreError>>> {
        Box::pin(in_turn::one_after_another(self, appends))
    }

    /// Reads the events of a stream after one version and up to another, in order.
    fn read(&self, stream: &StreamId, range: ReadRange) -> BatchStream;

    /// Finds what an append with this idempotency key has recorded.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    fn find_append<'a>(
        &'a self,
        stream: &'a StreamId,
        append_id: &'a AppendId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>>;

    /// The newest event of a stream, even if the code cannot decode it: the version of the
    /// aggregate, and the position of the event.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    fn head<'a>(&'a self, stream: &'a StreamId) -> BoxFuture<'a, Result<Head, StoreError>>;
}

/// Several stored events in one buffer of the store, which are borrowed one by one.
pub trait EventBatch: Send + Sync + 'static {
    /// The events, in order.
    fn events(&self) -> Box<dyn Iterator<Item = Result<StoredEvent<'_>, StoreError>> + '_>;
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

/// Keeps snapshots. They are a cache: if they are lost, loads are slower, and nothing else changes.
///
/// A snapshot does not replace events. A reader that uses one reads the stream from the event of
/// the snapshot on, as [`Replay`] requires. [`Snapshot::newest`] finds the newest snapshot that the
/// code can read.
///
/// # Contract
///
/// An implementation
///
/// - MUST find the newest snapshot of the requested state version, even if there are newer ones of
///   other state versions.
/// - MUST keep the snapshot that it received last, even if there are snapshots of higher versions.
/// - MUST keep the snapshots of two aggregates apart, whatever their types and ids contain.
/// - MUST return [`StoreError::TooLarge`] with the type of the aggregate if a state is too large.
/// - MUST return all other failures as an [`EventStore`] does.
pub trait SnapshotStore: fmt::Debug + Send + Sync + 'static {
    /// The newest snapshot of this state version at or below a version of the aggregate.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    fn newest_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        state_version: u32,
        at_most: Version,
    ) -> BoxFuture<'a, Result<Option<StoredSnapshot>, StoreError>>;

    /// Keeps a snapshot, and drops those that are too many.
    ///
    /// # Errors
    ///
    /// If the state is too large or the store cannot be reached.
    fn put_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        snapshot: StoredSnapshot,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Called if a snapshot was read, does not decode, and is passed over. For logs and metrics.
    fn snapshot_passed_over(&self, stream: &StreamId, version: Version, error: &dyn Error) {
        let _ = (stream, version, error);
    }

    /// Called if a snapshot could not be taken because its state cannot be written. For logs and
    /// metrics.
    fn snapshot_refused(&self, stream: &StreamId, version: Version, error: &dyn Error) {
        let _ = (stream, version, error);
    }
}

/// Timers, background tasks and the current time, for the repository.
///
/// The store supplies them, so this crate works with any asynchronous runtime.
pub trait Runtime: Send + Sync + 'static {
    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;

    /// Runs work that nobody waits for.
    fn spawn(&self, work: BoxFuture<'static, ()>);

    /// The time that the store records, from its [clock](crate::clock).
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Everything that a [`Repository`](crate::Repository) needs. Implemented for all types that have
/// the three parts.
///
/// It is object-safe: a repository holds its store as `Arc<dyn Store>`, and so can a decorator.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store",
    label = "not a store",
    note = "pass a reference to the store itself, such as `Repository::new(&store)`"
)]
pub trait Store: EventStore + SnapshotStore + Runtime {}

#[diagnostic::do_not_recommend]
impl<S: EventStore + SnapshotStore + Runtime + ?Sized> Store for S {}

/// What [`Repository::new`](crate::Repository::new) takes: a reference to a store. Implemented for
/// `&S` if `S` is a [`Store`] that can be cloned.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a reference to a store",
    label = "not a reference to a store",
    note = "pass a reference to the store itself, such as `Repository::new(&store)`; the repository keeps a clone, and clones share the store"
)]
pub trait StoreRef {
    /// A clone of the store.
    fn share(self) -> Arc<dyn Store>;
}

#[diagnostic::do_not_recommend]
impl<S: Store + Clone> StoreRef for &S {
    fn share(self) -> Arc<dyn Store> {
        Arc::new(self.clone())
    }
}

impl<S: EventStore + ?Sized> EventStore for Arc<S> {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        (**self).append(append)
    }

    fn append_in_turn(&self, appends: Vec<Append>) -> BoxFuture<'_, Vec<Result<Appended, StoreError>>> {
        (**self).append_in_turn(appends)
    }

    fn read(&self, stream: &StreamId, range: ReadRange) -> BatchStream {
        (**self).read(stream, range)
    }

    fn find_append<'a>(
        &'a self,
        stream: &'a StreamId,
        append_id: &'a AppendId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        (**self).find_append(stream, append_id)
    }

    fn head<'a>(&'a self, stream: &'a StreamId) -> BoxFuture<'a, Result<Head, StoreError>> {
        (**self).head(stream)
    }
}

impl<S: SnapshotStore + ?Sized> SnapshotStore for Arc<S> {
    fn newest_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        state_version: u32,
        at_most: Version,
    ) -> BoxFuture<'a, Result<Option<StoredSnapshot>, StoreError>> {
        (**self).newest_snapshot(stream, state_version, at_most)
    }

    fn put_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        snapshot: StoredSnapshot,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        (**self).put_snapshot(stream, snapshot)
    }

    fn snapshot_passed_over(&self, stream: &StreamId, version: Version, error: &dyn Error) {
        (**self).snapshot_passed_over(stream, version, error);
    }

    fn snapshot_refused(&self, stream: &StreamId, version: Version, error: &dyn Error) {
        (**self).snapshot_refused(stream, version, error);
    }
}

impl<S: Runtime + ?Sized> Runtime for Arc<S> {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        (**self).sleep(duration)
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        (**self).spawn(work);
    }

    fn now(&self) -> Timestamp {
        (**self).now()
    }
}
