//! The events that a projection lists of an aggregate.

use core::marker::PhantomData;

use super::{Aggregate, Event, EventInfo, EventSet, IntoEvents, Message, same_name};

/// An event of the set of an aggregate's events.
///
/// Everything that a projection requires of an event is in one trait, so that a type that is not
/// such an event causes one error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event of the aggregate, whose events are `{Set}`",
    label = "not an event of this aggregate",
    note = "name the newest version of an event that the aggregate lists; if it lists `{Self}` too, write `#[event(version = 1)]` on `{Self}`",
    note = "for all events of the aggregate, write the aggregate without parentheses, as in `events(Invoice)`"
)]
pub trait EventOf<Set>: Event + Send + IntoEvents<Set> {}

#[diagnostic::do_not_recommend]
impl<Set, E: Event + Send + IntoEvents<Set>> EventOf<Set> for E {}

/// The events of an aggregate, if a type is one.
///
/// The constant of the inherent impl takes precedence over that of [`NotAggregate`] if its bound
/// holds.
#[derive(Debug)]
pub struct AggregateProbe<T>(PhantomData<T>);

impl<T: Aggregate> AggregateProbe<T> {
    /// Its events.
    pub const EVENTS: &'static [EventInfo] = <T::Event as EventSet>::EVENTS;
}

/// The answer of [`AggregateProbe`] for every other type.
pub trait NotAggregate {
    /// It has no events.
    const EVENTS: &'static [EventInfo] = &[];
}

impl<T> NotAggregate for AggregateProbe<T> {}

/// Refuses a list of an aggregate's events that lacks one.
///
/// # Panics
///
/// If it lacks one. It runs in a `const`, so the panic is a compile error in the caller's code.
#[track_caller]
pub const fn assert_complete(events: &[EventInfo], listed: &[&str], aggregate: &str) {
    let mut at = 0;
    while at < events.len() {
        let mut other = 0;
        while other < listed.len() && !same_name(events[at].event_type, listed[other]) {
            other += 1;
        }
        if other == listed.len() {
            let name = events[at].event_type;
            let tail = "` is not listed; list it in `events(..)`, or write `..` after the others to leave it out";
            panic!("{}", Message::of(&["the event `", name, "` of `", aggregate, tail]).as_str());
        }
        at += 1;
    }
}
