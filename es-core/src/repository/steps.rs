//! A decision in several steps.

use std::fmt;
use std::marker::PhantomData;

use crate::event_types::{FirstEvents, IntoEvents, NextEvents};
use crate::store::{NewEvent, Replay};
use crate::{Aggregate, EventId, IdFor, Loaded, Metadata, StoreError, StreamId, Timestamp};

/// Several events of one decision, of which each can depend on the state after the ones before it.
///
/// A decision returns it instead of events, also in an [`Answer`](crate::Answer) or a `Result`. All
/// events are recorded together or not at all.
///
/// ```
/// # use es_core::{event, Aggregate, Apply, Context, Loaded, Repository, Steps, memory::MemoryStore};
/// # #[event(version = 1)]
/// # pub struct Deposited { pub cents: i64 }
/// # #[event(version = 1)]
/// # pub struct LimitExceeded { pub by: i64 }
/// # #[derive(Aggregate, Default, Clone)]
/// # #[aggregate(events(Deposited), informs(LimitExceeded))]
/// # pub struct Account { cents: i64 }
/// # impl Apply<Deposited> for Account {
/// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
/// # }
/// const LIMIT: i64 = 1_000;
///
/// fn deposit(account: &Loaded<Account>, cents: i64) -> Steps<Account> {
///     let mut steps = account.steps();
///     steps.record(Deposited { cents });
///     if let Some(by) = steps.state().map(|account| account.cents - LIMIT).filter(|by| *by > 0) {
///         steps.record(LimitExceeded { by });
///     }
///     steps
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let accounts = Repository::<Account>::new(&MemoryStore::new());
/// # accounts.create("alice", Deposited { cents: 900 }).await?;
///
/// let deposited = accounts.update("alice", |account| deposit(account, 300)).await?;
/// assert_eq!(deposited.events.len(), 2);
/// # Ok(())
/// # }
/// ```
///
/// # What a step sees
///
/// Each event is written and read back before it is folded, so the state is the one that a later
/// load gives. Its [`Context`](crate::Context) is as far as it is known:
///
/// | field | value |
/// |---|---|
/// | id | that of the aggregate |
/// | sequence | the one that the event gets; with [`new`](Self::new) it counts from 1 |
/// | timestamp | that of the last event, unless [`at`](Self::at) sets it: a decision has no clock |
/// | metadata | empty, because the action adds them |
///
/// The load after the action folds the events with the recorded values.
///
/// # Errors
///
/// If a step cannot be folded or written, there is no [state](Self::state) from then on, and the
/// action fails before it records anything: with [`StoreError::Unfoldable`] if the event cannot
/// follow, also if its `Init` or `Apply` panics, or with the error of writing it.
#[must_use = "nothing is recorded unless the decision returns it"]
pub struct Steps<A: Aggregate> {
    replay: Result<Replay<A>, StoreError>,
    time: Timestamp,
    events: Vec<A::Event>,
}

impl<A: Aggregate + Clone> Loaded<A> {
    /// Begins a decision in several steps, from this state.
    pub fn steps(&self) -> Steps<A> {
        let time = self.last_event.timestamp;
        let replay = StreamId::of::<A>(&self.id).map(|stream| Replay::continuing(stream, self));
        Steps { replay: replay.map_err(StoreError::from), time, events: Vec::new() }
    }
}

impl<A: Aggregate> Steps<A> {
    /// Begins a decision in several steps on an aggregate that does not exist, for an
    /// [`upsert`](crate::Repository::upsert) and `None`. The first event has to be one that begins
    /// the aggregate.
    ///
    /// An invalid id is an error of the action.
    pub fn new(id: impl IdFor<A::Id>, time: Timestamp) -> Self {
        let replay = StreamId::of::<A>(id).map(Replay::new);
        Self { replay: replay.map_err(StoreError::from), time, events: Vec::new() }
    }

    /// Sets the time of the following steps.
    pub fn at(self, time: Timestamp) -> Self {
        Self { time, ..self }
    }

    /// Adds an event, or several, and folds them.
    pub fn record(&mut self, events: impl IntoEvents<A::Event>) -> &mut Self {
        for event in events.into_events() {
            if let Err(error) = self.fold(&event) {
                self.replay = Err(error);
            }
            self.events.push(event);
        }
        self
    }

    /// The state after the events so far. `None` before an event begins the aggregate, after an
    /// event ends it, and after a step that cannot be recorded.
    pub fn state(&self) -> Option<&A> {
        self.replay.as_ref().ok()?.state()
    }

    fn fold(&mut self, event: &A::Event) -> Result<(), StoreError> {
        let Ok(replay) = &mut self.replay else { return Ok(()) };
        let event = NewEvent::encode(event, Metadata::new())?;
        replay.push_new(&event, EventId::new(), self.time).map_err(|error| match error {
            StoreError::Fold { stream, sequence, source } => StoreError::Unfoldable { stream, sequence, source },
            error => error,
        })
    }

    /// The events, unless one of them cannot be recorded.
    pub(super) fn into_events(self) -> Result<Vec<A::Event>, StoreError> {
        self.replay.map(|_| self.events)
    }
}

impl<A: Aggregate> fmt::Debug for Steps<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steps")
            .field("aggregate", &A::TYPE)
            .field("events", &self.events.len())
            .field("error", &self.replay.as_ref().err())
            .finish_non_exhaustive()
    }
}

/// The events of [`Steps`], as the type of the events of a decision. It has no values.
pub struct StepEvents<A>(PhantomData<fn() -> A>);

impl<A> fmt::Debug for StepEvents<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StepEvents")
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate> IntoEvents<A::Event> for StepEvents<A> {
    fn push_into(self, _: &mut Vec<A::Event>) {}
}

// What can follow what is checked when the steps are folded.
#[diagnostic::do_not_recommend]
impl<A: Aggregate> FirstEvents<A::Event> for StepEvents<A> {}

#[diagnostic::do_not_recommend]
impl<A: Aggregate> NextEvents<A::Event> for StepEvents<A> {}
