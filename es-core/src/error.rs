//! What a store can answer beside success.

use crate::event::{BoxError, DecodeError};
use crate::{FoldError, InvalidId, Sequence, StreamId, Version};

/// A store refused, or could not do, what was asked.
///
/// Every store maps its own failures to these; conditions that a caller acts on have a variant of their own.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else recorded an event first. Nothing of this append was written.
    #[error("conflict on {stream}: expected version {expected}, it has version {actual}")]
    Conflict {
        /// The stream of the append.
        stream: StreamId,
        /// The version that the append expected.
        expected: Version,
        /// The version that the aggregate has.
        actual: Version,
    },
    /// The idempotency key belongs to an earlier command, which recorded events of other kinds. Nothing was written.
    ///
    /// [`AppendId`](crate::AppendId) says what another command is.
    #[error(
        "append id `{append_id}` was used on {stream} for another command, which led to version {version}; give each command a key of its own"
    )]
    AppendIdReused {
        /// The stream of the append.
        stream: StreamId,
        /// The idempotency key.
        append_id: String,
        /// The version that the aggregate had after the earlier append.
        version: Version,
    },
    /// Whether the append was stored is not known: the answer was lost and the store could not be asked again.
    ///
    /// Ask again with the same append id, or load the aggregate, before anything is repeated.
    #[error(
        "the outcome of an append to {stream} is unknown; ask again with the same append id, or load it, before repeating"
    )]
    OutcomeUnknown {
        /// The stream of the append.
        stream: StreamId,
        /// The idempotency key, where the caller gave one.
        append_id: Option<String>,
        /// What was reported last.
        source: BoxError,
    },
    /// An id, a key or a name is empty, too long or contains NUL. Nothing was sent.
    #[error(transparent)]
    InvalidId(#[from] InvalidId),
    /// An append without events.
    #[error("an append to {stream} has no events")]
    EmptyAppend {
        /// The stream of the append.
        stream: StreamId,
    },
    /// An event could not be folded where it would stand, so the aggregate could never be loaded again. Nothing was sent.
    #[error("event {sequence} cannot be recorded on {stream}: {source}")]
    Unfoldable {
        /// The stream of the append.
        stream: StreamId,
        /// The place that the event would have in it.
        sequence: Sequence,
        /// What is wrong.
        source: FoldError,
    },
    /// An event cannot be written as BSON. Nothing was sent.
    #[error("event `{event_type}` cannot be stored: {source}")]
    Encode {
        /// The stored name of the event.
        event_type: String,
        /// What the format reported.
        source: BoxError,
    },
    /// An event, or all events of an append together, or a snapshot, is larger than the store takes. Nothing was written.
    #[error("`{event_type}` has {bytes} bytes, more than the {limit} that the store takes")]
    TooLarge {
        /// The stored name of the event.
        event_type: String,
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        limit: usize,
    },
    /// An event is nested deeper than the store takes. Nothing was written.
    #[error("`{event_type}` is nested more than {limit} levels deep")]
    TooDeep {
        /// The stored name of the event.
        event_type: String,
        /// How deep it may be.
        limit: usize,
    },
    /// A stored event cannot be read by this program. Nothing was skipped.
    #[error("event {sequence} of {aggregate_type} `{aggregate_id}`, a `{event_type}`, cannot be read: {source}")]
    Decode {
        /// The stored name of the aggregate's type.
        aggregate_type: String,
        /// The id of the aggregate.
        aggregate_id: String,
        /// The place of the event in the stream.
        sequence: Sequence,
        /// The stored name of the event.
        event_type: String,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// A stream lacks an event.
    #[error("{stream} has a gap: event {expected} is missing, event {found} (`{event_type}`) follows")]
    Gap {
        /// The stream.
        stream: StreamId,
        /// The event that should have come.
        expected: Sequence,
        /// The event that came.
        found: Sequence,
        /// The stored name of the event that came.
        event_type: String,
    },
    /// A stream does not begin, or go on, as its aggregate declares.
    #[error("event {sequence} of {stream}: {source}")]
    Fold {
        /// The stream.
        stream: StreamId,
        /// The place of the event in the stream.
        sequence: Sequence,
        /// What is wrong.
        source: FoldError,
    },
    /// Something stored is not what this library stores.
    #[error("{what} is not as this library stores it: {source}")]
    Malformed {
        /// What was read.
        what: String,
        /// What is wrong with it.
        source: BoxError,
    },
    /// The store cannot be reached, or did not answer in time. Nothing is known to be written.
    #[error("the store cannot be reached: {source}")]
    Unavailable {
        /// What was reported.
        source: BoxError,
    },
    /// The store refuses these credentials, or what they may do.
    #[error("the store refuses access: {source}")]
    Unauthorized {
        /// What was reported.
        source: BoxError,
    },
    /// The store is set up in a way in which this library could lose or corrupt data, so it does not run.
    #[error("the store is not set up to keep events safe: {reason}")]
    Unsafe {
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Anything else that the store reported.
    #[error("the store failed: {source}")]
    Backend {
        /// What was reported.
        source: BoxError,
    },
}

impl StoreError {
    /// Whether somebody else was faster: loading again and deciding again may succeed.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }
}
