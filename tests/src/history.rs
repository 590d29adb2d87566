//! The history of a run: what was asked, answered and seen, and when, checked against what is stored.

mod answers;
mod order;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use es_core::{Appended, Committed, Receipt, StoreError, UpdateError};
use serde::{Deserialize, Serialize};

/// Tells one append from all others. Every event of it carries the mark; an append that is sent again has the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    /// The process that asked.
    pub process: u32,
    /// The writer in it.
    pub writer: u32,
    /// Counts the appends of the writer.
    pub number: u32,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.process, self.writer, self.number)
    }
}

/// A moment in nanoseconds of a clock that all processes of a run share and that never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment(pub u64);

/// Where the first event of an append is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its sequence.
    pub sequence: u64,
    /// Its position.
    pub position: u64,
}

impl Place {
    /// Where a receipt says that the first event is.
    pub fn of(receipt: &Receipt) -> Self {
        let first = &receipt.stamps[0];
        Self { sequence: first.sequence.get(), position: first.position.get() }
    }
}

/// What one append was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Recorded now.
    Acknowledged(Place),
    /// Recorded by an earlier try under the same key.
    Already(Place),
    /// Somebody else was faster: nothing was written.
    Conflict,
    /// Refused for another reason: nothing was written.
    Refused,
    /// Nobody knows.
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

    /// Where it says that the events are.
    pub fn place(self) -> Option<Place> {
        match self {
            Self::Acknowledged(place) | Self::Already(place) => Some(place),
            _ => None,
        }
    }
}

/// One try of an append.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The append.
    pub mark: Mark,
    /// The id of the aggregate.
    pub stream: String,
    /// How many events it has.
    pub events: u32,
    /// When it was asked.
    pub asked: Moment,
    /// When it was answered.
    pub answered: Moment,
    /// What was answered.
    pub answer: Answer,
}

/// One event that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The append that recorded it.
    pub mark: Mark,
    /// Which event of the append it is, from 0.
    pub index: u32,
    /// The id of the aggregate.
    pub stream: String,
    /// Its place in the stream.
    pub sequence: u64,
    /// Its place in the store.
    pub position: u64,
}

/// What the store said afterwards about an append whose outcome was unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The append.
    pub mark: Mark,
    /// Where it is, or `None` where it was not recorded.
    pub found: Option<Place>,
}

/// One event that a reader has seen while it followed the positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The position.
    pub position: u64,
    /// The append that recorded it.
    pub mark: Mark,
    /// Which event of the append it is.
    pub index: u32,
}

/// Everything that is known of a run.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The tries of all writers.
    pub asked: Vec<Asked>,
    /// What became of those whose outcome was unknown.
    pub resolved: Vec<Resolved>,
    /// What each reader has seen, in the order in which it did.
    pub followed: BTreeMap<String, Vec<Seen>>,
    /// What is stored in the end.
    pub stored: Vec<Stored>,
}

/// A rule of the store that a history breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// Acknowledged, and not stored.
    Lost(Mark),
    /// Every try was refused, and it is stored all the same.
    RefusedButStored(Mark),
    /// An event is stored more than once.
    Duplicated(Mark),
    /// More than one try was acknowledged as recorded now.
    AcknowledgedTwice(Mark),
    /// Stored in another place than was answered.
    Misplaced(Mark),
    /// Answered as recorded before, and no other try can have recorded it.
    NotAlready(Mark),
    /// Stored, and never asked for.
    NeverAsked(Mark),
    /// Of several events not all are stored, or not one after the other.
    Torn(Mark),
    /// The store said afterwards that it was recorded, or not, and that is not so.
    WronglyResolved(Mark),
    /// An outcome is unknown, and the store was not asked afterwards.
    NotResolved(Mark),
    /// The sequences of a stream have a hole or a repetition.
    Sequences(String),
    /// The positions of the store have a hole or a repetition after this one.
    Positions(u64),
    /// In a stream, a later event has a lower position.
    OutOfOrder(String),
    /// Asked after another one was acknowledged, and recorded before it.
    AgainstTime(Mark),
    /// A reader that follows positions has not seen the event after this position, or not in its turn.
    Missed(String, u64),
    /// A reader has seen another event at this position than the one that is stored.
    SawOther(String, u64),
}

/// What a broken rule means to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// Something is gone.
    Lost,
    /// Something is there twice.
    Duplicated,
    /// Something is in another place than it may be.
    OutOfOrder,
    /// A reader missed something.
    Missed,
    /// An answer was not true.
    Untrue,
}

impl Broken {
    /// What it means to a user.
    pub fn harm(&self) -> Harm {
        match self {
            Self::Lost(_) | Self::Torn(_) => Harm::Lost,
            Self::Duplicated(_) | Self::AcknowledgedTwice(_) => Harm::Duplicated,
            Self::Sequences(_) | Self::Positions(_) | Self::OutOfOrder(_) | Self::AgainstTime(_) => Harm::OutOfOrder,
            Self::Missed(..) | Self::SawOther(..) => Harm::Missed,
            Self::RefusedButStored(_)
            | Self::Misplaced(_)
            | Self::NotAlready(_)
            | Self::NeverAsked(_)
            | Self::WronglyResolved(_)
            | Self::NotResolved(_) => Harm::Untrue,
        }
    }
}

/// Every rule that the history breaks, in order.
pub fn check(history: &History) -> BTreeSet<Broken> {
    let mut broken = BTreeSet::new();
    answers::check(history, &mut broken);
    order::check(history, &mut broken);
    broken
}
