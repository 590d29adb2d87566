//! The reasons why a batch is not committed yet.

use es_core::{BoxError, StoreError};

use crate::error::malformed;

/// Why a batch is not committed yet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// A retry can start at once.
    #[error("another process took the position")]
    PositionTaken,
    /// The store cannot be reached, or has not written.
    #[error("{0}")]
    Unavailable(BoxError),
    /// The documents may have been written.
    #[error("{0}")]
    Unknown(BoxError),
    /// A retry would fail too. The function makes the error for each append.
    #[error("{1}")]
    Permanent(fn(BoxError) -> StoreError, BoxError),
}

impl Problem {
    pub(crate) fn unavailable(source: impl Into<BoxError>) -> Self {
        Self::Unavailable(source.into())
    }

    /// The newest event was stored by another program and has no valid position.
    pub(crate) fn malformed_newest() -> Self {
        Self::Permanent(|source| malformed("the newest event", source), "it has no valid position".into())
    }

    /// A query to the store failed.
    pub(crate) fn asking(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { source } => Self::Unavailable(source),
            StoreError::Unauthorized { source } => {
                Self::Permanent(|source| StoreError::Unauthorized { source }, source)
            }
            StoreError::Backend { source } => Self::Permanent(|source| StoreError::Backend { source }, source),
            error => Self::Permanent(|source| StoreError::Backend { source }, error.into()),
        }
    }

    /// The label for the metrics.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::PositionTaken => "position",
            Self::Unavailable(_) => "unavailable",
            Self::Unknown(_) => "unknown",
            Self::Permanent(..) => "permanent",
        }
    }
}
