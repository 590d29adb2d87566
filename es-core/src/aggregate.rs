//! Aggregates: state that is folded from events.

use serde::{Deserializer, Serializer};

use crate::store::EventSet;
use crate::{Context, Id, SnapshotPolicy};

/// State that is rebuilt from its events.
///
/// `#[derive(Aggregate)]` implements it on a struct or an enum, from [`Init`] and [`Apply`] for
/// each event that it lists. Folding is deterministic and cannot refuse an event, because the event
/// has happened. Only a decision can refuse: a method that looks at the state and returns events or
/// an error of the domain.
///
/// # An end
///
/// After an event of `ends(..)` the aggregate no longer exists, and its id is free. The state is
/// dropped, so the event needs no [`Apply`]. A load and an update return `NotFound`, an upsert
/// decides on `None`, and a [`create`](crate::Repository::create) begins the aggregate anew in the
/// same stream, whose version continues. The history and all earlier versions stay.
///
/// ```
/// # use es_core::memory::MemoryStore;
/// # use es_core::{event, Aggregate, Context, Init, LoadError, Repository};
/// # #[event(version = 1)]
/// # pub struct Opened { pub owner: String }
/// # #[event(version = 1)]
/// # pub struct Closed;
/// #[derive(Aggregate)]
/// #[aggregate(init(Opened), ends(Closed))]
/// pub struct Account { owner: String }
/// # impl Init<Opened> for Account {
/// #     fn init(event: Opened, _: &Context) -> Self { Account { owner: event.owner } }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let accounts = Repository::<Account>::new(&MemoryStore::new());
///
/// accounts.create("4711", Opened { owner: "Alice".into() }).await?;
/// accounts.update("4711", |_| Closed).await?;
/// assert!(matches!(accounts.load("4711").await, Err(LoadError::NotFound { .. })));
///
/// let reopened = accounts.create("4711", Opened { owner: "Bob".into() }).await?;
/// assert_eq!(reopened.version, 3);
/// assert_eq!(accounts.load_at("4711", 1).await?.owner, "Alice");
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    label = "not an aggregate",
    note = "write `#[derive(Aggregate)]` and `#[aggregate(events(..))]` on `{Self}`"
)]
pub trait Aggregate: Sized + Send + Sync + 'static {
    /// The events of this aggregate.
    type Event: EventSet + Send;
    /// The type of its ids, from `#[aggregate(id = ..)]`. Without it, any text and any [`Id`].
    type Id: Id;
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
    fn begin(event: Self::Event, context: &Context) -> Result<Self, FoldError>;

    /// Changes the state by one event.
    ///
    /// Its name differs from that of [`Apply::apply`], so that `account.apply(event, &context)` is
    /// not ambiguous in a program that imports both traits.
    ///
    /// # Errors
    ///
    /// [`FoldError::OnlyInitial`] if the event can only be the first one.
    fn fold(&mut self, event: Self::Event, context: &Context) -> Result<(), FoldError>;

    /// Whether the aggregate can end, which means that [`is_end`](Self::is_end) may return true.
    const CAN_END: bool = false;

    /// Whether the aggregate no longer exists after this event. Whoever folds drops the state then,
    /// instead of calling [`fold`](Self::fold), and the next event begins the aggregate anew.
    fn is_end(event: &Self::Event) -> bool {
        let _ = event;
        false
    }

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
/// An event that changes nothing needs no impl: list it in `informs(..)`.
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
    /// There is no state before the event, and the event cannot begin the aggregate.
    #[error(
        "`{event_type}` cannot begin the aggregate; an event of `init(..)` can, or one of `events(..)` if there is no `init(..)`"
    )]
    NotInitial {
        /// The stored name of the event.
        event_type: &'static str,
    },
    /// An event that is only in `init(..)` comes while the aggregate exists.
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
