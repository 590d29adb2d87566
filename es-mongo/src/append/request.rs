//! One append in the queue.

use std::time::Duration;

use es_core::{Append, Appended, EventId, Sequence, SharedError, Stamp, StoreError, StreamId, Timestamp, Version};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::document::EventDocument;
use crate::patience::after;

/// An append with its documents, which are complete except for their positions.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) append: Append,
    /// Created before the first attempt, so that later attempts recognise events that an earlier
    /// one has stored.
    pub(crate) ids: Vec<EventId>,
    pub(crate) documents: Vec<EventDocument>,
    timestamps: Vec<Timestamp>,
    deadline: Instant,
    answer: oneshot::Sender<Result<Appended, StoreError>>,
    fate: Fate,
    /// Whether the server has once refused one of its keys although no event of this library
    /// conflicted with it.
    suspected: bool,
}

/// Whether an attempt may have written the request although no answer confirmed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    NotSent,
    MaybeWritten,
}

pub(crate) type Answer = oneshot::Receiver<Result<Appended, StoreError>>;

impl Request {
    /// Prepares an append: its ids, timestamps and documents.
    pub(crate) fn new(mut append: Append, deadline: Duration) -> Result<(Self, Answer), StoreError> {
        let ids = append.take_event_ids();
        let now = Timestamp::now();
        let mut sequence = append.expected.version().next();
        let mut append_id = append.append_id.as_ref().map(es_core::AppendId::as_str);
        let mut documents = Vec::with_capacity(ids.len());
        let mut timestamps = Vec::with_capacity(ids.len());
        for (event, id) in append.events.iter().zip(&ids) {
            let timestamp = event.timestamp.unwrap_or(now);
            // Only the first event carries the append id.
            let key = append_id.take();
            documents.push(EventDocument::new(*id, &append.stream, event, sequence, timestamp, key)?);
            timestamps.push(timestamp);
            sequence = sequence.next();
        }
        let (sender, answer) = oneshot::channel();
        let deadline = after(deadline);
        Ok((
            Self {
                append,
                ids,
                documents,
                timestamps,
                deadline,
                answer: sender,
                fate: Fate::NotSent,
                suspected: false,
            },
            answer,
        ))
    }

    pub(crate) fn stream(&self) -> &StreamId {
        &self.append.stream
    }

    /// The version of the aggregate after this request is stored.
    pub(crate) fn version_after(&self) -> Version {
        self.append.expected.version().plus(self.documents.len() as u64)
    }

    pub(crate) fn first_sequence(&self) -> Sequence {
        self.append.expected.version().next()
    }

    pub(crate) fn append_id(&self) -> Option<&str> {
        self.append.append_id.as_ref().map(es_core::AppendId::as_str)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.documents.iter().map(EventDocument::bytes).sum()
    }

    pub(crate) fn is_overdue(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// From now on, only a query can show whether the request was written.
    pub(crate) fn may_be_written(&mut self) {
        self.fate = Fate::MaybeWritten;
    }

    /// Whether an attempt may have written the request although no answer confirmed it.
    pub(crate) fn is_uncertain(&self) -> bool {
        self.fate == Fate::MaybeWritten
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

    /// Answers that the request is stored, with its first event at this position.
    pub(crate) fn answer_stored(self, mut position: es_core::Position) {
        let mut sequence = self.first_sequence();
        let mut stamps = Vec::with_capacity(self.ids.len());
        for (id, timestamp) in self.ids.iter().zip(&self.timestamps) {
            stamps.push(Stamp::new(*id, sequence, position, *timestamp));
            (sequence, position) = (sequence.next(), position.next());
        }
        let stream = self.append.stream.clone();
        let receipt = es_core::Receipt::new(stamps).ok_or(StoreError::EmptyAppend { stream });
        self.answer(receipt.map(Appended::Now));
    }

    /// Answers with an error that is not retried. If an earlier attempt may have written the
    /// request, the error is `OutcomeUnknown`.
    pub(crate) fn answer_refused(self, error: StoreError) {
        match self.fate {
            Fate::NotSent => self.answer(Err(error)),
            Fate::MaybeWritten => self.answer_given_up(error.into()),
        }
    }

    /// Answers that the deadline has passed: the result is unknown if an attempt may have written
    /// the request, otherwise the store is unavailable.
    pub(crate) fn answer_given_up(self, source: SharedError) {
        let error = match self.fate {
            Fate::NotSent => StoreError::Unavailable { source },
            Fate::MaybeWritten => StoreError::OutcomeUnknown {
                stream: self.append.stream.clone(),
                append_id: self.append_id().map(str::to_owned),
                source,
            },
        };
        self.answer(Err(error));
    }
}
