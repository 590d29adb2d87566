//! Reads the pages for all partitions that a run has of one subscription, so that each is read once.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::Shared;

use crate::store::{BoxFuture, FeedFilter, FeedPage, ReadModelStore};
use crate::{Position, StoreError};

/// The number of pages that are kept: the one that is read ahead, and those in which the partitions
/// are. A partition that is further behind reads its page again.
const KEPT: usize = 3;

/// Reads the pages of one subscription.
pub(super) struct Reader {
    store: Arc<dyn ReadModelStore>,
    filter: FeedFilter,
    recent: Mutex<VecDeque<Recent>>,
}

/// A page that is read, or being read.
struct Recent {
    after: Option<Position>,
    page: Reading,
}

type Reading = Shared<BoxFuture<'static, Result<Arc<FeedPage>, StoreError>>>;

impl Reader {
    pub(super) fn new(store: Arc<dyn ReadModelStore>, filter: FeedFilter) -> Self {
        Self { store, filter, recent: Mutex::default() }
    }

    /// A page that reaches beyond a position, unless that is the end of the log. It may begin before
    /// the position.
    pub(super) async fn page(&self, after: Option<Position>) -> Result<Arc<FeedPage>, StoreError> {
        let page = self.reading(after).await;
        if !goes_beyond(&page, after) {
            // The answer may be different the next time.
            self.recent().retain(|recent| {
                recent.after != after || recent.page.peek().is_none_or(|page| goes_beyond(page, after))
            });
        }
        page
    }

    /// Begins to read the page after a position.
    pub(super) fn read_ahead(&self, after: Option<Position>) {
        // The first poll sends the command. The answer is taken when the page is needed.
        drop(self.reading(after).now_or_never());
    }

    fn reading(&self, after: Option<Position>) -> Reading {
        let mut recent = self.recent();
        let known = recent.iter().find(|recent| {
            recent.after == after
                || (recent.after < after && recent.page.peek().is_some_and(|page| goes_beyond(page, after)))
        });
        if let Some(known) = known {
            return known.page.clone();
        }
        let (store, filter) = (Arc::clone(&self.store), self.filter.clone());
        let read: BoxFuture<'static, _> = Box::pin(async move { store.page(after, &filter).await.map(Arc::new) });
        let page = read.shared();
        if recent.len() == KEPT {
            recent.pop_front();
        }
        recent.push_back(Recent { after, page: page.clone() });
        page
    }

    fn recent(&self) -> MutexGuard<'_, VecDeque<Recent>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn goes_beyond(page: &Result<Arc<FeedPage>, StoreError>, after: Option<Position>) -> bool {
    page.as_ref().is_ok_and(|page| page.reaches > after)
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("filter", &self.filter).finish_non_exhaustive()
    }
}
