//! What is parked and skipped in a read model in memory.

use std::collections::BTreeMap;

use crate::store::{DeadLetter, LetterChanges, PartitionLetters, SkippedEvent};
use crate::{AggregateId, Position};

/// The letters of one partition.
#[derive(Debug, Clone, Default)]
pub(super) struct Letters {
    parked: BTreeMap<(Position, AggregateId), DeadLetter>,
    skipped: BTreeMap<(Position, AggregateId), SkippedEvent>,
}

impl Letters {
    pub(super) fn change(&mut self, changes: LetterChanges) {
        let LetterChanges { removed, parked, skipped } = changes;
        for (key, position) in removed {
            self.parked.remove(&(position, key));
        }
        self.parked.extend(parked.into_iter().map(|letter| ((letter.position, letter.key.clone()), letter)));
        self.skipped.extend(skipped.into_iter().map(|event| ((event.position, event.key.clone()), event)));
    }

    /// Deletes what is parked.
    pub(super) fn reset(&mut self) {
        self.parked.clear();
    }

    /// The number of letters that are parked.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.parked.len()).unwrap_or(u64::MAX)
    }

    /// The first position that is parked, of each of these keys.
    pub(super) fn parked(&self, keys: &[AggregateId]) -> Vec<(AggregateId, Position)> {
        let first = |key: &AggregateId| self.parked.keys().find(|(_, parked)| parked == key);
        keys.iter().filter_map(|key| first(key).map(|(position, key)| (key.clone(), *position))).collect()
    }

    pub(super) fn listed(&self, fence: u64) -> PartitionLetters {
        let (parked, skipped) = (self.parked.values().cloned().collect(), self.skipped.values().cloned().collect());
        PartitionLetters { fence, parked, skipped }
    }
}
