//! The positions of a batch.

use es_core::Position;

use crate::positions::counter::Solitude;

/// The positions that a batch may use, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) kind: Kind,
    /// The next position that is not used yet.
    pub(super) next: Position,
    /// The number of positions from there on.
    pub(super) left: u64,
    /// The last position that this writer uses before them. Those between may belong to others.
    pub(super) before: u64,
}

/// How the batch got its positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// From the counter. Each of them must hold an event or a skip in the end.
    Given,
    /// This writer is alone, and uses the positions after its last one.
    Alone,
    /// A different writer is alone, and these positions follow the newest one.
    Competing {
        /// The time during which the other writer is alone.
        with: Solitude,
        /// The highest position that the counter has given out.
        above: u64,
    },
}

impl Ticket {
    /// Uses the next positions.
    pub(super) fn take(&mut self, positions: u64) -> Position {
        let first = self.next;
        self.next = plus(first, positions);
        self.left = self.left.saturating_sub(positions);
        self.before = self.next.get() - 1;
        first
    }

    /// The last position.
    pub(super) fn last(&self) -> u64 {
        self.next.get() + self.left - 1
    }
}

/// The position after this many further ones.
pub(super) fn plus(position: Position, positions: u64) -> Position {
    // The counter leaves a reserve below the largest position.
    Position::try_from(position.get().saturating_add(positions)).unwrap_or(position)
}

/// This many positions from one on.
pub(super) fn positions(first: Position, positions: u64) -> impl Iterator<Item = Position> {
    let all = std::iter::successors(Some(first), |position| Some(position.next()));
    all.take(usize::try_from(positions).unwrap_or(usize::MAX))
}
