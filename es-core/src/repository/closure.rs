//! The closures that decide.
//!
//! The bounds on the closure of an action are traits of this crate with their own messages, so
//! that the compiler reports a mistake in a decision once, at the closure.

use super::{Decision, DecisionResult, Loaded};
use crate::repository::IntoEvents;
use crate::store::{EventInfo, EventSet};

/// A closure that returns the [`Decision`] `D`, with the answer `R` and the refusal `E`.
/// Implemented for every such closure.
///
/// `R` and `E` are parameters and not associated types, because the compiler would report a
/// projection in the signature of a function too.
pub trait Decides<D, Set: EventSet, When, Form, R, E> {
    /// The result of the decision.
    ///
    /// # Errors
    ///
    /// As [`Decision::into_result`].
    fn result_of(decision: D) -> DecisionResult<Set, R, E>;

    /// Whether the events of the decision may include an event of this description.
    fn may_return(event: &EventInfo) -> bool;
}

impl<F, D, Set, When, Form, R, E> Decides<D, Set, When, Form, R, E> for F
where
    Set: EventSet,
    D: Decision<Set, When, Form, Answer = R, Error = E>,
{
    fn result_of(decision: D) -> DecisionResult<Set, R, E> {
        decision.into_result()
    }

    fn may_return(event: &EventInfo) -> bool {
        D::Events::may_hold(event)
    }
}

macro_rules! closures {
    ($($(#[doc = $doc:literal])+ $name:ident: $call:ident($($argument:ty)?), $label:literal, $example:literal;)+) => {$(
        $(#[doc = $doc])+
        #[diagnostic::on_unimplemented(
            message = "`{Self}` is not a decision",
            label = $label,
            note = $example
        )]
        pub trait $name<A, D>: $call($($argument)?) -> D {}

        #[diagnostic::do_not_recommend]
        impl<A, D, F: $call($($argument)?) -> D> $name<A, D> for F {}
    )+};
}

closures! {
    /// A closure that decides on an aggregate that has begun, and that may be called again after a
    /// conflict.
    OnLoaded: FnMut(&Loaded<A>),
        "not a closure that takes `&Loaded<{A}>`",
        "a decision is a closure that takes the loaded aggregate and returns events, such as `|loaded| Paid {{ .. }}`";
    /// A closure that decides on an aggregate that may have begun or not, and that may be called
    /// again after a conflict.
    OnLoadedOrMissing: FnMut(Option<&Loaded<A>>),
        "not a closure that takes `Option<&Loaded<{A}>>`",
        "this decision is a closure that takes the loaded aggregate, or `None`, and returns events, such as `|loaded| Paid {{ .. }}`";
    /// A closure that decides once on an aggregate that has begun, in a test.
    OnLoadedOnce: FnOnce(&Loaded<A>),
        "not a closure that takes `&Loaded<{A}>`",
        "a decision is a closure that takes the loaded aggregate and returns events, such as `|loaded| Paid {{ .. }}`";
    /// A closure that decides once on an aggregate that may have begun or not, in a test.
    OnLoadedOrMissingOnce: FnOnce(Option<&Loaded<A>>),
        "not a closure that takes `Option<&Loaded<{A}>>`",
        "this decision is a closure that takes the loaded aggregate, or `None`, and returns events, such as `|loaded| Paid {{ .. }}`";
}
