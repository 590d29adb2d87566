//! The endless stream of a feed.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tracing::Span;

use super::Start;
use crate::error::ErrorChain;
use crate::store::{BoxFuture, EventBatch, FeedFilter, FeedPage, FeedStore, StoredEvent};
use crate::{Position, RecordedEvent, RetryPolicy, StoreError};

/// Reads one stored event as the events that it means.
type Decode<T> = fn(&StoredEvent<'_>) -> Result<Vec<RecordedEvent<T>>, StoreError>;

type NextPage = BoxFuture<'static, Result<FeedPage, StoreError>>;

/// The events of a store from a position on, endlessly; created by [`Follow`](super::Follow).
///
/// The stream waits for the next event. It ends only after an error, which is its last item. It
/// can be dropped at any time, and no event is lost if a call of [`next`](Self::next) is cancelled,
/// as in `select!` or after a timeout.
///
/// While events are consumed, the next page is read, so memory contains at most two pages of the
/// store.
pub struct Follower<T> {
    source: Source,
    decode: Decode<T>,
    next: Next,
    /// The rest of the page that is being consumed.
    batches: VecDeque<Box<dyn EventBatch>>,
    page_reaches: Option<Position>,
    ready: VecDeque<Part<T>>,
    /// What follows the ready events.
    failure: Option<StoreError>,
    reaches: Option<Position>,
    span: Span,
}

/// What is read, and how.
#[derive(Clone)]
struct Source {
    store: Arc<dyn FeedStore>,
    filter: Arc<FeedFilter>,
    retry: RetryPolicy,
}

/// The page after the one that is being consumed.
enum Next {
    Reading(NextPage),
    Read(Result<FeedPage, StoreError>),
    /// No page follows an error.
    Never,
}

/// One of the events that a stored event means, and whether it is the last of them.
struct Part<T> {
    event: RecordedEvent<T>,
    is_last: bool,
}

impl<T> Follower<T> {
    pub(super) fn new(
        store: Arc<dyn FeedStore>,
        start: Start,
        filter: FeedFilter,
        retry: RetryPolicy,
        decode: Decode<T>,
    ) -> Self {
        let span = match &filter {
            FeedFilter::All => tracing::debug_span!("follow"),
            FeedFilter::OfTypes(types) => tracing::debug_span!("follow", aggregates = ?types),
        };
        let source = Source { store, filter: Arc::new(filter), retry };
        let reaches = match start {
            Start::After(after) => after,
            Start::Now => None,
        };
        let next = Next::Reading(source.clone().first(start));
        Self {
            source,
            decode,
            next,
            batches: VecDeque::new(),
            page_reaches: reaches,
            ready: VecDeque::new(),
            failure: None,
            reaches,
            span,
        }
    }

    /// A stream of one error.
    pub(super) fn failed(store: Arc<dyn FeedStore>, error: StoreError) -> Self {
        let mut failed =
            Self::new(store, Start::After(None), FeedFilter::All, RetryPolicy::never(), |_| Ok(Vec::new()));
        failed.next = Next::Read(Err(error));
        failed
    }

    /// The next event, when there is one. `None` after an error.
    pub async fn next(&mut self) -> Option<Result<RecordedEvent<T>, StoreError>> {
        poll_fn(|context| self.poll(context)).await
    }

    /// The position from which a new follower continues without a gap and without a repetition:
    /// [`next`](Self::next) has returned every wanted event up to this position.
    ///
    /// It also grows if the store has only events that are not wanted, but only while the stream is
    /// polled. It is `None` before the first position.
    pub fn reaches(&self) -> Option<Position> {
        self.reaches
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<RecordedEvent<T>, StoreError>>> {
        let span = self.span.clone();
        let _within = span.enter();
        loop {
            if let Some(Part { event, is_last }) = self.ready.pop_front() {
                if is_last {
                    self.reaches = Some(event.position);
                }
                return Poll::Ready(Some(Ok(event)));
            }
            if let Some(error) = self.failure.take() {
                self.next = Next::Never;
                self.batches.clear();
                return Poll::Ready(Some(Err(error)));
            }
            if let Some(batch) = self.batches.pop_front() {
                self.failure = self.take(&*batch).err();
                continue;
            }
            if let Next::Never = self.next {
                return Poll::Ready(None);
            }
            self.reaches = self.page_reaches;
            match ready!(self.next.poll(context)) {
                Ok(page) => {
                    self.batches = page.batches.into();
                    self.page_reaches = page.reaches;
                    self.next = Next::Reading(self.source.clone().after(page.reaches));
                    // Begins to read while the page is consumed.
                    self.next.advance(context);
                }
                Err(error) => self.failure = Some(error),
            }
        }
    }

    fn take(&mut self, batch: &dyn EventBatch) -> Result<(), StoreError> {
        for event in batch.events() {
            let meant = (self.decode)(&event?)?;
            let parts = meant.len();
            self.ready.extend((1..).zip(meant).map(|(part, event)| Part { event, is_last: part == parts }));
        }
        Ok(())
    }
}

impl Next {
    /// Continues to read the page.
    fn advance(&mut self, context: &mut Context<'_>) {
        if let Self::Reading(page) = self
            && let Poll::Ready(read) = page.as_mut().poll(context)
        {
            *self = Self::Read(read);
        }
    }

    /// Takes the page.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<FeedPage, StoreError>> {
        self.advance(context);
        match std::mem::replace(self, Self::Never) {
            Self::Read(read) => Poll::Ready(read),
            unfinished => {
                *self = unfinished;
                Poll::Pending
            }
        }
    }
}

impl Source {
    fn first(self, start: Start) -> NextPage {
        match start {
            Start::After(after) => self.after(after),
            Start::Now => Box::pin(async move {
                let now = self.retried(|| self.store.frontier()).await?;
                Ok(FeedPage::empty(now))
            }),
        }
    }

    /// The page after a position, as soon as it reaches beyond it.
    fn after(self, after: Option<Position>) -> NextPage {
        Box::pin(async move {
            loop {
                let page = self.retried(|| self.store.page(after, &self.filter)).await?;
                if page.reaches > after {
                    return Ok(page);
                }
                self.store.wake(after).await;
            }
        })
    }

    /// Reads until the store is available.
    async fn retried<'a, R>(&self, read: impl Fn() -> BoxFuture<'a, Result<R, StoreError>>) -> Result<R, StoreError> {
        let mut retries = self.retry.start();
        loop {
            let error = match read().await {
                Err(error @ StoreError::Unavailable { .. }) => error,
                done => return done,
            };
            let Some(wait) = retries.wait() else { return Err(error) };
            tracing::warn!(error = %ErrorChain::new(&error), "the feed is read again, because the store is unavailable");
            self.store.sleep(wait).await;
        }
    }
}

// Nothing that it holds by value is ever pinned.
impl<T> Unpin for Follower<T> {}

impl<T> Stream for Follower<T> {
    type Item = Result<RecordedEvent<T>, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

impl<T> fmt::Debug for Follower<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower")
            .field("filter", &self.source.filter)
            .field("reaches", &self.reaches)
            .finish_non_exhaustive()
    }
}
