//! Events that are not folded into a row: parked until somebody decides, or skipped by somebody.

use crate::{AggregateId, Position, Timestamp};

/// An event that is parked: it is not folded into one row, and neither is any later one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The key of the row.
    pub key: AggregateId,
    /// The position of the event.
    pub position: Position,
    /// Why it is parked.
    pub reason: ParkReason,
    /// Since when, by the clock of the process that parked it.
    pub at: Timestamp,
}

/// Why an event is parked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParkReason {
    /// It could not be folded into the row.
    Failed {
        /// The error with its causes.
        error: String,
        /// How often it was folded in vain.
        attempts: u32,
    },
    /// An event before it is parked.
    Behind,
}

/// An event that is left out of a row forever, because somebody decided so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedEvent {
    /// The key of the row.
    pub key: AggregateId,
    /// The position of the event.
    pub position: Position,
    /// Why it could not be folded: the error with its causes.
    pub error: String,
    /// Who skipped it.
    pub who: String,
    /// Why they skipped it.
    pub why: String,
    /// When they did, by the clock of their process.
    pub at: Timestamp,
}

/// How a commit changes the letters of its partition. A letter is identified by its key and its
/// position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterChanges {
    /// Letters that are parked and are no longer. They are removed first.
    pub removed: Vec<(AggregateId, Position)>,
    /// Letters that are parked from then on.
    pub parked: Vec<DeadLetter>,
    /// Events that are skipped from then on.
    pub skipped: Vec<SkippedEvent>,
}

impl LetterChanges {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.parked.is_empty() && self.skipped.is_empty()
    }
}

/// The letters of a partition, as of one time. Both lists are in the order of positions, and of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionLetters {
    /// The fence of the partition.
    pub fence: u64,
    /// What is parked.
    pub parked: Vec<DeadLetter>,
    /// What is skipped.
    pub skipped: Vec<SkippedEvent>,
}
