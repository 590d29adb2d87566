//! The history of a run: requests, answers and reads with their times, checked against the stored
//! events.

mod answers;
mod cause;
mod order;
mod readers;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use es_core::store::{Appended, Receipt};
use es_core::{Committed, StoreError, UpdateError};
use serde::{Deserialize, Serialize};

pub use rows::{Model, Row, RowRead, entry, list_key, weight};

/// Identifies one append. Every event of it carries the mark. A repeated append has the same mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    /// The process of the append.
    pub process: u32,
    /// The writer in the process.
    pub writer: u32,
    /// Counts the appends of the writer.
    pub number: u32,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.process, self.writer, self.number)
    }
}

/// A time in nanoseconds, from a clock that all processes of a run share and that never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Nanos(pub u64);

/// The place of the first event of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its sequence.
    pub sequence: u64,
    /// Its position.
    pub position: u64,
}

impl Place {
    /// The place of the first event according to a receipt.
    pub fn of(receipt: &Receipt) -> Self {
        let first = &receipt.stamps[0];
        Self { sequence: first.sequence.get(), position: first.position.get() }
    }
}

/// The answer to an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Recorded now.
    Acknowledged(Place),
    /// Recorded by an earlier attempt with the same key.
    Already(Place),
    /// Another writer was faster; nothing was written.
    Conflict,
    /// Refused for a different reason; nothing was written.
    Refused,
    /// The outcome is unknown.
    Unknown,
}

impl Answer {
    /// The answer of a store.
    pub fn of_append(answer: &Result<Appended, StoreError>) -> Self {
        match answer {
            Ok(Appended::Now(receipt)) => Self::Acknowledged(Place::of(receipt)),
            Ok(Appended::Already(receipt)) => Self::Already(Place::of(receipt)),
            Err(error) => Self::of_error(error),
        }
    }

    /// The answer of a repository.
    pub fn of_update<E, D>(answer: &Result<Committed<E>, UpdateError<D>>) -> Self {
        match answer {
            Ok(committed) => {
                let first = &committed.events[0];
                let place = Place { sequence: first.sequence.get(), position: first.position.get() };
                match committed.outcome {
                    es_core::Outcome::AlreadyAppended => Self::Already(place),
                    _ => Self::Acknowledged(place),
                }
            }
            Err(UpdateError::Store(error)) => Self::of_error(error),
            Err(_) => Self::Refused,
        }
    }

    fn of_error(error: &StoreError) -> Self {
        match error {
            StoreError::OutcomeUnknown { .. } => Self::Unknown,
            StoreError::Conflict { .. } => Self::Conflict,
            _ => Self::Refused,
        }
    }

    /// The place of the events according to the answer.
    pub fn place(self) -> Option<Place> {
        match self {
            Self::Acknowledged(place) | Self::Already(place) => Some(place),
            _ => None,
        }
    }
}

/// One attempt of an append.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The append.
    pub mark: Mark,
    /// The id of the aggregate.
    pub stream: String,
    /// The number of its events.
    pub events: u32,
    /// When it was sent.
    pub asked: Nanos,
    /// When it was answered.
    pub answered: Nanos,
    /// The answer.
    pub answer: Answer,
}

/// One stored event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The append that recorded it.
    pub mark: Mark,
    /// The index of the event in the append, from 0.
    pub index: u32,
    /// The id of the aggregate.
    pub stream: String,
    /// Its place in the stream.
    pub sequence: u64,
    /// Its place in the store.
    pub position: u64,
}

/// The later answer of the store about an append whose outcome was unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The append.
    pub mark: Mark,
    /// The place of the append, or `None` if it was not recorded.
    pub found: Option<Place>,
}

/// One event that a reader has seen while it followed the positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The position.
    pub position: u64,
    /// The append that recorded it.
    pub mark: Mark,
    /// The index of the event in the append.
    pub index: u32,
    /// When the reader received it.
    pub given: Nanos,
}

/// A reader that follows the positions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reader {
    /// Its process, whose store it uses.
    pub process: u32,
    /// The events that it has seen, in that order.
    pub seen: Vec<Seen>,
}

/// An aggregate that a writer has loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The process of the writer.
    pub process: u32,
    /// The id of the aggregate.
    pub stream: String,
    /// The sequence of its newest event.
    pub sequence: u64,
    /// When it was loaded.
    pub at: Nanos,
}

/// Everything that is known about a run.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The attempts of all writers.
    pub asked: Vec<Asked>,
    /// The outcomes of the attempts whose outcome was unknown.
    pub resolved: Vec<Resolved>,
    /// The aggregates that writers have loaded.
    pub loaded: Vec<Loaded>,
    /// All readers that have followed the positions until the end.
    pub readers: BTreeMap<String, Reader>,
    /// The stored events at the end.
    pub stored: Vec<Stored>,
    /// The skipped positions at the end.
    pub skipped: Vec<u64>,
    /// The rows of both read models at the end, by their keys.
    pub rows: BTreeMap<(Model, String), Row>,
    /// The rows that readers have read during the run, those of each process in that order.
    pub row_reads: Vec<RowRead>,
    /// Whether no node was elected and no writer was killed. Only then is the order of positions
    /// the order of time for appends that have not seen each other.
    pub undisturbed: bool,
}

/// A rule of the store that a history violates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// Acknowledged, but not stored.
    Lost(Mark),
    /// Stored, although every attempt was refused.
    RefusedButStored(Mark),
    /// An event is stored more than once.
    Duplicated(Mark),
    /// More than one attempt was acknowledged as recorded now.
    AcknowledgedTwice(Mark),
    /// Stored at a different place than in the answer.
    Misplaced(Mark),
    /// Answered as recorded before, but no other attempt can have recorded it.
    NotAlready(Mark),
    /// Stored, but never requested.
    NeverAsked(Mark),
    /// Of several events, some are not stored, or they are not consecutive.
    Torn(Mark),
    /// The later answer of the store about the append was wrong.
    WronglyResolved(Mark),
    /// The outcome is unknown, and the store was not asked later.
    NotResolved(Mark),
    /// The sequences of a stream have a gap or a repetition.
    Sequences(String),
    /// Two events, or an event and a skip, have this position.
    GivenTwice(u64),
    /// This position has neither an event nor a skip, and a later one has.
    Open(u64),
    /// In a stream, a later event has a lower position.
    OutOfOrder(String),
    /// Sent after its process had seen a different event, but recorded before that event.
    AgainstCause(Mark),
    /// Sent after a different append was acknowledged, but recorded before it.
    AgainstTime(Mark),
    /// A reader that follows positions has not seen the event after this position.
    Missed(String, u64),
    /// A reader that had seen this position has received an event at or below it.
    WentBack(String, u64),
    /// A reader has ended without the event at this position, which its process has appended.
    Behind(String, u64),
    /// A reader has seen a different event at this position than the stored one.
    SawOther(String, u64),
    /// At the end, a row with this key is missing, although there are events for it.
    MissingRow(Model, String),
    /// At the end, there is a row with this key, although there is no event for it.
    ForeignRow(Model, String),
    /// At the end, the row with this key contains an event more than once, or too many events.
    CountedTwice(Model, String),
    /// At the end, the row with this key is not the fold of its events.
    WrongRow(Model, String),
    /// A reader of this process has read a row that is not the fold of the first of its events.
    NotTheFirstEvents(u32, Model, String),
    /// A reader of this process has read a row without an event up to the position that it asked for.
    ReadTooEarly(u32, Model, String, u64),
    /// A reader of this process has read an older row than before.
    RowWentBack(u32, Model, String),
}

/// The harm of a violation for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// Something is missing.
    Lost,
    /// Something is duplicated.
    Duplicated,
    /// Something is at a wrong place.
    OutOfOrder,
    /// A reader missed something, or received it in the wrong order.
    Missed,
    /// An answer was wrong.
    Untrue,
    /// A row of a read model is not the fold of its events.
    Misfolded,
}

impl Broken {
    /// The harm for a user.
    pub fn harm(&self) -> Harm {
        match self {
            Self::Lost(_) | Self::Torn(_) => Harm::Lost,
            Self::Duplicated(_) | Self::AcknowledgedTwice(_) => Harm::Duplicated,
            Self::Sequences(_)
            | Self::GivenTwice(_)
            | Self::Open(_)
            | Self::OutOfOrder(_)
            | Self::AgainstCause(_)
            | Self::AgainstTime(_) => Harm::OutOfOrder,
            Self::Missed(..) | Self::WentBack(..) | Self::Behind(..) | Self::SawOther(..) => Harm::Missed,
            Self::MissingRow(..)
            | Self::ForeignRow(..)
            | Self::CountedTwice(..)
            | Self::WrongRow(..)
            | Self::NotTheFirstEvents(..)
            | Self::ReadTooEarly(..)
            | Self::RowWentBack(..) => Harm::Misfolded,
            Self::RefusedButStored(_)
            | Self::Misplaced(_)
            | Self::NotAlready(_)
            | Self::NeverAsked(_)
            | Self::WronglyResolved(_)
            | Self::NotResolved(_) => Harm::Untrue,
        }
    }
}

/// Every rule that the history violates, in order.
pub fn check(history: &History) -> BTreeSet<Broken> {
    let mut broken = BTreeSet::new();
    answers::check(history, &mut broken);
    order::check(history, &mut broken);
    cause::check(history, &mut broken);
    readers::check(history, &mut broken);
    rows::check(history, &mut broken);
    broken
}
