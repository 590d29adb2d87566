//! Rows whose events are parked, because one of them could not be folded.

use std::collections::{HashMap, HashSet};

use super::batch::Written;
use crate::store::{DeadLetter, ParkReason, PartitionLetters};
use crate::{AggregateId, Position, Timestamp};

/// The largest number of events that are parked in a partition.
pub(super) const MOST_PARKED: usize = 1_000;

/// What happens to an event that cannot be folded into a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnError {
    /// The partition stops before it.
    #[default]
    Stop,
    /// The event is parked, and each later one that changes the same row. The row stays as it was
    /// before the event, and the other rows are folded on. See
    /// [`DeadLetters`](crate::dead_letters::DeadLetters).
    ///
    /// A partition stops nevertheless
    ///
    /// - before an event whose rows are unknown, because it cannot be read, or the code that names
    ///   its keys or lists what it changes panics,
    /// - before an event that would be the 1,001st that is parked, so that a program with a mistake
    ///   does not park everything.
    Park,
}

/// What is parked and skipped in a partition. It is valid as long as the lease.
#[derive(Debug)]
pub(super) struct Parked {
    on_error: OnError,
    /// The number of events that are parked.
    stored: usize,
    closed: HashSet<AggregateId>,
    skipped: HashSet<(AggregateId, Position)>,
    batch: OfBatch,
}

/// What is known about the batch in hand.
#[derive(Debug, Default)]
struct OfBatch {
    /// The keys for which an event fails, so each of their events is folded by itself.
    careful: HashSet<AggregateId>,
    /// The rows that the store has refused, with the event and the error.
    refused: HashMap<AggregateId, (Position, String)>,
    /// What the commit parks, if it succeeds.
    parking: Vec<AggregateId>,
}

/// What happens to an event and a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    Folded,
    /// The event is folded by itself, so that the row can be restored.
    FoldedCarefully,
    /// The event is left out.
    Skipped,
    Parked(ParkReason),
}

impl Parked {
    pub(super) fn new(on_error: OnError, stored: PartitionLetters) -> Self {
        let PartitionLetters { parked, skipped, .. } = stored;
        Self {
            on_error,
            stored: parked.len(),
            closed: parked.into_iter().map(|letter| letter.key).collect(),
            skipped: skipped.into_iter().map(|skipped| (skipped.key, skipped.position)).collect(),
            batch: OfBatch::default(),
        }
    }

    /// What happens to an event and a row, after those that the batch parks before it.
    pub(super) fn treatment(&self, key: &AggregateId, position: Position, before: &BatchLetters) -> Treatment {
        // Most partitions have neither, so nothing is copied or hashed for them.
        if !self.skipped.is_empty() && self.skipped.contains(&(key.clone(), position)) {
            return Treatment::Skipped;
        }
        if self.closed.contains(key) || before.closed.contains(key) {
            return Treatment::Parked(ParkReason::Behind);
        }
        match self.batch.refused.get(key) {
            Some((refused, error)) if *refused == position => Treatment::Parked(failed(error.clone())),
            _ if self.is_careful(key) => Treatment::FoldedCarefully,
            _ => Treatment::Folded,
        }
    }

    /// Whether a key is closed instead of the partition being stopped.
    pub(super) fn is_chosen(&self) -> bool {
        self.on_error == OnError::Park
    }

    /// From now on, the events of these keys are folded by themselves in this batch.
    pub(super) fn be_careful(&mut self, keys: HashSet<AggregateId>) {
        self.batch.careful.extend(keys);
    }

    /// Whether the events of a key are folded by themselves in this batch.
    pub(super) fn is_careful(&self, key: &AggregateId) -> bool {
        self.batch.careful.contains(key)
    }

    /// The store has refused the row after this event.
    pub(super) fn refuse(&mut self, key: AggregateId, position: Position, error: String) {
        self.batch.refused.insert(key, (position, error));
    }

    /// The event before which the batch has to end, because too many would be parked otherwise.
    pub(super) fn too_many(&self, written: &Written) -> Option<Position> {
        let more = MOST_PARKED.saturating_sub(self.stored);
        written.letters.get(more).map(|letter| letter.position)
    }

    /// The batch is about to be committed.
    pub(super) fn committing(&mut self, written: &Written) {
        self.batch.parking = written.letters.iter().map(|letter| letter.key.clone()).collect();
    }

    /// The batch is committed.
    pub(super) fn committed(&mut self) {
        let OfBatch { parking, .. } = std::mem::take(&mut self.batch);
        self.stored += parking.len();
        self.closed.extend(parking);
    }
}

/// What a batch parks.
#[derive(Debug, Default)]
pub(super) struct BatchLetters {
    letters: Vec<DeadLetter>,
    closed: HashSet<AggregateId>,
}

impl BatchLetters {
    pub(super) fn park(&mut self, key: AggregateId, position: Position, reason: ParkReason) {
        self.closed.insert(key.clone());
        self.letters.push(DeadLetter { key, position, reason, at: Timestamp::now() });
    }

    pub(super) fn into_letters(self) -> Vec<DeadLetter> {
        self.letters
    }
}

/// The reason of an event that is folded in vain for the first time.
pub(super) fn failed(error: String) -> ParkReason {
    ParkReason::Failed { error, attempts: 1 }
}
