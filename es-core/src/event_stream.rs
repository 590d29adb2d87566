//! Streams of recorded events, for callers.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::recorded::record_decoded;
use crate::replay::check_next;
use crate::store::{BatchStream, EventBatch, EventSet};
use crate::{RecordedEvent, StoreError, StreamId, Version};

/// Recorded events, one after the other, as the store delivers them.
///
/// The stream reads on demand and holds at most one batch of the store. It ends after the first
/// error.
pub struct Events<T> {
    inner: Pin<Box<dyn Stream<Item = Result<RecordedEvent<T>, StoreError>> + Send>>,
}

impl<T> Events<T> {
    /// Wraps a stream.
    pub fn new(inner: impl Stream<Item = Result<RecordedEvent<T>, StoreError>> + Send + 'static) -> Self {
        Self { inner: Box::pin(inner) }
    }

    /// A stream of one error.
    pub(crate) fn failed(error: StoreError) -> Self
    where
        T: Send + 'static,
    {
        Self::new(Ready(std::iter::once(Err(error))))
    }

    /// The next event, or `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<RecordedEvent<T>, StoreError>> {
        poll_fn(|context| self.inner.as_mut().poll_next(context)).await
    }

    /// All remaining events, in memory.
    ///
    /// # Errors
    ///
    /// The first error of the stream.
    pub async fn collect(mut self) -> Result<Vec<RecordedEvent<T>>, StoreError> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event?);
        }
        Ok(events)
    }
}

impl<T> Stream for Events<T> {
    type Item = Result<RecordedEvent<T>, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Events<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

/// A stream of items that are already in memory.
pub(crate) struct Ready<I>(pub(crate) I);

// The iterator is never pinned.
impl<I> Unpin for Ready<I> {}

impl<I: Iterator> Stream for Ready<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.0.next())
    }
}

/// The decoded events of one stream, checked for gaps.
pub(crate) struct History<E> {
    batches: Option<BatchStream>,
    ready: VecDeque<RecordedEvent<E>>,
    failure: Option<StoreError>,
    stream: StreamId,
    version: Version,
}

impl<E: EventSet> History<E> {
    pub(crate) fn new(stream: StreamId, batches: BatchStream) -> Self {
        Self { batches: Some(batches), ready: VecDeque::new(), failure: None, stream, version: Version::NONE }
    }

    fn take(&mut self, batch: &dyn EventBatch) -> Result<(), StoreError> {
        for event in batch.events() {
            let event = event?;
            check_next(&self.stream, self.version, &event)?;
            self.version = event.sequence.into();
            self.ready.extend(record_decoded(&event)?);
        }
        Ok(())
    }
}

// A `History` never pins its own fields.
impl<E> Unpin for History<E> {}

impl<E: EventSet> Stream for History<E> {
    type Item = Result<RecordedEvent<E>, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            if let Some(error) = this.failure.take() {
                return Poll::Ready(Some(Err(error)));
            }
            let Some(batches) = &mut this.batches else { return Poll::Ready(None) };
            let taken = match ready!(batches.as_mut().poll_next(context)) {
                Some(Ok(batch)) => this.take(&*batch),
                Some(Err(error)) => Err(error),
                None => {
                    this.batches = None;
                    continue;
                }
            };
            if let Err(error) = taken {
                this.batches = None;
                this.failure = Some(error);
            }
        }
    }
}
