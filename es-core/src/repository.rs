//! The repository: load, decide, append.
//!
//! The types that callers name most are at the root of the crate.

mod cache;
mod call;
mod closure;
pub(crate) mod committed;
mod create;
pub(crate) mod decision;
mod ended;
pub(crate) mod error;
mod foldable;
mod import;
mod import_many;
mod load;
pub(crate) mod loaded;
mod of_aggregate;
mod options;
mod queue;
mod same;
mod span;
pub(crate) mod steps;
mod update;
mod write;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use crate::event_stream::Events;
pub use crate::event_types::{FirstEvents, IntoEvents, NextEvents};
pub use crate::version::IntoVersion;
pub use crate::write_check::WriteCheck;
pub use closure::{Decides, OnLoaded, OnLoadedOnce, OnLoadedOrMissing, OnLoadedOrMissingOnce};
pub use create::Create;
pub use decision::{Begins, Continues, Decision, DecisionResult, Permits, Upserts};
pub use error::{ImportDifference, ImportError};
pub use import::ImportedEvent;
pub use import_many::{ImportFailure, ImportMany, ImportReport, ImportedHistory};
pub use loaded::LastEvent;
pub use of_aggregate::OfAggregate;
pub use update::Update;

use cache::Cache;
use committed::{Committed, Outcome};
use error::{CreateError, LoadError, UpdateError};
pub(crate) use foldable::check_foldable;
use loaded::Loaded;
use queue::Queues;

use crate::replay::check_next;
use crate::store::next_batch;
use crate::store::{BoxFuture, Head, ReadRange, Snapshot, Store, StoreRef};
use crate::{Aggregate, IdFor, RetryPolicy, Sequence, SnapshotPolicy, StoreError, StreamId, Version};

/// The aggregates of one type in one store.
///
/// Cheap to clone; every clone works on the same store.
///
/// # Spans
///
/// Each call is a [`tracing`](https://docs.rs/tracing) span of level `debug`, named `load` (for
/// every kind of load), `create`, `update`, `import` or `history`. The span `history` lasts as long
/// as the stream is read. The fields are:
///
/// | field | value |
/// |---|---|
/// | `aggregate` | the stored name of the aggregate's type |
/// | `id` | the id of the aggregate, if it is valid |
/// | `version` | the version that was loaded, written or read up to, at the end |
/// | `outcome` | `loaded`, `read`, `appended`, `already appended`, `unchanged`, `not found`, `already exists`, `rejected`, `conflict` or `failed` |
/// | `error` | the error, unless the outcome is `rejected`, or `not found` in an update |
pub struct Repository<A> {
    store: Arc<dyn Store>,
    retry: RetryPolicy,
    snapshots: SnapshotPolicy,
    write_check: WriteCheck,
    /// Whether the last import found a stored past. The clones share it. It only affects speed.
    imports_are_repeated: Arc<AtomicBool>,
    /// The clones share them.
    queues: Arc<Queues<A>>,
    cache: Option<Arc<Cache<A>>>,
    aggregate: PhantomData<fn() -> A>,
}

impl<A> Repository<A>
where
    Self: OfAggregate<A>,
{
    /// The aggregates of type `A` in a store, of which the repository keeps a clone. The snapshot
    /// policy is the one that `A` declares. An update that meets conflicts is retried for 30 s, so
    /// that it survives a burst of them.
    pub fn new(store: impl StoreRef) -> Self {
        Self::of_store(store.share())
    }
}

impl<A: Aggregate> Repository<A> {
    /// Limits the time, or the number of attempts, of an update that meets conflicts.
    /// [`RetryPolicy::never`] turns retries off.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    /// Sets when snapshots are taken, instead of the policy that the aggregate declares.
    #[must_use]
    pub fn with_snapshots(self, snapshots: SnapshotPolicy) -> Self {
        Self { snapshots, ..self }
    }

    /// Sets whether each event is read back before it is stored. The default is yes in a build with
    /// debug assertions, and no otherwise.
    #[must_use]
    pub fn with_write_check(self, write_check: WriteCheck) -> Self {
        Self { write_check, ..self }
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Whether the aggregate exists: whether it has begun, by an event that is not
    /// [retired](crate::store::Decoded::Retired), and has not [ended](Aggregate#an-end). If it does
    /// not exist, [`create`](Self::create) begins it, after the events that it has.
    ///
    /// An event that this program cannot decode counts.
    ///
    /// # Errors
    ///
    /// The error of the store.
    pub fn exists(&self, id: impl IdFor<A::Id>) -> BoxFuture<'_, Result<bool, StoreError>> {
        let stream = StreamId::of::<A>(id);
        Box::pin(async move { Ok(self.before_beginning(&stream?).await?.is_none()) })
    }

    /// Whether the aggregate has begun, by an event that is not
    /// [retired](crate::store::Decoded::Retired). It may have [ended](Aggregate#an-end) since.
    ///
    /// An event that this program cannot decode counts.
    ///
    /// # Errors
    ///
    /// The error of the store.
    pub fn has_begun(&self, id: impl IdFor<A::Id>) -> BoxFuture<'_, Result<bool, StoreError>> {
        let stream = StreamId::of::<A>(id);
        Box::pin(async move { Ok(self.only_retired(&stream?).await?.is_none()) })
    }

    /// Takes a snapshot of the current aggregate, and returns its version.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and the errors of storing the snapshot.
    pub fn take_snapshot(&self, id: impl IdFor<A::Id>) -> BoxFuture<'_, Result<Version, LoadError>> {
        let load = self.load(id);
        Box::pin(async move {
            let Loaded { id, version, state, .. } = load.await?;
            let stream = StreamId::of::<A>(&id)?;
            self.keep(&stream, version, state).await?;
            Ok(version)
        })
    }

    async fn keep(&self, stream: &StreamId, version: Version, state: A) -> Result<(), StoreError> {
        match Snapshot::new(version, state).taken_at(self.store.now()).encode() {
            Ok(stored) => self.store.put_snapshot(stream, stored).await,
            Err(error) => {
                self.store.snapshot_refused(stream, version, &error);
                Err(error)
            }
        }
    }

    /// The head of a stream without events, with only retired events, or at an end: the aggregate
    /// does not exist. `None` if it does.
    async fn before_beginning(&self, stream: &StreamId) -> Result<Option<Head>, StoreError> {
        if A::CAN_END { self.after_end(stream).await } else { self.only_retired(stream).await }
    }

    /// The head of a stream without events or with only retired events: the aggregate has never
    /// begun. `None` if it has.
    async fn only_retired(&self, stream: &StreamId) -> Result<Option<Head>, StoreError> {
        let mut head = Head::NONE;
        // The first event nearly always answers this, and a stream may be long.
        for until in [Sequence::FIRST.into(), Version::MAX] {
            let mut batches = self.store.read(stream, ReadRange::after(head.version()).until(until));
            while let Some(batch) = next_batch(&mut batches).await {
                for event in batch?.events() {
                    let event = event?;
                    if !event.decode::<A::Event>().is_ok_and(|decoded| decoded.is_empty()) {
                        return Ok(None);
                    }
                    check_next(stream, head.version(), &event)?;
                    head = Head::from(&event);
                }
            }
        }
        Ok(Some(head))
    }
}

impl<A> Clone for Repository<A> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            retry: self.retry,
            snapshots: self.snapshots,
            write_check: self.write_check,
            imports_are_repeated: Arc::clone(&self.imports_are_repeated),
            queues: Arc::clone(&self.queues),
            cache: self.cache.clone(),
            aggregate: PhantomData,
        }
    }
}

impl<A: Aggregate> fmt::Debug for Repository<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("aggregate", &A::TYPE)
            .field("retry", &self.retry)
            .field("snapshots", &self.snapshots)
            .field("write_check", &self.write_check)
            .finish_non_exhaustive()
    }
}
