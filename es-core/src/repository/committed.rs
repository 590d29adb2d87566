//! The result of an action.

use crate::{AggregateId, Position, RecordedEvent, StreamId, Version};

/// The result of an action.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Committed<E, R = ()> {
    /// The id of the aggregate.
    pub id: AggregateId,
    /// The version of the aggregate after the action.
    pub version: Version,
    /// The events, with everything that was recorded about them.
    pub events: Vec<RecordedEvent<E>>,
    /// Whether they were recorded now.
    pub outcome: Outcome,
    /// The [answer](crate::Answer) of the decision. It is `None` if an earlier call with the same
    /// key recorded the events, because the answer is not stored, and after a `create` or an
    /// import, which have no decision.
    pub answer: Option<R>,
}

/// Whether something was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The events were recorded now.
    Appended,
    /// An earlier call with the same append id recorded the events. This call changed nothing.
    AlreadyAppended,
    /// Nothing was recorded, because the decision returned no event.
    Unchanged,
}

impl<E> Committed<E> {
    pub(super) fn new(stream: &StreamId, version: Version, events: Vec<RecordedEvent<E>>, outcome: Outcome) -> Self {
        Self { id: stream.aggregate_id().clone(), version, events, outcome, answer: None }
    }

    /// The result if there is nothing to record.
    pub(super) fn unchanged(stream: &StreamId, version: Version) -> Self {
        Self::new(stream, version, Vec::new(), Outcome::Unchanged)
    }

    /// The same with the answer of a decision, unless an earlier call recorded the events.
    pub(super) fn answering<R>(self, answer: Option<R>) -> Committed<E, R> {
        let answer = answer.filter(|_| self.outcome != Outcome::AlreadyAppended);
        let Self { id, version, events, outcome, .. } = self;
        Committed { id, version, events, outcome, answer }
    }
}

impl<E, R> Committed<E, R> {
    /// The position of the last event, which a [read model](crate::read_model) must have reached to
    /// contain the action. `None` if nothing was recorded.
    pub fn position(&self) -> Option<Position> {
        self.events.last().map(|event| event.position)
    }
}
