//! The aggregate of the runs: it folds the marks of all appends, so that its state shows every
//! missing event.

use es_core::{Aggregate, Apply, Context, event};
use serde::{Deserialize, Serialize};

use crate::history::Mark;

/// An event of an append.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Noted {
    /// The append.
    pub(super) mark: Mark,
    /// The index of the event in the append.
    pub(super) index: u32,
}

/// The folded events.
#[derive(Aggregate, Debug, Clone, PartialEq, Default)]
#[aggregate(events(Noted), snapshot(every = 100))]
pub(super) struct Tally {
    pub(super) events: u64,
    pub(super) folded: Folded,
}

/// A sum that depends on the order.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Folded(i64);

impl Apply<Noted> for Tally {
    fn apply(&mut self, event: Noted, _context: &Context) {
        self.events += 1;
        let Mark { process, writer, number } = event.mark;
        for part in [process, writer, number, event.index] {
            self.folded.0 = self.folded.0.wrapping_mul(31).wrapping_add(i64::from(part));
        }
    }
}

/// The events of an append.
pub(super) fn noted(mark: Mark, events: u32) -> Vec<Noted> {
    (0..events).map(|index| Noted { mark, index }).collect()
}
