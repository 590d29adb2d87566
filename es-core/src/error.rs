//! The errors of a store and of values.
//!
//! [`LoadError`](crate::LoadError), [`CreateError`](crate::CreateError) and
//! [`UpdateError`](crate::UpdateError) are at the root of the crate.

mod chain;
mod query;
mod shared;
#[cfg(test)]
mod tests;

pub use self::chain::ErrorChain;
pub use self::query::QueryError;
pub use self::shared::SharedError;
pub use crate::aggregate::FoldError;
pub use crate::event_types::{BoxError, DecodeError};
pub use crate::metadata::MetadataError;
pub use crate::panicked::Panicked;
pub use crate::recorded::InvalidEventId;
pub use crate::stream::InvalidId;
pub use crate::timestamp::InvalidTimestamp;
pub use crate::version::InvalidCount;

use crate::store::ReadModelId;
use crate::{AggregateId, Position, Sequence, StreamId, Version};

/// A store refused a request, or could not fulfil it.
///
/// Each error displays itself only; the cause is its [source](std::error::Error::source), and can
/// be downcast to the error of the store's own driver. [`ErrorChain`] displays all of it. A clone
/// shares the cause.
///
/// # What to do about it
///
/// | predicate | variants | a caller |
/// |---|---|---|
/// | [`is_conflict`](Self::is_conflict) | `Conflict` | loads and decides again; HTTP 409 |
/// | [`is_invalid_input`](Self::is_invalid_input) | see there | corrects the request; HTTP 422 |
/// | [`is_unavailable`](Self::is_unavailable) | `Unavailable`, `OutcomeUnknown`, `Closed`, `RuntimeEnded` | waits; HTTP 503 |
/// | [`is_retryable`](Self::is_retryable) | `Conflict`, `Unavailable`, `OutcomeUnknown` with an append id | repeats the call |
/// | [`concerns_the_store`](Self::concerns_the_store) | see there | ends a run over many aggregates |
///
/// All other errors need a person: HTTP 500. What is stored is damaged or too new for the program
/// (`Decode`, `Gap`, `MissingPosition`, `SnapshotAhead`, `Fold`, `Malformed`), or the store is set
/// up in a way that it must not be (`Unsafe`, `InvalidOptions`, `Unauthorized`, `Refused`).
///
/// # Contract
///
/// A store MUST return the variant whose documentation describes the failure. Only what no other
/// variant describes is [`Backend`](Self::Backend). A store MUST return a variant that states
/// "nothing was written" only if it is certain of that; otherwise it returns
/// [`OutcomeUnknown`](Self::OutcomeUnknown). A `source` MUST hold the error of the driver, if there
/// is one, and no credentials.
/// there is one, and no credentials.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another writer recorded an event first, or the expected version was never reached. Nothing
    /// was written.
    #[error("conflict on {stream}: expected version {expected}, but it has version {actual}; load it and decide again")]
    Conflict {
        /// The stream of the append.
        stream: StreamId,
        /// The version that the append expected.
        expected: Version,
        /// The version that the aggregate has.
        actual: Version,
    },
    /// The append id belongs to an earlier command, which recorded events of other kinds. Nothing
    /// was written.
    ///
    /// [`AppendId`](crate::store::AppendId) defines what a different command is.
    #[error(
        "append id `{append_id}` was used on {stream} for a different command, which led to version {version}; give each command its own key"
    )]
    AppendIdReused {
        /// The stream of the append.
        stream: StreamId,
        /// The idempotency key.
        append_id: String,
        /// The version that the aggregate had after the earlier append.
        version: Version,
    },
    /// It is unknown whether the append was stored: the answer was lost, and the store could not be
    /// asked again.
    ///
    /// Repeat the append with the same append id, or load the aggregate, before you do anything a
    /// second time.
    #[error(
        "the outcome of an append to {stream} is unknown; repeat it with the same append id, or load the aggregate first"
    )]
    OutcomeUnknown {
        /// The stream of the append.
        stream: StreamId,
        /// The idempotency key, if the caller gave one.
        append_id: Option<String>,
        /// The last error that was reported.
        source: SharedError,
    },
    /// An id, a key or a name of an event is empty, too long or contains NUL. Nothing was sent.
    #[error(transparent)]
    InvalidId(#[from] InvalidId),
    /// A number that a caller passed is not a version. Nothing was sent.
    #[error(transparent)]
    InvalidVersion(#[from] InvalidCount),
    /// A database, a collection or another part of the store has an invalid name. Nothing was sent.
    #[error("`{}` is an invalid name: {reason}", name.escape_debug())]
    InvalidName {
        /// The name.
        name: String,
        /// Which names are valid.
        reason: String,
    },
    /// An append has no events. Nothing was sent.
    #[error("an append to {stream} has no events")]
    EmptyAppend {
        /// The stream of the append.
        stream: StreamId,
    },
    /// An event cannot be folded at its place in the stream, so the aggregate could never be loaded
    /// again. Nothing was sent.
    #[error("event {sequence} cannot be recorded on {stream}")]
    Unfoldable {
        /// The stream of the append.
        stream: StreamId,
        /// The place that the event would have in the stream.
        sequence: Sequence,
        /// What is wrong.
        source: FoldError,
    },
    /// An event, or a state that becomes a snapshot, cannot be written as BSON. Nothing was sent.
    #[error("`{what}` cannot be written as BSON")]
    Encode {
        /// The stored name of the event, or of the aggregate's type for a state.
        what: String,
        /// What the format reported.
        source: SharedError,
    },
    /// An event, or a state that becomes a snapshot, can be written, but would be read back as a
    /// different value, or not at all. Nothing was written.
    #[error("`{what}` is not stored{}: {reason}", because_of(field.as_deref()))]
    NotReadBack {
        /// The stored name of the event, or of the aggregate's type for a state.
        what: String,
        /// The path of the field, if it is known.
        field: Option<String>,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// An event, or a state that becomes a snapshot, is larger than the store accepts. Nothing was
    /// written.
    #[error(
        "`{what}` has {bytes} bytes, but the store accepts at most {limit}; store large content elsewhere and keep a reference to it"
    )]
    TooLarge {
        /// The stored name of the event, or of the aggregate's type for a state.
        what: String,
        /// The size.
        bytes: usize,
        /// The largest accepted size.
        limit: usize,
    },
    /// An event, or a state that becomes a snapshot, is nested deeper than the store accepts.
    /// Nothing was written.
    #[error("`{what}` is nested more than {limit} levels deep; flatten it")]
    TooDeep {
        /// The stored name of the event, or of the aggregate's type for a state.
        what: String,
        /// The greatest accepted depth.
        limit: usize,
    },
    /// A unique index that the library did not create, such as a user's index on a field of the
    /// events, already holds the value. Nothing was written, and the same append fails as long as
    /// the index holds the value.
    #[error("{stream} was not written: the unique index `{index}` already holds its value")]
    DuplicateKey {
        /// The stream of the append, or of the snapshot.
        stream: StreamId,
        /// The name of the index.
        index: String,
        /// What was reported.
        source: SharedError,
    },
    /// A row of a read model would have the same values as a different row in a unique index.
    /// Nothing was written.
    #[error("{}", not_unique(.read_model, .key.as_ref(), .index))]
    NotUnique {
        /// The read model.
        read_model: ReadModelId,
        /// The key of the row that was refused. `None` if the index could not be created, because
        /// rows that are stored have the same values.
        key: Option<AggregateId>,
        /// The name of the index.
        index: String,
    },
    /// The store refuses a write for a reason that a retry does not remove: a validator, a quota, a
    /// full disk. Nothing was written.
    #[error("the store refuses the write to {stream}")]
    Refused {
        /// The stream of the append, or of the snapshot.
        stream: StreamId,
        /// What was reported.
        source: SharedError,
    },
    /// The archive needs a snapshot but cannot have one: the events yield no state, or the store
    /// does not keep the snapshot that was written. Nothing of the stream was archived.
    ///
    /// If a snapshot would change the state, the error is [`NotReadBack`](Self::NotReadBack)
    /// instead.
    #[error("{stream} is not archived, because it has no snapshot at version {version}: {reason}")]
    NoSnapshot {
        /// The stream.
        stream: StreamId,
        /// The version of the state.
        version: Version,
        /// Why there is no snapshot.
        reason: String,
    },
    /// This program cannot read a stored event. Nothing was skipped.
    #[error("event {sequence} of {aggregate_type} `{aggregate_id}`, a `{event_type}`, cannot be read")]
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
    /// An event of a stream is missing.
    #[error("{stream} has a gap: event {expected} is missing before event {found} (`{event_type}`); restore it")]
    Gap {
        /// The stream.
        stream: StreamId,
        /// The missing event.
        expected: Sequence,
        /// The event that follows the gap.
        found: Sequence,
        /// The stored name of the event that follows the gap.
        event_type: String,
    },
    /// A snapshot represents events that the stream does not have. Nothing was written.
    ///
    /// Events were lost, for example by an incomplete restore, or the stream was deleted but its
    /// snapshot was not. The aggregate fails to load and to update until a person decides: restore
    /// the events, or delete the snapshot to continue without them.
    /// [`load_ignoring_snapshots_above`](crate::Repository::load_ignoring_snapshots_above) with 0
    /// shows what is left.
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
    /// The events of a stored stream do not follow what its aggregate declares.
    #[error("event {sequence} of {stream} cannot be folded")]
    Fold {
        /// The stream.
        stream: StreamId,
        /// The place of the event in the stream.
        sequence: Sequence,
        /// What is wrong.
        source: FoldError,
    },
    /// Stored data does not have the form in which this library stores it.
    #[error("{what} is malformed")]
    Malformed {
        /// What was read.
        what: String,
        /// What is wrong with it.
        source: SharedError,
    },
    /// The store cannot be reached, or did not answer in time. Of an append, nothing was written.
    #[error("the store is unavailable")]
    Unavailable {
        /// What was reported.
        source: SharedError,
    },
    /// The store refuses the credentials, or the user lacks a right. Of an append, nothing was
    /// written.
    #[error("the store refuses access")]
    Unauthorized {
        /// What was reported.
        source: SharedError,
    },
    /// The store is set up in a way that could lose or corrupt data, so the library refuses to use
    /// it.
    #[error("the store is not set up to keep events safe: {reason}")]
    Unsafe {
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The options to open the store, such as its connection string, are invalid.
    #[error("the store cannot be opened with these options: {reason}")]
    InvalidOptions {
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A query is invalid. Nothing was read.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A collection that the caller names does not exist. An empty answer would hide the mistake.
    #[error("{what} does not exist; {instead}")]
    Missing {
        /// What does not exist.
        what: String,
        /// What exists instead.
        instead: String,
    },
    /// The store cannot be followed, because its positions define no order across aggregates.
    /// Nothing was read.
    #[error(
        "the store cannot be followed: with `Ordering::PerAggregate` positions count the events of each aggregate; \
         query by time, or use a store with `Ordering::Global`"
    )]
    NoGlobalOrder,
    /// An event or a skip that the store had at this position is missing, so a reader of positions
    /// must not go on. Nothing was passed over.
    #[error(
        "position {position} was decided, but the store has nothing there; run `verify`, and restore what is missing"
    )]
    MissingPosition {
        /// The lowest missing position.
        position: Position,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The asynchronous runtime in which the store was opened has ended, and with it the tasks of
    /// the store. Nothing was written.
    ///
    /// If a test has its own runtime, it opens its own store. A program opens the store in the
    /// runtime that outlives it.
    #[error("the runtime in which the store was opened has ended; open the store in the runtime that uses it")]
    RuntimeEnded,
    /// Any other failure that the store reported.
    #[error("the store failed")]
    Backend {
        /// What was reported.
        source: SharedError,
    },
}

impl StoreError {
    /// Whether another writer was faster, so that the caller may succeed if it loads and decides
    /// again: [`Conflict`](Self::Conflict).
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }

    /// Whether the same call may succeed if it is repeated, and repeating it does no harm:
    /// [`Conflict`](Self::Conflict), [`Unavailable`](Self::Unavailable), and
    /// [`OutcomeUnknown`](Self::OutcomeUnknown) of an append with an append id.
    ///
    /// After a conflict, the expected version of an append is outdated, so the retry has to load
    /// and decide again. An append with an unknown outcome and without an append id is not
    /// retryable, because it might be recorded twice.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Conflict { .. } | Self::Unavailable { .. } | Self::OutcomeUnknown { append_id: Some(_), .. }
        )
    }

    /// Whether the store cannot be used at present for any request:
    /// [`Unavailable`](Self::Unavailable),
    /// [`OutcomeUnknown`](Self::OutcomeUnknown), [`Closed`](Self::Closed) and
    /// [`RuntimeEnded`](Self::RuntimeEnded).
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::OutcomeUnknown { .. } | Self::Closed | Self::RuntimeEnded)
    }

    /// Whether the request can never succeed, and nothing was written:
    /// [`InvalidId`](Self::InvalidId), [`InvalidVersion`](Self::InvalidVersion),
    /// [`InvalidName`](Self::InvalidName), [`EmptyAppend`](Self::EmptyAppend),
    /// [`AppendIdReused`](Self::AppendIdReused), [`Unfoldable`](Self::Unfoldable),
    /// [`Encode`](Self::Encode), [`NotReadBack`](Self::NotReadBack), [`TooLarge`](Self::TooLarge),
    /// [`TooDeep`](Self::TooDeep), [`DuplicateKey`](Self::DuplicateKey),
    /// [`NotUnique`](Self::NotUnique), [`Query`](Self::Query), [`Missing`](Self::Missing) and
    /// [`NoGlobalOrder`](Self::NoGlobalOrder).
    pub fn is_invalid_input(&self) -> bool {
        matches!(
            self,
            Self::InvalidId(_)
                | Self::InvalidVersion(_)
                | Self::InvalidName { .. }
                | Self::EmptyAppend { .. }
                | Self::AppendIdReused { .. }
                | Self::Unfoldable { .. }
                | Self::Encode { .. }
                | Self::NotReadBack { .. }
                | Self::TooLarge { .. }
                | Self::TooDeep { .. }
                | Self::DuplicateKey { .. }
                | Self::NotUnique { .. }
                | Self::Query(_)
                | Self::Missing { .. }
                | Self::NoGlobalOrder
        )
    }

    /// Whether the error concerns the whole store, so that it affects every other aggregate too:
    /// [`OutcomeUnknown`](Self::OutcomeUnknown), [`Unavailable`](Self::Unavailable),
    /// [`Unauthorized`](Self::Unauthorized), [`Unsafe`](Self::Unsafe),
    /// [`InvalidName`](Self::InvalidName), [`InvalidOptions`](Self::InvalidOptions),
    /// [`Query`](Self::Query), [`Missing`](Self::Missing), [`NoGlobalOrder`](Self::NoGlobalOrder),
    /// [`MissingPosition`](Self::MissingPosition), [`Closed`](Self::Closed) and
    /// [`RuntimeEnded`](Self::RuntimeEnded).
    ///
    /// A run over many aggregates, such as an archive run or a migration, ends with such an error.
    /// It reports any other error for the aggregate concerned, and continues. If an error could be
    /// either, it counts as concerning one aggregate, so that a single bad aggregate does not stop
    /// the run for all others.
    pub fn concerns_the_store(&self) -> bool {
        match self {
            Self::OutcomeUnknown { .. }
            | Self::Unavailable { .. }
            | Self::Unauthorized { .. }
            | Self::Unsafe { .. }
            | Self::InvalidName { .. }
            | Self::InvalidOptions { .. }
            | Self::Query(_)
            | Self::Missing { .. }
            | Self::NoGlobalOrder
            | Self::MissingPosition { .. }
            | Self::Closed
            | Self::RuntimeEnded => true,
            Self::Conflict { .. }
            | Self::AppendIdReused { .. }
            | Self::InvalidId(_)
            | Self::InvalidVersion(_)
            | Self::EmptyAppend { .. }
            | Self::Encode { .. }
            | Self::TooLarge { .. }
            | Self::TooDeep { .. }
            | Self::DuplicateKey { .. }
            | Self::NotUnique { .. }
            | Self::Refused { .. }
            | Self::NoSnapshot { .. }
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

fn not_unique(read_model: &ReadModelId, key: Option<&AggregateId>, index: &str) -> String {
    match key {
        Some(key) => format!(
            "the row `{key}` of {read_model} has the same values as a different row in the unique index `{index}`"
        ),
        None => format!(
            "rows of {read_model} have the same values in `{index}`, so it cannot be a unique index; write `index(..)`, or increase the `version` of the projection"
        ),
    }
}
