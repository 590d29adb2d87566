//! One append in the queue.

use std::sync::Arc;
use std::time::Duration;

use es_core::error::SharedError;
use es_core::store::{Append, Appended, Receipt, Stamp};
use es_core::{EventId, Position, Sequence, StoreError, StreamId, Timestamp, Version};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::append::prepared::Prepared;
use crate::patience::after;

/// An append that waits for its answer.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) prepared: Arc<Prepared>,
    deadline: Instant,
    answer: oneshot::Sender<Result<Appended, StoreError>>,
    /// Whether an attempt may have written the request although no answer confirmed it.
    maybe_written: bool,
    /// Whether the server has once refused one of its keys although no event of this library
    /// conflicted with it.
    suspected: bool,
    /// The position of its first event in the next attempt.
    position: Position,
    /// The append before it in the same stream, without which it must not be stored.
    follows: Option<Previous>,
}

/// An append that others follow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Previous {
    first_id: Option<EventId>,
    expected: Version,
}

pub(crate) type Answer = oneshot::Receiver<Result<Appended, StoreError>>;

impl Previous {
    /// Whether this is the append.
    pub(crate) fn is(self, request: &Request) -> bool {
        self.first_id == request.first_id()
    }

    /// The id of its first event.
    pub(crate) fn first_id(self) -> Option<EventId> {
        self.first_id
    }

    /// The version that it expects.
    pub(crate) fn expected(self) -> Version {
        self.expected
    }
}

impl Request {
    pub(crate) fn new(append: Append, now: Timestamp, deadline: Duration) -> Result<(Self, Answer), StoreError> {
        let prepared = Arc::new(Prepared::new(append, now)?);
        let (sender, answer) = oneshot::channel();
        let deadline = after(deadline);
        Ok((
            Self {
                prepared,
                deadline,
                answer: sender,
                maybe_written: false,
                suspected: false,
                position: Position::FIRST,
                follows: None,
            },
            answer,
        ))
    }

    pub(crate) fn stream(&self) -> &StreamId {
        self.prepared.stream()
    }

    /// From now on, this must not be stored without that append.
    pub(crate) fn follow(&mut self, previous: &Self) {
        self.follows = Some(Previous { first_id: previous.first_id(), expected: previous.prepared.expected() });
    }

    /// The append before it in the same stream, without which it must not be stored.
    pub(crate) fn follows(&self) -> Option<Previous> {
        self.follows
    }

    /// The number of events.
    pub(crate) fn events(&self) -> usize {
        self.prepared.events()
    }

    /// The version of the aggregate after this request is stored.
    pub(crate) fn version_after(&self) -> Version {
        self.prepared.expected().plus(self.events() as u64)
    }

    pub(crate) fn first_sequence(&self) -> Sequence {
        self.prepared.sequence(0)
    }

    pub(crate) fn first_id(&self) -> Option<EventId> {
        self.prepared.ids.first().copied()
    }

    pub(crate) fn append_id(&self) -> Option<&str> {
        self.prepared.append_id()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.prepared.bytes()
    }

    /// The position of its first event in the next attempt.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    pub(crate) fn place_at(&mut self, position: Position) {
        self.position = position;
    }

    pub(crate) fn is_overdue(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// From now on, only a query can show whether the request was written.
    pub(crate) fn may_be_written(&mut self) {
        self.maybe_written = true;
    }

    /// Whether an attempt may have written the request although no answer confirmed it.
    pub(crate) fn is_uncertain(&self) -> bool {
        self.maybe_written
    }

    /// Marks that one of its keys was refused although no event of this library conflicted with it.
    /// Returns whether this was already marked.
    pub(crate) fn suspect(&mut self) -> bool {
        std::mem::replace(&mut self.suspected, true)
    }

    /// Answers the caller. If the caller no longer waits, the answer is dropped.
    pub(crate) fn answer(self, answer: Result<Appended, StoreError>) {
        let _ = self.answer.send(answer);
    }

    /// Answers that the request is stored at its position.
    pub(crate) fn answer_stored(self) {
        let mut position = self.position;
        let mut stamps = Vec::with_capacity(self.events());
        for (event, id) in self.prepared.ids.iter().enumerate() {
            let (sequence, timestamp) = (self.prepared.sequence(event), self.prepared.timestamp(event));
            stamps.push(Stamp::new(*id, sequence, position, timestamp));
            position = position.next();
        }
        let receipt = Receipt::new(stamps);
        let answer = receipt.ok_or_else(|| StoreError::EmptyAppend { stream: self.stream().clone() });
        self.answer(answer.map(Appended::Now));
    }

    /// Answers that the aggregate has a different version than the append expects.
    pub(crate) fn answer_conflict(self, actual: Version) {
        let (stream, expected) = (self.stream().clone(), self.prepared.expected());
        self.answer_refused(StoreError::Conflict { stream, expected, actual });
    }

    /// Answers with an error that is not retried. If an earlier attempt may have written the
    /// request, the error is `OutcomeUnknown`.
    pub(crate) fn answer_refused(self, error: StoreError) {
        if self.maybe_written {
            self.answer_given_up(error.into());
        } else {
            self.answer(Err(error));
        }
    }

    /// Answers that the deadline has passed: the result is unknown if an attempt may have written
    /// the request, otherwise the store is unavailable.
    pub(crate) fn answer_given_up(self, source: SharedError) {
        let error =
            if self.maybe_written { self.prepared.outcome_unknown(source) } else { StoreError::Unavailable { source } };
        self.answer(Err(error));
    }
}
