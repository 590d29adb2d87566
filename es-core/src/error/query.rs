//! Questions that have no answer.

/// A query was refused before anything was read, because it asks for what cannot be answered.
///
/// An empty answer would hide the mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The query names an event that does not exist.
    #[error("`{event_type}` is not the name of an event: {reason}")]
    UnknownEventType {
        /// The name in the query.
        event_type: String,
        /// Which names exist instead, or where to find them.
        reason: String,
    },
    /// No event can meet the conditions of the query together, or this store cannot evaluate them.
    #[error("the query cannot be answered: {reason}")]
    Conditions {
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The cursor does not continue this query: it was changed, or a query with different conditions or the other
    /// direction returned it.
    #[error(
        "the cursor does not belong to this query; repeat the conditions and the direction of the query that returned it, or start without a cursor"
    )]
    ForeignCursor,
}
