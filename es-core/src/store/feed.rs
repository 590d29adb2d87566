//! The contract of a store whose events can be read by position.

use std::fmt;
use std::sync::Arc;

use super::{BoxFuture, EventBatch, Runtime};
use crate::feed::{Follow, From};
use crate::store::StoredEvent;
use crate::{Aggregate, Position, StoreError};

/// A store whose events can be read by position, across all aggregates and forever.
///
/// [`follow`](Self::follow) is for users; `MemoryStore` and `MongoStore` have it without this trait
/// too, so only code that is generic over the store, or that has an `Arc<dyn FeedStore>`, imports
/// it. The other methods are for subscriptions, which keep their own position.
///
/// ```
/// use es_core::memory::MemoryStore;
/// use es_core::store::{FeedFilter, FeedStore};
/// use es_core::{Position, StoreError};
///
/// /// Counts the events that are in the store now.
/// async fn count(store: &impl FeedStore) -> Result<usize, StoreError> {
///     let (mut events, mut after) = (0, None::<Position>);
///     let end = store.frontier().await?;
///     while after < end {
///         let page = store.page(after, &FeedFilter::All).await?;
///         events += page.batches.iter().map(|batch| batch.events().count()).sum::<usize>();
///         after = page.reaches;
///     }
///     Ok(events)
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), StoreError> {
/// assert_eq!(count(&MemoryStore::new()).await?, 0);
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// A position is *open* as long as an event may still be recorded at it, and *decided* afterwards:
/// it holds an event, or never will. The *frontier* is the highest position up to which all are
/// decided. An implementation
///
/// - MUST hand out every wanted event in `(after, reaches]` once and in the order of positions,
///   whether it is in use, archived, or moved at that time, and no other event.
/// - MUST NOT let `reaches` pass an open position, and MUST NOT let it be lower than `after`.
/// - MUST return a page that reaches beyond `after` if the frontier is beyond it. An empty page
///   that reaches far is progress.
/// - MUST decide a position that stays open, for example because its writer has died. If it has no
///   right to do that, it waits until a different process does.
/// - MUST return [`StoreError::MissingPosition`] if a decided position is no longer there, instead
///   of passing it.
/// - MUST NOT leave out an event that it cannot read: the batch has an error in its place.
/// - MUST return [`StoreError::NoGlobalOrder`] from [`page`](Self::page) and
///   [`frontier`](Self::frontier) if positions define no order across aggregates.
/// - MUST return all other failures as an [`EventStore`](super::EventStore) does.
/// - SHOULD limit a page to a few megabytes, because a reader holds two pages in memory. A page may
///   end at any decided position.
pub trait FeedStore: Runtime + fmt::Debug {
    /// The wanted events after a position, and the position up to which these are all. `None` is
    /// before the first event.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn page<'a>(
        &'a self,
        after: Option<Position>,
        filter: &'a FeedFilter,
    ) -> BoxFuture<'a, Result<FeedPage, StoreError>>;

    /// The highest position up to which all are decided, or `None` if there is none.
    ///
    /// Every event that is recorded later has a higher position. An event that was acknowledged may
    /// be beyond the frontier for a short time, if a lower position is still open.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn frontier(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>>;

    /// Returns if there may be decided positions after this one, or after a while.
    ///
    /// It is a hint that may be wrong in both directions: it may return although there is nothing,
    /// and return late although there is something. Ask for a [`page`](Self::page) in either case.
    fn wake(&self, after: Option<Position>) -> BoxFuture<'_, ()>;

    /// Follows the events of the store: an endless stream of those that are already recorded and,
    /// after them, of each new event.
    ///
    /// ```
    /// # use es_core::{event, Aggregate, Apply, Context, Repository};
    /// # #[event(version = 1)]
    /// # pub struct InvoicePaid { pub cents: i64 }
    /// # #[derive(Aggregate, Default)]
    /// # #[aggregate(events(InvoicePaid))]
    /// # pub struct Invoice {}
    /// # impl Apply<InvoicePaid> for Invoice { fn apply(&mut self, _: InvoicePaid, _: &Context) {} }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = es_core::memory::MemoryStore::new();
    /// use es_core::feed;
    ///
    /// # Repository::<Invoice>::new(&store).create("invoice_123", InvoicePaid { cents: 500 }).await?;
    /// let mut invoices = store.follow(feed::From::beginning()).of::<Invoice>().read();
    /// while let Some(event) = invoices.next().await {
    ///     let event = event?;
    ///     println!("{} {} {:?}", event.position, event.aggregate_id, event.data);
    /// #   break;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn follow(&self, from: From) -> Follow
    where
        Self: Clone + Sized,
    {
        Follow::new(Arc::new(self.clone()), from)
    }
}

/// The events that a reader of positions wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedFilter {
    /// The events of all aggregates.
    All,
    /// The events of the aggregates of the types with these stored names.
    OfTypes(Vec<String>),
}

impl FeedFilter {
    /// The events of aggregate `A`.
    pub fn of<A: Aggregate>() -> Self {
        Self::OfTypes(vec![A::TYPE.to_owned()])
    }

    /// Whether the reader wants the event.
    pub fn includes(&self, event: &StoredEvent<'_>) -> bool {
        match self {
            Self::All => true,
            Self::OfTypes(types) => types.iter().any(|wanted| wanted == event.aggregate_type),
        }
    }
}

/// The wanted events up to a position.
pub struct FeedPage {
    /// The events, in the order of positions.
    pub batches: Vec<Box<dyn EventBatch>>,
    /// The position up to which the batches have every wanted event, or `None` if the page is
    /// before the first position. The next page begins after it.
    pub reaches: Option<Position>,
}

impl FeedPage {
    /// A page without events.
    pub fn empty(reaches: Option<Position>) -> Self {
        Self { batches: Vec::new(), reaches }
    }
}

impl fmt::Debug for FeedPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedPage").field("reaches", &self.reaches).finish_non_exhaustive()
    }
}

impl<S: FeedStore + ?Sized> FeedStore for Arc<S> {
    fn page<'a>(
        &'a self,
        after: Option<Position>,
        filter: &'a FeedFilter,
    ) -> BoxFuture<'a, Result<FeedPage, StoreError>> {
        (**self).page(after, filter)
    }

    fn frontier(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        (**self).frontier()
    }

    fn wake(&self, after: Option<Position>) -> BoxFuture<'_, ()> {
        (**self).wake(after)
    }
}
