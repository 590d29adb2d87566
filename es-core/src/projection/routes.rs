//! The rows of events that do not name them: those of an earlier event of the same aggregate.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::StoredEvent;
use crate::{AggregateId, Position, Sequence, StreamId, Version};

/// The number of aggregates whose rows are remembered.
const REMEMBERED: usize = 100_000;

/// Which rows the events of aggregates have named. What is remembered never changes in the log, so
/// readers at different positions share it.
pub(super) struct Routes {
    /// Nothing is remembered before the first event that asks.
    are_used: AtomicBool,
    streams: Mutex<HashMap<StreamId, Named>>,
}

/// What the first events of an aggregate have named.
struct Named {
    /// All events up to this version are known.
    until: Version,
    /// The events that name rows, in order.
    keys: Vec<(Sequence, Vec<AggregateId>)>,
}

/// The events of a page whose rows have to be looked up in the log.
#[derive(Default)]
pub(crate) struct Unrouted {
    pub(super) streams: HashMap<StreamId, FirstUnrouted>,
}

/// The events of one aggregate whose rows have to be looked up.
pub(super) struct FirstUnrouted {
    /// The place of the first of them.
    pub(super) position: Position,
    /// The version of the aggregate before the last of them.
    pub(super) until: Version,
}

impl Unrouted {
    pub(super) fn add(&mut self, stream: StreamId, event: &StoredEvent<'_>) {
        let until = before(event.sequence);
        let first = self.streams.entry(stream).or_insert(FirstUnrouted { position: event.position, until });
        first.until = first.until.max(until);
    }

    /// Whether every event has its rows.
    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }
}

impl Routes {
    pub(super) fn new() -> Self {
        Self { are_used: AtomicBool::new(false), streams: Mutex::default() }
    }

    /// Whether an event has asked for the rows of an earlier one.
    pub(super) fn are_used(&self) -> bool {
        self.are_used.load(Ordering::Relaxed)
    }

    /// Remembers from now on what events name.
    pub(super) fn begin(&self) {
        self.are_used.store(true, Ordering::Relaxed);
    }

    /// The rows of the last event before this one that names any. `None` if they are not remembered.
    pub(super) fn of(&self, stream: &StreamId, sequence: Sequence) -> Option<Vec<AggregateId>> {
        self.begin();
        if sequence == Sequence::FIRST {
            return Some(Vec::new());
        }
        let streams = self.streams();
        let named = streams.get(stream).filter(|named| named.until >= before(sequence))?;
        let last = named.keys.iter().rev().find(|(of, _)| *of < sequence);
        Some(last.map(|(_, keys)| keys.clone()).unwrap_or_default())
    }

    /// The version up to which an aggregate is known.
    pub(super) fn until(&self, stream: &StreamId) -> Version {
        self.streams().get(stream).map_or(Version::NONE, |named| named.until)
    }

    /// Remembers which rows an event names, if all events of the aggregate before it are known.
    pub(super) fn remember(&self, stream: &StreamId, sequence: Sequence, keys: Option<Vec<AggregateId>>) {
        let mut streams = self.streams();
        if sequence == Sequence::FIRST {
            streams.entry(stream.clone()).or_insert(Named { until: Version::NONE, keys: Vec::new() });
        }
        let Some(named) = streams.get_mut(stream).filter(|named| named.until == before(sequence)) else { return };
        named.until = sequence.into();
        named.keys.extend(keys.map(|keys| (sequence, keys)));
    }

    /// Forgets everything if it is too much. What is needed again is read from the log.
    pub(super) fn limit(&self) {
        if self.are_used() {
            let mut streams = self.streams();
            if streams.len() > REMEMBERED {
                streams.clear();
            }
        }
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<StreamId, Named>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The version of an aggregate before an event.
fn before(sequence: Sequence) -> Version {
    Version::NONE.plus(sequence.get() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> StreamId {
        StreamId::new("Invoice", "invoice_123").unwrap()
    }

    fn keys(key: &str) -> Vec<AggregateId> {
        vec![AggregateId::new(key).unwrap()]
    }

    fn sequence(number: u64) -> Sequence {
        Version::NONE.plus(number - 1).next()
    }

    #[test]
    fn an_event_gets_the_rows_that_were_named_before_it_also_if_later_ones_are_known() {
        let routes = Routes::new();
        for (number, key) in [(1, Some("ann")), (2, None), (3, Some("zoe")), (4, None)] {
            routes.remember(&stream(), sequence(number), key.map(keys));
        }
        let of = |number| routes.of(&stream(), sequence(number));
        assert_eq!(of(1), Some(Vec::new()));
        assert_eq!([of(2), of(3)], [Some(keys("ann")), Some(keys("ann"))]);
        assert_eq!([of(4), of(5)], [Some(keys("zoe")), Some(keys("zoe"))]);
        assert_eq!(of(6), None);
    }

    #[test]
    fn nothing_is_remembered_after_an_event_that_is_not_known() {
        let routes = Routes::new();
        routes.remember(&stream(), sequence(2), Some(keys("ann")));
        assert_eq!(routes.of(&stream(), sequence(3)), None);
        routes.remember(&stream(), sequence(1), Some(keys("ann")));
        routes.remember(&stream(), sequence(3), Some(keys("zoe")));
        assert_eq!(routes.of(&stream(), sequence(2)), Some(keys("ann")));
        assert_eq!(routes.of(&stream(), sequence(4)), None);
        assert_eq!(routes.until(&stream()), Version::from(1));
    }

    #[test]
    fn what_is_too_much_is_forgotten() {
        let routes = Routes::new();
        routes.begin();
        for number in 0..=REMEMBERED {
            let stream = StreamId::new("Invoice", &number.to_string()).unwrap();
            routes.remember(&stream, Sequence::FIRST, None);
        }
        assert_eq!(routes.streams().len(), REMEMBERED + 1);
        routes.limit();
        assert_eq!(routes.streams().len(), 0);
    }
}
