//! The events of an aggregate whose lists could not be read.

use serde::{Serialize, Serializer};

use super::{DecodeError, Decoded, Event, EventInfo, EventSet, FirstEvents, IntoEvents, NextEvents, Payload};

/// The set of events of an aggregate whose mistake left its lists unread. Every event belongs to
/// it, so the calls that use the aggregate cause no further errors.
///
/// Only programs with a compile error name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {}

impl Serialize for Unread {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match *self {}
    }
}

impl EventSet for Unread {
    const EVENTS: &'static [EventInfo] = &[];

    fn info(&self) -> &'static EventInfo {
        match *self {}
    }

    fn decode<P: Payload>(_: &str, _: u32, _: &P) -> Result<Decoded<Self>, DecodeError> {
        Err(DecodeError::UnknownType)
    }
}

impl<E: Event> From<E> for Unread {
    fn from(_: E) -> Self {
        unreachable!("the program has a compile error")
    }
}

#[diagnostic::do_not_recommend]
impl<E: Event> IntoEvents<Unread> for E {
    fn push_into(self, _: &mut Vec<Unread>) {}
}

#[diagnostic::do_not_recommend]
impl<E: Event> FirstEvents<Unread> for E {}

#[diagnostic::do_not_recommend]
impl<E: Event> NextEvents<Unread> for E {}

impl IntoEvents<Self> for Unread {
    fn push_into(self, _: &mut Vec<Self>) {}
}

impl FirstEvents<Self> for Unread {}

impl NextEvents<Self> for Unread {}
