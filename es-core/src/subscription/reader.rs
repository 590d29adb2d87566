//! Reads the pages for all partitions that a run has of one subscription, so that each is read once.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{AbortHandle, Abortable, Shared};

use super::worker::Work;
use crate::store::{BoxFuture, FeedFilter, FeedPage, ReadModelStore};
use crate::{Position, StoreError};

/// The number of pages that are kept: the one that is read ahead, and those in which the partitions
/// are. A partition that is further behind reads its page again.
const KEPT: usize = 3;

/// Reads the pages of one subscription.
pub(super) struct Reader<W: Work> {
    store: Arc<dyn ReadModelStore>,
    work: Arc<W>,
    filter: FeedFilter,
    /// The number of partitions of the subscription.
    partitions: u32,
    recent: Mutex<VecDeque<Recent<W>>>,
}

/// A page, with what the work has read from its events for all partitions.
pub(super) struct ReadPage<R> {
    pub(super) page: FeedPage,
    pub(super) read: R,
}

/// A page that is read, or being read.
struct Recent<W: Work> {
    after: Option<Position>,
    page: Reading<W>,
    /// Ends the task that reads the page ahead.
    ahead: Option<AbortHandle>,
}

type Reading<W> = Shared<BoxFuture<'static, PageResult<W>>>;

type PageResult<W> = Result<Arc<ReadPage<<W as Work>::Read>>, StoreError>;

impl<W: Work> Reader<W> {
    pub(super) fn new(store: Arc<dyn ReadModelStore>, work: Arc<W>, partitions: u32) -> Self {
        let filter = work.filter();
        Self { store, work, filter, partitions, recent: Mutex::default() }
    }

    /// A page that reaches beyond a position, unless that is the end of the log. It may begin before
    /// the position.
    pub(super) async fn page(&self, after: Option<Position>) -> PageResult<W> {
        loop {
            let (reading, is_ahead) = self.reading(after);
            let page = reading.await;
            if goes_beyond::<W>(&page, after) {
                return page;
            }
            // The answer may be different the next time.
            self.recent().retain(|recent| {
                recent.after != after || recent.page.peek().is_none_or(|page| goes_beyond::<W>(page, after))
            });
            // A page that was read ahead shows an earlier end of the log.
            if !is_ahead {
                return page;
            }
        }
    }

    /// Reads the page after a position in a separate task, so that its events are decoded while those
    /// of the page before it are handled.
    pub(super) fn read_ahead(&self, after: Option<Position>) {
        let mut recent = self.recent();
        if known(&recent, after).is_none() {
            let (handle, registration) = AbortHandle::new_pair();
            let reading = self.begin(&mut recent, after, Some(handle));
            drop(recent);
            self.store.spawn(Box::pin(Abortable::new(reading, registration).map(drop)));
        }
    }

    /// The page after a position, and whether it is read ahead.
    fn reading(&self, after: Option<Position>) -> (Reading<W>, bool) {
        let mut recent = self.recent();
        match known(&recent, after) {
            Some(known) => (known.page.clone(), known.ahead.is_some()),
            None => (self.begin(&mut recent, after, None), false),
        }
    }

    fn begin(
        &self,
        recent: &mut VecDeque<Recent<W>>,
        after: Option<Position>,
        ahead: Option<AbortHandle>,
    ) -> Reading<W> {
        let (store, work, partitions) = (Arc::clone(&self.store), Arc::clone(&self.work), self.partitions);
        let filter = self.filter.clone();
        let read: BoxFuture<'static, _> = Box::pin(async move {
            let page = store.page(after, &filter).await?;
            let read = work.read(&page, partitions);
            Ok(Arc::new(ReadPage { page, read }))
        });
        let page = read.shared();
        if recent.len() == KEPT {
            recent.pop_front();
        }
        recent.push_back(Recent { after, page: page.clone(), ahead });
        page
    }

    fn recent(&self) -> MutexGuard<'_, VecDeque<Recent<W>>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Work> Drop for Recent<W> {
    fn drop(&mut self) {
        if let Some(ahead) = &self.ahead {
            ahead.abort();
        }
    }
}

/// The page after a position, if it is read or being read.
fn known<W: Work>(recent: &VecDeque<Recent<W>>, after: Option<Position>) -> Option<&Recent<W>> {
    recent.iter().find(|recent| {
        recent.after == after
            || (recent.after < after && recent.page.peek().is_some_and(|page| goes_beyond::<W>(page, after)))
    })
}

fn goes_beyond<W: Work>(page: &PageResult<W>, after: Option<Position>) -> bool {
    page.as_ref().is_ok_and(|read| read.page.reaches > after)
}

impl<W: Work> fmt::Debug for Reader<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("filter", &self.filter).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use crate::store::{Append, EventData, EventStore, ExpectedVersion, NewEvent};
    use crate::subscription::handle::Handle;
    use crate::subscription::{HandleError, Handler};
    use crate::{Metadata, RecordedEvent, StreamId};

    struct Nothing;

    impl Handler for Nothing {
        async fn handle(&self, _: &[RecordedEvent<EventData>]) -> Result<(), HandleError> {
            Ok(())
        }
    }

    async fn record(store: &MemoryStore, id: &str) {
        let data = EventData::encode("Paid", &bson::doc! {}).unwrap();
        let paid = NewEvent::from_data("Paid", 1, data, Metadata::new()).unwrap();
        let append = Append::new(StreamId::new("Invoice", id).unwrap(), ExpectedVersion::NONE, vec![paid]);
        store.append(append).await.unwrap();
    }

    #[tokio::test]
    async fn the_end_of_the_log_is_that_of_now_and_not_the_one_that_was_read_ahead() {
        let store = MemoryStore::new();
        record(&store, "1").await;
        let reader = Reader::new(Arc::new(store.clone()), Arc::new(Handle::new(Nothing)), 1);
        let first = reader.page(None).await.unwrap().page.reaches;
        reader.read_ahead(first);
        record(&store, "2").await;
        let second = reader.page(first).await.unwrap().page.reaches;
        assert!(second > first, "{second:?}");
    }

    #[tokio::test]
    async fn a_page_is_read_once_whoever_asks_for_it() {
        let store = MemoryStore::new();
        record(&store, "1").await;
        let reader = Reader::new(Arc::new(store.clone()), Arc::new(Handle::new(Nothing)), 2);
        reader.read_ahead(None);
        let (one, other) = (reader.page(None).await.unwrap(), reader.page(None).await.unwrap());
        assert!(Arc::ptr_eq(&one, &other));
    }
}
