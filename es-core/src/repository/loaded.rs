//! An aggregate at one version.

use std::ops::Deref;

use crate::{AggregateId, EventId, Metadata, Timestamp, Version};

/// An aggregate at one version. It dereferences to its state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded<A> {
    /// The id of the aggregate.
    pub id: AggregateId,
    /// The version of the state.
    pub version: Version,
    /// The event that led to this version.
    pub last_event: LastEvent,
    /// The state.
    pub state: A,
}

/// The recorded fields of the event that led to a version, without its data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastEvent {
    /// Its identity.
    pub id: EventId,
    /// When it was recorded.
    pub timestamp: Timestamp,
    /// Who recorded it, and why.
    pub metadata: Metadata,
}

impl<A> Loaded<A> {
    pub(crate) fn new(id: AggregateId, version: Version, last_event: LastEvent, state: A) -> Self {
        Self { id, version, last_event, state }
    }
}

impl LastEvent {
    pub(crate) fn new(id: EventId, timestamp: Timestamp, metadata: Metadata) -> Self {
        Self { id, timestamp, metadata }
    }
}

impl<A> Deref for Loaded<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.state
    }
}
