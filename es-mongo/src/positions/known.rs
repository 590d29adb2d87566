//! The highest position that a store has seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use es_core::Position;

/// The highest position that this store has seen in any way: in an answer to an append, in a load,
/// a query or a feed, or in an expected version.
///
/// An append that begins later gets a higher position, also if the counter is behind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known(Arc<AtomicU64>);

impl Known {
    /// A position was seen.
    pub(crate) fn raise(&self, position: impl Into<Option<Position>>) {
        let position = position.into().map_or(0, Position::get);
        self.0.fetch_max(position, Ordering::AcqRel);
    }

    /// The position, or 0 if none was seen.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_that_was_seen_is_never_forgotten() {
        let known = Known::default();
        let clone = known.clone();
        known.raise(Position::try_from(7_u64).unwrap());
        clone.raise(Position::FIRST);
        assert_eq!((known.get(), clone.get()), (7, 7));
    }
}
