//! Counts: the version of an aggregate, the sequence of an event in its stream, its position in the
//! store.

mod into_version;
mod travel;

pub use into_version::IntoVersion;
pub use travel::InvalidCount;

/// The number of events that an aggregate has recorded: the sequence of the last event of its
/// stream, or 0 if it has none.
///
/// ```
/// use es_core::Version;
/// let version = Version::from(3);
/// assert_eq!(version.get(), 3);
/// assert!(version > Version::NONE);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(u64);

/// The place of an event in the stream of its aggregate, from 1 and without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(u64);

/// The place of an event among all events of the store, from 1.
///
/// Positions define one order, the same for everybody, that contains the order of each stream. A
/// writer that has seen an event through the store records its own at a higher position. Positions
/// may have gaps, and an event can become visible before an event with a lower position. Only a
/// [follower](crate::store::FeedStore::follow) waits for those: when it has returned an event, it
/// has returned every earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(u64);

/// The largest count that a store can hold: both BSON and SQL store signed 64-bit integers.
const MAX: u64 = i64::MAX as u64;

/// A sum of counts, limited to what a store can hold.
const fn add(count: u64, more: u64) -> u64 {
    let sum = count.saturating_add(more);
    if sum > MAX { MAX } else { sum }
}

impl Version {
    /// The version of an aggregate that has no event yet.
    pub const NONE: Self = Self(0);
    /// Larger than the version of any aggregate.
    pub const MAX: Self = Self(MAX);

    /// The count itself.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The sequence of the next event of the stream, at most the largest that a store can hold.
    #[must_use]
    pub const fn next(self) -> Sequence {
        Sequence(add(self.0, 1))
    }

    /// The version after `events` more events, at most [`MAX`](Self::MAX).
    #[must_use]
    pub const fn plus(self, events: u64) -> Self {
        Self(add(self.0, events))
    }
}

impl From<u32> for Version {
    fn from(count: u32) -> Self {
        Self(count.into())
    }
}

impl From<Sequence> for Version {
    fn from(sequence: Sequence) -> Self {
        Self(sequence.0)
    }
}

impl From<Sequence> for Position {
    /// The position of an event in a store that orders events only within aggregates.
    fn from(sequence: Sequence) -> Self {
        Self(sequence.0)
    }
}

macro_rules! counted_from_one {
    ($name:ident) => {
        impl $name {
            /// The first one.
            pub const FIRST: Self = Self(1);

            /// The count itself, at least 1.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The next one, at most the largest that a store can hold.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(add(self.0, 1))
            }

            /// The count as a signed integer, as stores hold it.
            #[allow(clippy::cast_possible_wrap, reason = "construction keeps the count at or below i64::MAX")]
            pub const fn as_i64(self) -> i64 {
                self.0 as i64
            }
        }
    };
}

counted_from_one!(Sequence);
counted_from_one!(Position);

impl Version {
    /// The count as a signed integer, as stores hold it.
    #[allow(clippy::cast_possible_wrap, reason = "construction keeps the count at or below i64::MAX")]
    pub const fn as_i64(self) -> i64 {
        self.0 as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_after_no_event_is_one() {
        assert_eq!(Version::NONE.next(), Sequence::FIRST);
        assert_eq!(Version::from(Sequence::FIRST).plus(2), 3);
    }
}
