//! Figures about the stored data.

use std::collections::HashMap;

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Document, doc};
use es_core::{Position, StoreError, Timestamp};
use futures_util::TryStreamExt;
use mongodb::Collection;
use mongodb::options::{AggregateOptions, Hint};

use crate::collections::Collections;
use crate::document::field::{AGGREGATE_TYPE, EVENT_TYPE, ID, SEQUENCE, TIMESTAMP};
use crate::document::{snapshot_index, stream_index, type_index};
use crate::positions::skip::SKIP_TYPE;
use crate::store::MongoStore;

const HOUR_MILLIS: i64 = 3_600_000;

/// Figures about all stored data; created by [`MongoStore::stats`].
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct StoreStats {
    /// All recorded events, including the archived ones.
    pub events: u64,
    /// The number of archived events, without those that are still in the events collection.
    pub archived: u64,
    /// The snapshots.
    pub snapshots: u64,
    /// The number of aggregates with at least one event.
    pub aggregates: u64,
    /// The average number of events per aggregate, or 0 if there is none.
    pub events_per_aggregate: f64,
    /// The number of events of each type, the most frequent type first.
    pub by_type: Vec<(String, u64)>,
    /// The earliest timestamp of an event.
    pub first: Option<Timestamp>,
    /// The latest timestamp of an event.
    pub last: Option<Timestamp>,
    /// The rate of events per second in the last recorded hour: the number of events in the hour
    /// that ends with `last`, divided by the time between the first and the last of them. `None` if
    /// all of them have the same timestamp.
    pub events_per_second: Option<f64>,
}

impl MongoStore {
    /// Computes figures about all stored data.
    ///
    /// This scans an index over all events twice, but reads no event. While an archive run is in
    /// progress, or after one was killed, the copies of events are looked up too.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    ///
    /// ```no_run
    /// # async fn example(store: es_mongo::MongoStore) -> Result<(), es_core::StoreError> {
    /// let stats = store.stats().await?;
    /// println!("{} events of {} aggregates", stats.events, stats.aggregates);
    /// # Ok(())
    /// # }
    /// ```
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn stats(&self) -> Result<StoreStats, StoreError> {
        let collections = self.collections();
        let mut count = Count::of(collections, &collections.events).await?;
        let mut archived = 0;
        let archive_is_present = collections.archive_is_present().await?;
        if archive_is_present {
            let in_archive = Count::of(collections, &collections.archive).await?;
            archived = in_archive.events();
            let in_use = count.events();
            count.add(in_archive, 1);
            // Each position has an event or a skip, so the newest one is their number. If more are
            // stored, some events are in both collections.
            let newest = collections.read_newest().await?;
            if newest.map(Position::get) != Some(in_use + archived) {
                let twice = Count::of_copies(collections).await?;
                archived = archived.saturating_sub(twice.events());
                count.add(twice, -1);
            }
        }
        // Skips are system events.
        count.by_type.remove(SKIP_TYPE);
        let period = Period::of(collections, archive_is_present).await?;
        let events = count.events();
        Ok(StoreStats {
            events,
            archived,
            snapshots: count_snapshots(collections).await?,
            aggregates: count.aggregates(),
            events_per_aggregate: ratio(events, count.aggregates()).unwrap_or(0.0),
            by_type: count.by_type(),
            first: period.first,
            last: period.last,
            events_per_second: period.events_per_second,
        })
    }
}

/// The number of events by type, and of the streams that begin among them.
struct Count {
    by_type: HashMap<String, i64>,
    beginnings: i64,
}

impl Count {
    async fn of(collections: &Collections, collection: &Collection<RawDocumentBuf>) -> Result<Self, StoreError> {
        let groups = vec![doc! { "$group": { ID: format!("${EVENT_TYPE}"), "events": { "$sum": 1_i64 } } }];
        let by_type = group(collections, collection, groups, Some(type_index())).await?;
        // Each stream has exactly one first event.
        let first = doc! { SEQUENCE: 1, AGGREGATE_TYPE: { "$ne": SKIP_TYPE } };
        let beginnings = collections.find(collection, first).on_index(stream_index()).count().await?;
        Ok(Self {
            by_type: by_type.into_iter().map(|(event_type, events, _)| (event_type, events)).collect(),
            beginnings: i64::try_from(beginnings).unwrap_or(i64::MAX),
        })
    }

    /// The archived events that are still in the events collection.
    async fn of_copies(collections: &Collections) -> Result<Self, StoreError> {
        let begins = doc! { "$cond": [{ "$eq": [format!("${SEQUENCE}"), 1] }, 1_i64, 0_i64] };
        let pipeline = vec![
            doc! { "$project": { EVENT_TYPE: 1, SEQUENCE: 1 } },
            doc! { "$lookup": {
                "from": collections.events.name(), "localField": ID, "foreignField": ID,
                "pipeline": [{ "$project": { ID: 1 } }], "as": "inUse",
            } },
            doc! { "$match": { "inUse": { "$ne": [] } } },
            doc! { "$group": { ID: format!("${EVENT_TYPE}"), "events": { "$sum": 1_i64 }, "beginnings": { "$sum": begins } } },
        ];
        let groups = group(collections, &collections.archive, pipeline, None).await?;
        let beginnings = groups.iter().map(|(_, _, beginnings)| beginnings).sum();
        Ok(Self {
            by_type: groups.into_iter().map(|(event_type, events, _)| (event_type, events)).collect(),
            beginnings,
        })
    }

    fn add(&mut self, other: Self, sign: i64) {
        for (event_type, events) in other.by_type {
            *self.by_type.entry(event_type).or_default() += sign * events;
        }
        self.beginnings += sign * other.beginnings;
    }

    fn events(&self) -> u64 {
        unsigned(self.by_type.values().sum())
    }

    fn aggregates(&self) -> u64 {
        unsigned(self.beginnings)
    }

    fn by_type(self) -> Vec<(String, u64)> {
        let mut by_type: Vec<_> =
            self.by_type.into_iter().map(|(event_type, events)| (event_type, unsigned(events))).collect();
        by_type
            .sort_by(|(left_type, left), (right_type, right)| right.cmp(left).then_with(|| left_type.cmp(right_type)));
        by_type
    }
}

/// Runs an aggregation whose groups contain an event type, a number of events, and optionally a
/// number of first events.
async fn group(
    collections: &Collections,
    collection: &Collection<RawDocumentBuf>,
    pipeline: Vec<Document>,
    hint: Option<Document>,
) -> Result<Vec<(String, i64, i64)>, StoreError> {
    let options = AggregateOptions::builder().hint(hint.map(Hint::Keys)).build();
    let ask = || {
        let (collection, pipeline, options) = (collection.clone(), pipeline.clone(), options.clone());
        async move {
            let groups = collection.aggregate(pipeline).with_options(options).with_type::<RawDocumentBuf>();
            groups.await?.try_collect().await
        }
    };
    let groups: Vec<RawDocumentBuf> = collections.patience.with_one_at_a_time().ask(ask).await?;
    let count = |group: &RawDocument, name: &str| group.get_i64(name).unwrap_or(0);
    Ok(groups
        .iter()
        .map(|group| {
            (group.get_str(ID).unwrap_or_default().to_owned(), count(group, "events"), count(group, "beginnings"))
        })
        .collect())
}

async fn count_snapshots(collections: &Collections) -> Result<u64, StoreError> {
    collections.find(&collections.snapshots, doc! {}).on_index(snapshot_index()).count().await
}

/// The period in which events were recorded.
struct Period {
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    events_per_second: Option<f64>,
}

impl Period {
    async fn of(collections: &Collections, archive_is_present: bool) -> Result<Self, StoreError> {
        let mut places = vec![&collections.events];
        places.extend(archive_is_present.then_some(&collections.archive));
        let (mut first, mut last): (Option<Timestamp>, Option<Timestamp>) = (None, None);
        for place in &places {
            let earliest = edge(collections, place, no_skip(), 1).await?;
            first = first.into_iter().chain(earliest).min();
            last = last.max(edge(collections, place, no_skip(), -1).await?);
        }
        let mut events_per_second = None;
        if let Some(last) = last {
            let before = Timestamp::from_millis(last.as_millis().saturating_sub(HOUR_MILLIS));
            let mut hour = no_skip();
            hour.insert(TIMESTAMP, doc! { "$gt": bson::DateTime::from(before) });
            let (mut events, mut begin) = (0, last);
            for place in places {
                events += collections.find(place, hour.clone()).on_index(type_index()).count().await?;
                begin = edge(collections, place, hour.clone(), 1).await?.map_or(begin, |earliest| earliest.min(begin));
            }
            events_per_second = ratio(events * 1000, unsigned(last.as_millis() - begin.as_millis()));
        }
        Ok(Self { first, last, events_per_second })
    }
}

/// The filter for everything except skips. The index of the types answers it.
fn no_skip() -> Document {
    doc! { EVENT_TYPE: { "$ne": SKIP_TYPE } }
}

/// The earliest or the latest timestamp among the events that match a filter.
async fn edge(
    collections: &Collections,
    collection: &Collection<RawDocumentBuf>,
    filter: Document,
    direction: i32,
) -> Result<Option<Timestamp>, StoreError> {
    let found = collections.find(collection, filter).sort(doc! { TIMESTAMP: direction });
    let found = found.projection(doc! { TIMESTAMP: 1 }).one().await?;
    Ok(found.and_then(|found| found.get_datetime(TIMESTAMP).ok()).map(Timestamp::from))
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

#[allow(clippy::cast_precision_loss, reason = "counts of events are far below 2^53")]
fn ratio(left: u64, right: u64) -> Option<f64> {
    (right > 0).then(|| left as f64 / right as f64)
}
