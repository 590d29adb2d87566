//! A reader that follows all events.

use crate::config::Bug;
use crate::database::{Database, Position, Slot};
use crate::model::{Protocol, State};

/// The memory of a follower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Reader {
    /// The position up to which the follower was given everything.
    pub passed: Position,
    /// The positions of the events that it was given, one bit each.
    pub given: u16,
    /// An open position that the reader wants to skip after the grace.
    pub open: Position,
    /// The frontier of the page that is to be read, or 0.
    pub page: Position,
}

/// A step of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReaderStep {
    /// Reads the stored frontier and the positions above it in one snapshot.
    Read,
    /// Reads the positions above those that it has passed, with a stored frontier from before.
    ReadOldFrontier,
    /// The grace has elapsed.
    Skip,
    RecordFrontier,
    /// Reads only the stored frontier.
    ReadFrontier,
    /// Reads the events up to that frontier on the node that may be behind.
    ReadPage,
}

impl Reader {
    fn give(&mut self, database: &Database, up_to: Position) {
        for position in self.passed + 1..=up_to {
            if database.slot(position).event().is_some() {
                self.given |= 1 << position;
            }
        }
        self.passed = self.passed.max(up_to);
    }

    /// Whether the follower was given what the database has, up to where it is.
    pub fn is_right(self, database: &Database) -> bool {
        (1..=self.passed).all(|position| {
            let slot = database.slot(position);
            !slot.is_open() && slot.event().is_some() == (self.given & 1 << position != 0)
        })
    }
}

impl Protocol {
    fn read(&self, reader: Reader, database: &Database, with_frontier: bool) -> Reader {
        let mut after = reader;
        let newest = database.newest();
        let frontier = if with_frontier { database.frontier } else { 0 };
        let is_open = |position: &Position| *position > frontier && database.live(*position).is_open();
        let open = (reader.passed + 1..=newest).find(is_open);
        let up_to = match open {
            Some(open) if !self.config.has(Bug::FrontierIgnored) => open - 1,
            _ => newest,
        };
        after.give(database, up_to);
        if self.config.readers_may_write {
            after.open = open.unwrap_or(0);
            if self.config.has(Bug::SkipAhead) {
                after.open = (reader.passed + 1..=newest).rev().find(is_open).unwrap_or(0);
            }
        }
        after
    }

    /// Whether the reader follows on the node that is behind.
    pub fn is_behind(&self, reader: usize) -> bool {
        self.config.lagging && reader == 0
    }

    pub fn reader_steps(&self, state: &State, index: usize, steps: &mut Vec<ReaderStep>) {
        let reader = state.readers[index];
        if self.is_behind(index) {
            let has_frontier = state.set.lagging.frontier >= reader.page;
            if reader.page == 0 {
                if state.set.majority.frontier > reader.passed {
                    steps.push(ReaderStep::ReadFrontier);
                }
            } else if has_frontier || self.config.has(Bug::PageOutsideSession) {
                steps.push(ReaderStep::ReadPage);
            }
            return;
        }
        let read = self.read(reader, &state.set.majority, true);
        if read != reader {
            steps.push(ReaderStep::Read);
        }
        let old = self.read(reader, &state.set.majority, false);
        if old != read && old != reader {
            steps.push(ReaderStep::ReadOldFrontier);
        }
        if reader.open != 0 && !state.is_held(reader.open) {
            steps.push(ReaderStep::Skip);
        }
        if state.set.now().frontier < reader.passed {
            steps.push(ReaderStep::RecordFrontier);
        }
    }

    pub fn reader_step(&self, state: &mut State, index: usize, step: ReaderStep) {
        let mut reader = state.readers[index];
        match step {
            ReaderStep::Read => reader = self.read(reader, &state.set.majority, true),
            ReaderStep::ReadOldFrontier => reader = self.read(reader, &state.set.majority, false),
            ReaderStep::Skip => {
                let unchecked = self.config.has(Bug::SkipUnchecked);
                let open = reader.open;
                state.write(|database| {
                    if unchecked && database.live(open).is_open() {
                        *database.live_mut(open) = Slot::SKIP;
                    } else {
                        database.skip(open);
                    }
                });
                reader.open = 0;
            }
            ReaderStep::RecordFrontier => {
                state.write(|database| database.frontier = database.frontier.max(reader.passed));
            }
            ReaderStep::ReadFrontier => reader.page = state.set.majority.frontier,
            ReaderStep::ReadPage => {
                reader.give(&state.set.lagging, reader.page);
                reader.page = 0;
            }
        }
        state.readers[index] = reader;
        if !self.config.lagging && self.config.readers == 2 {
            state.readers.sort_unstable();
        }
    }
}
