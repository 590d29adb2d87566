//! What is known about an event in addition to its data.

use crate::{Aggregate, AggregateId, EventId, Id, Metadata, Sequence, Timestamp};

/// The circumstances of the event that is folded: its id, its aggregate, its place in the stream, its
/// time and its metadata.
#[derive(Debug, Clone)]
pub struct Context {
    event_id: EventId,
    aggregate_id: AggregateId,
    sequence: Sequence,
    timestamp: Timestamp,
    metadata: Metadata,
}

impl Context {
    /// The circumstances of one event. The test kit and stores create them.
    pub fn new(
        event_id: EventId,
        aggregate_id: AggregateId,
        sequence: Sequence,
        timestamp: Timestamp,
        metadata: Metadata,
    ) -> Self {
        Self { event_id, aggregate_id, sequence, timestamp, metadata }
    }

    /// The id of the event, which no other event has. The parts of an event that is split have the
    /// same.
    pub fn event_id(&self) -> EventId {
        self.event_id
    }

    /// The id of the aggregate, as it is stored.
    pub fn aggregate_id(&self) -> &AggregateId {
        &self.aggregate_id
    }

    /// The id of the aggregate, of the type that it declares by `#[aggregate(id = ..)]`.
    ///
    /// ```
    /// # use es_core::{event, Aggregate, Context, Id, Init};
    /// #[derive(Id)]
    /// pub struct AccountId(u64);
    ///
    /// # #[event(version = 1)]
    /// # pub struct Opened { pub owner: String }
    /// #[derive(Aggregate)]
    /// #[aggregate(init(Opened), id = AccountId)]
    /// pub struct Account { owner: String, #[serde(skip)] shard: u64 }
    ///
    /// impl Init<Opened> for Account {
    ///     fn init(event: Opened, context: &Context) -> Self {
    ///         let AccountId(number) = context.id::<Self>();
    ///         Account { owner: event.owner, shard: number % 16 }
    ///     }
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// Never while an aggregate of type `A` is folded, because that refuses a stream whose id is
    /// not one of `A`. It panics if `A` is a different aggregate, or if the context was
    /// [made](Self::new) with an id that is not one of `A`.
    pub fn id<A: Aggregate>(&self) -> A::Id {
        match A::Id::from_aggregate_id(&self.aggregate_id) {
            Ok(id) => id,
            Err(error) => panic!("the context has no id of a {}: {error}", A::TYPE),
        }
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
    pub(crate) fn advance(
        &mut self,
        event_id: EventId,
        sequence: Sequence,
        timestamp: Timestamp,
        metadata: &bson::RawDocument,
    ) {
        self.event_id = event_id;
        self.sequence = sequence;
        self.timestamp = timestamp;
        self.metadata.replace(metadata);
    }
}
