//! The work of a handler: it gets batches of events, and has effects outside the store.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tracing::Span;

use super::batch::{Failed, FailedBy, Written};
use super::fold::before;
use super::reader::ReadPage;
use super::worker::{Batch, Committed, Held, Work, Worker};
use super::{LEASE, partition_of};
use crate::error::{ErrorChain, SharedError};
use crate::store::{EventData, FeedFilter, FeedPage, Lease};
use crate::{Position, RecordedEvent, RetryPolicy, StoreError};

/// The largest number of events that a handler gets at once.
const AT_ONCE: usize = 1_000;

/// Handles events by effects outside the store, such as a search index, a message or a mail.
///
/// [`Subscriptions::handle`](super::Subscriptions::handle) calls it with each batch of events, in the
/// order of positions. If the process dies before the checkpoint has moved, it gets the events of the
/// batch again, with the same [ids](RecordedEvent::id) and positions, perhaps in a batch that ends
/// elsewhere. So each event is handled at least once, and a handler that must not repeat an effect
/// remembers the id or the position in the same transaction as the effect.
///
/// ```
/// # use es_core::{event, Aggregate, Apply, Context, RecordedEvent, Repository};
/// # #[event(version = 1)]
/// # pub struct InvoiceCreated { pub customer: String }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(InvoiceCreated))]
/// # pub struct Invoice {}
/// # impl Apply<InvoiceCreated> for Invoice { fn apply(&mut self, _: InvoiceCreated, _: &Context) {} }
/// use std::collections::BTreeMap;
/// use std::sync::{Arc, Mutex};
///
/// use es_core::feed;
/// use es_core::memory::MemoryStore;
/// use es_core::store::{EventData, FeedFilter};
/// use es_core::subscription::{HandleError, Handler, Subscriptions};
///
/// /// The invoices of each customer, in place of a search engine.
/// #[derive(Clone, Default)]
/// struct SearchIndex(Arc<Mutex<BTreeMap<String, String>>>);
///
/// impl Handler for SearchIndex {
///     fn filter(&self) -> FeedFilter {
///         FeedFilter::of::<Invoice>()
///     }
///
///     async fn handle(&self, events: &[RecordedEvent<EventData>]) -> Result<(), HandleError> {
///         for event in events {
///             for invoice in event.decode::<Invoice>()?.into_vec() {
///                 let InvoiceEvent::InvoiceCreated(created) = invoice;
///                 // To insert the same entry twice changes nothing.
///                 self.0.lock().unwrap().insert(event.aggregate_id.to_string(), created.customer);
///             }
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// Repository::<Invoice>::new(&store).create("invoice_123", InvoiceCreated { customer: "ann".into() }).await?;
///
/// let index = SearchIndex::default();
/// Subscriptions::on(&store).handle("search-index", feed::From::beginning(), index.clone()).catch_up().await?;
/// assert_eq!(index.0.lock().unwrap()["invoice_123"], "ann");
/// # Ok(())
/// # }
/// ```
pub trait Handler: Send + Sync + 'static {
    /// The events that it gets; all by default.
    fn filter(&self) -> FeedFilter {
        FeedFilter::All
    }

    /// Handles events, at most 1,000 at once.
    ///
    /// While it runs, the process keeps its lease, however long that takes. If the lease is lost
    /// nevertheless, because the process was frozen, the future is dropped.
    ///
    /// # Errors
    ///
    /// [`HandleError`]. In both cases no event of the batch counts as handled.
    fn handle(&self, events: &[RecordedEvent<EventData>]) -> impl Future<Output = Result<(), HandleError>> + Send;
}

/// A handler has not handled its events.
///
/// Errors convert to it by `?`: to [`Refused`](Self::Refused) if it is a [`StoreError`] that a retry
/// does not change, such as an event that cannot be decoded, and to [`Retry`](Self::Retry) otherwise.
/// Like [`SharedError`], it is not an [`Error`](std::error::Error) itself.
#[derive(Debug, Clone)]
pub enum HandleError {
    /// The events are handled again after a growing wait, until it succeeds. For what ends without a
    /// change of the program: a service is down, a connection was lost.
    Retry(SharedError),
    /// The subscription stops before the events. For what a retry does not change.
    Refused(SharedError),
}

impl HandleError {
    /// The events cannot be handled, and a retry would not change that.
    pub fn refused(error: impl Into<SharedError>) -> Self {
        Self::Refused(error.into())
    }
}

impl<E: Into<SharedError>> From<E> for HandleError {
    fn from(error: E) -> Self {
        let error = error.into();
        match error.as_error().downcast_ref::<StoreError>() {
            None | Some(StoreError::Unavailable { .. }) => Self::Retry(error),
            Some(_) => Self::Refused(error),
        }
    }
}

/// Calls a handler.
pub(super) struct Handle<H> {
    handler: H,
}

impl<H: Handler> Handle<H> {
    pub(super) fn new(handler: H) -> Self {
        Self { handler }
    }
}

/// The first events of a page that belong to a partition.
struct Taken {
    events: Vec<RecordedEvent<EventData>>,
    to: Option<Position>,
    failed: Option<Failed>,
}

impl Taken {
    fn of(page: &FeedPage, after: Option<Position>, partition: u32, partitions: u32) -> Self {
        let (mut events, mut last) = (Vec::new(), after);
        for event in page.batches.iter().flat_map(|batch| batch.events()) {
            match event {
                Ok(event) if Some(event.position) <= after => {}
                Ok(_) if events.len() == AT_ONCE => return Self { events, to: last, failed: None },
                Ok(event) => {
                    last = Some(event.position);
                    if partition_of(event.aggregate_id, partitions) == partition {
                        events.push(event.to_recorded());
                    }
                }
                Err(error) => {
                    let failed = Failed::after(last, error);
                    return Self { events, to: before(failed.position), failed: Some(failed) };
                }
            }
        }
        Self { events, to: page.reaches, failed: None }
    }
}

impl<H: Handler> Work for Handle<H> {
    type Kept = ();
    type Read = ();

    async fn begin(_: &Worker<Self>, _: Lease) -> Result<Option<()>, StoreError> {
        Ok(Some(()))
    }

    fn filter(&self) -> FeedFilter {
        self.handler.filter()
    }

    fn read(&self, _: &FeedPage, _: u32) {}

    fn span(page: &FeedPage) -> Span {
        tracing::debug_span!("handle", reaches = page.reaches.map(Position::get))
    }

    async fn batch(
        worker: &Worker<Self>,
        held: &mut Held<()>,
        page: &ReadPage<()>,
    ) -> Result<Option<Batch>, StoreError> {
        let Taken { events, to, failed } =
            Taken::of(&page.page, held.reached, worker.partition.number, worker.partitions);
        let Some(first) = events.first().map(|event| event.position) else {
            return Ok(Some(Batch { written: Written::default(), to, failed, is_due: false }));
        };
        let mut retries = RetryPolicy::forever().start();
        loop {
            let Some(handled) = handle(worker, held, &events).await? else { return Ok(None) };
            let problem = match handled {
                Ok(()) => return Ok(Some(Batch { written: Written::default(), to, failed, is_due: true })),
                Err(HandleError::Refused(error)) => {
                    let failed = Some(Failed { position: first, error: FailedBy::Handler(error) });
                    return Ok(Some(Batch { written: Written::default(), to: before(first), failed, is_due: true }));
                }
                Err(HandleError::Retry(problem)) => problem,
            };
            tracing::warn!(position = %first, error = %ErrorChain::new(problem.as_error()), "events are handled again");
            worker.unless_stopping(worker.start.store.sleep(retries.wait().unwrap_or(LEASE))).await;
            if worker.is_stopping() {
                return Ok(Some(Batch { written: Written::default(), to: held.reached, failed: None, is_due: false }));
            }
            if held.must_renew() && !matches!(worker.commit(held).await?, Committed::Done) {
                return Ok(None);
            }
        }
    }

    fn committed((): &mut ()) {}

    fn forget((): &mut ()) {}

    async fn divide(
        _: &Worker<Self>,
        held: &mut Held<()>,
        _: &ReadPage<()>,
        after: Option<Position>,
        error: StoreError,
    ) -> Result<Option<Failed>, StoreError> {
        // A handler has no rows that the store could refuse.
        held.reached = after;
        Ok(Some(Failed::after(after, error)))
    }
}

/// Calls the handler, and renews the lease meanwhile. `None` if it is lost.
async fn handle<H: Handler>(
    worker: &Worker<Handle<H>>,
    held: &mut Held<()>,
    events: &[RecordedEvent<EventData>],
) -> Result<Option<Result<(), HandleError>>, StoreError> {
    let mut handling = pin!(worker.work.handler.handle(events));
    loop {
        let mut wait = worker.start.store.sleep(LEASE / 3);
        let handled = poll_fn(|context| match handling.as_mut().poll(context) {
            Poll::Ready(handled) => Poll::Ready(Some(handled)),
            Poll::Pending => wait.as_mut().poll(context).map(|()| None),
        });
        if let Some(handled) = handled.await {
            return Ok(Some(handled));
        }
        if held.must_renew() && !matches!(worker.commit(held).await?, Committed::Done) {
            return Ok(None);
        }
    }
}
