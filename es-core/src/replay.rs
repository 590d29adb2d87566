//! Folding stored events into state.

use std::time::Duration;

use crate::error::{FoldError, Panicked};
use crate::repository::LastEvent;
use crate::store::next_batch;
use crate::store::{Decoded, Head, NewEvent, ReadRange, Snapshot, SnapshotStore, Stamp, Store, StoredEvent};
use crate::{Aggregate, Context, EventId, Id, Loaded, Position, RetryPolicy, StoreError, StreamId, Timestamp, Version};

/// An aggregate that is being rebuilt, event by event.
///
/// It performs the checks that all reads share: no event is missing, every event can be decoded,
/// and the stream begins as declared. A snapshot is used only after the stream has returned the
/// event at which the snapshot was taken.
#[derive(Debug, Clone)]
pub struct Replay<A> {
    stream: StreamId,
    version: Version,
    state: Option<A>,
    /// The state of a snapshot. The next event must be the one at which it was taken.
    snapshot: Option<A>,
    context: Option<Context>,
    head: Head,
}

impl<A: Aggregate> Replay<A> {
    /// Starts before the first event.
    pub fn new(stream: StreamId) -> Self {
        let version = Version::NONE;
        Self { stream, version, state: None, snapshot: None, context: None, head: Head::NONE }
    }

    /// Starts after the last event before the aggregate begins, which is retired or an end.
    pub(crate) fn before_beginning(stream: StreamId, head: Head) -> Self {
        Self { version: head.version(), head, ..Self::new(stream) }
    }

    /// Starts directly before the event at which a snapshot was taken.
    ///
    /// That event has to come first. It proves that the stream still has the events that the
    /// snapshot represents, and it does not change the state. Until then there is no state, and the
    /// version is the one before. A snapshot at version 0 represents no events and is not used.
    pub fn from_snapshot(stream: StreamId, snapshot: Snapshot<A>) -> Self {
        match Version::try_from(snapshot.version.as_i64() - 1) {
            Ok(version) => Self { version, snapshot: Some(snapshot.state), ..Self::new(stream) },
            Err(_) => Self::new(stream),
        }
    }

    /// Starts at a loaded aggregate, with a copy of its state.
    pub(crate) fn continuing(stream: StreamId, loaded: &Loaded<A>) -> Self
    where
        A: Clone,
    {
        Self { version: loaded.version, state: Some(loaded.state.clone()), ..Self::new(stream) }
    }

    /// Starts from the newest usable snapshot at or below a version, or before the first event if no
    /// snapshot is usable.
    ///
    /// # Errors
    ///
    /// The error of the store.
    pub async fn from_newest_snapshot(
        store: &dyn SnapshotStore,
        stream: StreamId,
        at_most: Version,
    ) -> Result<Self, StoreError> {
        Ok(match Snapshot::newest(store, &stream, at_most).await? {
            Some(snapshot) => Self::from_snapshot(stream, snapshot),
            None => Self::new(stream),
        })
    }

    /// The stream.
    pub fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// The version reached so far.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The last event that was folded: the head of the stream, as far as it was read.
    /// [`Head::NONE`] before the first event, and before the event of the snapshot.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The state so far. `None` before the first event that creates one, after an
    /// [end](Aggregate::is_end), and before the event of the snapshot.
    pub fn state(&self) -> Option<&A> {
        self.state.as_ref()
    }

    /// The state, as [`state`](Self::state).
    pub fn into_state(self) -> Option<A> {
        self.state
    }

    /// The aggregate at the version reached so far. `None` if there is no [state](Self::state).
    pub fn into_loaded(mut self) -> Option<Loaded<A>> {
        self.lend()
    }

    /// Takes out the aggregate at the version reached so far; [`restore`](Self::restore) puts it
    /// back.
    pub(crate) fn lend(&mut self) -> Option<Loaded<A>> {
        let context = self.context.as_ref()?;
        let last_event = LastEvent::new(context.event_id(), context.timestamp(), context.metadata().clone());
        let state = self.state.take()?;
        Some(Loaded::new(self.stream.aggregate_id().clone(), self.version, last_event, state))
    }

    /// Puts back what was [lent](Self::lend).
    pub(crate) fn restore(&mut self, loaded: Loaded<A>) {
        self.state = Some(loaded.state);
    }

    /// Folds the next event.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gap`] if the event is not the next one, [`StoreError::InvalidId`] if the id of
    /// the stream is not one of `A`, [`StoreError::Decode`] if it cannot be decoded, and
    /// [`StoreError::Fold`] if it cannot follow. A panic in the aggregate's code is one of the last
    /// two, depending on where it happens. An error of the fold removes the state, because the event
    /// may have changed a part of it.
    pub fn push(&mut self, event: &StoredEvent<'_>) -> Result<(), StoreError> {
        check_next(&self.stream, self.version, event)?;
        if self.context.is_none() {
            // So that the code that folds gets the id in its type, without another check.
            A::Id::from_aggregate_id(self.stream.aggregate_id())?;
        }
        let decoded = match self.snapshot.take() {
            // The state already includes this event.
            Some(state) => {
                self.state = Some(state);
                Decoded::Retired
            }
            None => event.decode::<A::Event>()?,
        };
        let context = match &mut self.context {
            Some(context) => {
                context.advance(event.id, event.sequence, event.timestamp, event.metadata);
                context
            }
            none => none.insert(event.context(&self.stream)),
        };
        let state = &mut self.state;
        let folded = Panicked::catch(|| match decoded {
            Decoded::One(one) => fold(state, one, context),
            parts => fold_parts(state, parts, context),
        });
        let folded = folded.unwrap_or_else(|Panicked { message }| {
            Err(FoldError::Panicked { event_type: event.event_type.to_owned(), message })
        });
        if let Err(source) = folded {
            self.state = None;
            return Err(StoreError::Fold { stream: self.stream.clone(), sequence: event.sequence, source });
        }
        (self.version, self.head) = (event.sequence.into(), Head::from(event));
        Ok(())
    }

    /// Folds an event that is not recorded yet, as the next one. Its position is not known, so the
    /// [head](Self::head) stays.
    pub(crate) fn push_new(&mut self, event: &NewEvent, id: EventId, timestamp: Timestamp) -> Result<(), StoreError> {
        let (stream, head) = (self.stream.clone(), self.head);
        let stamp = Stamp::new(id, self.version.next(), Position::FIRST, timestamp);
        self.push(&event.as_stored(&stream, stamp))?;
        self.head = head;
        Ok(())
    }

    /// The store has recorded the events up to this head.
    pub(crate) fn is_recorded_up_to(&mut self, head: Head) {
        self.head = head;
    }

    /// Folds the following events of a store, up to a version.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push), the error of the store, and [`StoreError::SnapshotAhead`] if the
    /// replay starts from a snapshot whose event does not come.
    pub async fn read(&mut self, store: &dyn Store, until: Version) -> Result<(), StoreError> {
        self.read_while(store, until, |_| true).await
    }

    /// Folds the following events of a store, up to a version and as long as `wanted` returns true.
    pub(crate) async fn read_while(
        &mut self,
        store: &dyn Store,
        until: Version,
        wanted: impl Fn(&StoredEvent<'_>) -> bool + Send,
    ) -> Result<(), StoreError> {
        let look_again =
            RetryPolicy::default().tries(6).base_wait(Duration::from_millis(100)).max_wait(Duration::from_millis(800));
        let mut looked = 0;
        loop {
            self.read_once(store, until, &wanted).await?;
            if self.snapshot.is_none() {
                return Ok(());
            }
            looked += 1;
            // A node that was elected between the two reads may not yet show what the previous node
            // has confirmed.
            let Some(wait) = look_again.wait_after(looked) else {
                // Boxed, because the future of every load contains this one.
                return Err(Box::pin(self.snapshot_ahead(store)).await);
            };
            store.sleep(wait).await;
        }
    }

    async fn read_once(
        &mut self,
        store: &dyn Store,
        until: Version,
        wanted: &(impl Fn(&StoredEvent<'_>) -> bool + Send),
    ) -> Result<(), StoreError> {
        let range = ReadRange::after(self.version).until(until);
        let mut batches = store.read(&self.stream, range);
        while let Some(batch) = next_batch(&mut batches).await {
            for event in batch?.events() {
                let event = event?;
                if !wanted(&event) {
                    return Ok(());
                }
                self.push(&event)?;
            }
        }
        Ok(())
    }

    async fn snapshot_ahead(&self, store: &dyn Store) -> StoreError {
        match store.head(&self.stream).await {
            Ok(head) => StoreError::SnapshotAhead {
                stream: self.stream.clone(),
                snapshot: self.version.next().into(),
                head: head.version(),
            },
            Err(error) => error,
        }
    }
}

/// Fails if the event does not directly follow `version` in the stream.
pub(crate) fn check_next(stream: &StreamId, version: Version, event: &StoredEvent<'_>) -> Result<(), StoreError> {
    if event.sequence == version.next() {
        return Ok(());
    }
    Err(StoreError::Gap {
        stream: stream.clone(),
        expected: version.next(),
        found: event.sequence,
        event_type: event.event_type.to_owned(),
    })
}

/// Folds the parts of a split, or nothing.
///
/// It is not inlined, because a single event would then save the registers that only this loop needs.
#[inline(never)]
fn fold_parts<A: Aggregate>(
    state: &mut Option<A>,
    parts: Decoded<A::Event>,
    context: &Context,
) -> Result<(), FoldError> {
    parts.into_vec().into_iter().try_for_each(|event| fold(state, event, context))
}

#[inline]
fn fold<A: Aggregate>(state: &mut Option<A>, event: A::Event, context: &Context) -> Result<(), FoldError> {
    match state {
        Some(_) if A::is_end(&event) => {
            *state = None;
            Ok(())
        }
        Some(state) => state.fold(event, context),
        None => {
            *state = Some(A::begin(event, context)?);
            Ok(())
        }
    }
}
