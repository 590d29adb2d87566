//! The history of a run: what was asked and answered, checked against what is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use es_core::{Appended, StoreError};

/// What one append was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Recorded, with its place in the stream and in the store.
    Acknowledged {
        /// The sequence of its event.
        sequence: u64,
        /// The position of its event.
        position: u64,
    },
    /// Recorded by an earlier try under the same key.
    Already {
        /// The sequence of its event.
        sequence: u64,
    },
    /// Refused: nothing was written.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl Answer {
    /// The answer of a store to an append of one event.
    pub fn of(answer: &Result<Appended, StoreError>) -> Self {
        match answer {
            Ok(Appended::Now(receipt)) => Self::Acknowledged {
                sequence: receipt.stamps[0].sequence.get(),
                position: receipt.stamps[0].position.get(),
            },
            Ok(Appended::Already(receipt)) => Self::Already { sequence: receipt.stamps[0].sequence.get() },
            Err(StoreError::OutcomeUnknown { .. }) => Self::Unknown,
            Err(_) => Self::Refused,
        }
    }
}

/// One append of one event: a mark that no other append has, and the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Tells this append from all others; the event carries it.
    pub mark: String,
    /// The id of the aggregate.
    pub stream: String,
    /// What was answered.
    pub answer: Answer,
}

/// One event that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The mark of the append that recorded it.
    pub mark: String,
    /// The id of the aggregate.
    pub stream: String,
    /// Its place in the stream.
    pub sequence: u64,
    /// Its place in the store.
    pub position: u64,
}

/// A rule of the store that a history breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// Acknowledged, and not stored.
    Lost(String),
    /// Refused, and stored all the same.
    RefusedButStored(String),
    /// Stored more than once.
    Duplicated(String),
    /// Stored in another place than was acknowledged.
    Misplaced(String),
    /// Answered as recorded before, and not stored, or elsewhere.
    NotAlready(String),
    /// Stored, and never asked for.
    NeverAsked(String),
    /// The sequences of a stream have a hole or a repetition.
    Sequences(String),
    /// The positions of the store have a hole or a repetition after this one.
    Positions(u64),
    /// In a stream, a later event has a lower position.
    OutOfOrder(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Every rule that the history breaks, in order.
pub fn check(asked: &[Asked], stored: &[Stored]) -> BTreeSet<Broken> {
    let mut broken = BTreeSet::new();
    let mut by_mark: BTreeMap<&str, Vec<&Stored>> = BTreeMap::new();
    for event in stored {
        by_mark.entry(&event.mark).or_default().push(event);
    }
    check_answers(asked, &by_mark, &mut broken);
    let marks: BTreeSet<&str> = asked.iter().map(|asked| asked.mark.as_str()).collect();
    for (mark, events) in &by_mark {
        if events.len() > 1 {
            broken.insert(Broken::Duplicated((*mark).to_owned()));
        }
        if !marks.contains(mark) {
            broken.insert(Broken::NeverAsked((*mark).to_owned()));
        }
    }
    check_order(stored, &mut broken);
    broken
}

fn check_answers(asked: &[Asked], by_mark: &BTreeMap<&str, Vec<&Stored>>, broken: &mut BTreeSet<Broken>) {
    for Asked { mark, stream, answer } in asked {
        let stored = by_mark.get(mark.as_str()).and_then(|events| events.first());
        let rule = match (answer, stored) {
            (Answer::Acknowledged { .. }, None) => Broken::Lost,
            (Answer::Acknowledged { sequence, position }, Some(event))
                if (event.sequence, event.position) != (*sequence, *position) || event.stream != *stream =>
            {
                Broken::Misplaced
            }
            (Answer::Refused, Some(_)) => Broken::RefusedButStored,
            (Answer::Already { sequence }, stored) if stored.is_none_or(|event| event.sequence != *sequence) => {
                Broken::NotAlready
            }
            _ => continue,
        };
        broken.insert(rule(mark.clone()));
    }
}

fn check_order(stored: &[Stored], broken: &mut BTreeSet<Broken>) {
    let mut positions: Vec<u64> = stored.iter().map(|event| event.position).collect();
    positions.sort_unstable();
    for (position, expected) in positions.into_iter().zip(1..) {
        if position != expected {
            broken.insert(Broken::Positions(expected - 1));
            break;
        }
    }
    let mut streams: BTreeMap<&str, Vec<&Stored>> = BTreeMap::new();
    for event in stored {
        streams.entry(&event.stream).or_default().push(event);
    }
    for (stream, mut events) in streams {
        events.sort_by_key(|event| event.sequence);
        if events.iter().zip(1..).any(|(event, expected)| event.sequence != expected) {
            broken.insert(Broken::Sequences(stream.to_owned()));
        }
        if !events.is_sorted_by_key(|event| event.position) {
            broken.insert(Broken::OutOfOrder(stream.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(mark: &str, answer: Answer) -> Asked {
        Asked { mark: mark.into(), stream: "s".into(), answer }
    }

    fn stored(mark: &str, sequence: u64, position: u64) -> Stored {
        Stored { mark: mark.into(), stream: "s".into(), sequence, position }
    }

    fn acknowledged(place: u64) -> Answer {
        Answer::Acknowledged { sequence: place, position: place }
    }

    fn is(asked: &[Asked], stored: &[Stored], expected: &Broken) {
        let broken = check(asked, stored);
        assert!(broken.contains(expected), "{broken:?}");
    }

    #[test]
    fn a_sound_history_breaks_nothing() {
        let asked = [
            asked("a", acknowledged(1)),
            asked("b", Answer::Unknown),
            asked("c", Answer::Unknown),
            asked("d", Answer::Refused),
            asked("a", Answer::Already { sequence: 1 }),
        ];
        assert_eq!(check(&asked, &[stored("a", 1, 1), stored("b", 2, 2)]), BTreeSet::new());
    }

    #[test]
    fn an_acknowledged_append_that_is_missing_is_lost() {
        is(&[asked("a", acknowledged(1))], &[], &Broken::Lost("a".into()));
    }

    #[test]
    fn a_refused_append_that_is_stored_is_found() {
        is(&[asked("a", Answer::Refused)], &[stored("a", 1, 1)], &Broken::RefusedButStored("a".into()));
    }

    #[test]
    fn an_event_that_is_stored_twice_is_found() {
        is(&[asked("a", acknowledged(1))], &[stored("a", 1, 1), stored("a", 2, 2)], &Broken::Duplicated("a".into()));
    }

    #[test]
    fn an_event_elsewhere_than_acknowledged_is_found() {
        is(&[asked("a", acknowledged(2))], &[stored("a", 1, 1)], &Broken::Misplaced("a".into()));
    }

    #[test]
    fn an_already_that_is_not_true_is_found() {
        is(&[asked("a", Answer::Already { sequence: 1 })], &[], &Broken::NotAlready("a".into()));
    }

    #[test]
    fn an_event_that_nobody_asked_for_is_found() {
        is(&[], &[stored("a", 1, 1)], &Broken::NeverAsked("a".into()));
    }

    #[test]
    fn holes_and_repetitions_are_found() {
        let asked = [asked("a", Answer::Unknown), asked("b", Answer::Unknown)];
        is(&asked, &[stored("a", 1, 1), stored("b", 3, 2)], &Broken::Sequences("s".into()));
        is(&asked, &[stored("a", 1, 1), stored("b", 1, 2)], &Broken::Sequences("s".into()));
        is(&asked, &[stored("a", 1, 1), stored("b", 2, 3)], &Broken::Positions(1));
        is(&asked, &[stored("a", 1, 1), stored("b", 2, 1)], &Broken::Positions(1));
    }

    #[test]
    fn a_stream_against_the_order_of_positions_is_found() {
        let asked = [asked("a", Answer::Unknown), asked("b", Answer::Unknown)];
        is(&asked, &[stored("a", 1, 2), stored("b", 2, 1)], &Broken::OutOfOrder("s".into()));
    }
}
