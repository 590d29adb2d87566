//! Reads the answer to a query.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tracing::Span;

use crate::error::QueryError;
use crate::store::{BatchStream, BoxFuture, EventBatch, Query, QueryStore, StoredEvent};
use crate::{EventId, RecordedEvent, StoreError};

/// Reads one stored event as the events that it means.
pub(super) type Decode<T> = Box<dyn Fn(&StoredEvent<'_>) -> Result<Vec<RecordedEvent<T>>, StoreError> + Send>;

/// Fails if a name does not exist.
pub(super) type Proof = BoxFuture<'static, Result<(), StoreError>>;

/// An answer that is being read.
pub(super) struct Answer<T> {
    phase: Phase,
    decode: Decode<T>,
    newest_first: bool,
    /// The event at which the answer continues, and how many of the events that it means were
    /// already returned.
    continued: Option<(EventId, u32)>,
    /// Runs if the answer has no event.
    proof: Option<Proof>,
    ready: VecDeque<Part<T>>,
    /// What follows the ready events.
    failure: Option<StoreError>,
    left: u64,
    span: Span,
}

enum Phase {
    Reading(BatchStream),
    Proving(Proof),
    Done,
}

/// One event, and how many of the events that the stored one means were returned with it.
pub(super) struct Part<T> {
    pub(super) event: RecordedEvent<T>,
    pub(super) returned: u32,
}

impl<T> Answer<T> {
    pub(super) fn new(
        batches: BatchStream,
        decode: Decode<T>,
        newest_first: bool,
        continued: Option<(EventId, u32)>,
        proof: Option<Proof>,
        span: Span,
    ) -> Self {
        let (ready, failure) = (VecDeque::new(), None);
        let phase = Phase::Reading(batches);
        Self { phase, decode, newest_first, continued, proof, ready, failure, left: u64::MAX, span }
    }

    /// The same answer, but at most this many events of it.
    pub(super) fn limit(self, events: u64) -> Self {
        Self { left: events, ..self }
    }

    /// The next event, or `None` after the last one or after an error.
    pub(super) async fn next(&mut self) -> Result<Option<Part<T>>, StoreError> {
        poll_fn(|context| self.poll(context)).await.transpose()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Part<T>, StoreError>>> {
        let span = self.span.clone();
        let _within = span.enter();
        if self.left == 0 {
            return Poll::Ready(None);
        }
        loop {
            if let Some(part) = self.ready.pop_front() {
                self.left -= 1;
                return Poll::Ready(Some(Ok(part)));
            }
            if let Some(error) = self.failure.take() {
                self.phase = Phase::Done;
                return Poll::Ready(Some(Err(error)));
            }
            match &mut self.phase {
                Phase::Reading(batches) => match ready!(batches.as_mut().poll_next(context)) {
                    Some(Ok(batch)) => self.failure = self.take(&*batch).err(),
                    Some(Err(error)) => self.failure = Some(error),
                    None => self.phase = self.proof.take().map_or(Phase::Done, Phase::Proving),
                },
                Phase::Proving(proof) => {
                    self.failure = ready!(proof.as_mut().poll(context)).err();
                    self.phase = Phase::Done;
                }
                Phase::Done => return Poll::Ready(None),
            }
        }
    }

    fn take(&mut self, batch: &dyn EventBatch) -> Result<(), StoreError> {
        for event in batch.events() {
            let event = event?;
            self.proof = None;
            let mut meant = (self.decode)(&event)?;
            if self.newest_first {
                meant.reverse();
            }
            let skipped = match self.continued {
                Some((id, returned)) if id == event.id => returned,
                _ => 0,
            };
            let parts = (1..).zip(meant).map(|(returned, event)| Part { event, returned });
            self.ready.extend(parts.skip_while(|part| part.returned <= skipped));
        }
        Ok(())
    }
}

// Nothing that it holds by value is ever pinned.
impl<T> Unpin for Answer<T> {}

/// The events of an answer.
pub(super) struct Read<T>(pub(super) Answer<T>);

impl<T> Stream for Read<T> {
    type Item = Result<RecordedEvent<T>, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll(context).map(|part| part.map(|part| part.map(|part| part.event)))
    }
}

/// Fails if the store has no event with this name.
pub(super) async fn prove_name(store: Arc<dyn QueryStore>, event_type: String) -> Result<(), StoreError> {
    let any = Query { event_types: Some(vec![event_type.clone()]), size_hint: 1, ..Query::ALL };
    if store.count(any, 1).await? > 0 {
        return Ok(());
    }
    let reason = "nothing is stored under it; `MongoStore::stats` lists the stored names".to_owned();
    Err(QueryError::UnknownEventType { event_type, reason }.into())
}
