//! The orders in which events are read, each on an index.

use bson::raw::RawDocument;
use bson::{Bson, Document, doc};
use mongodb::options::{FindOptions, Hint};

use super::conditions::Direction;
use super::cursor::Place;
use crate::document::field::{ID, POSITION, SEQUENCE, TIMESTAMP};
use crate::document::{integer, stream_index};
use crate::merge::{Order, Query};

/// What an answer is in the order of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// Each of the indexes for queries ends in it, so the server never sorts.
    Time,
    Position,
    /// Of the one stream that is asked for.
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

    /// By name if the server could think another index, and a sort, as good.
    pub(super) fn hint(self) -> Option<Document> {
        match self {
            Self::Time => None,
            Self::Position => Some(doc! { POSITION: 1 }),
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

/// The events that fulfil conditions, along an axis.
#[derive(Debug, Clone)]
pub(super) struct Along {
    pub(super) axis: Axis,
    pub(super) direction: Direction,
    /// The equalities.
    pub(super) filter: Document,
    /// The ranges.
    pub(super) ranges: Vec<Document>,
    /// Where the answer goes on.
    pub(super) from: Option<Place>,
    pub(super) batch: u32,
    pub(super) projection: Option<Document>,
}

impl Along {
    fn newest_first(&self) -> bool {
        self.direction == Direction::NewestFirst
    }

    /// The filter for a part of the answer, from one key on and before another.
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
                // Of the millisecond in which the last page ended, what it has returned. As `$nor`, for an `$or` would invite the server
                // to read another index for each of its branches, and to sort.
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
    /// The place on the axis; its complement, which reverses the order, if the newest comes first.
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
