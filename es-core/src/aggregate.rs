//! Aggregates: state that is folded from events.

use serde::{Deserializer, Serializer};

use crate::store::EventSet;
use crate::{Context, SnapshotPolicy};

/// State that is rebuilt from its events.
///
/// `#[derive(Aggregate)]` implements it on a struct or an enum, from [`Init`] and [`Apply`] for
/// each event that it lists. Folding is deterministic and cannot refuse an event, because the event
/// has happened. Only a decision can refuse: a method that looks at the state and returns events or
/// an error of the domain.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    label = "not an aggregate",
    note = "write `#[derive(Aggregate)]` and `#[aggregate(events(..))]` on `{Self}`"
)]
pub trait Aggregate: Sized + Send + Sync + 'static {
    /// The events of this aggregate.
    type Event: EventSet;
    /// The stored name of the aggregate's type. It never changes, because streams are found by it.
    ///
    /// The Rust type may be renamed if `#[aggregate(name = "..")]` keeps the stored name. An
    /// aggregate has no alias, unlike an event: during a deployment an old and a new program would
    /// continue one aggregate as two streams, and no unique index could prevent that.
    const TYPE: &'static str;
    /// When snapshots of the state are taken.
    const SNAPSHOT_POLICY: SnapshotPolicy;
    /// The version of the state's shape. Snapshots with a different version are ignored.
    const STATE_VERSION: u32;

    /// Whether the event can be the first of its stream.
    fn can_begin(event: &Self::Event) -> bool;

    /// Whether the event can follow an earlier event of its stream.
    fn can_continue(event: &Self::Event) -> bool;

    /// Makes the aggregate from its first event.
    ///
    /// # Errors
    ///
    /// [`FoldError::NotInitial`] if the event cannot be the first one.
    fn init(event: Self::Event, context: &Context) -> Result<Self, FoldError>;

    /// Changes the state by one event.
    ///
    /// # Errors
    ///
    /// [`FoldError::OnlyInitial`] if the event can only be the first one.
    fn apply(&mut self, event: Self::Event, context: &Context) -> Result<(), FoldError>;

    /// Writes the state, for a snapshot.
    ///
    /// # Errors
    ///
    /// The error of the serializer.
    fn serialize_state<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads a state that [`serialize_state`](Self::serialize_state) wrote.
    ///
    /// # Errors
    ///
    /// The error of the deserializer if the data is not such a state.
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
    message = "`{Self}` does not define how `{E}` begins it",
    label = "`{E}` is listed in `init(..)`",
    note = "write `impl Init<{E}> for {Self} {{ fn init(event: {E}, context: &Context) -> Self {{ .. }} }}`"
)]
pub trait Init<E>: Sized {
    /// The state after the first event.
    fn init(event: E, context: &Context) -> Self;
}

/// Changes an aggregate by an event. It cannot fail, because the event has happened.
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
    message = "`{Self}` does not define how `{E}` changes it",
    label = "`{E}` is named in `events`",
    note = "write `impl Apply<{E}> for {Self} {{ fn apply(&mut self, event: {E}, context: &Context) {{ .. }} }}`"
)]
pub trait Apply<E> {
    /// Changes the state.
    fn apply(&mut self, event: E, context: &Context);
}

/// The events of a stream do not follow what its aggregate declares.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FoldError {
    /// The first event of the stream is not one of `init(..)`.
    #[error("`{event_type}` cannot begin the aggregate; only an event of `init(..)` can")]
    NotInitial {
        /// The stored name of the event.
        event_type: &'static str,
    },
    /// An event of `init(..)` is not the first one.
    #[error("`{event_type}` can only begin the aggregate, but the aggregate has already begun")]
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
