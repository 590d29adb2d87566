//! An aggregate at one version.

use std::ops::Deref;

use crate::{Aggregate, AggregateId, EventId, Id, Metadata, Timestamp, Version};

/// An aggregate at one version. It dereferences to its state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded<A> {
    /// The id of the aggregate, as it is stored. [`typed_id`](Self::typed_id) returns it in the
    /// type that the aggregate declares.
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

impl<A: Aggregate> Loaded<A> {
    /// The id of the aggregate, of the type that it declares by `#[aggregate(id = ..)]`.
    ///
    /// # Panics
    ///
    /// Only if the field [`id`](Self::id) was overwritten with an id that is not one of `A`,
    /// because an aggregate whose stored id is not one of `A` is not loaded.
    pub fn typed_id(&self) -> A::Id {
        match A::Id::from_aggregate_id(&self.id) {
            Ok(id) => id,
            Err(error) => panic!("the id of a loaded {} was overwritten: {error}", A::TYPE),
        }
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
