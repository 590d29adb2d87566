//! The replica set: what the primary has, what a majority has, and what an election takes back.

use std::fmt;

use crate::config::Config;

/// A position. 0 is before the first one.
pub type Position = u8;

/// The highest number of positions in a run.
pub const MAX_POSITIONS: usize = 9;

/// An event at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The number of its append.
    pub append: u8,
    /// 0 or 1, its place in the append.
    pub part: u8,
    /// Its sequence in its stream.
    pub sequence: u8,
}

/// What a position holds, in one byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Slot(u8);

impl Slot {
    pub const OPEN: Self = Self(0);
    pub const SKIP: Self = Self(255);

    pub fn of(event: Event) -> Self {
        Self(1 + event.append * 16 + event.part * 8 + event.sequence)
    }

    pub fn is_open(self) -> bool {
        self == Self::OPEN
    }

    pub fn event(self) -> Option<Event> {
        (self != Self::OPEN && self != Self::SKIP).then(|| {
            let code = self.0 - 1;
            Event { append: code / 16, part: code / 8 % 2, sequence: code % 8 }
        })
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (*self, self.event()) {
            (Self::OPEN, _) => f.write_str("-"),
            (_, None) => f.write_str("skip"),
            (_, Some(Event { append, part, sequence })) => write!(f, "a{append}.{part}#{sequence}"),
        }
    }
}

/// The counter document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Counter {
    /// The highest position that was given out.
    pub next: Position,
    /// The id of the lone phase of a writer, or 0.
    pub alone: u8,
    /// Whether a different writer has asked since then.
    pub asked: bool,
}

/// The stored documents, at one time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Database {
    events: [Slot; MAX_POSITIONS],
    archive: [Slot; MAX_POSITIONS],
    pub counter: Counter,
    pub frontier: Position,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counter { next, alone, asked } = self.counter;
        write!(f, "events")?;
        (1..=self.newest()).try_for_each(|position| write!(f, " {:?}", self.live(position)))?;
        if self.archive_reaches(1) {
            write!(f, ", archive")?;
            (1..=self.newest()).try_for_each(|position| write!(f, " {:?}", self.archived(position)))?;
        }
        write!(f, ", next {next}, alone {alone}, asked {asked}, frontier {}", self.frontier)
    }
}

impl Database {
    /// What the collection of events has at the position.
    pub fn live(&self, position: Position) -> Slot {
        self.events[usize::from(position) - 1]
    }

    pub fn live_mut(&mut self, position: Position) -> &mut Slot {
        &mut self.events[usize::from(position) - 1]
    }

    /// What the archive has at the position.
    pub fn archived(&self, position: Position) -> Slot {
        self.archive[usize::from(position) - 1]
    }

    pub fn archived_mut(&mut self, position: Position) -> &mut Slot {
        &mut self.archive[usize::from(position) - 1]
    }

    /// Records a skip, unless the position is decided.
    pub fn skip(&mut self, position: Position) {
        if self.live(position).is_open() && !self.archive_reaches(position) {
            *self.live_mut(position) = Slot::SKIP;
        }
    }

    /// What the position holds, in either collection.
    pub fn slot(&self, position: Position) -> Slot {
        let live = self.live(position);
        if live.is_open() { self.archived(position) } else { live }
    }

    /// The newest position that is taken, or 0.
    pub fn newest(&self) -> Position {
        (1..=Self::last()).rev().find(|position| !self.slot(*position).is_open()).unwrap_or(0)
    }

    /// Whether the archive has an event at the position or above.
    pub fn archive_reaches(&self, position: Position) -> bool {
        (position..=Self::last()).any(|above| !self.archived(above).is_open())
    }

    /// The highest position up to which all are decided.
    pub fn decided(&self) -> Position {
        (1..=Self::last()).find(|position| self.slot(*position).is_open()).map_or(Self::last(), |open| open - 1)
    }

    /// The position of the first event of an append.
    pub fn find(&self, append: u8) -> Option<Position> {
        (1..=Self::last())
            .find(|position| self.slot(*position).event().is_some_and(|e| e.append == append && e.part == 0))
    }

    /// The newest event of a stream: its sequence and its position, or zeros.
    pub fn head(&self, config: &Config, stream: u8) -> (u8, Position) {
        (1..=Self::last())
            .filter_map(|position| {
                let event = self.slot(position).event()?;
                (config.append(event.append).stream == stream).then_some((event.sequence, position))
            })
            .max()
            .unwrap_or((0, 0))
    }

    fn last() -> Position {
        Position::try_from(MAX_POSITIONS).expect("a few positions")
    }
}

/// The databases of the replica set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ReplicaSet {
    /// What a majority has. It is never rolled back.
    pub majority: Database,
    /// The database after each write of the primary that a majority does not have yet.
    pub pending: Vec<Database>,
    /// The counter of a node that does not know yet that it is no longer the primary.
    pub deposed: Option<Counter>,
    /// The majority as a node that is behind knows it.
    pub lagging: Database,
}

/// If so many writes are pending, the next one waits for a majority of the first one.
const MAX_PENDING: usize = 3;

impl ReplicaSet {
    /// What the primary has.
    pub fn now(&self) -> &Database {
        self.pending.last().unwrap_or(&self.majority)
    }

    /// Writes on the primary. If no election follows, a write that a majority does not have is the
    /// same as a write that nobody has read yet, so it goes to the majority.
    pub fn write<T>(&mut self, election_follows: bool, change: impl FnOnce(&mut Database) -> T) -> T {
        let mut next = *self.now();
        let result = change(&mut next);
        if next != *self.now() {
            if election_follows {
                if self.pending.len() == MAX_PENDING {
                    self.majority = self.pending.remove(0);
                }
                self.pending.push(next);
            } else {
                self.majority = next;
            }
        }
        result
    }

    /// Copies the oldest pending write to a majority.
    pub fn commit(&mut self) {
        self.majority = self.pending.remove(0);
    }

    /// Elects a primary that has the first writes of the pending ones.
    pub fn elect(&mut self, keep: usize, election_follows: bool) {
        self.deposed = Some(self.now().counter);
        self.pending.truncate(keep);
        if !election_follows && let Some(last) = self.pending.pop() {
            self.majority = last;
            self.pending.clear();
        }
    }
}
