//! The findings of the check.

use es_core::{Position, Sequence, StreamId, Version};

/// An inconsistency in the stored data.
///
/// Its `Display` is one line that names the aggregate, the event and the problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// A stream lacks events.
    #[error("{stream} has a gap: event {expected} is missing, event {found} (`{event_type}`) follows")]
    Gap {
        /// The stream.
        stream: StreamId,
        /// The missing event.
        expected: Sequence,
        /// The event that follows instead.
        found: Sequence,
        /// The stored name of that event.
        event_type: String,
    },
    /// Two different events have the same place in a stream.
    #[error("{stream} has more than one event {sequence} (`{event_type}`)")]
    DuplicateSequence {
        /// The stream.
        stream: StreamId,
        /// Their sequence.
        sequence: Sequence,
        /// The stored name of one of them.
        event_type: String,
    },
    /// These positions have neither an event nor a skip.
    #[error("the positions {first} to {last} are missing")]
    PositionGap {
        /// The first of them.
        first: Position,
        /// The last of them.
        last: Position,
    },
    /// Two different events have the same position.
    #[error("more than one event has position {position}")]
    DuplicatePosition {
        /// Their position.
        position: Position,
    },
    /// An event has a lower position than the previous event in its stream, so positions are not
    /// the order in which the events were recorded.
    #[error("event {sequence} of {stream} has position {position}, but the event before it has a higher one")]
    OutOfOrder {
        /// The stream.
        stream: StreamId,
        /// The sequence of the event.
        sequence: Sequence,
        /// The position of the event.
        position: Position,
    },
    /// This program cannot read an event.
    #[error("event {sequence} of {stream}, a `{event_type}`, cannot be read: {reason}")]
    Undecodable {
        /// The stream.
        stream: StreamId,
        /// The sequence of the event.
        sequence: Sequence,
        /// The stored name of the event.
        event_type: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// An event of a type that the aggregate does not know.
    #[error(
        "event {sequence} of {stream} is a `{event_type}`, which the aggregate lists neither in `events(..)` nor in `retired(..)`"
    )]
    ForeignType {
        /// The stream.
        stream: StreamId,
        /// The sequence of the event.
        sequence: Sequence,
        /// The stored name of the event.
        event_type: String,
    },
    /// A stream does not begin or continue as its aggregate declares.
    #[error("event {sequence} of {stream}, a `{event_type}`, cannot be folded: {reason}")]
    CannotFold {
        /// The stream.
        stream: StreamId,
        /// The sequence of the event.
        sequence: Sequence,
        /// The stored name of the event.
        event_type: String,
        /// Why it cannot be folded.
        reason: String,
    },
    /// A snapshot differs from the state that a replay gives at its version.
    #[error("the snapshot of {stream} at version {version} is not what replaying gives")]
    SnapshotDiffers {
        /// The stream.
        stream: StreamId,
        /// The version of the snapshot.
        version: Version,
    },
    /// A snapshot with the current state version cannot be read. Loading ignores it.
    #[error("the snapshot `{snapshot}` cannot be read")]
    SnapshotUnreadable {
        /// The `_id` of the snapshot.
        snapshot: String,
    },
    /// A snapshot has a version that its aggregate has not reached.
    #[error("{stream} has a snapshot at version {version}, but no event after {head}")]
    SnapshotBeyondHead {
        /// The stream.
        stream: StreamId,
        /// The version of the snapshot.
        version: Version,
        /// The version of the aggregate.
        head: Version,
    },
    /// An event has different contents in the events collection and in the archive.
    #[error("event {sequence} of {stream}, a `{event_type}`, has different content in the archive")]
    DiffersFromArchive {
        /// The stream.
        stream: StreamId,
        /// The sequence of the event.
        sequence: Sequence,
        /// The stored name of the event.
        event_type: String,
    },
    /// A document is not in the stored form of this library.
    #[error("{what}: {reason}")]
    Malformed {
        /// The document.
        what: String,
        /// What is wrong with the document.
        reason: String,
    },
}
