//! The reasons why a batch cannot be committed at once.

use es_core::{SharedError, StoreError};

use crate::error::malformed;

/// The reason why a batch must be retried after a wait.
pub(crate) struct Problem {
    pub(crate) reason: Reason,
    pub(crate) source: SharedError,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Another process took the position.
    Position,
    /// The store cannot be reached, or has not written.
    Unavailable,
    /// The documents may have been written.
    Unknown,
    /// The user lacks the right to run a necessary query, so a retry would fail too.
    Forbidden,
    /// The newest event was stored by another program and is not valid, so a retry would fail too.
    Malformed,
    /// The store refuses a query in a way that a retry would not change.
    Failed,
}

impl Reason {
    /// The label for the metrics.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
            Self::Forbidden => "forbidden",
            Self::Malformed => "malformed",
            Self::Failed => "failed",
        }
    }

    /// The error for every append, if a retry would fail too.
    pub(crate) fn refusal(self) -> Option<fn(SharedError) -> StoreError> {
        match self {
            Self::Forbidden => Some(|source| StoreError::Unauthorized { source }),
            Self::Malformed => Some(|source| malformed("the newest event", source)),
            Self::Failed => Some(|source| StoreError::Backend { source }),
            Self::Position | Self::Unavailable | Self::Unknown => None,
        }
    }
}

impl Problem {
    pub(crate) fn unavailable(source: impl Into<SharedError>) -> Self {
        Self { reason: Reason::Unavailable, source: source.into() }
    }

    /// A query to the store failed.
    pub(crate) fn asking(error: StoreError) -> Self {
        match error {
            StoreError::Unauthorized { source } => Self { reason: Reason::Forbidden, source },
            StoreError::Unavailable { source } => Self::unavailable(source),
            StoreError::Backend { source } => Self { reason: Reason::Failed, source },
            error => Self { reason: Reason::Failed, source: error.into() },
        }
    }
}
