//! The orders in which events are read, each with an index.

use bson::raw::RawDocument;
use bson::{Bson, Document, doc};
use es_core::store::{QueryOrder, QueryPlace};
use mongodb::options::{FindOptions, Hint};

use crate::document::field::{ID, POSITION, SEQUENCE, TIMESTAMP};
use crate::document::{integer, stream_index};
use crate::merge::{Order, Query};

/// The field by which an index orders the answer. Every index for queries by time ends with the
/// timestamp, so the server never sorts.
pub(super) const fn field(order: QueryOrder) -> &'static str {
    match order {
        QueryOrder::Time => TIMESTAMP,
        QueryOrder::Position => POSITION,
        QueryOrder::Sequence => SEQUENCE,
    }
}

/// A hint, if the server could otherwise choose a different index and a sort.
pub(super) fn hint(order: QueryOrder) -> Option<Document> {
    match order {
        QueryOrder::Time => None,
        QueryOrder::Position => Some(doc! { POSITION: 1 }),
        QueryOrder::Sequence => Some(stream_index()),
    }
}

fn place_value(order: QueryOrder, place: &QueryPlace) -> Bson {
    match order {
        QueryOrder::Time => bson::DateTime::from(place.timestamp).into(),
        QueryOrder::Position => place.position.as_i64().into(),
        QueryOrder::Sequence => place.sequence.as_i64().into(),
    }
}

fn key_value(order: QueryOrder, key: i64) -> Bson {
    match order {
        QueryOrder::Time => bson::DateTime::from_millis(key).into(),
        QueryOrder::Position | QueryOrder::Sequence => key.into(),
    }
}

/// The events that meet the conditions, along an index.
#[derive(Debug, Clone)]
pub(super) struct Along {
    pub(super) order: QueryOrder,
    pub(super) newest_first: bool,
    /// The conditions of equality.
    pub(super) filter: Document,
    /// The conditions of range.
    pub(super) ranges: Vec<Document>,
    /// The place at which the answer starts.
    pub(super) from: Option<QueryPlace>,
    pub(super) batch: u32,
    pub(super) projection: Option<Document>,
}

impl Along {
    /// The filter for a part of the answer, from one key on and before another key.
    pub(super) fn part(&self, from: Option<&i64>, before: Option<&i64>) -> Document {
        let field = field(self.order);
        let [from_on, behind, earlier] =
            if self.newest_first { ["$lte", "$gt", "$gt"] } else { ["$gte", "$lt", "$lt"] };
        let value = |key: &i64| key_value(self.order, if self.newest_first { !*key } else { *key });
        let mut ranges = self.ranges.clone();
        ranges.extend(from.map(|key| doc! { field: { from_on: value(key) } }));
        ranges.extend(before.map(|key| doc! { field: { behind: value(key) } }));
        let mut filter = self.filter.clone();
        if let Some(place) = &self.from {
            let at = place_value(self.order, place);
            ranges.push(doc! { field: { from_on: at.clone() } });
            if self.order == QueryOrder::Time {
                // Leaves out the events of the last page's final millisecond that were already
                // returned. This uses `$nor`, because with `$or` the server could read a different
                // index for each branch, and sort.
                filter.insert(
                    "$nor",
                    [
                        doc! { field: at.clone(), POSITION: { earlier: place.position.as_i64() } },
                        doc! { field: at, POSITION: place.position.as_i64(), ID: { earlier: place.id.as_object_id() } },
                    ],
                );
            }
        }
        if !ranges.is_empty() {
            filter.insert("$and", ranges);
        }
        filter
    }
}

impl Order for Along {
    /// The value of the field, or its complement if the newest event comes first, which reverses
    /// the order.
    type Key = i64;

    fn key(&self, document: &RawDocument) -> Option<i64> {
        let value = document.get(field(self.order)).ok().flatten()?;
        let place = match self.order {
            QueryOrder::Time => value.as_datetime()?.timestamp_millis(),
            QueryOrder::Position | QueryOrder::Sequence => integer(value)?,
        };
        Some(if self.newest_first { !place } else { place })
    }

    fn find(&self, from: Option<&i64>, before: Option<&i64>) -> Vec<Query> {
        let direction = if self.newest_first { -1 } else { 1 };
        let options = FindOptions::builder()
            .sort(doc! { field(self.order): direction })
            .hint(hint(self.order).map(Hint::Keys))
            .projection(self.projection.clone())
            .batch_size(self.batch)
            .build();
        vec![(self.part(from, before), options)]
    }
}
