//! The driver's errors by what they mean, and the one mapping of them.

mod connection_string;
mod denied;
mod driver;
mod unreachable;
mod write;

use std::collections::HashSet;

pub(crate) use connection_string::refused as connection_string_refused;
pub use driver::DriverError;
pub(crate) use driver::index_or_unnamed;
use es_core::error::SharedError;
use es_core::{StoreError, StreamId};
use mongodb::error::{Error, ErrorKind, WriteFailure};
pub(crate) use write::{Objection, WriteOutcome};

/// Codes of the server that decisions are made on, by their names in the server's
/// `error_codes.yml`.
mod code {
    pub(super) const UNAUTHORIZED: i32 = 13;
    pub(super) const AUTHENTICATION_FAILED: i32 = 18;
    pub(super) const NAMESPACE_EXISTS: i32 = 48;
    pub(super) const MAX_TIME_EXPIRED: i32 = 50;
    pub(super) const WRITE_CONFLICT: i32 = 112;
    pub(super) const NO_SUCH_TRANSACTION: i32 = 251;
    pub(super) const DUPLICATE_KEY: i32 = 11000;
    pub(super) const ROLE_EXISTS: i32 = 51002;
    /// `AtlasError`, with which a hosted server reports that a quota is used up.
    pub(super) const ATLAS_ERROR: i32 = 8000;
    pub(super) const OUT_OF_DISK_SPACE: i32 = 14031;
    pub(super) const INDEX_CONFLICTS: [i32; 3] = [67, 85, 86];
    /// The node could not go on with an answer: its cursor is gone (43, 237), it undid what it
    /// alone had and opened its catalog anew (175), or it has just started and nothing is
    /// majority-committed there yet (134, 246).
    pub(super) const CUT_OFF: [i32; 5] = [43, 134, 175, 237, 246];
    /// The node is not, or no longer, the one that takes writes.
    pub(super) const NOT_PRIMARY: [i32; 9] = [91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436];
    /// The operation met others, was interrupted, or the way between two nodes failed: the same
    /// operation may succeed the next time.
    pub(super) const PASSING: [i32; 31] = [
        6, 7, 24, 46, 50, 63, 64, 89, 107, 112, 117, 133, 150, 202, 211, 225, 239, 244, 249, 251, 267, 290, 314, 355,
        365, 384, 462, 11601, 12586, 12587, 13388,
    ];
}

/// Whether an error with which a command failed concerns every write, and not only one of its
/// documents.
pub(crate) fn concerns_every_write(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::Command(failure) => matches!(
            failure.code,
            code::UNAUTHORIZED | code::AUTHENTICATION_FAILED | code::ATLAS_ERROR | code::OUT_OF_DISK_SPACE
        ),
        ErrorKind::Authentication { .. } => true,
        _ => false,
    }
}

/// The documents that an unordered insert refused because they are there already, or `None` where
/// anything else went wrong.
pub(crate) fn duplicates(error: &Error) -> Option<HashSet<usize>> {
    match &*error.kind {
        ErrorKind::InsertMany(failure) if failure.write_concern_error.is_none() => {
            let refused = failure.write_errors.iter().flatten();
            refused.map(|refusal| (refusal.code == code::DUPLICATE_KEY).then_some(refusal.index)).collect()
        }
        _ => None,
    }
}

/// Whether a single document was refused because its key is there already.
pub(crate) fn is_duplicate(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Write(WriteFailure::WriteError(refusal)) if refusal.code == code::DUPLICATE_KEY)
}

/// Whether an index could not be created because documents have the same key.
pub(crate) fn is_duplicate_key(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(failure) if failure.code == code::DUPLICATE_KEY)
}

/// Whether it is the server's own answer, and not that there was none.
pub(crate) fn is_answer(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(_) | ErrorKind::InsertMany(_) | ErrorKind::Write(_))
}

/// Whether a collection could not be created because it is there already.
pub(crate) fn is_namespace_exists(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(failure) if failure.code == code::NAMESPACE_EXISTS)
}

/// Whether a role could not be created because it is there already.
pub(crate) fn is_role_exists(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(failure) if failure.code == code::ROLE_EXISTS)
}

/// Whether the user lacks a right.
pub(crate) fn is_unauthorized(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(failure) if failure.code == code::UNAUTHORIZED)
}

/// Whether an index could not be created because one of that name or those keys is there with other
/// options.
pub(crate) fn is_index_conflict(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(failure) if code::INDEX_CONFLICTS.contains(&failure.code))
}

/// Maps an error of the driver. The source is kept: the driver puts no credentials into errors of
/// operations.
pub(crate) fn store_error(error: Error) -> StoreError {
    let is = |codes: &[i32]| matches!(&*error.kind, ErrorKind::Command(failure) if codes.contains(&failure.code));
    let is_unreachable = matches!(
        &*error.kind,
        ErrorKind::ServerSelection { .. } | ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. }
    );
    let is_refused = matches!(&*error.kind, ErrorKind::Authentication { .. })
        || is(&[code::UNAUTHORIZED, code::AUTHENTICATION_FAILED]);
    let is_unavailable =
        is_unreachable || is(&[code::MAX_TIME_EXPIRED]) || is(&code::CUT_OFF) || is(&code::NOT_PRIMARY);
    let source = DriverError::new(error).into();
    if is_refused {
        StoreError::Unauthorized { source }
    } else if is_unavailable {
        StoreError::Unavailable { source }
    } else {
        StoreError::Backend { source }
    }
}

/// What a write to a stream was refused with.
pub(crate) fn refused(stream: &StreamId, error: Error) -> StoreError {
    let stream = stream.clone();
    if let Some(refusal) = driver::first_refusal(&error).filter(|refusal| refusal.code == code::DUPLICATE_KEY) {
        let index = index_or_unnamed(refusal.message);
        return StoreError::DuplicateKey { stream, index, source: DriverError::new(error).into() };
    }
    match store_error(error) {
        StoreError::Backend { source } => StoreError::Refused { stream, source },
        other => other,
    }
}

/// Something stored is not as this library stores it.
pub(crate) fn malformed(what: impl Into<String>, source: impl Into<SharedError>) -> StoreError {
    StoreError::Malformed { what: what.into(), source: source.into() }
}

/// Refuses a name of a database that the server could not hold, or would take for something else.
pub(crate) fn check_database(name: &str) -> Result<(), StoreError> {
    check_name(name)?;
    if name.len() < 64 && !name.contains(['.', '/', '\\', ' ', '"']) {
        return Ok(());
    }
    Err(invalid(
        name,
        "a database needs a name that is shorter than 64 bytes and has no `.`, `/`, `\\`, `\"` and spaces",
    ))
}

/// Refuses a name of a database or collection that the server could not hold, or would take for
/// something else.
pub(crate) fn check_name(name: &str) -> Result<(), StoreError> {
    if name.is_empty() {
        return Err(invalid(name, "a database or collection needs a name that is not empty"));
    }
    if name.len() > 120 {
        return Err(invalid(name, "a database or collection needs a name of at most 120 bytes"));
    }
    if name.contains(['\0', '$']) || name.starts_with("system.") {
        let reason = "a database or collection needs a name without NUL and `$` that does not begin with `system.`";
        return Err(invalid(name, reason));
    }
    Ok(())
}

/// A name that a part of the store cannot have.
pub(crate) fn invalid(name: &str, reason: impl Into<String>) -> StoreError {
    StoreError::InvalidName { name: name.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_server_would_misread_are_refused() {
        for name in ["", "a\0b", "a$b", "system.views"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        for name in ["a.b", "a b", "a/b", &"x".repeat(64)] {
            assert!(check_database(name).is_err(), "{name:?}");
        }
        assert!(check_name("billing.events").is_ok());
    }
}
