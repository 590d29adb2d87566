//! Aggregates: state that is folded from events.

use serde::{Deserializer, Serializer};

use crate::{Context, EventSet, SnapshotPolicy};

/// State that is rebuilt from its events.
///
/// `#[derive(Aggregate)]` implements it on a struct or an enum, from [`Init`] and [`Apply`] for each event that it lists.
/// Folding is deterministic and cannot refuse: what was recorded has happened. What may refuse is a decision,
/// a method that looks at the state and returns events or an error of the domain.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    label = "not an aggregate",
    note = "write `#[derive(Aggregate)]` and `#[aggregate(events(..))]` on `{Self}`"
)]
pub trait Aggregate: Sized + Send + Sync + 'static {
    /// The events of this aggregate.
    type Event: EventSet;
    /// The stored name of the aggregate's type. It never changes: streams are found by it.
    ///
    /// The Rust type may be renamed if `#[aggregate(name = "..")]` keeps the stored name. There is no alias as events have one: during a
    /// deployment an old and a new program would continue one aggregate as two streams, which no unique index could prevent.
    const TYPE: &'static str;
    /// When snapshots of the state are taken.
    const SNAPSHOT_POLICY: SnapshotPolicy;
    /// The version of the state's shape. A snapshot of another version is passed over.
    const STATE_VERSION: u32;

    /// Makes the aggregate from its first event.
    ///
    /// # Errors
    ///
    /// [`FoldError::NotInitial`] when the event cannot be the first one.
    fn init(event: Self::Event, context: &Context) -> Result<Self, FoldError>;

    /// Changes the state by one event.
    ///
    /// # Errors
    ///
    /// [`FoldError::OnlyInitial`] when the event can only be the first one.
    fn apply(&mut self, event: Self::Event, context: &Context) -> Result<(), FoldError>;

    /// Writes the state, for a snapshot.
    ///
    /// # Errors
    ///
    /// What the format reports.
    fn serialize_state<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads a state that [`serialize_state`](Self::serialize_state) wrote.
    ///
    /// # Errors
    ///
    /// What the format reports when the data is no such state.
    fn deserialize_state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Makes an aggregate from the event that begins it.
///
/// ```
/// # use es_core::{event, Aggregate, Context, Init};
/// #[event(version = 1)]
/// pub struct Opened { pub owner: String }
///
/// #[derive(Aggregate)]
/// #[aggregate(init(Opened))]
/// pub struct Account { owner: String, id: String }
///
/// impl Init<Opened> for Account {
///     fn init(event: Opened, context: &Context) -> Self {
///         Account { owner: event.owner, id: context.aggregate_id().to_string() }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how `{E}` begins it",
    label = "`{E}` is listed in `init(..)`",
    note = "write `impl Init<{E}> for {Self} {{ fn init(event: {E}, context: &Context) -> Self {{ .. }} }}`"
)]
pub trait Init<E>: Sized {
    /// The state after the first event.
    fn init(event: E, context: &Context) -> Self;
}

/// Changes an aggregate by an event. It cannot fail: the event happened.
///
/// ```
/// # use es_core::{event, Aggregate, Apply, Context};
/// #[event(version = 1)]
/// pub struct Deposited { pub cents: i64 }
///
/// #[derive(Aggregate, Default)]
/// #[aggregate(events(Deposited))]
/// pub struct Account { cents: i64 }
///
/// impl Apply<Deposited> for Account {
///     fn apply(&mut self, event: Deposited, _: &Context) {
///         self.cents += event.cents;
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how `{E}` changes it",
    label = "`{E}` is listed in `events(..)`",
    note = "write `impl Apply<{E}> for {Self} {{ fn apply(&mut self, event: {E}, context: &Context) {{ .. }} }}`"
)]
pub trait Apply<E> {
    /// Changes the state.
    fn apply(&mut self, event: E, context: &Context);
}

/// A stream does not begin, or go on, as its aggregate declares.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FoldError {
    /// The first event of the stream is not one of `init(..)`.
    #[error("`{event_type}` cannot begin the aggregate; only an event of `init(..)` can")]
    NotInitial {
        /// The stored name of the event.
        event_type: &'static str,
    },
    /// An event of `init(..)` came after the first one.
    #[error("`{event_type}` can only begin the aggregate, and it has begun already")]
    OnlyInitial {
        /// The stored name of the event.
        event_type: &'static str,
    },
    /// The code that folds the event panicked.
    #[error("folding a `{event_type}` panicked: {message}")]
    Panicked {
        /// The stored name of the event.
        event_type: String,
        /// The message of the panic.
        message: String,
    },
}
