//! The events of a command as a tree of causes and effects.

use std::collections::HashMap;

use tracing::Instrument;

use super::EventQuery;
use crate::store::{EventData, Ordering};
use crate::{EventId, RecordedEvent, StoreError};

/// Reads a trace.
pub(crate) fn trace(
    events: EventQuery,
    ordering: Ordering,
    correlation_id: &str,
) -> impl Future<Output = Result<Trace, StoreError>> + Send + use<> {
    let events = events.of_correlation(correlation_id);
    let trace = async move { Ok(Trace::new(events.read().collect().await?, ordering)) };
    trace.instrument(tracing::debug_span!("trace"))
}

/// The events of one correlation by cause and effect; created by
/// [`QueryStore::trace`](crate::store::QueryStore::trace).
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Trace {
    /// The events without a cause in the correlation, in the order of their positions.
    pub roots: Vec<TraceNode>,
}

/// One event of a [`Trace`].
#[derive(Debug)]
#[non_exhaustive]
pub struct TraceNode {
    /// The event.
    pub event: RecordedEvent<EventData>,
    /// The effects of the event, in the order of their positions.
    pub effects: Vec<TraceNode>,
}

impl Trace {
    fn new(mut events: Vec<RecordedEvent<EventData>>, ordering: Ordering) -> Self {
        match ordering {
            Ordering::Global => events.sort_by_key(|event| event.position),
            // Positions in different aggregates cannot be compared.
            Ordering::PerAggregate => events.sort_by_key(|event| (event.timestamp, event.position)),
        }
        let causes = causes(&events);
        let mut effects: Vec<Vec<usize>> = vec![Vec::new(); events.len()];
        let mut roots = Vec::new();
        for (at, cause) in causes.into_iter().enumerate() {
            match cause {
                Some(cause) => effects[cause].push(at),
                None => roots.push(at),
            }
        }
        // Causes come before their effects, so in reverse order the effects of each node are
        // complete when the node is reached.
        let mut order = roots.clone();
        let mut next = 0;
        while let Some(at) = order.get(next) {
            order.extend_from_slice(&effects[*at]);
            next += 1;
        }
        let mut events: Vec<_> = events.into_iter().map(Some).collect();
        let mut nodes: Vec<Option<TraceNode>> = events.iter().map(|_| None).collect();
        for at in order.into_iter().rev() {
            let effects = effects[at].iter().filter_map(|effect| nodes[*effect].take()).collect();
            nodes[at] = events[at].take().map(|event| TraceNode { event, effects });
        }
        Self { roots: roots.into_iter().filter_map(|root| nodes[root].take()).collect() }
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether the correlation has no event.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// Every event with its depth, from 0 for a root. Each cause comes right before all its direct
    /// and indirect effects.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &RecordedEvent<EventData>)> {
        let mut waiting: Vec<(usize, &TraceNode)> = self.roots.iter().rev().map(|root| (0, root)).collect();
        std::iter::from_fn(move || {
            let (depth, node) = waiting.pop()?;
            waiting.extend(node.effects.iter().rev().map(|effect| (depth + 1, effect)));
            Some((depth, &node.event))
        })
    }
}

impl Drop for TraceNode {
    /// A chain of causes may be too deep for the stack, so nodes are not dropped recursively.
    fn drop(&mut self) {
        let mut waiting = std::mem::take(&mut self.effects);
        while let Some(mut node) = waiting.pop() {
            waiting.append(&mut node.effects);
        }
    }
}

/// The index of each event's cause. With ids from other programs, causes can form a cycle; the
/// earliest event of the cycle then counts as a root.
fn causes(events: &[RecordedEvent<EventData>]) -> Vec<Option<usize>> {
    let places: HashMap<EventId, usize> = events.iter().enumerate().map(|(at, event)| (event.id, at)).collect();
    let mut causes: Vec<Option<usize>> = events
        .iter()
        .map(|event| event.metadata.caused_by_event().and_then(|cause| places.get(&cause).copied()))
        .collect();
    // The walk on which each event was first visited. A walk that reaches an event of the same walk
    // has found a cycle.
    let mut met = vec![usize::MAX; events.len()];
    for start in 0..events.len() {
        let mut at = start;
        while met[at] == usize::MAX {
            met[at] = start;
            match causes[at] {
                Some(cause) => at = cause,
                None => break,
            }
        }
        if met[at] == start && causes[at].is_some() {
            let mut earliest = at;
            let mut next = causes[at];
            while let Some(around) = next.filter(|around| *around != at) {
                earliest = earliest.min(around);
                next = causes[around];
            }
            causes[earliest] = None;
        }
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Stamp;
    use crate::{Metadata, Position, Sequence, StreamId, Timestamp};

    /// Events at the positions from 1, each with the index of its cause in this list.
    fn events(causes: &[Option<usize>]) -> Vec<RecordedEvent<EventData>> {
        let ids: Vec<EventId> = causes.iter().map(|_| EventId::new()).collect();
        let stream = StreamId::new("Test", "t").unwrap();
        let data = EventData::encode("Happened", &bson::doc! {}).unwrap();
        let event = |at: usize| {
            let metadata = match causes[at] {
                Some(cause) => Metadata::new().causation(ids[cause].to_string()),
                None => Metadata::new().causation("a command"),
            };
            let position = Position::try_from(i64::try_from(at).unwrap() + 1).unwrap();
            let stamp = Stamp::new(ids[at], Sequence::FIRST, position, Timestamp::now());
            RecordedEvent::new(&stream, stamp, "Happened", 1, metadata, data.clone())
        };
        (0..causes.len()).map(event).collect()
    }

    fn flow(trace: &Trace) -> Vec<(usize, u64)> {
        trace.iter().map(|(depth, event)| (depth, event.position.get())).collect()
    }

    #[test]
    fn effects_stand_below_their_causes_in_the_order_of_positions() {
        let mut events = events(&[None, Some(0), Some(0), Some(1), None, Some(4)]);
        events.reverse();
        let trace = Trace::new(events, Ordering::Global);
        assert_eq!(flow(&trace), [(0, 1), (1, 2), (2, 4), (1, 3), (0, 5), (1, 6)]);
    }

    #[test]
    fn an_effect_that_was_recorded_before_its_cause_is_still_below_it() {
        let trace = Trace::new(events(&[Some(1), None]), Ordering::Global);
        assert_eq!(flow(&trace), [(0, 2), (1, 1)]);
    }

    #[test]
    fn in_a_ring_of_causes_the_earliest_event_is_a_root() {
        let trace = Trace::new(events(&[None, Some(3), Some(1), Some(2), Some(2)]), Ordering::Global);
        assert_eq!(flow(&trace), [(0, 1), (0, 2), (1, 3), (2, 4), (2, 5)]);
    }

    #[test]
    fn an_event_that_caused_itself_is_a_root() {
        let trace = Trace::new(events(&[Some(0), Some(0)]), Ordering::Global);
        assert_eq!(flow(&trace), [(0, 1), (1, 2)]);
    }

    #[test]
    fn a_chain_of_any_length_is_traced_and_dropped() {
        let causes: Vec<Option<usize>> = (0..100_000).map(|at: usize| at.checked_sub(1)).collect();
        let trace = Trace::new(events(&causes), Ordering::Global);
        assert_eq!((trace.len(), trace.roots.len()), (100_000, 1));
        drop(trace);
    }
}
