//! Queries across all aggregates: by type, user, correlation and period.

use std::collections::VecDeque;

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Bson, Document, doc};
use es_core::{Aggregate, EventData, EventSet, Events, RecordedEvent, StoreError, StoredEvent, Timestamp};
use futures_util::stream;
use mongodb::options::FindOptions;
use tracing::Instrument;

use crate::document::field::{AGGREGATE_TYPE, CORRELATION_ID, EVENT_TYPE, TIMESTAMP, USER_ID};
use crate::document::read_event;
use crate::error::malformed;
use crate::merge::{Found, Merge, Order};
use crate::store::{Collections, MongoStore};

/// The most events that are fetched at once.
const BATCH: u32 = 1000;

impl MongoStore {
    /// Asks for recorded events across all aggregates, oldest first unless told otherwise.
    ///
    /// ```no_run
    /// # async fn example(store: es_mongo::MongoStore) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut paid = store.events().of_type("InvoicePaid").since("2024-01-01T00:00:00Z".parse()?).read();
    /// while let Some(event) = paid.next().await {
    ///     let event = event?;
    ///     println!("{} {} {:?}", event.timestamp, event.aggregate_id, event.metadata.user_id());
    /// }
    /// let last_of_user = store.events().by_user("user_789").newest_first().limit(100).read().collect().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(&self) -> EventQuery {
        EventQuery { collections: self.collections().clone(), conditions: Conditions::default(), limit: u64::MAX }
    }
}

/// A question for recorded events; made by [`MongoStore::events`]. All conditions must hold.
///
/// Whatever is asked, the answer
///
/// - covers the events in use and those in the archive, each of them once, also while an archive run moves them;
/// - is ordered by moment, and by position among the events of one moment. A moment never orders causes and effects: for that
///   there is [`trace`](MongoStore::trace);
/// - streams: it is read from the server as it is consumed, on an index, and never sorted there. Held in memory are a few batches, and the events of one
///   and the same millisecond;
/// - takes every string as a value: `{"$ne": null}` is the id of a strange user, not an operator.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before `read` or `read_as`"]
pub struct EventQuery {
    collections: Collections,
    conditions: Conditions,
    limit: u64,
}

/// What an event must fulfil.
#[derive(Debug, Clone, Default)]
struct Conditions {
    aggregate_type: Option<&'static str>,
    event_type: Option<String>,
    user: Option<String>,
    correlation: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    direction: Direction,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Direction {
    #[default]
    OldestFirst,
    NewestFirst,
}

impl EventQuery {
    /// Only events of this type, by their stored name.
    ///
    /// [`read_as`](Self::read_as) finds an event under its older names too; [`read`](Self::read) knows of no other name.
    pub fn of_type(mut self, event_type: &str) -> Self {
        self.conditions.event_type = Some(event_type.to_owned());
        self
    }

    /// Only events that this user recorded.
    pub fn by_user(mut self, user_id: &str) -> Self {
        self.conditions.user = Some(user_id.to_owned());
        self
    }

    /// Only events of this correlation.
    pub fn of_correlation(mut self, correlation_id: &str) -> Self {
        self.conditions.correlation = Some(correlation_id.to_owned());
        self
    }

    /// Only events recorded at this moment or later.
    pub fn since(mut self, moment: Timestamp) -> Self {
        self.conditions.since = Some(moment);
        self
    }

    /// Only events recorded at this moment or earlier.
    pub fn until(mut self, moment: Timestamp) -> Self {
        self.conditions.until = Some(moment);
        self
    }

    /// At most so many events.
    pub fn limit(mut self, events: u64) -> Self {
        self.limit = events;
        self
    }

    /// The newest first, instead of the oldest.
    pub fn newest_first(mut self) -> Self {
        self.conditions.direction = Direction::NewestFirst;
        self
    }

    /// The events of all aggregates, with their data as it is stored; [`RecordedEvent::decode`] reads it.
    ///
    /// The stream ends after its first error: the store cannot be asked, or an event is malformed.
    pub fn read(self) -> Events<EventData> {
        let condition = self.conditions.event_type.clone().map(Bson::String);
        self.stream(condition, |event| Ok(vec![event.to_recorded()?]))
    }

    /// The events of aggregates of type `A`, decoded, in their newest versions.
    ///
    /// An event that is retired does not appear. The limit counts the events that appear.
    ///
    /// The stream ends after its first error: the store cannot be asked, or an event is malformed or does not decode.
    ///
    /// ```no_run
    /// # async fn example<Invoice: es_core::Aggregate>(store: es_mongo::MongoStore) -> Result<(), es_core::StoreError>
    /// # where Invoice::Event: Unpin {
    /// let mut paid = store.events().of_type("InvoicePaid").read_as::<Invoice>();
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_as<A: Aggregate>(mut self) -> Events<A::Event>
    where
        A::Event: Unpin,
    {
        self.conditions.aggregate_type = Some(A::TYPE);
        let condition = self.conditions.event_type.as_deref().map(stored_names::<A::Event>);
        self.stream(condition, |event| Ok(event.decode::<A::Event>()?.map(|data| event.record(data)).into_vec()))
    }

    fn stream<T: Send + 'static>(self, event_type: Option<Bson>, decode: Decode<T>) -> Events<T> {
        let filter = self.conditions.filter(event_type);
        // One more than the limit tells where the last moment ends, in most cases.
        let batch = u32::try_from(self.limit.saturating_add(1)).unwrap_or(BATCH).min(BATCH);
        let Conditions { since, until, direction, .. } = self.conditions;
        let order = ByTime { filter, since, until, direction, batch };
        let merge = Merge::new(self.collections, order);
        let reader = Reader { merge, direction, decode, ready: VecDeque::new(), decoded: Vec::new(), left: self.limit };
        let span = tracing::debug_span!("query", limit = self.limit);
        Events::new(stream::try_unfold(reader, move |mut reader| {
            let read = async move { Ok(reader.next().await?.map(|event| (event, reader))) };
            read.instrument(span.clone())
        }))
    }
}

/// The names under which an event is stored that has this name, or had it.
fn stored_names<E: EventSet>(event_type: &str) -> Bson {
    let known = E::EVENTS.iter().find(|known| known.event_type == event_type || known.aliases.contains(&event_type));
    match known {
        Some(known) if !known.aliases.is_empty() => {
            let names: Vec<&str> = std::iter::once(known.event_type).chain(known.aliases.iter().copied()).collect();
            doc! { "$in": names }.into()
        }
        _ => event_type.into(),
    }
}

impl Conditions {
    /// All but the period.
    fn filter(&self, event_type: Option<Bson>) -> Document {
        let mut filter = Document::new();
        let conditions = [
            (AGGREGATE_TYPE, self.aggregate_type.map(Bson::from)),
            (EVENT_TYPE, event_type),
            (USER_ID, self.user.clone().map(Bson::from)),
            (CORRELATION_ID, self.correlation.clone().map(Bson::from)),
        ];
        for (field, condition) in conditions {
            if let Some(condition) = condition {
                filter.insert(field, condition);
            }
        }
        filter
    }
}

/// By moment. Each of the indexes for queries ends in it, so the server never sorts.
struct ByTime {
    filter: Document,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    direction: Direction,
    batch: u32,
}

impl ByTime {
    fn moment(&self, key: i64) -> Timestamp {
        Timestamp::from_millis(if self.direction == Direction::NewestFirst { !key } else { key })
    }
}

impl Order for ByTime {
    /// The moment; its complement, which reverses the order, where the newest comes first.
    type Key = i64;

    fn key(&self, document: &RawDocument) -> Option<i64> {
        let millis = document.get_datetime(TIMESTAMP).ok()?.timestamp_millis();
        Some(if self.direction == Direction::NewestFirst { !millis } else { millis })
    }

    fn find(&self, from: Option<&i64>, before: Option<&i64>) -> (Document, FindOptions) {
        let (from, before) = (from.map(|key| self.moment(*key)), before.map(|key| self.moment(*key)));
        let mut bounds = Vec::with_capacity(4);
        bounds.extend(self.since.map(|moment| ("$gte", moment)));
        bounds.extend(self.until.map(|moment| ("$lte", moment)));
        bounds.extend(
            from.map(|moment| (if self.direction == Direction::NewestFirst { "$lte" } else { "$gte" }, moment)),
        );
        bounds.extend(
            before.map(|moment| (if self.direction == Direction::NewestFirst { "$gt" } else { "$lt" }, moment)),
        );
        let mut filter = self.filter.clone();
        let bounds: Vec<Document> = bounds
            .into_iter()
            .map(|(operator, moment)| doc! { TIMESTAMP: { operator: bson::DateTime::from(moment) } })
            .collect();
        if !bounds.is_empty() {
            filter.insert("$and", bounds);
        }
        let order = if self.direction == Direction::NewestFirst { -1 } else { 1 };
        let options = FindOptions::builder().sort(doc! { TIMESTAMP: order }).batch_size(self.batch).build();
        (filter, options)
    }
}

type Decode<T> = fn(&StoredEvent<'_>) -> Result<Vec<RecordedEvent<T>>, StoreError>;

/// The answer while it is read.
struct Reader<T> {
    merge: Merge<ByTime>,
    direction: Direction,
    decode: Decode<T>,
    /// The events of one moment, in order.
    ready: VecDeque<RawDocumentBuf>,
    /// What one stored event means, in reverse.
    decoded: Vec<RecordedEvent<T>>,
    left: u64,
}

impl<T> Reader<T> {
    async fn next(&mut self) -> Result<Option<RecordedEvent<T>>, StoreError> {
        if self.left == 0 {
            return Ok(None);
        }
        loop {
            if let Some(event) = self.decoded.pop() {
                self.left -= 1;
                return Ok(Some(event));
            }
            if let Some(document) = self.ready.pop_front() {
                self.decoded = (self.decode)(&read_event(&document)?)?;
                // Popping from the end gives events that share a sequence in their order, or in reverse where the newest come first.
                if self.direction == Direction::OldestFirst {
                    self.decoded.reverse();
                }
                continue;
            }
            match self.merge.next().await? {
                Some(Found::Same { in_use, archived }) => self.ready = of_one_moment(in_use, archived, self.direction)?,
                Some(Found::Malformed(document)) => {
                    return Err(malformed(
                        format!("the event document with _id {:?}", document.get("_id")),
                        "it has no date",
                    ));
                }
                None => return Ok(None),
            }
        }
    }
}

/// Orders the events of one moment by position. One that is just being moved is in both places, and appears once.
fn of_one_moment(
    in_use: Vec<RawDocumentBuf>,
    archived: Vec<RawDocumentBuf>,
    direction: Direction,
) -> Result<VecDeque<RawDocumentBuf>, StoreError> {
    let mut ordered = Vec::with_capacity(in_use.len() + archived.len());
    for document in in_use.into_iter().chain(archived) {
        let event = read_event(&document)?;
        ordered.push((event.position, event.id, document));
    }
    ordered.sort_by_key(|(position, id, _)| (*position, *id));
    ordered.dedup_by_key(|(_, id, _)| *id);
    if direction == Direction::NewestFirst {
        ordered.reverse();
    }
    Ok(ordered.into_iter().map(|(_, _, document)| document).collect())
}
