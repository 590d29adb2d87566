//! One append on its way through the queue.

use std::time::Duration;

use es_core::{Append, Appended, EventId, Sequence, SharedError, Stamp, StoreError, StreamId, Timestamp, Version};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::document::EventDocument;
use crate::patience::after;

/// An append with its documents, complete but for their positions.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) append: Append,
    /// Made before the first try, so that whatever a repeated try meets is recognised.
    pub(crate) ids: Vec<EventId>,
    pub(crate) documents: Vec<EventDocument>,
    timestamps: Vec<Timestamp>,
    deadline: Instant,
    answer: oneshot::Sender<Result<Appended, StoreError>>,
    fate: Fate,
    /// Whether the server has refused one of its keys once, and nothing of this library's own was in its way.
    suspected: bool,
}

/// Whether a try of a request may have been written without our knowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    NotSent,
    MaybeWritten,
}

pub(crate) type Answer = oneshot::Receiver<Result<Appended, StoreError>>;

impl Request {
    /// Prepares an append: ids, moments and documents.
    pub(crate) fn new(mut append: Append, deadline: Duration) -> Result<(Self, Answer), StoreError> {
        let ids = append.take_event_ids();
        let now = Timestamp::now();
        let mut sequence = append.expected.version().next();
        let mut append_id = append.append_id.as_ref().map(es_core::AppendId::as_str);
        let mut documents = Vec::with_capacity(ids.len());
        let mut timestamps = Vec::with_capacity(ids.len());
        for (event, id) in append.events.iter().zip(&ids) {
            let timestamp = event.timestamp.unwrap_or(now);
            // Only the first event carries the key.
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

    /// The version that the aggregate has once this is stored.
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

    /// From now on nobody can say that nothing was written, until the store has been asked.
    pub(crate) fn may_be_written(&mut self) {
        self.fate = Fate::MaybeWritten;
    }

    /// Whether a try may have been written without our knowing.
    pub(crate) fn is_uncertain(&self) -> bool {
        self.fate == Fate::MaybeWritten
    }

    /// One of its keys was refused, and nothing of this library's own was in its way. Returns whether that was so before.
    pub(crate) fn suspect(&mut self) -> bool {
        std::mem::replace(&mut self.suspected, true)
    }

    /// Answers the caller. One that does not listen any more has chosen so.
    pub(crate) fn answer(self, answer: Result<Appended, StoreError>) {
        let _ = self.answer.send(answer);
    }

    /// Answers that it is stored, with its first event at this position.
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

    /// Answers with an error after which nothing is tried again: unknown where an earlier try may have been written.
    pub(crate) fn answer_refused(self, error: StoreError) {
        match self.fate {
            Fate::NotSent => self.answer(Err(error)),
            Fate::MaybeWritten => self.answer_given_up(error.into()),
        }
    }

    /// Answers that it was given up: unknown where a try may have been written, unavailable where none was.
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
