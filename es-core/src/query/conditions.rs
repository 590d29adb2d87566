//! The conditions of a query as the caller states them.

use bson::{Bson, Document, doc};

use super::select::{Selection, Wanted};
use crate::error::QueryError;
use crate::store::{Ordering, QueriedAggregates, Query, QueryOrder, QueryStart, QueryStore};
use crate::{Position, StreamId, Timestamp};

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
    pub(super) newest_first: bool,
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
    pub(super) fn order(&self) -> QueryOrder {
        if self.stream.is_some() {
            QueryOrder::Sequence
        } else if self.after_position.or(self.until_position).is_some() {
            QueryOrder::Position
        } else {
            QueryOrder::Time
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
        if ordering == Ordering::PerAggregate && self.order() == QueryOrder::Position {
            return Err(QueryError::Conditions {
                reason: "with `Ordering::PerAggregate` positions count the events of each aggregate; add a condition on one aggregate, or query by time"
                    .to_owned(),
            });
        }
        Ok(())
    }

    /// The query for the store.
    pub(super) fn query(&self, selection: Option<&Selection>, start: QueryStart, size_hint: u64) -> Query {
        let aggregates = match (&self.stream, self.aggregates.first()) {
            (Some(stream), _) => QueriedAggregates::One(stream.clone()),
            (None, Some(aggregate_type)) => QueriedAggregates::OfType((*aggregate_type).to_owned()),
            (None, None) => QueriedAggregates::All,
        };
        let stored_name = self.wanted.stored_name().map(|name| vec![name.to_owned()]);
        Query {
            aggregates,
            event_types: selection.and_then(Selection::stored_names).or(stored_name),
            user: self.user.clone(),
            correlation: self.correlation.clone(),
            since: self.since,
            until: self.until,
            after_position: self.after_position,
            until_position: self.until_position,
            order: self.order(),
            newest_first: self.newest_first,
            start,
            size_hint,
        }
    }

    /// Identifies the query, in every release of the library: a change would invalidate the cursors
    /// that callers have kept.
    pub(super) fn identity(&self, decoded: bool, store: &dyn QueryStore) -> Document {
        let wanted = match &self.wanted {
            Wanted::Any => Bson::Null,
            Wanted::StoredAs(name) => doc! { "storedAs": name }.into(),
            Wanted::Event(name) => doc! { "event": name }.into(),
        };
        let mut filter = Document::new();
        let equal = [
            ("aggregateId", self.stream.as_ref().map(|stream| stream.aggregate_id().as_str().into())),
            ("aggregateType", self.aggregate_type().map(Bson::from)),
            ("eventType", Some(wanted)),
            ("metadata.userId", self.user.clone().map(Bson::from)),
            ("metadata.correlationId", self.correlation.clone().map(Bson::from)),
        ];
        filter.extend(equal.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?))));
        let time = |time: Option<Timestamp>| time.map(|time| Bson::from(bson::DateTime::from(time)));
        let position = |position: Option<Position>| position.map(|position| Bson::from(position.as_i64()));
        let bounds = [
            ("timestamp", "$gte", time(self.since)),
            ("timestamp", "$lte", time(self.until)),
            ("position", "$gt", position(self.after_position)),
            ("position", "$lte", position(self.until_position)),
        ];
        let bounds = bounds.into_iter().filter_map(|(field, operator, bound)| Some((field, operator, bound?)));
        let ranges: Vec<_> = bounds.map(|(field, operator, bound)| doc! { field: { operator: bound } }).collect();
        doc! {
            "filter": filter,
            "ranges": ranges,
            "newestFirst": self.newest_first,
            "decoded": decoded,
            "store": store.query_scope(),
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::oid::ObjectId;

    use super::*;
    use crate::Sequence;
    use crate::query::QueryCursor;
    use crate::store::{BatchStream, QueryPlace};

    #[derive(Debug)]
    struct Bank;

    impl QueryStore for Bank {
        fn query_scope(&self) -> String {
            "bank.events".to_owned()
        }

        fn query(&self, _: Query) -> BatchStream {
            unreachable!("nothing is read")
        }
    }

    /// The cursor of a query at a place that is always the same.
    fn cursor(conditions: &Conditions, decoded: bool) -> String {
        let place = QueryPlace {
            timestamp: Timestamp::from_millis(-7),
            position: Position::try_from(3_u64).unwrap(),
            sequence: Sequence::try_from(2_u64).unwrap(),
            id: ObjectId::from_bytes([9; 12]).into(),
        };
        QueryCursor::new(place, 1, &conditions.identity(decoded, &Bank)).unwrap().to_string()
    }

    #[test]
    fn the_cursors_of_earlier_releases_still_belong_to_their_queries() {
        let place = "01fffffffffffffff9000000000000000300000000000000020909090909090909090909090000000";
        let mut conditions = Conditions::default();
        assert_eq!(cursor(&conditions, false), format!("{place}1e73449860f1357ad"));
        conditions.wanted = Wanted::StoredAs("Paid".to_owned());
        assert_eq!(cursor(&conditions, false), format!("{place}11a2309e51b06a758"));
        conditions.require_aggregate("Order");
        assert_eq!(cursor(&conditions, true), format!("{place}1597157c25e00c34c"));
        conditions.wanted = Wanted::Event("Paid".to_owned());
        conditions.stream = Some(StreamId::new("Order", "o-1").unwrap());
        conditions.user = Some("ann".to_owned());
        conditions.correlation = Some("c-1".to_owned());
        conditions.since = Some(Timestamp::from_millis(1_000));
        conditions.until = Some(Timestamp::from_millis(2_000));
        conditions.after_position = Some(Position::try_from(4_u64).unwrap());
        conditions.until_position = Some(Position::try_from(9_u64).unwrap());
        conditions.newest_first = true;
        assert_eq!(cursor(&conditions, true), format!("{place}12c36911ea960ae70"));
    }
}
