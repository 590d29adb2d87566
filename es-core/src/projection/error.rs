//! Why an event cannot be projected.

use crate::error::{DecodeError, InvalidId, Panicked};
use crate::{Position, StoreError};

/// An event cannot be folded into the rows of a projection.
#[derive(Debug, Clone, thiserror::Error)]
#[error("projection `{projection}` cannot handle the `{event_type}` at position {position}, of {aggregate}")]
#[non_exhaustive]
pub struct ProjectionError {
    /// The name of the projection.
    pub projection: &'static str,
    /// The place of the event in the store.
    pub position: Position,
    /// The stored name of the event.
    pub event_type: String,
    /// The type and the id of the aggregate, as `Invoice/invoice_123`.
    pub aggregate: String,
    /// The reason.
    #[source]
    pub failure: ProjectionFailure,
}

impl ProjectionError {
    /// Whether the event was stored by newer code, so that a newer program can fold it.
    pub fn is_newer_event(&self) -> bool {
        let ProjectionFailure::Unreadable(error) = &self.failure else { return false };
        let StoreError::Decode { source, .. } = &**error else { return false };
        matches!(source, DecodeError::NewerVersion { .. } | DecodeError::UnknownType)
    }
}

/// The reason of a [`ProjectionError`].
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionFailure {
    /// The event cannot be read.
    #[error("the event cannot be read")]
    Unreadable(#[source] Box<StoreError>),
    /// The key cannot be the key of a row.
    #[error("its key cannot be the key of a row")]
    Key(#[source] Box<InvalidId>),
    /// No event before it names the rows of an event with [`Keys::routed`](super::Keys::routed).
    #[error("its rows are those of an event before it, and no listed event of its aggregate before it names any")]
    NotRouted,
    /// There is no row with this key, and the event cannot begin one.
    #[error("there is no row `{key}`, and the event cannot begin one; list it in `init(..)` if it can")]
    NoRow {
        /// The key.
        key: String,
    },
    /// There is a row with this key, and the event can only begin one.
    #[error("there is a row `{key}`, and the event can only begin one; list it in `events(..)` too if it can follow")]
    RowExists {
        /// The key.
        key: String,
    },
    /// There is no row with this key for [`RowChanges::change`](super::RowChanges::change).
    #[error("there is no row `{key}` to change; use `change_or_default` if the event can begin it")]
    NothingToChange {
        /// The key, as it is stored.
        key: String,
    },
    /// There is a row with this key for [`RowChanges::insert`](super::RowChanges::insert).
    #[error("there is a row `{key}` already, so none can be inserted; use `replace` if the event may write it again")]
    CannotInsert {
        /// The key, as it is stored.
        key: String,
    },
    /// The code that folds the event, or that names its rows, panicked.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// The row cannot be written after the event, or a stored row cannot be read.
    #[error("the row `{key}` cannot be stored")]
    Row {
        /// The key.
        key: String,
        /// What is wrong with it.
        #[source]
        source: Box<StoreError>,
    },
}
