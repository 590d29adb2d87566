//! The order that the positions of a store define.

/// The order that the positions of a store's events define.
///
/// It is a property of the stored data: a store that was created with one ordering cannot be opened
/// with the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ordering {
    /// Positions define one order of all events of the store, the same for everybody. It contains
    /// the order of each aggregate.
    #[default]
    Global,
    /// Events are ordered only within their aggregate, and the position of an event is its
    /// sequence. This is for a sharded cluster of MongoDB in which `events` and its archive are
    /// sharded by `{ aggregateId: 1 }`, with which the unique index on streams begins:
    ///
    /// ```js
    /// sh.shardCollection("billing.events", { aggregateId: 1 })
    /// ```
    ///
    /// All other promises are the same, but events of different aggregates have no order: the store
    /// cannot be [followed](crate::store::FeedStore::follow), a
    /// [trace](crate::store::QueryStore::trace) sorts events without a common cause by timestamp,
    /// and `MongoStore::verify` cannot find that a whole aggregate is missing.
    PerAggregate,
}
