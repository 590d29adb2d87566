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
    /// An event, or a state that becomes a snapshot, can be written and would not be read back as it was. Nothing was written.
    #[error("`{event_type}` is not stored{}: {reason}", because_of(field.as_deref()))]
    NotReadBack {
        /// The stored name of the event, or that of the aggregate's type.
        event_type: String,
        /// The path of the field, if it is known.
        field: Option<String>,
        /// What is wrong, and what to do.
        reason: String,
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
    /// A unique index that is not the library's own holds the value already, such as one that a user has made on a field of the events.
    /// Nothing was written, and the same append is refused for as long as the value is held.
    #[error("{stream} was not written: the unique index `{index}` holds its value already")]
    DuplicateKey {
        /// The stream of the append, or of the snapshot.
        stream: StreamId,
        /// The name of the index.
        index: String,
        /// What was reported.
        source: BoxError,
    },
    /// The store refuses what was to be written, for a reason that repeating does not cure: a validator, a quota, a full disk.
    /// Nothing was written.
    #[error("the store refuses what was to be written to {stream}: {source}")]
    Refused {
        /// The stream of the append, or of the snapshot.
        stream: StreamId,
        /// What was reported.
        source: BoxError,
    },
    /// A snapshot that the archive needs cannot be had: the events make no state, or the store does not keep what was written to it.
    /// Nothing was archived under it.
    #[error("the state of {stream} at version {version} cannot be read back from a snapshot: {source}")]
    UnusableSnapshot {
        /// The stream.
        stream: StreamId,
        /// The version of the state.
        version: Version,
        /// What reading it reported.
        source: BoxError,
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
    /// A snapshot stands for events that the stream does not have. Nothing was written.
    ///
    /// Events were lost, for example by an incomplete restore, or the stream was deleted and its snapshot was not. The aggregate neither
    /// loads nor takes updates until somebody decides: restore the events, or delete the snapshot to go on without them.
    /// [`load_ignoring_snapshots_above`](crate::Repository::load_ignoring_snapshots_above) with 0 shows what is left.
    #[error(
        "{stream} has a snapshot at version {snapshot}, but event {snapshot} is missing and the stream ends at version {head}; \
         restore the missing events, or delete the snapshot to go on without them"
    )]
    SnapshotAhead {
        /// The stream.
        stream: StreamId,
        /// The version of the snapshot.
        snapshot: Version,
        /// The version that the stream has.
        head: Version,
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
    /// A query names an event that does not exist. An empty answer would hide the mistake.
    #[error("`{event_type}` is not the name of an event: {reason}")]
    UnknownEventType {
        /// The name that the query has.
        event_type: String,
        /// What is known instead.
        reason: String,
    },
    /// A query has conditions that cannot be answered together, or not by this store. Nothing was read.
    #[error("the query cannot be answered: {reason}")]
    InvalidQuery {
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A cursor does not continue this query: a query with other conditions or another direction returned it, or it was changed.
    #[error(
        "the cursor does not belong to this query; repeat the conditions and the direction of the query that returned it, or start without a cursor"
    )]
    ForeignCursor,
    /// Something that the caller names does not exist. An empty answer would hide the mistake.
    #[error("{what} does not exist; {instead}")]
    Missing {
        /// What does not exist.
        what: String,
        /// What exists instead.
        instead: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The asynchronous runtime in which the store was opened has ended, and with it the tasks of the store. Nothing was written.
    ///
    /// A test with a runtime of its own opens a store of its own; a program opens the store in the runtime that lasts.
    #[error("the runtime in which the store was opened has ended; open the store in the runtime that uses it")]
    RuntimeEnded,
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

    /// Whether the error is about the store as a whole, so that every other aggregate would meet it too.
    ///
    /// A run over many aggregates, such as an archive run or a migration, ends with such an error. Any other
    /// error it reports for the aggregate that has met it, and goes on. An error of which it is not
    /// known is taken to be about one aggregate: one that is bad must not keep a run from all others.
    pub fn concerns_the_store(&self) -> bool {
        match self {
            Self::OutcomeUnknown { .. }
            | Self::Unavailable { .. }
            | Self::Unauthorized { .. }
            | Self::Unsafe { .. }
            | Self::RuntimeEnded
            | Self::UnknownEventType { .. }
            | Self::InvalidQuery { .. }
            | Self::ForeignCursor
            | Self::Missing { .. }
            | Self::Closed => true,
            Self::Conflict { .. }
            | Self::AppendIdReused { .. }
            | Self::InvalidId(_)
            | Self::EmptyAppend { .. }
            | Self::Encode { .. }
            | Self::TooLarge { .. }
            | Self::TooDeep { .. }
            | Self::DuplicateKey { .. }
            | Self::Refused { .. }
            | Self::UnusableSnapshot { .. }
            | Self::NotReadBack { .. }
            | Self::Unfoldable { .. }
            | Self::SnapshotAhead { .. }
            | Self::Decode { .. }
            | Self::Gap { .. }
            | Self::Fold { .. }
            | Self::Malformed { .. }
            | Self::Backend { .. } => false,
        }
    }
}

fn because_of(field: Option<&str>) -> String {
    field.map(|field| format!(", because of `{field}`")).unwrap_or_default()
}
