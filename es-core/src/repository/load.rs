//! Loading: the current aggregate, earlier versions of it, and its history.

use super::span::{self, Followed};
use super::{IntoVersion, LoadError, Loaded, Repository};
use crate::event_stream::{Events, History};
use crate::store::{BoxFuture, ReadRange, Replay};
use crate::{Aggregate, IdFor, SnapshotPolicy, StoreError, StreamId, Timestamp, Version};

// These functions return a boxed future, because a wrong id would be reported three times for an
// `async fn`: for the argument, the future and the `.await`.
impl<A: Aggregate> Repository<A> {
    /// The current aggregate.
    ///
    /// # Errors
    ///
    /// [`LoadError::NotFound`] if it has not begun or has ended, and the errors of the store.
    pub fn load(&self, id: impl IdFor<A::Id>) -> BoxFuture<'_, Result<Loaded<A>, LoadError>> {
        let stream = StreamId::of::<A>(id);
        let span = span::of_call!("load", A::TYPE, stream.as_ref().ok());
        let load = async move {
            let stream = stream?;
            let replay = match self.copy_cached(&stream) {
                Some(cached) => self.confirmed(cached).await?,
                None => self.replay(&stream, Version::MAX).await?,
            };
            self.keep_copy_cached(&replay);
            loaded(replay)
        };
        Box::pin(span::follow(span, load))
    }

    /// The aggregate at a version.
    ///
    /// # Errors
    ///
    /// [`LoadError::NoSuchVersion`] if the aggregate has not reached that version, or if the
    /// version is 0, [`LoadError::NotFound`] if it has no event at all or had ended at that
    /// version, and the errors of the store.
    pub fn load_at(
        &self,
        id: impl IdFor<A::Id>,
        version: impl IntoVersion,
    ) -> BoxFuture<'_, Result<Loaded<A>, LoadError>> {
        let (stream, version) = (StreamId::of::<A>(id), version.into_version());
        let span = span::of_call!("load", A::TYPE, stream.as_ref().ok());
        let load = async move {
            let (stream, version) = (stream?, version?);
            let replay = self.replay(&stream, version).await?;
            if replay.version() < version || version == Version::NONE {
                return Err(match self.store.head(&stream).await?.version() {
                    Version::NONE => LoadError::NotFound { stream },
                    actual => LoadError::NoSuchVersion { stream, requested: version, actual },
                });
            }
            loaded(replay)
        };
        Box::pin(span::follow(span, load))
    }

    /// The aggregate at a time: the longest prefix of its stream that was recorded by then.
    ///
    /// The prefix ends before the first event that was recorded later, even if a clock went back
    /// and events after it have an earlier time.
    ///
    /// # Errors
    ///
    /// [`LoadError::NotFound`] if nothing was recorded by then or the aggregate had ended, and the
    /// errors of the store.
    pub fn load_as_of(&self, id: impl IdFor<A::Id>, time: Timestamp) -> BoxFuture<'_, Result<Loaded<A>, LoadError>> {
        let stream = StreamId::of::<A>(id);
        let span = span::of_call!("load", A::TYPE, stream.as_ref().ok());
        let load = async move {
            // A snapshot does not show whether all events below it were recorded by then, so the
            // replay starts from the first event.
            let mut replay = Replay::new(stream?);
            replay.read_while(&*self.store, Version::MAX, |event| event.timestamp <= time).await?;
            loaded(replay)
        };
        Box::pin(span::follow(span, load))
    }

    /// The current aggregate, without snapshots above a version: rebuilt from the newest usable
    /// snapshot at or below it, and every event after that. With version 0 no snapshot is used.
    ///
    /// The result is the same as that of [`load`](Self::load). Use it to check a snapshot, or to
    /// bypass one: it shows what is left of an aggregate that fails to load with
    /// [`StoreError::SnapshotAhead`].
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn load_ignoring_snapshots_above(
        &self,
        id: impl IdFor<A::Id>,
        version: impl IntoVersion,
    ) -> BoxFuture<'_, Result<Loaded<A>, LoadError>> {
        let (stream, version) = (StreamId::of::<A>(id), version.into_version());
        let span = span::of_call!("load", A::TYPE, stream.as_ref().ok());
        let load = async move {
            let version = version?;
            let mut replay = Replay::from_newest_snapshot(&*self.store, stream?, version).await?;
            replay.read(&*self.store, Version::MAX).await?;
            loaded(replay)
        };
        Box::pin(span::follow(span, load))
    }

    /// Every event of the aggregate with everything that was recorded about it, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidId`]. The stream returns later errors.
    pub fn history(&self, id: impl IdFor<A::Id>) -> Result<Events<A::Event>, StoreError> {
        let stream = StreamId::of::<A>(id)?;
        let batches = self.store.read(&stream, ReadRange::ALL);
        let span = span::of_call!("history", A::TYPE, Some(&stream));
        Ok(Events::new(Followed::new(span, History::new(stream, batches))))
    }

    /// Rebuilds the aggregate up to a version, from the newest usable snapshot if the policy takes
    /// any.
    pub(super) async fn replay(&self, stream: &StreamId, until: Version) -> Result<Replay<A>, StoreError> {
        let mut replay = match self.snapshots {
            SnapshotPolicy::Never => Replay::new(stream.clone()),
            SnapshotPolicy::Every(_) => Replay::from_newest_snapshot(&*self.store, stream.clone(), until).await?,
        };
        replay.read(&*self.store, until).await?;
        Ok(replay)
    }
}

fn loaded<A: Aggregate>(mut replay: Replay<A>) -> Result<Loaded<A>, LoadError> {
    replay.lend().ok_or_else(|| LoadError::NotFound { stream: replay.stream().clone() })
}
