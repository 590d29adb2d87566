//! The limit of nesting in documents.

use bson::raw::{RawArray, RawBsonRef, RawDocument};

/// How deep documents may be nested in the data and the metadata of an event, and in a state. It is
/// the limit that MongoDB documents.
///
/// A server accepts up to 200 levels. Data that another program stored with more levels than this
/// is refused when it is read: decoding recurses on each level, and an unoptimized program would
/// exhaust its stack.
pub const MAX_NESTING: usize = 100;

/// A smaller document cannot be nested too deep: each level has a length, a type, a name that may
/// be empty, and an end.
const FEWEST_BYTES: usize = MAX_NESTING * 7;

/// Data is nested too deep to be read.
#[derive(Debug, thiserror::Error)]
#[error("it is nested more than {MAX_NESTING} levels deep")]
pub(crate) struct TooDeep;

/// Whether a document is nested deeper than [`MAX_NESTING`]. For small documents this costs
/// nothing.
pub(crate) fn is_too_deep(document: &RawDocument) -> bool {
    document.as_bytes().len() > FEWEST_BYTES && is_deeper(document, MAX_NESTING)
}

fn is_deeper(document: &RawDocument, levels: usize) -> bool {
    levels == 0 || document.iter().flatten().any(|(_, value)| is_value_deeper(value, levels - 1))
}

fn is_array_deeper(array: &RawArray, levels: usize) -> bool {
    levels == 0 || array.into_iter().flatten().any(|value| is_value_deeper(value, levels - 1))
}

fn is_value_deeper(value: RawBsonRef<'_>, levels: usize) -> bool {
    match value {
        RawBsonRef::Document(document) => is_deeper(document, levels),
        RawBsonRef::Array(array) => is_array_deeper(array, levels),
        RawBsonRef::JavaScriptCodeWithScope(code) => is_deeper(code.scope, levels),
        _ => false,
    }
}
