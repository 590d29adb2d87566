//! Checks the rows of two read models, a sum and a list, against the stored events.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::order::by_position;
use super::{Broken, History, Mark, Stored};

/// A read model of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Model {
    /// The number of events of an aggregate and the sum of their weights. An event that counts twice
    /// or not at all shows.
    Sum,
    /// The events of several aggregates. An event at the wrong place shows, too.
    List,
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sum => "sum",
            Self::List => "list",
        })
    }
}

/// What a row contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// A row of [`Model::Sum`].
    Sum {
        /// The number of events.
        events: u64,
        /// The sum of their weights.
        sum: u64,
    },
    /// A row of [`Model::List`].
    List(Vec<String>),
}

/// A row that a reader has read during the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowRead {
    /// The process of the reader. It reads one row after the other.
    pub process: u32,
    /// The read model.
    pub model: Model,
    /// The key of the row.
    pub key: String,
    /// The answer has to contain every event up to this position, or 0.
    pub at_least: u64,
    /// The row, or `None` if there was none.
    pub row: Option<Row>,
}

/// What an event adds to a sum.
pub fn weight(mark: Mark, index: u32) -> u64 {
    u64::from(mark.number) * 7 + u64::from(index) + 1
}

/// What an event adds to a list.
pub fn entry(mark: Mark, index: u32) -> String {
    format!("{mark}/{index}")
}

/// The key of the list for an event: that of a few appends of many writers, so that no row grows
/// without a limit and new ones begin all the time.
pub fn list_key(mark: Mark) -> String {
    format!("{}-{}", mark.number / 40, mark.number.wrapping_add(mark.writer) % 8)
}

/// The key of the row that an event concerns.
fn key(model: Model, event: &Stored) -> String {
    match model {
        Model::Sum => event.stream.clone(),
        Model::List => list_key(event.mark),
    }
}

/// The fold of the first events of a row.
fn fold(model: Model, events: &[&Stored]) -> Row {
    match model {
        Model::Sum => Row::Sum {
            events: events.len() as u64,
            sum: events.iter().map(|event| weight(event.mark, event.index)).sum(),
        },
        Model::List => Row::List(events.iter().map(|event| entry(event.mark, event.index)).collect()),
    }
}

impl Row {
    /// The number of events that are folded into the row.
    fn events(&self) -> usize {
        match self {
            Self::Sum { events, .. } => usize::try_from(*events).unwrap_or(usize::MAX),
            Self::List(entries) => entries.len(),
        }
    }

    fn has_an_event_twice(&self) -> bool {
        match self {
            Self::Sum { .. } => false,
            Self::List(entries) => entries.iter().collect::<BTreeSet<_>>().len() < entries.len(),
        }
    }
}

/// The events of each row, in the order of their positions.
type Log<'a> = BTreeMap<(Model, String), Vec<&'a Stored>>;

pub(super) fn check(history: &History, broken: &mut BTreeSet<Broken>) {
    if history.rows.is_empty() && history.row_reads.is_empty() {
        return;
    }
    let mut log: Log = BTreeMap::new();
    for event in by_position(history) {
        for model in [Model::Sum, Model::List] {
            log.entry((model, key(model, event))).or_default().push(event);
        }
    }
    check_end(history, &log, broken);
    check_reads(history, &log, broken);
}

/// At the end, every row is the fold of all its events, and there is no other row.
fn check_end(history: &History, log: &Log, broken: &mut BTreeSet<Broken>) {
    for ((model, key), events) in log {
        match history.rows.get(&(*model, key.clone())) {
            None => drop(broken.insert(Broken::MissingRow(*model, key.clone()))),
            Some(row) if row.has_an_event_twice() || row.events() > events.len() => {
                broken.insert(Broken::CountedTwice(*model, key.clone()));
            }
            Some(row) if *row != fold(*model, events) => drop(broken.insert(Broken::WrongRow(*model, key.clone()))),
            Some(_) => {}
        }
    }
    let foreign = history.rows.keys().filter(|row| !log.contains_key(row));
    broken.extend(foreign.map(|(model, key)| Broken::ForeignRow(*model, key.clone())));
}

/// A row that was read is the fold of its first events, and contains those that were asked for.
fn check_reads(history: &History, log: &Log, broken: &mut BTreeSet<Broken>) {
    let mut newest: BTreeMap<(u32, Model, &str), usize> = BTreeMap::new();
    for RowRead { process, model, key, at_least, row } in &history.row_reads {
        let events = log.get(&(*model, key.clone())).map_or(&[][..], Vec::as_slice);
        let folded = row.as_ref().map_or(0, Row::events);
        let is_fold = |row: &Row| folded > 0 && events.get(..folded).is_some_and(|events| *row == fold(*model, events));
        if row.as_ref().is_some_and(|row| !is_fold(row)) {
            broken.insert(Broken::NotTheFirstEvents(*process, *model, key.clone()));
            continue;
        }
        if folded < events.partition_point(|event| event.position <= *at_least) {
            broken.insert(Broken::ReadTooEarly(*process, *model, key.clone(), *at_least));
        }
        let newest = newest.entry((*process, *model, key)).or_default();
        // After an election a node may show an older state, unless the reader asks for a position.
        if history.undisturbed && folded < *newest {
            broken.insert(Broken::RowWentBack(*process, *model, key.clone()));
        }
        *newest = folded.max(*newest);
    }
}
