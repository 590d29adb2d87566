//! An aggregate whose events show which state they were decided on.

use es_core::store::EventData;
use es_core::{Aggregate, Answer, Apply, Context, Init, Loaded, RecordedEvent, StreamId, event};

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Opened {
    pub(crate) cents: i64,
}

/// A command has spent something.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spent {
    cents: i64,
    command: u64,
    /// What was left before.
    left: i64,
    /// The version that was decided on.
    at: u64,
    /// The id and the time of the event that led to this version, and its time as it was folded.
    after: String,
    time: i64,
    folded: i64,
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Closed;

#[derive(Aggregate, Debug, Clone, PartialEq)]
#[aggregate(init(Opened), events(Spent), ends(Closed))]
pub(crate) struct Budget {
    left: i64,
    folded: i64,
}

impl Budget {
    pub(crate) fn left(&self) -> i64 {
        self.left
    }
}

impl Init<Opened> for Budget {
    fn init(event: Opened, context: &Context) -> Self {
        Self { left: event.cents, folded: context.timestamp().as_millis() }
    }
}

impl Apply<Spent> for Budget {
    fn apply(&mut self, event: Spent, context: &Context) {
        self.left -= event.cents;
        self.folded = context.timestamp().as_millis();
    }
}

/// What was left, and at which version.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    pub(crate) left: i64,
    pub(crate) at: u64,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} left at version {}", self.left, self.at)
    }
}

pub(crate) fn stream(id: &str) -> StreamId {
    StreamId::of::<Budget>(id).unwrap()
}

/// What was left, the version, and the event.
type Decided = Result<Answer<(i64, u64), Spent>, Refused>;

/// The decision to spend. Without cents it is never refused.
pub(crate) fn spend(cents: i64, command: u64) -> impl FnMut(&Loaded<Budget>) -> Decided + Send + Clone {
    move |budget| {
        let (left, at) = (budget.left, budget.version.get());
        if cents > left {
            return Err(Refused { left, at });
        }
        let (after, time) = (budget.last_event.id.to_string(), budget.last_event.timestamp.as_millis());
        Ok(Answer((left, at), Spent { cents, command, left, at, after, time, folded: budget.folded }))
    }
}

/// The command of an event.
pub(crate) fn command(event: &RecordedEvent<EventData>) -> Option<u64> {
    Some(event.data.as_raw().get_i64("command").ok()?.unsigned_abs())
}

/// What is left at each version of a log of one aggregate.
pub(crate) fn left(log: &[RecordedEvent<EventData>]) -> Vec<i64> {
    let mut left = vec![0];
    for event in log {
        let cents = event.data.as_raw().get_i64("cents").unwrap();
        left.push(if event.event_type == "Opened" { cents } else { left[left.len() - 1] - cents });
    }
    left
}

/// Checks that each event was decided on exactly the events before it.
pub(crate) fn assert_serial(log: &[RecordedEvent<EventData>]) {
    let left = left(log);
    for (before, event) in log.iter().zip(&log[1..]) {
        let data = event.data.as_raw();
        let version = before.sequence.get();
        assert_eq!(event.sequence.get(), version + 1);
        let at = usize::try_from(version).unwrap();
        assert_eq!(data.get_i64("at").unwrap(), before.sequence.as_i64(), "{event:?}");
        assert_eq!(data.get_i64("left").unwrap(), left[at], "{event:?}");
        assert_eq!(data.get_str("after").unwrap(), before.id.to_string(), "{event:?}");
        let times = (data.get_i64("time").unwrap(), data.get_i64("folded").unwrap());
        let time = before.timestamp.as_millis();
        assert_eq!(times, (time, time), "{event:?}");
        assert!(left[at + 1] >= 0, "{event:?}");
    }
}
