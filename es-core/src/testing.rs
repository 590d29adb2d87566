//! A test kit: given what happened, when this is decided, then that is recorded.
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

use crate::read_back::write_state;
use crate::repository::check_foldable;
use crate::{
    Aggregate, AggregateId, Context, ErrorChain, EventData, EventId, EventSet, FirstEvents, IntoEvents, Metadata,
    NewEvent, NextEvents, Position, RecordedEvent, Replay, Sequence, SnapshotPolicy, Stamp, StoreError, StreamId,
    Timestamp, Version, WriteCheck,
};

/// What happened before: the aggregate is folded from these events, after each was written as BSON and read back.
///
/// Several kinds of events go into a tuple: `given::<Invoice>((created, paid))`. Nothing happened: `given::<Invoice>(())`.
///
/// # Panics
///
/// If an event cannot be stored, read back or folded, and if the aggregate takes snapshots and its state cannot be read back.
#[track_caller]
pub fn given<A: Aggregate>(events: impl FirstEvents<A::Event>) -> Given<A> {
    let events = encode(&events.into_events());
    match fold(&events) {
        Ok(state) => Given { state },
        Err(error) => panic!("the given events do not make an aggregate: {}", ErrorChain::new(&error)),
    }
}

/// An aggregate after what was given.
#[derive(Debug)]
#[must_use = "nothing is checked before `.when(..).then(..)`"]
pub struct Given<A> {
    state: Option<A>,
}

/// What was decided.
#[derive(Debug)]
#[must_use = "nothing is checked before `.then(..)`"]
pub struct Decision<A: Aggregate, E> {
    state: Option<A>,
    decided: Result<Vec<A::Event>, E>,
}

impl<A: Aggregate> Given<A> {
    /// Asks the aggregate to decide.
    ///
    /// # Panics
    ///
    /// If nothing was given, so that there is no aggregate to ask: see [`when_new`](Self::when_new). And if an event that was decided
    /// on can only begin an aggregate, as an [`update`](crate::Repository::update) would refuse it.
    #[track_caller]
    pub fn when<D, E>(self, decide: impl FnOnce(&A) -> Result<D, E>) -> Decision<A, E>
    where
        D: NextEvents<A::Event>,
    {
        let Some(state) = self.state else {
            panic!("no {} exists to decide on: give the events that make one, or use `when_new`", A::TYPE);
        };
        let decided = decide(&state).map(IntoEvents::into_events);
        Decision::new(Some(state), decided)
    }

    /// Decides how an aggregate begins.
    ///
    /// # Panics
    ///
    /// If the aggregate cannot begin with these events, as a [`create`](crate::Repository::create) would refuse them.
    #[track_caller]
    pub fn when_new<D, E>(self, decide: impl FnOnce() -> Result<D, E>) -> Decision<A, E>
    where
        D: FirstEvents<A::Event>,
    {
        let decided = decide().map(IntoEvents::into_events);
        Decision::new(self.state, decided)
    }

    /// Checks the state that the given events make.
    ///
    /// # Panics
    ///
    /// Where nothing was given, and where `check` does.
    #[track_caller]
    pub fn then_state(self, check: impl FnOnce(&A)) {
        match &self.state {
            Some(state) => check(state),
            None => panic!("no {} exists: nothing was given", A::TYPE),
        }
    }
}

impl<A: Aggregate, E> Decision<A, E> {
    #[track_caller]
    fn new(state: Option<A>, decided: Result<Vec<A::Event>, E>) -> Self {
        if let (Ok(stream), Ok(events)) = (StreamId::of::<A>("test"), &decided)
            && let Err(error) = check_foldable(&stream, Version::NONE, state.is_some(), events)
        {
            panic!("the decision cannot be recorded: {}", ErrorChain::new(&error));
        }
        Self { state, decided }
    }
}

impl<A: Aggregate, E: Debug> Decision<A, E> {
    /// Exactly these events were decided on, in this order.
    ///
    /// # Panics
    ///
    /// Where others were, with the difference between what would be stored.
    #[track_caller]
    pub fn then(self, expected: impl IntoEvents<A::Event>) {
        let expected = expected.into_events();
        match self.decided {
            Ok(decided) => compare(&encode(&expected), &encode(&decided)),
            Err(error) => panic!("expected {} event(s), but the decision refused: {error:?}", expected.len()),
        }
    }

    /// No event was decided on, and it is no error.
    ///
    /// # Panics
    ///
    /// Where there was one.
    #[track_caller]
    pub fn then_nothing(self) {
        self.then(());
    }

    /// The decision refused with this error.
    ///
    /// # Panics
    ///
    /// Where it did not, or with another error.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "a test reads better without `&`, and the value has no other use")]
    pub fn then_error(self, expected: E)
    where
        E: PartialEq,
    {
        match self.decided {
            Ok(decided) => {
                panic!("expected the error {expected:?}, but events were decided on:\n{}", show(&encode(&decided)))
            }
            Err(error) => assert!(error == expected, "expected the error {expected:?}, but it was {error:?}"),
        }
    }

    /// Checks the state after the events that were decided on.
    ///
    /// # Panics
    ///
    /// Where the decision refused, where the events cannot be folded, and where `check` does.
    #[track_caller]
    pub fn then_state(self, check: impl FnOnce(&A)) {
        let decided = match self.decided {
            Ok(decided) => encode(&decided),
            Err(error) => panic!("expected events, but the decision refused: {error:?}"),
        };
        match fold_onto(self.state, &decided) {
            Ok(Some(state)) => check(&state),
            Ok(None) => panic!("no {} exists: nothing was given and nothing decided", A::TYPE),
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

fn fold<A: Aggregate>(events: &[NewEvent]) -> Result<Option<A>, StoreError> {
    fold_onto(None, events)
}

fn fold_onto<A: Aggregate>(state: Option<A>, events: &[NewEvent]) -> Result<Option<A>, StoreError> {
    let stream = StreamId::of::<A>("test")?;
    let mut replay = Replay::onto(stream.clone(), state);
    let mut sequence = Sequence::FIRST;
    for event in events {
        replay.push(&stored(event, &stream, sequence).as_stored())?;
        sequence = sequence.next();
    }
    if let Some(state) = replay.state()
        && A::SNAPSHOT_POLICY != SnapshotPolicy::Never
    {
        write_state(state)?;
    }
    Ok(replay.into_state())
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
    panic!("other events were decided on than expected (- expected, + decided):\n{text}");
}

/// The events as they would be stored, one value a line.
fn show(events: &[NewEvent]) -> String {
    let mut text = String::new();
    for event in events {
        let data = bson::Document::try_from(event.data.as_raw()).unwrap_or_default();
        let _ = writeln!(text, "{} v{}", event.event_type, event.event_version);
        let _ = writeln!(text, "{data:#?}");
    }
    text
}

/// The circumstances of an event in a test of `Init` or `Apply` alone: aggregate `test`, sequence 1, now.
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
