//! Queries across all aggregates: by event, aggregate, user, correlation, time and position.
//!
//! A store that implements [`QueryStore`] answers them: `MemoryStore` and `MongoStore` do.

mod answer;
mod conditions;
mod cursor;
mod select;
mod trace;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use tracing::{Instrument, Span};

use crate::error::QueryError;
use crate::repository::Events;
use crate::store::{EventData, Query, QueryOrder, QueryStart, QueryStore};
use crate::{Aggregate, Event, EventId, Position, RecordedEvent, StoreError, StreamId, Timestamp};
use answer::{Answer, Decode, Part, Proof, Read};
use conditions::Conditions;
pub use cursor::{InvalidCursor, QueryCursor};
pub use select::{AnyEvent, NamedEvent, OneEvent, SelectsFrom};
use select::{Selection, Wanted};
pub(crate) use trace::trace;
pub use trace::{Trace, TraceNode};

/// A query for recorded events; created by [`QueryStore::events`]. All conditions must hold.
///
/// The answer to every query
///
/// - covers the events and the archive, and contains each event once, even while an archive run
///   moves them;
/// - is a stream: events are read as the stream is consumed. In a `MongoStore` an index provides
///   the order, so the server never sorts. Memory contains a few batches, and the events of one
///   millisecond;
/// - treats every string as a value: `{"$ne": null}` is the id of a strange user, not an operator.
///
/// # Order
///
/// The answer is in the order of timestamps, and of positions within a millisecond. Timestamps
/// never order causes and effects; use [`trace`](QueryStore::trace) for that. The events of [one
/// aggregate](Self::of_aggregate) are in their own order, and the answer to a query with a
/// condition on [positions](Self::after_position) is in the order of positions.
///
/// # Which events
///
/// [`of`](Self::of) selects an event by its type and [`of_type`](Self::of_type) by its name. Both
/// need the aggregate, which [`read_as`](Self::read_as) provides, and find everything that is read
/// as this event: under its name, under an alias, and as a part of an event that was later split.
/// [`stored_as`](Self::stored_as) takes the stored name literally and needs no aggregate.
///
/// # Pages
///
/// [`page`](Self::page) and [`page_as`](Self::page_as) return at most as many events as the
/// [limit](Self::limit), and a cursor if there are more. The same query [after](Self::after) that
/// cursor returns the next page. No event is returned twice and none is left out, however many
/// share a timestamp, and even if the archive moves them in the meantime.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let store = es_core::memory::MemoryStore::new();
/// let query = store.events().by_user("user_789").newest_first().limit(10);
/// let mut page = query.clone().page().await?;
/// while let Some(next) = page.next {
///     let link = format!("/history?after={next}"); // a cursor is short text; serde reads and writes it too
///     page = query.clone().after(next).page().await?;
/// }
/// # Ok(())
/// # }
/// ```
///
/// A page reads the events that it returns, and again the events of the millisecond in which the
/// previous page ended. If an event with an earlier timestamp is recorded later, as an import does,
/// it belongs to a page that was already read. To read every new event once,
/// [follow](crate::store::FeedStore::follow) the store.
#[must_use = "nothing is read before `read`, `page` or `count`"]
pub struct EventQuery<S = AnyEvent> {
    store: Arc<dyn QueryStore>,
    conditions: Conditions,
    limit: u64,
    after: Option<QueryCursor>,
    selection: PhantomData<fn() -> S>,
}

/// A part of the answer to a query, and a cursor for the next part.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The events, in order.
    pub events: Vec<RecordedEvent<T>>,
    /// The start of the next page. `None` if there are no more events.
    pub next: Option<QueryCursor>,
}

impl EventQuery {
    /// The query for all events of a store.
    pub(crate) fn new(store: Arc<dyn QueryStore>) -> Self {
        let conditions = Conditions::default();
        Self { store, conditions, limit: u64::MAX, after: None, selection: PhantomData }
    }

    /// Only this event of an aggregate, under all its names and in all its stored forms.
    ///
    /// The type is checked: if the aggregate of [`read_as`](Self::read_as) does not have the event,
    /// the program does not compile.
    pub fn of<E: Event>(self) -> EventQuery<OneEvent<E>> {
        self.wanting(Wanted::Event(E::TYPE.to_owned()))
    }

    /// Only the event with this name or alias, under all its names and in all its stored forms.
    /// This is [`of`](Self::of) for a name that is known only at run time.
    ///
    /// If the aggregate of [`read_as`](Self::read_as) does not know the name, the query fails with
    /// [`QueryError::UnknownEventType`].
    pub fn of_type(self, event_type: &str) -> EventQuery<NamedEvent> {
        self.wanting(Wanted::Event(event_type.to_owned()))
    }

    /// Only events that are stored under exactly this name. An event that was renamed or split is
    /// stored under several names: see [`of`](Self::of).
    ///
    /// A name that does not exist is [`QueryError::UnknownEventType`] instead of an empty answer.
    /// For [`read`](Self::read), [`page`](Self::page) and [`count`](Self::count) a name does not
    /// exist if the store contains no event with it, otherwise if the aggregate does not know it.
    pub fn stored_as(self, event_type: &str) -> Self {
        self.wanting(Wanted::StoredAs(event_type.to_owned()))
    }

    /// The events of all aggregates, with their data as stored; [`RecordedEvent::decode`] decodes
    /// them.
    ///
    /// The stream ends after its first error: the query is invalid, the store fails, or an event is
    /// malformed.
    pub fn read(self) -> Events<EventData> {
        self.stream(None, stored())
    }

    /// The first events of the answer, up to the [limit](Self::limit), and the start of the next
    /// page.
    ///
    /// # Errors
    ///
    /// The errors of the stream of [`read`](Self::read); [`QueryError::ForeignCursor`] if the
    /// cursor belongs to a different query.
    pub async fn page(self) -> Result<Page<EventData>, StoreError> {
        self.one_page(None, stored()).await
    }

    /// The number of events that [`read`](Self::read) would return.
    ///
    /// A `MongoStore` reads an index and, once there is an archive, the keys of the events, but
    /// never their data.
    ///
    /// # Errors
    ///
    /// The errors of the stream of [`read`](Self::read).
    pub async fn count(self) -> Result<u64, StoreError> {
        let span = self.span(None);
        let Begun { query, proof, .. } = self.begin(None)?;
        if self.limit == 0 {
            return Ok(0);
        }
        let count = async {
            let events = self.store.count(query, self.limit).await?;
            if events == 0
                && let Some(proof) = proof
            {
                proof.await?;
            }
            Ok(events)
        };
        count.instrument(span).await
    }

    fn wanting<S>(self, wanted: Wanted) -> EventQuery<S> {
        let Self { store, mut conditions, limit, after, .. } = self;
        conditions.wanted = wanted;
        EventQuery { store, conditions, limit, after, selection: PhantomData }
    }
}

impl<S> EventQuery<S> {
    /// Only events of aggregates of type `A`.
    pub fn of_aggregates<A: Aggregate>(mut self) -> Self {
        self.conditions.require_aggregate(A::TYPE);
        self
    }

    /// Only events of this aggregate, in its own order.
    pub fn of_aggregate(mut self, stream: &StreamId) -> Self {
        self.conditions.stream = Some(stream.clone());
        self
    }

    /// Only events that this user recorded.
    pub fn by_user(mut self, user_id: &str) -> Self {
        self.conditions.user = Some(user_id.to_owned());
        self
    }

    /// Only events of this correlation, including the event that began it: if
    /// [`Metadata::caused_by`](crate::Metadata::caused_by) begins a correlation, the correlation
    /// has the id of that event.
    pub fn of_correlation(mut self, correlation_id: &str) -> Self {
        self.conditions.correlation = Some(correlation_id.to_owned());
        self
    }

    /// Only events recorded at this time or later.
    pub fn since(mut self, time: Timestamp) -> Self {
        self.conditions.since = Some(time);
        self
    }

    /// Only events recorded at this time or earlier.
    pub fn until(mut self, time: Timestamp) -> Self {
        self.conditions.until = Some(time);
        self
    }

    /// Only events after this position. The answer is in the order of positions.
    ///
    /// An event can become visible before one with a lower position, so a query after the last
    /// position that you have seen may leave out events. To read every new event once,
    /// [follow](crate::store::FeedStore::follow) the store. A store with
    /// [`Ordering::PerAggregate`](crate::store::Ordering::PerAggregate) has no order of positions:
    /// the query fails with [`QueryError::Conditions`], unless it is for
    /// [one aggregate](Self::of_aggregate).
    pub fn after_position(mut self, position: Position) -> Self {
        self.conditions.after_position = Some(position);
        self
    }

    /// Only events up to and including this position. See [`after_position`](Self::after_position)
    /// for the order.
    pub fn until_position(mut self, position: Position) -> Self {
        self.conditions.until_position = Some(position);
        self
    }

    /// At most this many events.
    pub fn limit(mut self, events: u64) -> Self {
        self.limit = events;
        self
    }

    /// The newest event first, instead of the oldest.
    pub fn newest_first(mut self) -> Self {
        self.conditions.newest_first = true;
        self
    }

    /// Only the events after the page that returned this cursor. The query must have the same
    /// conditions and the same direction as the one of that page; the limit may differ.
    pub fn after(mut self, cursor: QueryCursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// The events of aggregates of type `A`, decoded, in their newest versions.
    ///
    /// A retired event is left out, and of an event that was split only the requested parts are
    /// returned. The limit counts the returned events.
    ///
    /// The stream ends after its first error: the query is invalid, the store fails, or an event is
    /// malformed or cannot be decoded.
    ///
    /// ```
    /// # async fn example<Invoice: es_core::Aggregate>(store: es_core::memory::MemoryStore) -> Result<(), es_core::StoreError> {
    /// let mut paid = store.events().of_type("InvoicePaid").read_as::<Invoice>();
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_as<A: Aggregate>(mut self) -> Events<A::Event>
    where
        S: SelectsFrom<A>,
    {
        self.conditions.require_aggregate(A::TYPE);
        match self.conditions.wanted.select::<A>() {
            Ok(selection) => {
                let decode = selection.decode::<A::Event>();
                self.stream(Some(&selection), Box::new(decode))
            }
            Err(error) => Events::failed(error),
        }
    }

    /// The first events of the answer of [`read_as`](Self::read_as), up to the
    /// [limit](Self::limit), and the start of the next page.
    ///
    /// # Errors
    ///
    /// The errors of the stream of [`read_as`](Self::read_as); [`QueryError::ForeignCursor`] if the
    /// cursor belongs to a different query.
    pub async fn page_as<A: Aggregate>(mut self) -> Result<Page<A::Event>, StoreError>
    where
        S: SelectsFrom<A>,
    {
        self.conditions.require_aggregate(A::TYPE);
        let selection = self.conditions.wanted.select::<A>()?;
        let decode = selection.decode::<A::Event>();
        self.one_page(Some(&selection), Box::new(decode)).await
    }

    /// The number of events that [`read_as`](Self::read_as) would return. This reads and decodes
    /// all of them.
    ///
    /// # Errors
    ///
    /// The errors of the stream of [`read_as`](Self::read_as).
    pub async fn count_as<A: Aggregate>(mut self) -> Result<u64, StoreError>
    where
        S: SelectsFrom<A>,
    {
        self.conditions.require_aggregate(A::TYPE);
        let selection = self.conditions.wanted.select::<A>()?;
        let decode = selection.decode::<A::Event>();
        let mut answer = self.answer(Some(&selection), Box::new(decode))?.limit(self.limit);
        let mut events = 0;
        while answer.next().await?.is_some() {
            events += 1;
        }
        Ok(events)
    }

    fn stream<T: Send + 'static>(self, selection: Option<&Selection>, decode: Decode<T>) -> Events<T> {
        match self.answer(selection, decode) {
            Ok(answer) => Events::new(Read(answer.limit(self.limit))),
            Err(error) => Events::failed(error),
        }
    }

    async fn one_page<T>(self, selection: Option<&Selection>, decode: Decode<T>) -> Result<Page<T>, StoreError> {
        if self.limit == 0 {
            return Err(QueryError::Conditions {
                reason: "a page of 0 events has no next page; give it a limit of at least 1".to_owned(),
            }
            .into());
        }
        let identity = self.conditions.identity(selection.is_some(), &*self.store);
        let mut answer = self.answer(selection, decode)?;
        let (mut events, mut next) = (Vec::new(), None);
        while let Some(Part { event, returned }) = answer.next().await? {
            let is_last = events.len() as u64 + 1 == self.limit;
            if is_last && answer.next().await?.is_some() {
                next = Some(QueryCursor::new((&event).into(), returned, &identity)?);
            }
            events.push(event);
            if is_last {
                break;
            }
        }
        Ok(Page { events, next })
    }

    /// Asks the store for the whole answer.
    fn answer<T>(&self, selection: Option<&Selection>, decode: Decode<T>) -> Result<Answer<T>, StoreError> {
        let Begun { query, continued, proof } = self.begin(selection)?;
        let batches = self.store.query(query);
        let newest_first = self.conditions.newest_first;
        Ok(Answer::new(batches, decode, newest_first, continued, proof, self.span(selection)))
    }

    /// Checks the query.
    fn begin(&self, selection: Option<&Selection>) -> Result<Begun, StoreError> {
        self.conditions.check(self.store.ordering())?;
        let identity = self.conditions.identity(selection.is_some(), &*self.store);
        let after = self.after.map(|cursor| cursor.place_in(&identity)).transpose()?;
        let (start, continued) = match after {
            None => (QueryStart::Beginning, None),
            // The page may have ended between two events that are read from the same stored one.
            Some((place, returned)) if selection.is_some() => (QueryStart::At(place), Some((place.id, returned))),
            Some((place, _)) => (QueryStart::After(place), None),
        };
        // An aggregate knows its names. Without an aggregate only the store can show whether the
        // name exists.
        let unproven = self.conditions.wanted.stored_name().filter(|_| selection.is_none());
        let proof =
            unproven.map(|name| -> Proof { Box::pin(answer::prove_name(Arc::clone(&self.store), name.to_owned())) });
        Ok(Begun { query: self.conditions.query(selection, start, self.limit), continued, proof })
    }

    /// The span of the query, without values that users have entered.
    fn span(&self, selection: Option<&Selection>) -> Span {
        let conditions = &self.conditions;
        tracing::debug_span!(
            "query",
            aggregate = conditions.aggregate_type(),
            event = selection.and_then(|selection| selection.event_type),
            order = match conditions.order() {
                QueryOrder::Time => "time",
                QueryOrder::Position => "position",
                QueryOrder::Sequence => "sequence",
            },
            newest_first = conditions.newest_first,
            one_aggregate = conditions.stream.is_some(),
            by_user = conditions.user.is_some(),
            of_correlation = conditions.correlation.is_some(),
            continued = self.after.is_some(),
        )
    }
}

/// A query that the store can answer.
struct Begun {
    query: Query,
    /// The event at which it continues, and how many of the events that it means were returned.
    continued: Option<(EventId, u32)>,
    /// Shows whether the requested name exists, if the answer is empty.
    proof: Option<Proof>,
}

/// Leaves the data as stored.
fn stored() -> Decode<EventData> {
    Box::new(|event| Ok(vec![event.to_recorded()]))
}

impl<S> Clone for EventQuery<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            conditions: self.conditions.clone(),
            limit: self.limit,
            after: self.after,
            selection: PhantomData,
        }
    }
}

impl<S> fmt::Debug for EventQuery<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventQuery")
            .field("conditions", &self.conditions)
            .field("limit", &self.limit)
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}
