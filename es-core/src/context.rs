//! What is known about an event in addition to its data.

use crate::{AggregateId, Metadata, Sequence, Timestamp};

/// The circumstances of the event that is folded: its aggregate, its place in the stream, its time
/// and its metadata.
#[derive(Debug, Clone)]
pub struct Context {
    aggregate_id: AggregateId,
    sequence: Sequence,
    timestamp: Timestamp,
    metadata: Metadata,
}

impl Context {
    /// The circumstances of one event. The test kit and stores create them.
    pub fn new(aggregate_id: AggregateId, sequence: Sequence, timestamp: Timestamp, metadata: Metadata) -> Self {
        Self { aggregate_id, sequence, timestamp, metadata }
    }

    /// The id of the aggregate.
    pub fn aggregate_id(&self) -> &AggregateId {
        &self.aggregate_id
    }

    /// The place of the event in the stream, which is the version of the aggregate after it.
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// When the event was recorded.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Who recorded it and because of what.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Moves on to another event of the same stream and reuses the allocated memory.
    pub(crate) fn advance(&mut self, sequence: Sequence, timestamp: Timestamp, metadata: &bson::RawDocument) {
        self.sequence = sequence;
        self.timestamp = timestamp;
        self.metadata.replace(metadata);
    }
}
