//! What is known about an event beside its data.

use crate::{AggregateId, Metadata, Sequence, Timestamp};

/// The circumstances of the event that is folded: which aggregate, which place in its stream, when, and by whom.
#[derive(Debug, Clone)]
pub struct Context {
    aggregate_id: AggregateId,
    sequence: Sequence,
    timestamp: Timestamp,
    metadata: Metadata,
}

impl Context {
    /// The circumstances of one event; the test kit and stores make them.
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

    /// Moves on to another event of the same stream and keeps what was allocated.
    pub(crate) fn advance(&mut self, sequence: Sequence, timestamp: Timestamp, metadata: &bson::RawDocument) {
        self.sequence = sequence;
        self.timestamp = timestamp;
        self.metadata.replace(metadata);
    }
}
