//! The positions of the events of a batch.

use es_core::Position;

use crate::append::prepared::Placed;
use crate::append::request::Request;

/// The highest stored position: none yet, or this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Newest(pub(super) Option<Position>);

impl Newest {
    pub(super) fn next(self) -> Position {
        self.0.map_or(Position::FIRST, Position::next)
    }

    pub(super) fn plus(self, events: usize) -> Self {
        (0..events).fold(self, |newest, _| Self(Some(newest.next())))
    }
}

/// How the position of the next event is determined.
#[derive(Debug, Clone, Copy)]
pub(super) enum Numbering {
    /// It is the position after the newest one in the store.
    After(Newest),
    /// It is the event's sequence.
    BySequence,
}

impl Numbering {
    pub(super) fn first(self, request: &Request) -> Position {
        match self {
            Self::After(newest) => newest.next(),
            Self::BySequence => request.first_sequence().into(),
        }
    }

    /// The numbering after this many further events.
    pub(super) fn plus(self, events: usize) -> Self {
        match self {
            Self::After(newest) => Self::After(newest.plus(events)),
            Self::BySequence => Self::BySequence,
        }
    }

    /// The newest position of the store, if there is one.
    pub(super) fn newest(self) -> Option<Newest> {
        match self {
            Self::After(newest) => Some(newest),
            Self::BySequence => None,
        }
    }
}

/// The documents of a batch with their positions.
pub(super) fn assign_positions(batch: &[Request], mut numbering: Numbering) -> Vec<Placed> {
    let mut placed = Vec::with_capacity(batch.iter().map(Request::events).sum());
    for request in batch {
        placed.extend(Placed::all(&request.prepared, numbering.first(request)));
        numbering = numbering.plus(request.events());
    }
    placed
}
