//! Why a reading ended: what serde says of it, kept as it says it.

use std::fmt;

use serde::de;

#[derive(Debug)]
pub(super) enum Halt {
    /// Something was learned on the way.
    Again,
    MissingField(&'static str),
    /// A field was given under two of its names.
    DuplicateField(&'static str),
    UnknownVariant(&'static [&'static str]),
    Refused(String),
    /// Every candidate for the value at this path was refused.
    Exhausted(String),
}

impl de::Error for Halt {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Refused(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::MissingField(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::DuplicateField(field)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownVariant(expected)
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Again => f.write_str("to be read again"),
            Self::MissingField(field) => write!(f, "missing field `{field}`"),
            Self::DuplicateField(field) => write!(f, "duplicate field `{field}`"),
            Self::UnknownVariant(expected) => write!(f, "unknown variant, expected one of {expected:?}"),
            Self::Exhausted(path) => write!(f, "no value for `{path}`"),
            Self::Refused(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Halt {}
