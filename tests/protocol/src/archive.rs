//! The archive run: it copies events, confirms the copies, and deletes the events.

use crate::config::Bug;
use crate::database::{Position, Slot};
use crate::model::{Protocol, State};

/// The archive run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Archive {
    /// The frontier that the run has completed, or 0.
    pub limit: Position,
    /// The position that is copied and not deleted yet, or 0.
    pub copied: Position,
}

/// A step of the archive run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveStep {
    /// Records the frontier, and a counter that is not below it.
    Complete,
    Copy(Position),
    Delete,
}

impl Protocol {
    pub fn archive_steps(&self, state: &State, steps: &mut Vec<ArchiveStep>) {
        let Archive { limit, copied } = state.archive;
        let majority = &state.set.majority;
        if copied != 0 {
            if !majority.archived(copied).is_open() {
                steps.push(ArchiveStep::Delete);
            }
        } else if state.left.moves > 0 {
            let above = self.config.has(Bug::ArchiveAboveFrontier);
            if majority.decided() > limit && !above {
                steps.push(ArchiveStep::Complete);
            }
            if above || (limit > 0 && majority.frontier >= limit && majority.counter.next >= limit) {
                let limit = if above { self.config.positions } else { limit };
                // The newest event stays, because writers read it to raise what they know.
                let movable = (1..majority.newest()).filter(|position| {
                    *position <= limit
                        && majority.live(*position).event().is_some()
                        && majority.archived(*position).is_open()
                });
                steps.extend(movable.map(ArchiveStep::Copy));
            }
        }
    }

    pub fn archive_step(state: &mut State, step: ArchiveStep) {
        match step {
            ArchiveStep::Complete => {
                let limit = state.set.majority.decided();
                state.write(|database| {
                    database.frontier = database.frontier.max(limit);
                    database.counter.next = database.counter.next.max(limit);
                });
                state.archive.limit = limit;
            }
            ArchiveStep::Copy(position) => {
                state.left.moves -= 1;
                state.write(|database| *database.archived_mut(position) = database.live(position));
                state.archive.copied = position;
            }
            ArchiveStep::Delete => {
                let copied = state.archive.copied;
                state.write(|database| *database.live_mut(copied) = Slot::OPEN);
                state.archive.copied = 0;
            }
        }
    }
}
