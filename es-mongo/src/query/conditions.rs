//! The conditions of a query, and the orders in which an index can provide the events.

use bson::{Bson, Document, doc};
use es_core::{EventId, Position, QueryError, StreamId, Timestamp};

use super::order::Axis;
use super::select::Wanted;
use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, CORRELATION_ID, EVENT_TYPE, POSITION, TIMESTAMP, USER_ID};
use crate::options::Ordering;

/// The conditions that an event must meet.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    /// The first type of aggregates, and a second one if it contradicts the first.
    aggregates: Vec<&'static str>,
    pub(super) stream: Option<StreamId>,
    pub(super) wanted: Wanted,
    pub(super) user: Option<String>,
    pub(super) correlation: Option<String>,
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    pub(super) after_position: Option<Position>,
    pub(super) until_position: Option<Position>,
    pub(super) direction: Direction,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Direction {
    #[default]
    OldestFirst,
    NewestFirst,
}

impl Conditions {
    pub(super) fn require_aggregate(&mut self, aggregate_type: &'static str) {
        if !self.aggregates.contains(&aggregate_type) {
            self.aggregates.push(aggregate_type);
        }
    }

    pub(super) fn aggregate_type(&self) -> Option<&str> {
        self.stream.as_ref().map(StreamId::aggregate_type).or(self.aggregates.first().copied())
    }

    /// The order of the answer.
    pub(super) fn axis(&self) -> Axis {
        if self.stream.is_some() {
            Axis::Sequence
        } else if self.after_position.or(self.until_position).is_some() {
            Axis::Position
        } else {
            Axis::Time
        }
    }

    /// Refuses conditions that no event can meet, or that have no meaning in this store.
    pub(super) fn check(&self, ordering: Ordering) -> Result<(), QueryError> {
        let types = self.stream.as_ref().map(StreamId::aggregate_type).into_iter();
        let mut types = types.chain(self.aggregates.iter().copied());
        let first = types.next();
        if let (Some(first), Some(other)) = (first, types.find(|other| Some(*other) != first)) {
            return Err(QueryError::Conditions {
                reason: format!("no event belongs to both {first} and {other}; query only one of them"),
            });
        }
        if ordering == Ordering::PerAggregate && self.axis() == Axis::Position {
            return Err(QueryError::Conditions {
                reason: "with `Ordering::PerAggregate` positions count the events of each aggregate; add a condition on one aggregate, or query by time"
                    .to_owned(),
            });
        }
        Ok(())
    }

    /// The event that began the correlation, if the correlation id is the id of an event.
    pub(super) fn starter(&self) -> Option<EventId> {
        self.correlation.as_ref()?.parse().ok()
    }

    /// The conditions of equality.
    pub(super) fn filter(&self, event_type: Option<Bson>) -> Document {
        let mut filter = Document::new();
        let conditions = [
            (AGGREGATE_ID, self.stream.as_ref().map(|stream| stream.aggregate_id().as_str().into())),
            (AGGREGATE_TYPE, self.aggregate_type().map(Bson::from)),
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

    /// The conditions of range.
    pub(super) fn ranges(&self) -> Vec<Document> {
        let time = |time: Option<Timestamp>| time.map(|time| Bson::from(bson::DateTime::from(time)));
        let position = |position: Option<Position>| position.map(|position| Bson::from(position.as_i64()));
        let ranges = [
            (TIMESTAMP, "$gte", time(self.since)),
            (TIMESTAMP, "$lte", time(self.until)),
            (POSITION, "$gt", position(self.after_position)),
            (POSITION, "$lte", position(self.until_position)),
        ];
        let ranges = ranges.into_iter().filter_map(|(field, operator, bound)| Some((field, operator, bound?)));
        ranges.map(|(field, operator, bound)| doc! { field: { operator: bound } }).collect()
    }

    /// Identifies the query, in every release of the library.
    pub(super) fn identity(&self, decoded: bool) -> Document {
        let wanted = match &self.wanted {
            Wanted::Any => Bson::Null,
            Wanted::StoredAs(name) => doc! { "storedAs": name }.into(),
            Wanted::Event(name) => doc! { "event": name }.into(),
        };
        doc! {
            "filter": self.filter(Some(wanted)),
            "ranges": self.ranges(),
            "newestFirst": self.direction == Direction::NewestFirst,
            "decoded": decoded,
        }
    }
}
