//! What keeps a batch from being committed at once.

use es_core::{SharedError, StoreError};

use crate::error::malformed;

/// Why a batch has to be tried again after a while.
pub(crate) struct Problem {
    pub(crate) reason: Reason,
    pub(crate) source: SharedError,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Another process took the position.
    Position,
    /// The store cannot be asked, or has not written.
    Unavailable,
    /// It may have been written.
    Unknown,
    /// The user may not ask what has to be asked, and trying again would not help.
    Forbidden,
    /// Another program has stored a newest event that is not one, and trying again would not help.
    Malformed,
    /// The store refuses a question in a way that trying again would not help.
    Failed,
}

impl Reason {
    /// One word for the metrics.
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

    /// The answer to every append, where trying again would not help.
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

    /// The store could not be asked.
    pub(crate) fn asking(error: StoreError) -> Self {
        match error {
            StoreError::Unauthorized { source } => Self { reason: Reason::Forbidden, source },
            StoreError::Unavailable { source } => Self::unavailable(source),
            StoreError::Backend { source } => Self { reason: Reason::Failed, source },
            error => Self { reason: Reason::Failed, source: error.into() },
        }
    }
}
