//! The repository: load, decide, append.

mod error;
mod foldable;
mod import;
mod same;
mod span;
mod write;

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use error::{CreateError, ImportDifference, ImportError, LoadError, UpdateError};
pub(crate) use foldable::check_foldable;
pub use import::ImportedEvent;
pub use write::{Committed, Outcome};

use self::span::Followed;
use crate::events::{Events, History};
use crate::replay::check_next;
use crate::{
    Aggregate, AggregateId, ReadRange, Replay, RetryPolicy, Sequence, Snapshot, SnapshotPolicy, Store, StoreError,
    StreamId, Timestamp, Version, WriteCheck,
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
pub struct Repository<A> {
    store: Arc<dyn Store>,
    retry: RetryPolicy,
    snapshots: SnapshotPolicy,
    write_check: WriteCheck,
    /// Whether the last import has met a stored past. Shared by the clones, for speed only.
    imports_are_repeated: Arc<AtomicBool>,
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

impl<A: Aggregate> Repository<A> {
    /// The aggregates of type `A` in a store, of which it keeps a clone, with the snapshot policy that `A` declares. An update
    /// that meets conflicts is retried for 30 s, so a burst of them is served.
    pub fn new<S: Store + Clone>(store: &S) -> Self {
        Self {
            store: Arc::new(store.clone()),
            retry: RetryPolicy::default(),
            snapshots: A::SNAPSHOT_POLICY,
            write_check: WriteCheck::default(),
            imports_are_repeated: Arc::default(),
            aggregate: PhantomData,
        }
    }

    /// How long, or how often, an update that meets conflicts is tried. [`RetryPolicy::never`] turns it off.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    /// When snapshots are taken, instead of what the aggregate declares.
    #[must_use]
    pub fn with_snapshots(self, snapshots: SnapshotPolicy) -> Self {
        Self { snapshots, ..self }
    }

    /// Whether each event is read back before it is stored, instead of what the build says: with debug assertions yes, without no.
    #[must_use]
    pub fn with_write_check(self, write_check: WriteCheck) -> Self {
        Self { write_check, ..self }
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The aggregate as it is.
    ///
    /// # Errors
    ///
    /// [`LoadError::NotFound`] where it has no event, and what the store reports.
    pub async fn load(&self, id: &str) -> Result<Loaded<A>, LoadError> {
        span::follow(span::of_call!("load", A::TYPE, id), self.load_newest(id)).await
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
        span::follow(span::of_call!("load", A::TYPE, id), self.load_version(id, version.into())).await
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
    /// The result is that of [`load`](Self::load); this is how to check a snapshot, or to get around one: it shows what is left of an
    /// aggregate that fails to load with [`StoreError::SnapshotAhead`].
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub async fn load_from_version(&self, id: &str, version: impl Into<Version>) -> Result<Loaded<A>, LoadError> {
        span::follow(span::of_call!("load", A::TYPE, id), self.load_from(id, version.into())).await
    }

    async fn load_from(&self, id: &str, version: Version) -> Result<Loaded<A>, LoadError> {
        let stream = StreamId::of::<A>(id)?;
        let mut replay = Replay::from_newest_snapshot(&*self.store, stream, version).await?;
        replay.read(&*self.store, Version::MAX).await?;
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
        span::follow(span::of_call!("load", A::TYPE, id), self.load_until(id, moment)).await
    }

    async fn load_until(&self, id: &str, moment: Timestamp) -> Result<Loaded<A>, LoadError> {
        let stream = StreamId::of::<A>(id)?;
        // A snapshot does not say whether all events below it were recorded by then, so this starts from the first event.
        let mut replay = Replay::new(stream);
        replay.read_while(&*self.store, Version::MAX, |event| event.timestamp <= moment).await?;
        loaded(replay)
    }

    /// Whether the aggregate has begun: whether any of its events still counts. It has not if all of them are
    /// [retired](crate::Decoded::Retired), and then [`create`](Self::create) begins it behind them.
    ///
    /// An event that this program does not understand counts.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn exists(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.before_beginning(&StreamId::of::<A>(id)?).await?.is_none())
    }

    /// Every event of the aggregate with all that was recorded about it, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidId`]; what reading meets is reported by the stream.
    pub fn history(&self, id: &str) -> Result<Events<A::Event>, StoreError> {
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
        self.store.put_snapshot(&stream, Snapshot::new(version, state).encode()?).await?;
        Ok(version)
    }

    /// The version of a stream that has retired events only, or none at all: the aggregate has not begun. `None` if it has.
    async fn before_beginning(&self, stream: &StreamId) -> Result<Option<Version>, StoreError> {
        let mut version = Version::NONE;
        // The first event nearly always says it, and a stream may be long.
        for until in [Sequence::FIRST.into(), Version::MAX] {
            let mut batches = self.store.read(stream, ReadRange::after(version).until(until));
            while let Some(batch) = poll_fn(|context| batches.as_mut().poll_next(context)).await {
                for event in batch?.events() {
                    let event = event?;
                    if !event.decode::<A::Event>().is_ok_and(|decoded| decoded.is_empty()) {
                        return Ok(None);
                    }
                    check_next(stream, version, &event)?;
                    version = event.sequence.into();
                }
            }
        }
        Ok(Some(version))
    }

    /// Rebuilds up to a version, from the newest usable snapshot where there can be one.
    async fn replay(&self, stream: &StreamId, until: Version) -> Result<Replay<A>, StoreError> {
        let mut replay = match self.snapshots {
            SnapshotPolicy::Never => Replay::new(stream.clone()),
            SnapshotPolicy::Every(_) => Replay::from_newest_snapshot(&*self.store, stream.clone(), until).await?,
        };
        replay.read(&*self.store, until).await?;
        Ok(replay)
    }
}

fn loaded<A: Aggregate>(replay: Replay<A>) -> Result<Loaded<A>, LoadError> {
    let (stream, version) = (replay.stream().clone(), replay.version());
    match replay.into_state() {
        Some(state) => Ok(Loaded { id: stream.aggregate_id().clone(), version, state }),
        None => Err(LoadError::NotFound { stream }),
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
