//! The orders in which events are read, each with an index.

use bson::raw::RawDocument;
use bson::{Bson, Document, doc};
use mongodb::options::{FindOptions, Hint};

use super::conditions::Direction;
use super::cursor::Place;
use crate::document::field::{ID, POSITION, SEQUENCE, TIMESTAMP};
use crate::document::{integer, position_index, stream_index};
use crate::merge::{Order, Query};

/// The order of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// By timestamp. Every index for queries ends with it, so the server never sorts.
    Time,
    Position,
    /// By sequence, within one stream.
    Sequence,
}

impl Axis {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Position => "position",
            Self::Sequence => "sequence",
        }
    }

    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::Time => TIMESTAMP,
            Self::Position => POSITION,
            Self::Sequence => SEQUENCE,
        }
    }

    /// A hint, if the server could otherwise choose a different index and a sort.
    pub(super) fn hint(self) -> Option<Document> {
        match self {
            Self::Time => None,
            Self::Position => Some(position_index()),
            Self::Sequence => Some(stream_index()),
        }
    }

    fn value(self, place: &Place) -> i64 {
        match self {
            Self::Time => place.millis,
            Self::Position => place.position,
            Self::Sequence => place.sequence,
        }
    }

    fn bson(self, value: i64) -> Bson {
        match self {
            Self::Time => bson::DateTime::from_millis(value).into(),
            Self::Position | Self::Sequence => value.into(),
        }
    }
}

/// The events that meet the conditions, in the order of an axis.
#[derive(Debug, Clone)]
pub(super) struct Along {
    pub(super) axis: Axis,
    pub(super) direction: Direction,
    /// The conditions of equality.
    pub(super) filter: Document,
    /// The conditions of range.
    pub(super) ranges: Vec<Document>,
    /// The place at which the answer continues.
    pub(super) from: Option<Place>,
    pub(super) batch: u32,
    pub(super) projection: Option<Document>,
}

impl Along {
    fn newest_first(&self) -> bool {
        self.direction == Direction::NewestFirst
    }

    /// The filter for a part of the answer, from one key on and before another key.
    pub(super) fn part(&self, from: Option<&i64>, before: Option<&i64>) -> Document {
        let field = self.axis.field();
        let [from_on, behind, earlier] =
            if self.newest_first() { ["$lte", "$gt", "$gt"] } else { ["$gte", "$lt", "$lt"] };
        let value = |key: &i64| self.axis.bson(if self.newest_first() { !*key } else { *key });
        let mut ranges = self.ranges.clone();
        ranges.extend(from.map(|key| doc! { field: { from_on: value(key) } }));
        ranges.extend(before.map(|key| doc! { field: { behind: value(key) } }));
        let mut filter = self.filter.clone();
        if let Some(place) = &self.from {
            let at = self.axis.bson(self.axis.value(place));
            ranges.push(doc! { field: { from_on: at.clone() } });
            if self.axis == Axis::Time {
                // Leaves out the events of the last page's final millisecond that were already
                // returned. This uses `$nor`, because with `$or` the server could read a different
                // index for each branch, and sort.
                filter.insert(
                    "$nor",
                    [
                        doc! { field: at.clone(), POSITION: { earlier: place.position } },
                        doc! { field: at, POSITION: place.position, ID: { earlier: place.id } },
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
    /// The place on the axis, or its complement if the newest event comes first, which reverses the
    /// order.
    type Key = i64;

    fn key(&self, document: &RawDocument) -> Option<i64> {
        let value = document.get(self.axis.field()).ok().flatten()?;
        let place = match self.axis {
            Axis::Time => value.as_datetime()?.timestamp_millis(),
            Axis::Position | Axis::Sequence => integer(value)?,
        };
        Some(if self.newest_first() { !place } else { place })
    }

    fn find(&self, from: Option<&i64>, before: Option<&i64>) -> Vec<Query> {
        let direction = if self.newest_first() { -1 } else { 1 };
        let options = FindOptions::builder()
            .sort(doc! { self.axis.field(): direction })
            .hint(self.axis.hint().map(Hint::Keys))
            .projection(self.projection.clone())
            .batch_size(self.batch)
            .build();
        vec![(self.part(from, before), options)]
    }
}
