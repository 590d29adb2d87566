//! The contract of a store that answers queries.

use std::cmp;
use std::fmt;
use std::sync::Arc;

use super::{BatchStream, BoxFuture, Ordering, next_batch};
use crate::query::{self, EventQuery, Trace};
use crate::store::StoredEvent;
use crate::{EventId, Position, RecordedEvent, Sequence, StoreError, StreamId, Timestamp, metadata};

/// A store whose events can be queried across all aggregates.
///
/// [`events`](Self::events) and [`trace`](Self::trace) are for users; `MemoryStore` and
/// `MongoStore` have both without this trait too, so only code that is generic over the store, or
/// that has an `Arc<dyn QueryStore>`, imports it.
///
/// ```
/// use es_core::memory::MemoryStore;
/// use es_core::StoreError;
/// use es_core::store::QueryStore;
///
/// async fn recorded_by(store: &(impl QueryStore + Clone), user: &str) -> Result<u64, StoreError> {
///     store.events().by_user(user).count().await
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), StoreError> {
/// assert_eq!(recorded_by(&MemoryStore::new(), "user_789").await?, 0);
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// [`EventQuery`] checks a query, and passes its conditions to the store as a [`Query`]. An
/// implementation
///
/// - MUST answer with every event that [`Query::includes`] accepts, and with no other event, each
///   once, in the order of [`Query::compare`].
/// - MUST read every string as a value, whatever it contains.
/// - MUST NOT leave out an event that it cannot read: it returns an error in its place.
/// - MUST end the answer after its first error.
/// - SHOULD read while the answer is consumed, in batches of about [`Query::size_hint`] events.
pub trait QueryStore: fmt::Debug + Send + Sync + 'static {
    /// Identifies the events of the store. A [cursor](crate::query::QueryCursor) continues a query
    /// only in a store with the same name, so every handle of the same events has the same name,
    /// also in a different process if the events are the same there.
    fn query_scope(&self) -> String;

    /// The order that positions define. A query with a condition on positions that needs an order
    /// across aggregates is refused if there is none.
    fn ordering(&self) -> Ordering {
        Ordering::Global
    }

    /// The events that meet the conditions, in order.
    ///
    /// An error is the first item of the stream.
    fn query(&self, query: Query) -> BatchStream;

    /// The number of events that [`query`](Self::query) would return, but not more than `at_most`.
    ///
    /// The default reads the events. A store that can count without reading their data should.
    ///
    /// # Errors
    ///
    /// The errors of the stream of [`query`](Self::query), except that an event that cannot be read
    /// may be counted.
    fn count(&self, query: Query, at_most: u64) -> BoxFuture<'_, Result<u64, StoreError>> {
        let mut batches = self.query(query);
        Box::pin(async move {
            let mut events = 0;
            while events < at_most
                && let Some(batch) = next_batch(&mut batches).await
            {
                for event in batch?.events() {
                    event?;
                    events += 1;
                }
            }
            Ok(events.min(at_most))
        })
    }

    /// Queries recorded events across all aggregates, oldest first by default.
    ///
    /// ```
    /// # use es_core::{event, Aggregate, Apply, Context};
    /// # #[event(version = 1)]
    /// # pub struct InvoicePaid { pub cents: i64 }
    /// # #[derive(Aggregate, Default)]
    /// # #[aggregate(events(InvoicePaid))]
    /// # pub struct Invoice {}
    /// # impl Apply<InvoicePaid> for Invoice { fn apply(&mut self, _: InvoicePaid, _: &Context) {} }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = es_core::memory::MemoryStore::new();
    /// let since = "2024-01-01T00:00:00Z".parse()?;
    /// let mut paid = store.events().of::<InvoicePaid>().since(since).read_as::<Invoice>();
    /// while let Some(event) = paid.next().await {
    ///     let event = event?;
    ///     println!("{} {} {:?}", event.timestamp, event.aggregate_id, event.metadata.user_id());
    /// }
    /// let last_of_user = store.events().by_user("user_789").newest_first().limit(100).read().collect().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn events(&self) -> EventQuery
    where
        Self: Clone + Sized,
    {
        EventQuery::new(Arc::new(self.clone()))
    }

    /// All events of one correlation as a tree of causes and effects.
    ///
    /// The event that began the correlation is part of it. If a cause belongs to no correlation,
    /// [`Metadata::caused_by`](crate::Metadata::caused_by) begins one with the id of the cause, and
    /// the cause does not carry it.
    ///
    /// If the `causationId` of an event is the id of another event of the correlation, the event is
    /// its effect; every other event is a root. Roots and effects are in the order of their
    /// positions. Unlike the answer to a query, the whole tree is in memory.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached, or an event is malformed.
    ///
    /// ```
    /// # async fn example(store: es_core::memory::MemoryStore) -> Result<(), es_core::StoreError> {
    /// for (depth, event) in store.trace("order-17").await?.iter() {
    ///     println!("{:indent$}{} {}", "", event.event_type, event.aggregate_id, indent = 2 * depth);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn trace(&self, correlation_id: &str) -> BoxFuture<'static, Result<Trace, StoreError>>
    where
        Self: Clone + Sized,
    {
        Box::pin(query::trace(self.events(), self.ordering(), correlation_id))
    }
}

/// The conditions of a query, its order and where it starts. All conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// The aggregates whose events are included.
    pub aggregates: QueriedAggregates,
    /// The stored names of the included events, or `None` for every name.
    pub event_types: Option<Vec<String>>,
    /// The user who recorded the events.
    pub user: Option<String>,
    /// The correlation that the events carry. The event of which this is the id began the
    /// correlation and belongs to it, although it does not carry it.
    pub correlation: Option<String>,
    /// The earliest included timestamp.
    pub since: Option<Timestamp>,
    /// The latest included timestamp.
    pub until: Option<Timestamp>,
    /// The last position that is not included any more.
    pub after_position: Option<Position>,
    /// The last included position.
    pub until_position: Option<Position>,
    /// The order of the answer.
    pub order: QueryOrder,
    /// Whether the order is reversed.
    pub newest_first: bool,
    /// The part of the ordered events with which the answer starts.
    pub start: QueryStart,
    /// The number of events that the caller expects to read. The answer is not shorter for it,
    /// because an event may be decoded to several events or to none.
    pub size_hint: u64,
}

/// The aggregates of a [`Query`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueriedAggregates {
    /// All aggregates.
    All,
    /// The aggregates of the type with this stored name.
    OfType(String),
    /// One aggregate.
    One(StreamId),
}

/// The order of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryOrder {
    /// By timestamp, then by position, then by id: positions are not unique in a store with
    /// [`Ordering::PerAggregate`].
    Time,
    /// By position.
    Position,
    /// By sequence, for the events of one aggregate.
    Sequence,
}

/// The start of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryStart {
    /// With the first event.
    Beginning,
    /// With the event at this place, or with the next one if there is none.
    At(QueryPlace),
    /// With the event after this place.
    After(QueryPlace),
}

/// The place of one event in every order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct QueryPlace {
    /// The timestamp of the event.
    pub timestamp: Timestamp,
    /// Its position.
    pub position: Position,
    /// Its sequence.
    pub sequence: Sequence,
    /// Its id.
    pub id: EventId,
}

impl From<&StoredEvent<'_>> for QueryPlace {
    fn from(event: &StoredEvent<'_>) -> Self {
        Self { timestamp: event.timestamp, position: event.position, sequence: event.sequence, id: event.id }
    }
}

impl<T> From<&RecordedEvent<T>> for QueryPlace {
    fn from(event: &RecordedEvent<T>) -> Self {
        Self { timestamp: event.timestamp, position: event.position, sequence: event.sequence, id: event.id }
    }
}

impl Query {
    /// The query for all events by timestamp, the oldest first.
    pub const ALL: Self = Self {
        aggregates: QueriedAggregates::All,
        event_types: None,
        user: None,
        correlation: None,
        since: None,
        until: None,
        after_position: None,
        until_position: None,
        order: QueryOrder::Time,
        newest_first: false,
        start: QueryStart::Beginning,
        size_hint: u64::MAX,
    };

    /// Whether the event belongs to the answer: it meets all conditions, and is not before the
    /// start.
    pub fn includes(&self, event: &StoredEvent<'_>) -> bool {
        let of_aggregate = match &self.aggregates {
            QueriedAggregates::All => true,
            QueriedAggregates::OfType(aggregate_type) => event.aggregate_type == aggregate_type,
            QueriedAggregates::One(stream) => {
                event.aggregate_type == stream.aggregate_type() && event.aggregate_id == stream.aggregate_id().as_str()
            }
        };
        let carries = |key, wanted: &str| event.metadata.get_str(key).is_ok_and(|carried| carried == wanted);
        let place = QueryPlace::from(event);
        of_aggregate
            && self.event_types.as_ref().is_none_or(|names| names.iter().any(|name| name == event.event_type))
            && self.user.as_ref().is_none_or(|user| carries(metadata::USER, user))
            && self.correlation.as_ref().is_none_or(|correlation| {
                carries(metadata::CORRELATION, correlation) || self.first_of_correlation() == Some(event.id)
            })
            && self.since.is_none_or(|since| event.timestamp >= since)
            && self.until.is_none_or(|until| event.timestamp <= until)
            && self.after_position.is_none_or(|after| event.position > after)
            && self.until_position.is_none_or(|until| event.position <= until)
            && match &self.start {
                QueryStart::Beginning => true,
                QueryStart::At(start) => self.compare(&place, start).is_ge(),
                QueryStart::After(start) => self.compare(&place, start).is_gt(),
            }
    }

    /// The order of two places in the answer.
    pub fn compare(&self, left: &QueryPlace, right: &QueryPlace) -> cmp::Ordering {
        let order = match self.order {
            QueryOrder::Time => left.timestamp.cmp(&right.timestamp),
            QueryOrder::Position => cmp::Ordering::Equal,
            QueryOrder::Sequence => left.sequence.cmp(&right.sequence),
        };
        let order = order.then(left.position.cmp(&right.position)).then(left.id.cmp(&right.id));
        if self.newest_first { order.reverse() } else { order }
    }

    /// The event that began the [correlation](Self::correlation), if the correlation has the id of
    /// an event.
    pub fn first_of_correlation(&self) -> Option<EventId> {
        self.correlation.as_ref()?.parse().ok()
    }
}

impl<S: QueryStore + ?Sized> QueryStore for Arc<S> {
    fn query_scope(&self) -> String {
        (**self).query_scope()
    }

    fn ordering(&self) -> Ordering {
        (**self).ordering()
    }

    fn query(&self, query: Query) -> BatchStream {
        (**self).query(query)
    }

    fn count(&self, query: Query, at_most: u64) -> BoxFuture<'_, Result<u64, StoreError>> {
        (**self).count(query, at_most)
    }
}
