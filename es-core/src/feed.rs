//! Following the events of a store: those of the past, and each new one when it is recorded.
//!
//! A store that implements [`FeedStore`] can be followed: `MemoryStore` and `MongoStore` can.
//! Import the module, as in `use es_core::feed`, and write `feed::From`, because the name of the
//! type is also that of a trait in the prelude.

mod follower;
mod select;

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

pub use follower::Follower;
pub use select::{AllEvents, Of, ReadAs};

use crate::error::QueryError;
use crate::recorded::EventData;
use crate::store::{FeedFilter, FeedStore};
use crate::{Aggregate, Position, RetryPolicy};

/// The position from which a store is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct From(Start);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    After(Option<Position>),
    Now,
}

impl From {
    /// With the first event of the store.
    pub const fn beginning() -> Self {
        Self(Start::After(None))
    }

    /// With the first event after this position, such as [`Follower::reaches`] of an earlier
    /// follower.
    pub const fn position(position: Position) -> Self {
        Self(Start::After(Some(position)))
    }

    /// The position after which it begins, if `now` is the frontier.
    pub(crate) fn after(self, now: Option<Position>) -> Option<Position> {
        match self.0 {
            Start::After(after) => after,
            Start::Now => now,
        }
    }

    /// With the events that are recorded from now on.
    ///
    /// *Now* is when the stream is polled first. Events that were acknowledged shortly before may
    /// be among them. To follow from an earlier time, such as before an append, read the
    /// [frontier](FeedStore::frontier) at that time and pass it to [`position`](Self::position).
    pub const fn now() -> Self {
        Self(Start::Now)
    }
}

/// Which events are followed; created by [`FeedStore::follow`].
///
/// # What a follower gets
///
/// - Every event after the position from which it started, once and in the order of positions,
///   whether it is in use or in the archive, even while an archive run moves it.
/// - Nothing at or below a position that it has passed: it waits for positions that are still open,
///   because a writer is about to record an event there.
/// - An event within milliseconds after it was acknowledged, if no lower position is open.
///
/// # Errors
///
/// The stream ends after its first error. As long as the store is
/// [unavailable](crate::StoreError::Unavailable), it is asked again; see [`retry`](Self::retry).
/// Every other failure is an error: an event cannot be read, a right is missing, the store was
/// closed. A new follower [from](From::position) the position that the last one has
/// [reached](Follower::reaches) continues with the event that it could not read.
///
/// A store with [`Ordering::PerAggregate`](crate::store::Ordering::PerAggregate) cannot be
/// followed, because its positions define no order across aggregates. The first item is
/// [`StoreError::NoGlobalOrder`](crate::StoreError::NoGlobalOrder).
///
/// # Several aggregates
///
/// [`of`](Self::of) can be repeated. The events of several aggregates are read as one type, which
/// has a `From` for the events of each:
///
/// ```
/// # use es_core::{event, Aggregate, Apply, Context, Repository};
/// # #[event(version = 1)]
/// # #[derive(Debug)]
/// # pub struct InvoicePaid { pub cents: i64 }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(InvoicePaid))]
/// # pub struct Invoice {}
/// # impl Apply<InvoicePaid> for Invoice { fn apply(&mut self, _: InvoicePaid, _: &Context) {} }
/// # #[event(version = 1)]
/// # #[derive(Debug)]
/// # pub struct CustomerRegistered { pub name: String }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(CustomerRegistered))]
/// # pub struct Customer {}
/// # impl Apply<CustomerRegistered> for Customer { fn apply(&mut self, _: CustomerRegistered, _: &Context) {} }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let store = es_core::memory::MemoryStore::new();
/// use es_core::feed;
///
/// enum Bookkeeping {
///     Invoice(InvoiceEvent),
///     Customer(CustomerEvent),
/// }
///
/// impl From<InvoiceEvent> for Bookkeeping {
///     fn from(event: InvoiceEvent) -> Self { Self::Invoice(event) }
/// }
///
/// impl From<CustomerEvent> for Bookkeeping {
///     fn from(event: CustomerEvent) -> Self { Self::Customer(event) }
/// }
///
/// # Repository::<Customer>::new(&store).create("ann", CustomerRegistered { name: "Ann".into() }).await?;
/// # Repository::<Invoice>::new(&store).create("invoice_123", InvoicePaid { cents: 500 }).await?;
/// let follow = store.follow(feed::From::beginning()).of::<Invoice>().of::<Customer>();
/// let mut events = follow.read_as::<Bookkeeping>();
/// while let Some(event) = events.next().await {
///     match event?.data {
///         Bookkeeping::Invoice(InvoiceEvent::InvoicePaid(paid)) => {
///             println!("{}", paid.cents);
/// #           break;
///         }
///         Bookkeeping::Customer(CustomerEvent::CustomerRegistered(registered)) => println!("{}", registered.name),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is read before `read` or `read_as`, and before the stream is polled"]
pub struct Follow<S = AllEvents> {
    store: Arc<dyn FeedStore>,
    from: From,
    /// The stored names of the types of the aggregates.
    types: Vec<&'static str>,
    retry: RetryPolicy,
    selection: PhantomData<fn() -> S>,
}

impl Follow {
    /// All events of a store.
    pub(crate) fn new(store: Arc<dyn FeedStore>, from: From) -> Self {
        Self { store, from, types: Vec::new(), retry: RetryPolicy::forever(), selection: PhantomData }
    }

    /// The events of all aggregates, with their data as stored;
    /// [`RecordedEvent::decode`](crate::RecordedEvent::decode) decodes them.
    pub fn read(self) -> Follower<EventData> {
        Follower::new(self.store, self.from.0, FeedFilter::All, self.retry, |event| Ok(vec![event.to_recorded()]))
    }
}

impl<A: Aggregate> Follow<Of<A>> {
    /// The events of the aggregates of type `A`, decoded, in their newest versions.
    ///
    /// A retired event is left out. An event that was split is several events at one position, so
    /// continue from [`Follower::reaches`], which passes a position with the last of them.
    pub fn read(self) -> Follower<A::Event> {
        self.read_as()
    }
}

impl<A, S> Follow<Of<A, S>> {
    /// The events of all chosen aggregates as one type, decoded as [`read`](Follow::read) does.
    ///
    /// If an aggregate was chosen twice, or two have the same stored name, the first item is
    /// [`QueryError::Conditions`].
    pub fn read_as<T>(self) -> Follower<T>
    where
        T: Send + 'static,
        Of<A, S>: ReadAs<T>,
    {
        let mut types: Vec<String> = self.types.iter().map(|name| (*name).to_owned()).collect();
        types.sort_unstable();
        let twice = types.iter().zip(types.iter().skip(1)).find(|(name, next)| name == next);
        if let Some((name, _)) = twice {
            let reason = format!("two of the followed aggregates have the stored name `{name}`; follow one of them");
            return Follower::failed(self.store, QueryError::Conditions { reason }.into());
        }
        Follower::new(self.store, self.from.0, FeedFilter::OfTypes(types), self.retry, <Of<A, S>>::decode)
    }
}

impl<S> Follow<S> {
    /// Only events of aggregates of type `A`, and of those that were chosen before.
    pub fn of<A: Aggregate>(self) -> Follow<Of<A, S>> {
        let Self { store, from, mut types, retry, .. } = self;
        types.push(A::TYPE);
        Follow { store, from, types, retry, selection: PhantomData }
    }

    /// Limits how often, or for how long, a read is retried while the store is unavailable. After
    /// the last attempt, the error is the last item of the stream.
    ///
    /// By default a read is retried forever, after pauses of at most one second.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }
}

impl<S> fmt::Debug for Follow<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow")
            .field("from", &self.from)
            .field("selection", &type_name::<S>())
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
