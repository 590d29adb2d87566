//! The head of a stream: its newest event.

use crate::store::{Stamp, StoredEvent};
use crate::{Position, RecordedEvent, Sequence, Version};

/// The newest event of a stream: the version of the aggregate, and the position of the event.
///
/// It is also what an append [expects](crate::store::ExpectedVersion::observed). Within a stream
/// positions grow, so a store gives the events after a head a higher position than its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Head {
    newest: Option<(Sequence, Position)>,
}

impl Head {
    /// The head of a stream without events.
    pub const NONE: Self = Self { newest: None };

    /// The head of a stream whose newest event has this sequence and this position.
    pub const fn new(sequence: Sequence, position: Position) -> Self {
        Self { newest: Some((sequence, position)) }
    }

    /// The version of the aggregate.
    pub fn version(self) -> Version {
        self.newest.map_or(Version::NONE, |(sequence, _)| sequence.into())
    }

    /// The position of the newest event, if there is one.
    pub fn position(self) -> Option<Position> {
        self.newest.map(|(_, position)| position)
    }
}

impl From<&StoredEvent<'_>> for Head {
    fn from(event: &StoredEvent<'_>) -> Self {
        Self::new(event.sequence, event.position)
    }
}

impl<T> From<&RecordedEvent<T>> for Head {
    fn from(event: &RecordedEvent<T>) -> Self {
        Self::new(event.sequence, event.position)
    }
}

impl From<&Stamp> for Head {
    fn from(stamp: &Stamp) -> Self {
        Self::new(stamp.sequence, stamp.position)
    }
}
