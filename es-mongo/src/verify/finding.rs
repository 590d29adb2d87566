//! What can be wrong.

use es_core::{Position, Sequence, StreamId, Version};

/// Something that is stored and is not as it must be.
///
/// It displays as one line that names the aggregate, the event and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// A stream lacks events.
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
    /// Two different events have one place in a stream.
    #[error("{stream} has more than one event {sequence} (`{event_type}`)")]
    DuplicateSequence {
        /// The stream.
        stream: StreamId,
        /// Their place.
        sequence: Sequence,
        /// The stored name of one of them.
        event_type: String,
    },
    /// No event has these positions.
    #[error("the positions {first} to {last} are missing")]
    PositionGap {
        /// The first of them.
        first: Position,
        /// The last of them.
        last: Position,
    },
    /// Two different events have one position.
    #[error("more than one event has position {position}")]
    DuplicatePosition {
        /// Their position.
        position: Position,
    },
    /// An event has a lower position than the one before it in its stream, so positions are not the order in which things were recorded.
    #[error("event {sequence} of {stream} has position {position}, and the event before it has a higher one")]
    OutOfOrder {
        /// The stream.
        stream: StreamId,
        /// The place of the event.
        sequence: Sequence,
        /// The position of the event.
        position: Position,
    },
    /// An event cannot be read by this program.
    #[error("event {sequence} of {stream}, a `{event_type}`, cannot be read: {reason}")]
    Undecodable {
        /// The stream.
        stream: StreamId,
        /// The place of the event.
        sequence: Sequence,
        /// The stored name of the event.
        event_type: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An event of a type that the aggregate does not know.
    #[error(
        "event {sequence} of {stream} is a `{event_type}`, which the aggregate neither lists in `events(..)` nor in `retired(..)`"
    )]
    ForeignType {
        /// The stream.
        stream: StreamId,
        /// The place of the event.
        sequence: Sequence,
        /// The stored name of the event.
        event_type: String,
    },
    /// A stream does not begin, or go on, as its aggregate declares.
    #[error("event {sequence} of {stream}, a `{event_type}`, cannot be folded: {reason}")]
    CannotFold {
        /// The stream.
        stream: StreamId,
        /// The place of the event.
        sequence: Sequence,
        /// The stored name of the event.
        event_type: String,
        /// What is wrong.
        reason: String,
    },
    /// A snapshot is not the state that replaying gives at its version.
    #[error("the snapshot of {stream} at version {version} is not what replaying gives")]
    SnapshotDiffers {
        /// The stream.
        stream: StreamId,
        /// The version of the snapshot.
        version: Version,
    },
    /// A snapshot of the state's present version cannot be read. Loading passes over it.
    #[error("the snapshot `{snapshot}` cannot be read")]
    SnapshotUnreadable {
        /// The `_id` of the snapshot.
        snapshot: String,
    },
    /// A snapshot has a version that its aggregate has not come to.
    #[error("{stream} has a snapshot at version {version}, but no event after {head}")]
    SnapshotBeyondHead {
        /// The stream.
        stream: StreamId,
        /// The version of the snapshot.
        version: Version,
        /// The version of the aggregate.
        head: Version,
    },
    /// An event has one content among those in use and another one in the archive.
    #[error("event {sequence} of {stream}, a `{event_type}`, has different content in the archive")]
    DiffersFromArchive {
        /// The stream.
        stream: StreamId,
        /// The place of the event.
        sequence: Sequence,
        /// The stored name of the event.
        event_type: String,
    },
    /// A document is not as this library stores it.
    #[error("{what}: {reason}")]
    Malformed {
        /// The document.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
}
