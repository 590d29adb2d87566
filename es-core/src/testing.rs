//! A test kit: given these past events, when this is decided, then these events are recorded.
//!
//! ```
//! # use es_core::{event, Aggregate, Apply, Context};
//! use es_core::testing::given;
//! # #[event(version = 1)]
//! # pub struct Deposited { pub cents: i64 }
//! # #[event(version = 1)]
//! # pub struct Withdrawn { pub cents: i64 }
//! # #[derive(Debug, PartialEq)]
//! # pub struct Overdrawn;
//! # #[derive(Aggregate, Default)]
//! # #[aggregate(events(Deposited, Withdrawn))]
//! # pub struct Account { cents: i64 }
//! # impl Apply<Deposited> for Account {
//! #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
//! # }
//! # impl Apply<Withdrawn> for Account {
//! #     fn apply(&mut self, event: Withdrawn, _: &Context) { self.cents -= event.cents; }
//! # }
//! impl Account {
//!     pub fn withdraw(&self, cents: i64) -> Result<Withdrawn, Overdrawn> {
//!         if cents > self.cents { Err(Overdrawn) } else { Ok(Withdrawn { cents }) }
//!     }
//! }
//!
//! given::<Account>(Deposited { cents: 500 }).when(|account| account.withdraw(200)).then(Withdrawn { cents: 200 });
//! given::<Account>(Deposited { cents: 500 }).when(|account| account.withdraw(501)).then_error(Overdrawn);
//! ```

mod roundtrip;

use std::fmt::{Debug, Write};

pub use roundtrip::{assert_roundtrip, assert_roundtrip_eq};

use crate::error::ErrorChain;
use crate::read_back::write_state;
use crate::repository::check_foldable;
use crate::repository::{Decision, FirstEvents, IntoEvents, NextEvents, WriteCheck};
use crate::store::{EventData, EventSet, NewEvent, Replay, Stamp};
use crate::{
    Aggregate, AggregateId, Context, EventId, Loaded, Metadata, Position, RecordedEvent, Sequence, SnapshotPolicy,
    StoreError, StreamId, Timestamp,
};

/// The past: folds these events into the aggregate, after each was written as BSON and read back.
///
/// Several kinds of events go into a tuple: `given::<Invoice>((created, paid))`. Without a past:
/// `given::<Invoice>(())`.
///
/// # Panics
///
/// If an event cannot be stored, read back or folded, or if the aggregate takes snapshots and its
/// state cannot be read back.
#[track_caller]
pub fn given<A: Aggregate>(events: impl FirstEvents<A::Event>) -> Given<A> {
    let events = encode(&events.into_events());
    match StreamId::of::<A>("test").map(Replay::new) {
        Ok(mut replay) => match fold(&mut replay, &events) {
            Ok(()) => Given { replay },
            Err(error) => panic!("the given events do not form an aggregate: {}", ErrorChain::new(&error)),
        },
        Err(error) => unreachable!("`test` is an id: {error}"),
    }
}

/// An aggregate after the given events.
#[derive(Debug)]
#[must_use = "nothing is checked before `.when(..).then(..)`"]
pub struct Given<A> {
    replay: Replay<A>,
}

/// The result of a decision.
#[derive(Debug)]
#[must_use = "nothing is checked before `.then(..)`"]
pub struct Decided<A: Aggregate, R, E> {
    replay: Replay<A>,
    decided: Result<(Vec<A::Event>, R), E>,
}

impl<A: Aggregate> Given<A> {
    /// Calls a decision with the aggregate, as an [`update`](crate::Repository::update) does.
    ///
    /// # Panics
    ///
    /// If no events were given, because there is no aggregate then: see
    /// [`when_new`](Self::when_new). Also if a decided event can only begin an aggregate, because
    /// an `update` would refuse it.
    #[track_caller]
    pub fn when<D, Form>(mut self, decide: impl FnOnce(&Loaded<A>) -> D) -> Decided<A, D::Answer, D::Error>
    where
        D: Decision<A::Event, Form>,
        D::Events: NextEvents<A::Event>,
    {
        let Some(loaded) = self.replay.lend() else {
            panic!("no {} exists to decide on; give the events that begin one, or use `when_new`", A::TYPE);
        };
        let decided = decide(&loaded).into_result();
        self.replay.restore(loaded);
        Decided::new(self.replay, decided)
    }

    /// Decides how an aggregate begins.
    ///
    /// # Panics
    ///
    /// If the aggregate cannot begin with these events, because a
    /// [`create`](crate::Repository::create) would refuse them.
    #[track_caller]
    pub fn when_new<D, Form>(self, decide: impl FnOnce() -> D) -> Decided<A, D::Answer, D::Error>
    where
        D: Decision<A::Event, Form>,
        D::Events: FirstEvents<A::Event>,
    {
        Decided::new(self.replay, decide().into_result())
    }

    /// Checks the state after the given events.
    ///
    /// # Panics
    ///
    /// If no events were given, or if `check` panics.
    #[track_caller]
    pub fn then_state(self, check: impl FnOnce(&A)) {
        match self.replay.state() {
            Some(state) => check(state),
            None => panic!("no {} exists, because no events were given", A::TYPE),
        }
    }
}

impl<A: Aggregate, R, E> Decided<A, R, E> {
    #[track_caller]
    fn new(replay: Replay<A>, decided: Result<(Vec<A::Event>, R), E>) -> Self {
        if let Ok((events, _)) = &decided
            && let Err(error) = check_foldable::<A>(replay.stream(), replay.version(), replay.state().is_some(), events)
        {
            panic!("the decision cannot be recorded: {}", ErrorChain::new(&error));
        }
        Self { replay, decided }
    }
}

impl<A: Aggregate, R, E: Debug> Decided<A, R, E> {
    /// Asserts that the decision returned exactly these events, in this order.
    ///
    /// # Panics
    ///
    /// If it returned different events. The message shows the difference in their stored form.
    #[track_caller]
    pub fn then(self, expected: impl IntoEvents<A::Event>) {
        let expected = expected.into_events();
        match self.decided {
            Ok((decided, _)) => compare(&encode(&expected), &encode(&decided)),
            Err(error) => panic!("expected {} event(s), but the decision refused: {error:?}", expected.len()),
        }
    }

    /// Asserts that the decision returned no event and no error.
    ///
    /// # Panics
    ///
    /// If it returned an event or an error.
    #[track_caller]
    pub fn then_nothing(self) {
        self.then(());
    }

    /// Asserts that the decision gave this [answer](crate::Answer). More assertions can follow.
    ///
    /// # Panics
    ///
    /// If it gave a different answer, or refused.
    #[track_caller]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a test is easier to read without `&`, and the value has no other use"
    )]
    pub fn then_answer(self, expected: R) -> Self
    where
        R: PartialEq + Debug,
    {
        match &self.decided {
            Ok((_, answer)) => assert!(*answer == expected, "expected the answer {expected:?}, but it was {answer:?}"),
            Err(error) => panic!("expected the answer {expected:?}, but the decision refused: {error:?}"),
        }
        self
    }

    /// Asserts that the decision refused with this error.
    ///
    /// # Panics
    ///
    /// If it did not refuse, or refused with a different error.
    #[track_caller]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a test is easier to read without `&`, and the value has no other use"
    )]
    pub fn then_error(self, expected: E)
    where
        E: PartialEq,
    {
        match self.decided {
            Ok((decided, _)) => {
                panic!(
                    "expected the error {expected:?}, but the decision returned events:\n{}",
                    show(&encode(&decided))
                )
            }
            Err(error) => assert!(error == expected, "expected the error {expected:?}, but it was {error:?}"),
        }
    }

    /// Checks the state after the decided events.
    ///
    /// # Panics
    ///
    /// If the decision refused, if the events cannot be folded, or if `check` panics.
    #[track_caller]
    pub fn then_state(mut self, check: impl FnOnce(&A)) {
        let decided = match self.decided {
            Ok((decided, _)) => encode(&decided),
            Err(error) => panic!("expected events, but the decision refused: {error:?}"),
        };
        match fold(&mut self.replay, &decided).map(|()| self.replay.state()) {
            Ok(Some(state)) => check(state),
            Ok(None) => panic!("no {} exists, because no events were given or decided", A::TYPE),
            Err(error) => panic!("the decided events cannot be applied: {}", ErrorChain::new(&error)),
        }
    }
}

#[track_caller]
fn encode<E: EventSet>(events: &[E]) -> Vec<NewEvent> {
    let encode = |event: &E| NewEvent::encode_with(event, Metadata::new(), WriteCheck::Always);
    let encoded = events.iter().map(encode).collect::<Result<_, _>>();
    encoded.unwrap_or_else(|error: StoreError| panic!("{}", ErrorChain::new(&error)))
}

fn fold<A: Aggregate>(replay: &mut Replay<A>, events: &[NewEvent]) -> Result<(), StoreError> {
    for event in events {
        let stored = stored(event, replay.stream(), replay.version().next());
        replay.push(&stored.as_stored())?;
    }
    match replay.state() {
        Some(state) if A::SNAPSHOT_POLICY != SnapshotPolicy::Never => write_state(state).map(drop),
        _ => Ok(()),
    }
}

fn stored(event: &NewEvent, stream: &StreamId, sequence: Sequence) -> RecordedEvent<EventData> {
    let stamp = Stamp::new(EventId::new(), sequence, Position::FIRST, Timestamp::now());
    let NewEvent { event_type, event_version, metadata, data, .. } = event.clone();
    RecordedEvent::new(stream, stamp, event_type, event_version, metadata, data)
}

#[track_caller]
fn compare(expected: &[NewEvent], decided: &[NewEvent]) {
    let (expected, decided) = (show(expected), show(decided));
    if expected == decided {
        return;
    }
    let difference = similar::TextDiff::from_lines(&expected, &decided);
    let mut text = String::new();
    for change in difference.iter_all_changes() {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{}{change}", change.tag());
    }
    panic!("the decision returned different events (- expected, + decided):\n{text}");
}

/// The events in their stored form, one value a line.
fn show(events: &[NewEvent]) -> String {
    let mut text = String::new();
    for event in events {
        let data = bson::Document::try_from(event.data.as_raw()).unwrap_or_default();
        let _ = writeln!(text, "{} v{}", event.event_type, event.event_version);
        let _ = writeln!(text, "{data:#?}");
    }
    text
}

/// The context of an event for a test of `Init` or `Apply` alone: aggregate `test`, sequence 1, the
/// current time.
///
/// # Panics
///
/// Never: the id is valid.
pub fn context() -> Context {
    match AggregateId::new("test") {
        Ok(id) => Context::new(id, Sequence::FIRST, Timestamp::now(), Metadata::new()),
        Err(error) => unreachable!("`test` is an id: {error}"),
    }
}
