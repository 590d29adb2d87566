//! The conditions of a query as filters of the server.

use bson::{Bson, Document, doc};
use es_core::store::{QueriedAggregates, Query};
use es_core::{Position, Timestamp};

use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, CORRELATION_ID, EVENT_TYPE, POSITION, TIMESTAMP, USER_ID};
use crate::positions::skip::SKIP_TYPE;

/// The conditions of equality.
pub(super) fn filter(query: &Query) -> Document {
    let (aggregate_id, aggregate_type) = match &query.aggregates {
        QueriedAggregates::All => (None, None),
        QueriedAggregates::OfType(aggregate_type) => (None, Some(aggregate_type.as_str())),
        QueriedAggregates::One(stream) => (Some(stream.aggregate_id().as_str()), Some(stream.aggregate_type())),
    };
    let event_type = query.event_types.as_deref().map(|names| match names {
        [name] => Bson::from(name),
        names => doc! { "$in": names }.into(),
    });
    let conditions = [
        (AGGREGATE_ID, aggregate_id.map(Bson::from)),
        (AGGREGATE_TYPE, aggregate_type.map(Bson::from)),
        (EVENT_TYPE, event_type),
        (USER_ID, query.user.clone().map(Bson::from)),
        (CORRELATION_ID, query.correlation.clone().map(Bson::from)),
    ];
    let conditions = conditions.into_iter().filter_map(|(field, condition)| Some((field.to_owned(), condition?)));
    let mut filter: Document = conditions.collect();
    // Skips belong to no user and no correlation.
    if query.user.is_none() && query.correlation.is_none() && query.aggregates == QueriedAggregates::All {
        filter.insert(AGGREGATE_TYPE, doc! { "$ne": SKIP_TYPE });
    }
    filter
}

/// The conditions of range.
pub(super) fn ranges(query: &Query) -> Vec<Document> {
    let time = |time: Option<Timestamp>| time.map(|time| Bson::from(bson::DateTime::from(time)));
    let position = |position: Option<Position>| position.map(|position| Bson::from(position.as_i64()));
    let ranges = [
        (TIMESTAMP, "$gte", time(query.since)),
        (TIMESTAMP, "$lte", time(query.until)),
        (POSITION, "$gt", position(query.after_position)),
        (POSITION, "$lte", position(query.until_position)),
    ];
    let ranges = ranges.into_iter().filter_map(|(field, operator, bound)| Some((field, operator, bound?)));
    ranges.map(|(field, operator, bound)| doc! { field: { operator: bound } }).collect()
}
