//! The reasons why a batch is not committed yet.

use es_core::StoreError;
use es_core::error::SharedError;

/// Why a batch is not committed yet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// A retry can start at once.
    #[error("a different process took the position")]
    PositionTaken,
    /// The store cannot be reached, or has not written.
    #[error("{0}")]
    Unavailable(SharedError),
    /// The documents may have been written.
    #[error("{0}")]
    Unknown(SharedError),
    /// A retry would fail too: this is the answer to every append.
    #[error("{0}")]
    Permanent(StoreError),
}

impl Problem {
    pub(crate) fn unavailable(source: impl Into<SharedError>) -> Self {
        Self::Unavailable(source.into())
    }

    /// A query to the store failed.
    pub(crate) fn asking(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { source } => Self::Unavailable(source),
            StoreError::Unauthorized { .. } | StoreError::Malformed { .. } | StoreError::Backend { .. } => {
                Self::Permanent(error)
            }
            error => Self::Permanent(StoreError::Backend { source: error.into() }),
        }
    }

    /// The label for the metrics.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::PositionTaken => "position",
            Self::Unavailable(_) => "unavailable",
            Self::Unknown(_) => "unknown",
            Self::Permanent(_) => "permanent",
        }
    }

    /// The cause of the error for an append that is given up.
    pub(crate) fn source(&self) -> SharedError {
        match self {
            Self::PositionTaken => self.to_string().into(),
            Self::Unavailable(source) | Self::Unknown(source) => source.clone(),
            Self::Permanent(error) => error.clone().into(),
        }
    }
}
