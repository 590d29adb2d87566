//! What can go wrong between a caller and an aggregate.

use std::convert::Infallible;

use crate::{InvalidId, Sequence, StoreError, StreamId, Timestamp, Version};

/// An aggregate could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The aggregate has no event, or had none at that moment.
    #[error("{stream} does not exist")]
    NotFound {
        /// The stream that was looked for.
        stream: StreamId,
    },
    /// The aggregate has not come to that version.
    #[error("{stream} has no version {requested}; it has version {actual}")]
    NoSuchVersion {
        /// The stream.
        stream: StreamId,
        /// The version that was asked for.
        requested: Version,
        /// The version that the aggregate has.
        actual: Version,
    },
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An aggregate could not be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The aggregate has events already.
    #[error("{stream} exists already, at version {version}")]
    AlreadyExists {
        /// The stream.
        stream: StreamId,
        /// The version that it has.
        version: Version,
    },
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The past of an aggregate could not be imported. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The aggregate has another past than the import.
    #[error("{stream} has another past than the import: event {sequence} {difference}")]
    Differs {
        /// The stream.
        stream: StreamId,
        /// The first stored event that differs.
        sequence: Sequence,
        /// What differs.
        difference: ImportDifference,
    },
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What differs between a stored event and the one that is to be imported in its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportDifference {
    /// It is another event.
    #[error("is a `{stored}`, and the import has a `{imported}`")]
    Type {
        /// The stored name of the event, as the code of today reads it.
        stored: String,
        /// The name in the import.
        imported: String,
    },
    /// A field of its data.
    #[error("has other data in `{field}`")]
    Data {
        /// The path to the field, such as `items.0.amount`.
        field: String,
    },
    /// When it happened.
    #[error("happened at {stored}, and in the import at {imported}")]
    Timestamp {
        /// The stored time.
        stored: Timestamp,
        /// The time in the import.
        imported: Timestamp,
    },
    /// A field of its metadata.
    #[error("has other metadata in `{field}`")]
    Metadata {
        /// The path to the field, such as `userId`.
        field: String,
    },
}

/// An aggregate could not be updated. `E` is the error of the decision, unchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError<E = Infallible> {
    /// The aggregate has no event.
    #[error("{stream} does not exist")]
    NotFound {
        /// The stream that was looked for.
        stream: StreamId,
    },
    /// The decision refused. Nothing was written.
    #[error(transparent)]
    Rejected(E),
    /// The store refused or failed; a [`StoreError::Conflict`] if every try met one.
    #[error(transparent)]
    Store(StoreError),
}

impl<E> From<StoreError> for UpdateError<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<E> UpdateError<E> {
    /// The error of the decision, where it was the decision that refused.
    pub fn rejection(&self) -> Option<&E> {
        match self {
            Self::Rejected(error) => Some(error),
            _ => None,
        }
    }

    /// Whether every try met somebody who was faster.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}

impl From<InvalidId> for LoadError {
    fn from(error: InvalidId) -> Self {
        Self::Store(error.into())
    }
}

impl From<InvalidId> for CreateError {
    fn from(error: InvalidId) -> Self {
        Self::Store(error.into())
    }
}

impl<E> From<InvalidId> for UpdateError<E> {
    fn from(error: InvalidId) -> Self {
        Self::Store(error.into())
    }
}

impl From<InvalidId> for ImportError {
    fn from(error: InvalidId) -> Self {
        Self::Store(error.into())
    }
}
