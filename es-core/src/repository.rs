//! The repository: load, decide, append.

mod error;
mod span;
mod write;

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::pin;

use futures_core::Stream;

pub use error::{CreateError, LoadError, UpdateError};
pub use write::{Committed, ImportedEvent, Outcome};

use self::span::Followed;
use crate::events::{Events, History};
use crate::{
    Aggregate, AggregateId, EventBatch, ReadRange, Replay, RetryPolicy, Snapshot, SnapshotPolicy, Store, StoreError,
    StoredEvent, StreamId, Timestamp, Version,
};

/// The aggregates of one type in one store.
///
/// Cheap to clone; every clone works on the same store.
///
/// # Spans
///
/// Each call is a [`tracing`](https://docs.rs/tracing) span of level `debug`, named `load` (for every form of it), `create`, `update`, `import` or
/// `history`; the last one spans the reading of the stream. Its fields:
///
/// | field | value |
/// |---|---|
/// | `aggregate` | the stored name of the aggregate's type |
/// | `id` | the id of the aggregate |
/// | `version` | the version that was loaded, written or read up to, at the end |
/// | `outcome` | `loaded`, `read`, `appended`, `already appended`, `unchanged`, `not found`, `already exists`, `rejected`, `conflict` or `failed` |
/// | `error` | the error, unless the outcome is `rejected`, or `not found` in an update |
pub struct Repository<A, S> {
    store: S,
    retry: RetryPolicy,
    snapshots: SnapshotPolicy,
    aggregate: PhantomData<fn() -> A>,
}

/// An aggregate as it was at one version. Dereferences to its state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded<A> {
    /// The id of the aggregate.
    pub id: AggregateId,
    /// The version of the state.
    pub version: Version,
    /// The state.
    pub state: A,
}

impl<A> Deref for Loaded<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.state
    }
}

impl<A: Aggregate, S: Store> Repository<A, S> {
    /// The aggregates of type `A` in this store, with the snapshot policy that `A` declares and at most 3 tries of an update.
    pub fn new(store: S) -> Self {
        Self { store, retry: RetryPolicy::default(), snapshots: A::SNAPSHOT_POLICY, aggregate: PhantomData }
    }

    /// How often an update that meets a conflict is tried. [`RetryPolicy::never`] turns it off.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    /// When snapshots are taken, instead of what the aggregate declares.
    #[must_use]
    pub fn with_snapshots(self, snapshots: SnapshotPolicy) -> Self {
        Self { snapshots, ..self }
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The aggregate as it is.
    ///
    /// # Errors
    ///
    /// [`LoadError::NotFound`] where it has no event, and what the store reports.
    pub async fn load(&self, id: &str) -> Result<Loaded<A>, LoadError> {
        span::follow!("load", A::TYPE, id, self.load_newest(id))
    }

    async fn load_newest(&self, id: &str) -> Result<Loaded<A>, LoadError> {
        let stream = StreamId::of::<A>(id)?;
        let replay = self.replay(&stream, Version::MAX).await?;
        loaded(replay)
    }

    /// The aggregate as it was at a version.
    ///
    /// # Errors
    ///
    /// [`LoadError::NoSuchVersion`] where the aggregate has not come that far, or where the version is 0,
    /// [`LoadError::NotFound`] where it has no event at all, and what the store reports.
    pub async fn load_at_version(&self, id: &str, version: impl Into<Version>) -> Result<Loaded<A>, LoadError> {
        span::follow!("load", A::TYPE, id, self.load_version(id, version.into()))
    }

    async fn load_version(&self, id: &str, version: Version) -> Result<Loaded<A>, LoadError> {
        let stream = StreamId::of::<A>(id)?;
        let replay = self.replay(&stream, version).await?;
        if replay.version() < version || version == Version::NONE {
            let actual = self.store.head(&stream).await?;
            return Err(match actual {
                Version::NONE => LoadError::NotFound { stream },
                actual => LoadError::NoSuchVersion { stream, requested: version, actual },
            });
        }
        loaded(replay)
    }

    /// The aggregate as it is, rebuilt from a version on: on top of the newest usable snapshot at or below that version, with every event after
    /// the snapshot. From version 0 it is rebuilt whole, whatever snapshots there are.
    ///
    /// The result is that of [`load`](Self::load); this is how to check a snapshot, or to get around one.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub async fn load_from_version(&self, id: &str, version: impl Into<Version>) -> Result<Loaded<A>, LoadError> {
        span::follow!("load", A::TYPE, id, self.load_from(id, version.into()))
    }

    async fn load_from(&self, id: &str, version: Version) -> Result<Loaded<A>, LoadError> {
        let stream = StreamId::of::<A>(id)?;
        let mut replay = match self.store.newest_snapshot(&stream, version).await? {
            Some(snapshot) => Replay::from_snapshot(stream, snapshot),
            None => Replay::new(stream),
        };
        self.fold(&mut replay, Version::MAX, |_| true).await?;
        loaded(replay)
    }

    /// The aggregate as it was at a moment: the longest prefix of its stream that was recorded by then.
    ///
    /// The prefix ends before the first event that was recorded later, even if a clock went back and events after it bear an earlier time.
    ///
    /// # Errors
    ///
    /// [`LoadError::NotFound`] where nothing was recorded by then, and what the store reports.
    pub async fn load_as_of(&self, id: &str, moment: Timestamp) -> Result<Loaded<A>, LoadError> {
        span::follow!("load", A::TYPE, id, self.load_until(id, moment))
    }

    async fn load_until(&self, id: &str, moment: Timestamp) -> Result<Loaded<A>, LoadError> {
        let stream = StreamId::of::<A>(id)?;
        // A snapshot does not say whether all events below it were recorded by then, so this starts from the first event.
        let mut replay = Replay::new(stream);
        self.fold(&mut replay, Version::MAX, |event| event.timestamp <= moment).await?;
        loaded(replay)
    }

    /// Whether the aggregate has any event.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn exists(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.store.head(&StreamId::of::<A>(id)?).await? > Version::NONE)
    }

    /// Every event of the aggregate with all that was recorded about it, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidId`]; what reading meets is reported by the stream.
    pub fn history(&self, id: &str) -> Result<Events<A::Event>, StoreError>
    where
        A::Event: Unpin,
    {
        let stream = StreamId::of::<A>(id)?;
        let batches = self.store.read(&stream, ReadRange::ALL);
        Ok(Events::new(Followed::new(span::of_call!("history", A::TYPE, id), History::new(stream, batches))))
    }

    /// Takes a snapshot of the aggregate as it is, and returns its version.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and what the store reports about the snapshot.
    pub async fn take_snapshot(&self, id: &str) -> Result<Version, LoadError> {
        let Loaded { id, version, state } = self.load(id).await?;
        let stream = StreamId::of::<A>(id.as_str())?;
        self.store.put_snapshot(&stream, &Snapshot::new(version, state)).await?;
        Ok(version)
    }

    /// Rebuilds up to a version, from the newest usable snapshot where there can be one.
    async fn replay(&self, stream: &StreamId, until: Version) -> Result<Replay<A>, StoreError> {
        let snapshot = match self.snapshots {
            SnapshotPolicy::Never => None,
            SnapshotPolicy::Every(_) => self.store.newest_snapshot(stream, until).await?,
        };
        let mut replay = match snapshot {
            Some(snapshot) => Replay::from_snapshot(stream.clone(), snapshot),
            None => Replay::new(stream.clone()),
        };
        self.fold(&mut replay, until, |_| true).await?;
        Ok(replay)
    }

    /// Folds what follows, up to a version and for as long as `wanted` says so.
    async fn fold(
        &self,
        replay: &mut Replay<A>,
        until: Version,
        wanted: impl Fn(&StoredEvent<'_>) -> bool + Send,
    ) -> Result<(), StoreError> {
        let range = ReadRange::after(replay.version()).until(until);
        let mut batches = pin!(self.store.read(replay.stream(), range));
        while let Some(batch) = poll_fn(|context| batches.as_mut().poll_next(context)).await {
            for event in batch?.events() {
                let event = event?;
                if !wanted(&event) {
                    return Ok(());
                }
                replay.push(&event)?;
            }
        }
        Ok(())
    }
}

fn loaded<A: Aggregate>(replay: Replay<A>) -> Result<Loaded<A>, LoadError> {
    let (stream, version) = (replay.stream().clone(), replay.version());
    match replay.into_state() {
        Some(state) => Ok(Loaded { id: stream.aggregate_id().clone(), version, state }),
        None => Err(LoadError::NotFound { stream }),
    }
}

impl<A, S: Clone> Clone for Repository<A, S> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), retry: self.retry, snapshots: self.snapshots, aggregate: PhantomData }
    }
}

impl<A: Aggregate, S> fmt::Debug for Repository<A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("aggregate", &A::TYPE)
            .field("retry", &self.retry)
            .field("snapshots", &self.snapshots)
            .finish_non_exhaustive()
    }
}
