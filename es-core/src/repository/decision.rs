//! The return value of a decision: events, a refusal, an answer for the caller.

use std::convert::Infallible;

use super::error::UpdateError;
use super::steps::{StepEvents, Steps};
use crate::Aggregate;
use crate::repository::{FirstEvents, IntoEvents, NextEvents};
use crate::store::{EventInfo, EventSet};

/// An answer for the caller in addition to the events of a decision.
/// [`Committed::answer`](crate::Committed::answer) returns it.
///
/// ```
/// # use es_core::{event, Aggregate, Answer, Apply, Context, Repository, memory::MemoryStore};
/// # #[event(version = 1)]
/// # pub struct Withdrawn { pub cents: i64 }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(Withdrawn))]
/// # pub struct Account { cents: i64 }
/// # impl Apply<Withdrawn> for Account {
/// #     fn apply(&mut self, event: Withdrawn, _: &Context) { self.cents -= event.cents; }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let accounts = Repository::<Account>::new(&MemoryStore::new());
/// # accounts.create("alice", Withdrawn { cents: 0 }).await?;
/// let withdrawn = accounts
///     .update("alice", |account| Answer(account.cents - 5, Withdrawn { cents: 5 }))
///     .await?;
/// assert_eq!(withdrawn.answer, Some(-5));
/// # Ok(())
/// # }
/// ```
///
/// A plain tuple of two values is two events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<R, D>(pub R, pub D);

/// What a decision may return: events or [`Steps`], an [`Answer`] with either, or a `Result` of any
/// of these.
///
/// Implemented for all of these. `When` is [`Continues`], [`Begins`] or [`Upserts`]: it determines
/// which events the decision may return. The compiler infers `Form`, which identifies one of the
/// forms.
#[diagnostic::on_unimplemented(
    message = "a decision on an aggregate with the events `{Set}` cannot return `{Self}`",
    label = "this decision cannot return `{Self}`",
    note = "a decision returns an event that the aggregate lists in `events(..)`, an `Option`, `Vec`, array or tuple of such events, an `Answer(answer, events)`, or a `Result` of one of these",
    note = "an event that only `init(..)` lists can only begin the aggregate: pass it to `create`, or return it in `upsert` or `when_new`",
    note = "a decision is not `async`: await before it, and record with `.expecting(version)`"
)]
pub trait Decision<Set: EventSet, When, Form> {
    /// The events.
    type Events: IntoEvents<Set>;
    /// The answer for the caller, `()` if there is none.
    type Answer: Send;
    /// The refusal of the decision, [`Infallible`] if it never refuses.
    type Error;

    /// The events and the answer, or the refusal.
    ///
    /// # Errors
    ///
    /// [`UpdateError::Rejected`] with the refusal, and [`UpdateError::Store`] if a step of
    /// [`Steps`] cannot be recorded.
    fn into_result(self) -> DecisionResult<Set, Self::Answer, Self::Error>;
}

/// The events and the answer of a decision, or why there are none.
pub type DecisionResult<Set, R, E> = Result<(Vec<Set>, R), UpdateError<E>>;

/// A [`Decision`] on an aggregate that has begun: it returns [`NextEvents`].
#[derive(Debug)]
pub struct Continues;

/// A [`Decision`] that begins an aggregate: it returns [`FirstEvents`].
#[derive(Debug)]
pub struct Begins;

/// A [`Decision`] on an aggregate that may have begun or not: it returns any [`IntoEvents`].
#[derive(Debug)]
pub struct Upserts;

/// The events that a decision may return at this time.
pub trait Permits<Set, D> {}

impl<Set, D: NextEvents<Set>> Permits<Set, D> for Continues {}
impl<Set, D: FirstEvents<Set>> Permits<Set, D> for Begins {}
impl<Set, D: IntoEvents<Set>> Permits<Set, D> for Upserts {}

/// The forms of a [`Decision`].
mod form {
    /// Events.
    #[derive(Debug)]
    pub struct Events;
    /// Events and an answer.
    #[derive(Debug)]
    pub struct Answered;
    /// Steps.
    #[derive(Debug)]
    pub struct Steps;
    /// Steps and an answer.
    #[derive(Debug)]
    pub struct StepsAnswered;
    /// A `Result` of another form.
    #[derive(Debug)]
    pub struct Fallible<Form>(Form);
}

#[diagnostic::do_not_recommend]
impl<Set, When, D> Decision<Set, When, form::Events> for D
where
    Set: EventSet,
    When: Permits<Set, D>,
    D: IntoEvents<Set>,
{
    type Events = D;
    type Answer = ();
    type Error = Infallible;

    fn into_result(self) -> DecisionResult<Set, (), Infallible> {
        Ok((self.into_events(), ()))
    }
}

#[diagnostic::do_not_recommend]
impl<Set, When, R, D> Decision<Set, When, form::Answered> for Answer<R, D>
where
    Set: EventSet,
    When: Permits<Set, D>,
    R: Send,
    D: IntoEvents<Set>,
{
    type Events = D;
    type Answer = R;
    type Error = Infallible;

    fn into_result(self) -> DecisionResult<Set, R, Infallible> {
        Ok((self.1.into_events(), self.0))
    }
}

#[diagnostic::do_not_recommend]
impl<Set, When, D, E> Decision<Set, When, form::Fallible<form::Events>> for Result<D, E>
where
    Set: EventSet,
    When: Permits<Set, D>,
    D: IntoEvents<Set>,
{
    type Events = D;
    type Answer = ();
    type Error = E;

    fn into_result(self) -> DecisionResult<Set, (), E> {
        self.map(|events| (events.into_events(), ())).map_err(UpdateError::Rejected)
    }
}

#[diagnostic::do_not_recommend]
impl<Set, When, R, D, E> Decision<Set, When, form::Fallible<form::Answered>> for Result<Answer<R, D>, E>
where
    Set: EventSet,
    When: Permits<Set, D>,
    R: Send,
    D: IntoEvents<Set>,
{
    type Events = D;
    type Answer = R;
    type Error = E;

    fn into_result(self) -> DecisionResult<Set, R, E> {
        self.map(|Answer(answer, events)| (events.into_events(), answer)).map_err(UpdateError::Rejected)
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, When> Decision<A::Event, When, form::Steps> for Steps<A> {
    type Events = StepEvents<A>;
    type Answer = ();
    type Error = Infallible;

    fn into_result(self) -> DecisionResult<A::Event, (), Infallible> {
        Ok((self.into_events()?, ()))
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, When, R: Send> Decision<A::Event, When, form::StepsAnswered> for Answer<R, Steps<A>> {
    type Events = StepEvents<A>;
    type Answer = R;
    type Error = Infallible;

    fn into_result(self) -> DecisionResult<A::Event, R, Infallible> {
        Ok((self.1.into_events()?, self.0))
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, When, E> Decision<A::Event, When, form::Fallible<form::Steps>> for Result<Steps<A>, E> {
    type Events = StepEvents<A>;
    type Answer = ();
    type Error = E;

    fn into_result(self) -> DecisionResult<A::Event, (), E> {
        Ok((self.map_err(UpdateError::Rejected)?.into_events()?, ()))
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, When, R: Send, E> Decision<A::Event, When, form::Fallible<form::StepsAnswered>>
    for Result<Answer<R, Steps<A>>, E>
{
    type Events = StepEvents<A>;
    type Answer = R;
    type Error = E;

    fn into_result(self) -> DecisionResult<A::Event, R, E> {
        let Answer(answer, steps) = self.map_err(UpdateError::Rejected)?;
        Ok((steps.into_events()?, answer))
    }
}

/// Whether the events of a decision may include an event of this description, judged by their type.
pub(super) type MayHold = fn(&EventInfo) -> bool;
