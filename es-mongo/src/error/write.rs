//! The outcome of a write, by the answer of the server.

use es_core::Position;
use es_core::error::SharedError;
use mongodb::error::{
    Error, ErrorKind, RETRYABLE_ERROR, RETRYABLE_WRITE_ERROR, SYSTEM_OVERLOADED_ERROR, TRANSIENT_TRANSACTION_ERROR,
    UNKNOWN_TRANSACTION_COMMIT_RESULT, WriteFailure,
};

use super::{DriverError, code};

/// The outcome of an attempt to write documents, in order.
#[derive(Debug)]
pub(crate) enum WriteOutcome {
    /// Every document is stored.
    Stored,
    /// One document was refused.
    Refused {
        /// The index of the document.
        index: usize,
        /// The number of documents before it that are stored. No other document is stored.
        stored: usize,
        why: Objection,
        error: Error,
    },
    /// An event that is to be written was recorded and archived before. Nothing was written.
    Archived,
    /// At least one of the positions is decided: the archive has an event at this position, which
    /// is its highest one. Nothing was written.
    Outdated(Position),
    /// Nothing was written, and a retry may succeed.
    NotWritten(SharedError),
    /// The documents may have been written.
    Unknown(SharedError),
    /// The command failed as a whole, and a retry would fail too. Some of the documents may be
    /// stored, unless the command ran in a transaction.
    Permanent(Error),
}

/// Why a document was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Objection {
    /// One of its keys is taken.
    DuplicateKey,
    /// A retry may succeed.
    Transient,
    /// A retry would fail too.
    Permanent,
}

impl Objection {
    pub(crate) fn of_code(code: i32) -> Self {
        match code {
            code::DUPLICATE_KEY => Self::DuplicateKey,
            code if is_transient(code) => Self::Transient,
            _ => Self::Permanent,
        }
    }
}

fn is_transient(code: i32) -> bool {
    code::PASSING.contains(&code) || code::NOT_PRIMARY.contains(&code) || code::CUT_OFF.contains(&code)
}

/// The labels with which the server and the driver mark an operation that may be repeated.
const RETRYABLE_LABELS: [&str; 5] = [
    RETRYABLE_WRITE_ERROR,
    TRANSIENT_TRANSACTION_ERROR,
    UNKNOWN_TRANSACTION_COMMIT_RESULT,
    RETRYABLE_ERROR,
    SYSTEM_OVERLOADED_ERROR,
];

/// Whether a command that failed as a whole, with this code, may succeed the next time.
///
/// Only errors that are known to be transient are retried: an unknown error that is permanent would
/// delay every caller until the deadline.
fn may_succeed_later(error: &Error, code: i32) -> bool {
    is_transient(code) || RETRYABLE_LABELS.iter().any(|label| error.contains_label(label))
}

impl WriteOutcome {
    /// The outcome of an ordered insert outside a transaction that failed.
    pub(crate) fn of_insert(error: Error) -> Self {
        match &*error.kind {
            // If a write concern was not met, even the accepted documents may be rolled back.
            ErrorKind::InsertMany(failure) if failure.write_concern_error.is_none() => {
                match failure.write_errors.iter().flatten().next() {
                    Some(first) => {
                        let (index, why) = (first.index, Objection::of_code(first.code));
                        Self::Refused { index, stored: index, why, error }
                    }
                    None => Self::Unknown(DriverError::new(error).into()),
                }
            }
            ErrorKind::ServerSelection { .. } => Self::NotWritten(DriverError::new(error).into()),
            ErrorKind::Authentication { .. } | ErrorKind::InvalidArgument { .. } | ErrorKind::Bson(_) => {
                Self::Permanent(error)
            }
            ErrorKind::Command(failure) if !may_succeed_later(&error, failure.code) => Self::Permanent(error),
            ErrorKind::Write(WriteFailure::WriteError(failure))
                if Objection::of_code(failure.code) == Objection::Permanent =>
            {
                Self::Permanent(error)
            }
            _ => Self::Unknown(DriverError::new(error).into()),
        }
    }

    /// The outcome of a transaction of which a statement failed before the commit: nothing of it is
    /// stored.
    pub(crate) fn of_statement(error: Error) -> Self {
        match Self::of_insert(error) {
            Self::Refused { index, why, error, .. } => Self::Refused { index, stored: 0, why, error },
            Self::Unknown(source) => Self::NotWritten(source),
            outcome => outcome,
        }
    }

    /// The outcome of a transaction whose commit failed.
    pub(crate) fn of_commit(error: Error) -> Self {
        if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) {
            return Self::Unknown(DriverError::new(error).into());
        }
        match &*error.kind {
            ErrorKind::Command(failure)
                if error.contains_label(TRANSIENT_TRANSACTION_ERROR)
                    || matches!(failure.code, code::WRITE_CONFLICT | code::NO_SUCH_TRANSACTION) =>
            {
                Self::NotWritten(DriverError::new(error).into())
            }
            ErrorKind::Command(failure) if !may_succeed_later(&error, failure.code) => Self::Permanent(error),
            _ => Self::Unknown(DriverError::new(error).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_both_transient_and_permanent() {
        let permanent = [
            code::UNAUTHORIZED,
            code::AUTHENTICATION_FAILED,
            code::DUPLICATE_KEY,
            code::ATLAS_ERROR,
            code::OUT_OF_DISK_SPACE,
        ];
        assert!(permanent.into_iter().all(|code| !is_transient(code)));
        assert_eq!(Objection::of_code(121), Objection::Permanent);
        assert_eq!(Objection::of_code(code::WRITE_CONFLICT), Objection::Transient);
    }
}
