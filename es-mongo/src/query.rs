//! Queries across all aggregates: by event, aggregate, user, correlation, time and position.

mod conditions;
mod cursor;
mod order;
mod reader;
mod select;

use std::fmt;
use std::marker::PhantomData;

use es_core::{
    Aggregate, Event, EventData, Events, Position, QueryError, RecordedEvent, StoreError, StreamId, Timestamp,
};
use futures_util::{StreamExt, stream};
use tracing::{Instrument, Span};

use conditions::{Conditions, Direction};
pub use cursor::{InvalidCursor, QueryCursor};
use reader::{Decode, Reader};
pub use select::{AnyEvent, NamedEvent, OneEvent, SelectsFrom};
use select::{Selection, Wanted};

use crate::collections::Collections;
use crate::document::read_event;
use crate::options::Ordering;
use crate::store::MongoStore;

impl MongoStore {
    /// Queries recorded events across all aggregates, oldest first by default.
    ///
    /// ```no_run
    /// # use es_core::{event, Aggregate, Apply, Context};
    /// # #[event(version = 1)]
    /// # pub struct InvoicePaid { pub cents: i64 }
    /// # #[derive(Aggregate, Default)]
    /// # #[aggregate(events(InvoicePaid))]
    /// # pub struct Invoice {}
    /// # impl Apply<InvoicePaid> for Invoice { fn apply(&mut self, _: InvoicePaid, _: &Context) {} }
    /// # async fn example(store: es_mongo::MongoStore) -> Result<(), Box<dyn std::error::Error>> {
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
    pub fn events(&self) -> EventQuery {
        EventQuery {
            collections: self.collections().clone(),
            ordering: self.inner.options.ordering,
            conditions: Conditions::default(),
            limit: u64::MAX,
            after: None,
            selection: PhantomData,
        }
    }
}

/// A query for recorded events; created by [`MongoStore::events`]. All conditions must hold.
///
/// The answer to every query
///
/// - covers the events and the archive, and contains each event once, even while an archive run
///   moves them;
/// - is a stream: events are read from the server as the stream is consumed. An index provides the
///   order, so the server never sorts. Memory contains a few batches, and the events of one
///   millisecond;
/// - treats every string as a value: `{"$ne": null}` is the id of a strange user, not an operator.
///
/// # Order
///
/// The answer is in the order of timestamps, and of positions within a millisecond. Timestamps
/// never order causes and effects; use [`trace`](MongoStore::trace) for that. The events of [one
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
/// ```no_run
/// # async fn example(store: es_mongo::MongoStore) -> Result<(), Box<dyn std::error::Error>> {
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
/// it belongs to a page that was already read. To follow new events, query [after the last
/// position](Self::after_position) that you have seen.
#[must_use = "nothing is read before `read`, `page` or `count`"]
pub struct EventQuery<S = AnyEvent> {
    collections: Collections,
    ordering: Ordering,
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
        self.stream(None, stored)
    }

    /// The first events of the answer, up to the [limit](Self::limit), and the start of the next
    /// page.
    ///
    /// # Errors
    ///
    /// The errors of the stream of [`read`](Self::read); [`QueryError::ForeignCursor`] if the
    /// cursor belongs to a different query.
    pub async fn page(self) -> Result<Page<EventData>, StoreError> {
        self.one_page(None, stored).await
    }

    /// The number of events that [`read`](Self::read) would return.
    ///
    /// This reads an index and, once there is an archive, the keys of the events, but never their
    /// data.
    ///
    /// # Errors
    ///
    /// The errors of the stream of [`read`](Self::read).
    pub async fn count(self) -> Result<u64, StoreError> {
        let span = self.span(None);
        reader::count(self, None, |_| Ok(vec![()])).instrument(span).await
    }

    fn wanting<S>(self, wanted: Wanted) -> EventQuery<S> {
        let Self { collections, ordering, mut conditions, limit, after, .. } = self;
        conditions.wanted = wanted;
        EventQuery { collections, ordering, conditions, limit, after, selection: PhantomData }
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
    /// [`Metadata::caused_by`](es_core::Metadata::caused_by) begins a correlation, the correlation
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
    /// Positions have no gaps and grow in commit order, so a query after the last position that you
    /// have seen returns every event that was recorded since. A store with
    /// [`Ordering::PerAggregate`] has no such order: the query fails with
    /// [`QueryError::Conditions`], unless it is for [one aggregate](Self::of_aggregate).
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
        self.conditions.direction = Direction::NewestFirst;
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
    /// ```no_run
    /// # async fn example<Invoice: es_core::Aggregate>(store: es_mongo::MongoStore) -> Result<(), es_core::StoreError> {
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
                self.stream(Some(&selection), decode)
            }
            Err(error) => failed(error.into()),
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
        self.one_page(Some(&selection), decode).await
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
        let span = self.span(Some(&selection));
        let appear = move |document: &_| Ok(decode(document)?.into_iter().map(drop).collect());
        reader::count(self, Some(&selection), appear).instrument(span).await
    }

    fn stream<T: Send + 'static>(
        self,
        selection: Option<&Selection>,
        decode: impl Decode<RecordedEvent<T>>,
    ) -> Events<T> {
        let (span, limit) = (self.span(selection), self.limit);
        let reader = match Reader::begin(self, selection, decode) {
            Ok(reader) => reader,
            Err(error) => return failed(error),
        };
        let answer = stream::try_unfold((reader, limit, span), |(mut reader, left, span)| async move {
            let Some(left) = left.checked_sub(1) else { return Ok(None) };
            let next = reader.next().instrument(span.clone()).await?;
            Ok(next.map(|event| (event, (reader, left, span))))
        });
        Events::new(answer.fuse())
    }

    async fn one_page<T: Send + 'static>(
        self,
        selection: Option<&Selection>,
        decode: impl Decode<RecordedEvent<T>>,
    ) -> Result<Page<T>, StoreError> {
        if self.limit == 0 {
            let reason = "a page of 0 events has no next one; give it a limit of at least 1".to_owned();
            return Err(QueryError::Conditions { reason }.into());
        }
        let (span, limit) = (self.span(selection), self.limit);
        let mut reader = Reader::begin(self, selection, decode)?;
        let read = async {
            let (mut events, mut next) = (Vec::new(), None);
            while let Some(event) = reader.next().await? {
                events.push(event);
                if events.len() as u64 == limit {
                    let cursor = events.last().map(|last| reader.cursor_behind(last)).transpose()?;
                    next = if reader.next().await?.is_some() { cursor } else { None };
                    break;
                }
            }
            Ok(Page { events, next })
        };
        read.instrument(span).await
    }

    /// The span of the query, without values that users have entered.
    fn span(&self, selection: Option<&Selection>) -> Span {
        let conditions = &self.conditions;
        tracing::debug_span!(
            "query",
            aggregate = conditions.aggregate_type(),
            event = selection.and_then(|selection| selection.event_type),
            order = conditions.axis().name(),
            newest_first = conditions.direction == Direction::NewestFirst,
            one_aggregate = conditions.stream.is_some(),
            by_user = conditions.user.is_some(),
            of_correlation = conditions.correlation.is_some(),
            continued = self.after.is_some(),
        )
    }
}

/// The answer to an invalid query.
fn failed<T: Send + 'static>(error: StoreError) -> Events<T> {
    Events::new(stream::iter([Err(error)]))
}

/// A stored event with its data as stored.
fn stored(document: &bson::raw::RawDocument) -> Result<Vec<RecordedEvent<EventData>>, StoreError> {
    Ok(vec![read_event(document)?.to_recorded()])
}

impl<S> Clone for EventQuery<S> {
    fn clone(&self) -> Self {
        Self {
            collections: self.collections.clone(),
            ordering: self.ordering,
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
