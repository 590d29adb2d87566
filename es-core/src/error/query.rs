//! Errors of invalid queries.

/// A query is invalid, and was refused before anything was read.
///
/// An empty result would hide the mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The query names an event that does not exist.
    #[error("`{event_type}` is not the name of an event: {reason}")]
    UnknownEventType {
        /// The name in the query.
        event_type: String,
        /// Which names exist, or where to find them.
        reason: String,
    },
    /// No event can meet all conditions of the query, or this store cannot evaluate them.
    #[error("the query cannot be answered: {reason}")]
    Conditions {
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The cursor does not continue this query: the cursor was changed, or the query that returned
    /// it had different conditions or the other direction.
    #[error(
        "the cursor does not belong to this query; repeat the conditions and the direction of the query that returned it, or start without a cursor"
    )]
    ForeignCursor,
}
