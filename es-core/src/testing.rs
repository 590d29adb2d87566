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
mod rows;

use std::fmt::{Debug, Write};

pub use roundtrip::{assert_roundtrip, assert_roundtrip_eq};
pub use rows::rows;

use self::rows::project;
use crate::error::ErrorChain;
use crate::projection::{Projection, Rows};
use crate::read_back::write_state;
use crate::repository::check_foldable;
use crate::repository::{
    Begins, Continues, Decides, DecisionResult, FirstEvents, IntoEvents, OnLoadedOnce, OnLoadedOrMissingOnce, Upserts,
    WriteCheck,
};
use crate::store::{EventSet, NewEvent, Replay, Stamp};
use crate::{
    Aggregate, AggregateId, Context, EventId, Id, IdFor, Metadata, Position, Sequence, SnapshotPolicy, StoreError,
    StreamId, Timestamp, UpdateError, Version,
};

/// The past: folds these events into the aggregate, after each was written as BSON and read back.
///
/// Several kinds of events go into a tuple of at most eight events:
/// `given::<Invoice>((created, paid))`. A longer list of several kinds is a `Vec` of the enum of
/// all events: `given::<Cart>(vec![CartEvent::from(created), CartEvent::from(confirmed)])`. Without
/// a past: `given::<Invoice>(())`.
///
/// The id of the aggregate is `test`, or, if the aggregate declares an id type that is not a text,
/// the number 1 or the UUID 1. For other types, and if the id matters, use [`given_with_id`].
///
/// # Panics
///
/// If an event cannot be stored, read back or folded, or if the aggregate takes snapshots and its
/// state cannot be read back.
#[track_caller]
pub fn given<A: Aggregate>(events: impl FirstEvents<A::Event>) -> Given<A> {
    match IDS.iter().find_map(|id| StreamId::of::<A>(*id).ok()) {
        Some(stream) => begin(stream, &events.into_events()),
        None => panic!("`test` is not a `{}`; use `given_with_id`", A::Id::NAME),
    }
}

/// The ids to choose from if the test names none: a text, a number, a UUID.
const IDS: [&str; 3] = ["test", "1", "00000000-0000-0000-0000-000000000001"];

/// As [`given`], for an aggregate with this id.
///
/// # Panics
///
/// As [`given`], and if the id is invalid.
///
/// ```
/// # use es_core::{event, Aggregate, Context, Id, Init};
/// use es_core::testing::given_with_id;
///
/// #[derive(Id, Debug, PartialEq)]
/// pub struct AccountId(u64);
///
/// # #[event(version = 1)]
/// # pub struct Opened { pub owner: String }
/// # #[event(version = 1)]
/// # pub struct Closed { pub number: u64 }
/// #[derive(Aggregate)]
/// #[aggregate(init(Opened), events(Closed), id = AccountId)]
/// pub struct Account { number: u64 }
///
/// impl Init<Opened> for Account {
///     fn init(_: Opened, context: &Context) -> Self {
///         Account { number: context.id::<Self>().0 }
///     }
/// }
/// # impl es_core::Apply<Closed> for Account { fn apply(&mut self, _: Closed, _: &Context) {} }
///
/// given_with_id::<Account>(AccountId(7), Opened { owner: "Alice".into() })
///     .when(|account| Closed { number: account.number })
///     .then(Closed { number: 7 });
/// ```
#[track_caller]
pub fn given_with_id<A: Aggregate>(id: impl IdFor<A::Id>, events: impl FirstEvents<A::Event>) -> Given<A> {
    match StreamId::of::<A>(id) {
        Ok(stream) => begin(stream, &events.into_events()),
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn begin<A: Aggregate>(stream: StreamId, events: &[A::Event]) -> Given<A> {
    let (mut replay, events) = (Replay::new(stream), encode(events));
    match fold(&mut replay, &events) {
        Ok(()) => Given { replay, events },
        Err(error) => panic!("the given events do not form an aggregate: {}", ErrorChain::new(&error)),
    }
}

/// An aggregate after the given events.
#[derive(Debug)]
#[must_use = "nothing is checked before `.when(..).then(..)`"]
pub struct Given<A> {
    replay: Replay<A>,
    events: Vec<NewEvent>,
}

/// The result of a decision.
#[derive(Debug)]
#[must_use = "nothing is checked before `.then(..)`"]
pub struct Decided<A: Aggregate, R, E> {
    replay: Replay<A>,
    decided: Result<(Vec<A::Event>, R), E>,
}

impl<A: Aggregate> Given<A> {
    /// The rows of a read model that the given events are folded into.
    ///
    /// For the events of several aggregates, use [`rows`](fn@rows).
    ///
    /// # Panics
    ///
    /// If an event cannot be folded, or a row cannot be stored.
    #[track_caller]
    pub fn rows<P: Projection>(self) -> Rows<P> {
        let Self { replay, events } = self;
        let (mut sequence, mut position) = (Sequence::FIRST, Position::FIRST);
        project(events.iter().map(|event| {
            let stamp = Stamp::new(EventId::new(), sequence, position, Timestamp::now());
            (sequence, position) = (sequence.next(), position.next());
            event.as_stored(replay.stream(), stamp)
        }))
    }

    /// Calls a decision with the aggregate, as an [`update`](crate::Repository::update) does.
    ///
    /// # Panics
    ///
    /// If no events were given, or the last one ends the aggregate, because there is no aggregate
    /// then: see [`when_new`](Self::when_new). Also if a decided event can only begin an aggregate,
    /// because an `update` would refuse it.
    #[track_caller]
    pub fn when<F, D, Form, R, E>(mut self, decide: F) -> Decided<A, R, E>
    where
        F: OnLoadedOnce<A, D> + Decides<D, A::Event, Continues, Form, R, E>,
    {
        let Some(loaded) = self.replay.lend() else {
            panic!(
                "no {} exists to decide on{}; give the events that begin one, or use `when_new`",
                A::TYPE,
                self.because()
            );
        };
        let decided = F::result_of(decide(&loaded));
        self.replay.restore(loaded);
        Decided::new(self.replay, decided)
    }

    /// Calls a decision with the aggregate, or with `None` if it has not begun or has ended, as an
    /// [`upsert`](crate::Repository::upsert) does.
    ///
    /// # Panics
    ///
    /// If the decided events cannot be recorded, because an `upsert` would refuse them.
    #[track_caller]
    pub fn when_upsert<F, D, Form, R, E>(mut self, decide: F) -> Decided<A, R, E>
    where
        F: OnLoadedOrMissingOnce<A, D> + Decides<D, A::Event, Upserts, Form, R, E>,
    {
        let loaded = self.replay.lend();
        let decided = F::result_of(decide(loaded.as_ref()));
        if let Some(loaded) = loaded {
            self.replay.restore(loaded);
        }
        Decided::new(self.replay, decided)
    }

    /// Decides how an aggregate begins.
    ///
    /// # Panics
    ///
    /// If the aggregate cannot begin with these events, because a
    /// [`create`](crate::Repository::create) would refuse them.
    #[track_caller]
    pub fn when_new<F, D, Form, R, E>(self, decide: F) -> Decided<A, R, E>
    where
        F: FnOnce() -> D + Decides<D, A::Event, Begins, Form, R, E>,
    {
        Decided::new(self.replay, F::result_of(decide()))
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
            None => panic!("no {} exists{}", A::TYPE, self.because()),
        }
    }

    /// Asserts that the aggregate does not exist after the given events, because it has ended.
    ///
    /// # Panics
    ///
    /// If it exists.
    #[track_caller]
    pub fn then_absent(self) {
        assert_absent(&self.replay);
    }

    /// Why there is no aggregate.
    fn because(&self) -> &'static str {
        match self.replay.version() {
            Version::NONE => ", because no events were given",
            _ => ", because the given events end it",
        }
    }
}

impl<A: Aggregate, R, E> Decided<A, R, E> {
    #[track_caller]
    fn new(replay: Replay<A>, decided: DecisionResult<A::Event, R, E>) -> Self {
        let decided = match decided {
            Ok(decided) => Ok(decided),
            Err(UpdateError::Rejected(error)) => Err(error),
            Err(UpdateError::Store(error)) => panic!("the decision cannot be recorded: {}", ErrorChain::new(&error)),
            Err(other) => panic!("only a repository returns {:?}", other.map_rejection(drop)),
        };
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
    pub fn then_state(self, check: impl FnOnce(&A)) {
        match self.into_folded().state() {
            Some(state) => check(state),
            None => panic!("no {} exists after the given and the decided events", A::TYPE),
        }
    }

    /// Asserts that the aggregate does not exist after the decided events, because it has ended.
    ///
    /// # Panics
    ///
    /// If it exists, if the decision refused, or if the events cannot be folded.
    #[track_caller]
    pub fn then_absent(self) {
        assert_absent(&self.into_folded());
    }

    /// The aggregate after the decided events.
    #[track_caller]
    fn into_folded(mut self) -> Replay<A> {
        let decided = match self.decided {
            Ok((decided, _)) => encode(&decided),
            Err(error) => panic!("expected events, but the decision refused: {error:?}"),
        };
        match fold(&mut self.replay, &decided) {
            Ok(()) => self.replay,
            Err(error) => panic!("the decided events cannot be applied: {}", ErrorChain::new(&error)),
        }
    }
}

#[track_caller]
fn assert_absent<A: Aggregate>(replay: &Replay<A>) {
    assert!(replay.state().is_none(), "expected no {}, but it exists", A::TYPE);
}

#[track_caller]
fn encode<E: EventSet>(events: &[E]) -> Vec<NewEvent> {
    let encode = |event: &E| NewEvent::encode_with(event, Metadata::new(), WriteCheck::Always);
    let encoded = events.iter().map(encode).collect::<Result<_, _>>();
    encoded.unwrap_or_else(|error: StoreError| panic!("{}", ErrorChain::new(&error)))
}

fn fold<A: Aggregate>(replay: &mut Replay<A>, events: &[NewEvent]) -> Result<(), StoreError> {
    for event in events {
        replay.push_new(event, EventId::new(), Timestamp::now())?;
    }
    match replay.state() {
        Some(state) if A::SNAPSHOT_POLICY != SnapshotPolicy::Never => write_state(state).map(drop),
        _ => Ok(()),
    }
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
    context_with_id("test")
}

/// As [`context`], for an aggregate with this id: a typed id or a text.
///
/// # Panics
///
/// If the id is invalid.
#[track_caller]
pub fn context_with_id(id: impl IdFor<AggregateId>) -> Context {
    match id.to_stored() {
        Ok(id) => Context::new(EventId::new(), id, Sequence::FIRST, Timestamp::now(), Metadata::new()),
        Err(error) => panic!("{error}"),
    }
}
