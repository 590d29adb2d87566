//! Reading a store in memory by position.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::{Inner, MemoryBatch, MemoryStore};
use crate::store::{BoxFuture, EventBatch, FeedFilter, FeedPage, FeedStore};
use crate::{Position, StoreError};

/// The number of positions that a page covers.
const PAGE: usize = 1_000;

impl FeedStore for MemoryStore {
    fn page<'a>(
        &'a self,
        after: Option<Position>,
        filter: &'a FeedFilter,
    ) -> BoxFuture<'a, Result<FeedPage, StoreError>> {
        Box::pin(async move { Ok(self.lock().page(after, filter)) })
    }

    fn frontier(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        Box::pin(async move { Ok(self.lock().newest()) })
    }

    fn wake(&self, after: Option<Position>) -> BoxFuture<'_, ()> {
        Box::pin(Wake { store: self, after, number: None })
    }
}

impl Inner {
    fn newest(&self) -> Option<Position> {
        self.log.last().map(|event| event.position)
    }

    fn page(&self, after: Option<Position>, filter: &FeedFilter) -> FeedPage {
        let start = self.log.partition_point(|event| Some(event.position) <= after);
        let covered = || self.log.iter().skip(start).take(PAGE);
        let Some(last) = covered().next_back() else { return FeedPage::empty(after) };
        let wanted = covered().filter(|event| filter.includes(&event.as_stored())).cloned().collect();
        let batch: Box<dyn EventBatch> = Box::new(MemoryBatch(wanted));
        FeedPage { batches: vec![batch], reaches: Some(last.position) }
    }
}

/// The tasks that wait for an append.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    next: u64,
    tasks: HashMap<u64, Waker>,
}

impl Waiting {
    /// All of them, which then wait no longer.
    pub(super) fn take(&mut self) -> Vec<Waker> {
        self.tasks.drain().map(|(_, task)| task).collect()
    }
}

/// Ends when there is an event after a position.
struct Wake<'a> {
    store: &'a MemoryStore,
    after: Option<Position>,
    /// Among the waiting tasks.
    number: Option<u64>,
}

impl Future for Wake<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.store.lock();
        if inner.newest() > self.after {
            return Poll::Ready(());
        }
        let waiting = &mut inner.waiting;
        let number = *self.number.get_or_insert_with(|| {
            waiting.next += 1;
            waiting.next
        });
        waiting.tasks.insert(number, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Wake<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.store.lock().waiting.tasks.remove(&number);
        }
    }
}
