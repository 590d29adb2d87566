//! Why a reading ended: the reports of serde, in its own words.

use std::cell::RefCell;
use std::fmt;

use serde::de::{self, Expected, Unexpected};

#[derive(Debug, Clone)]
pub(super) enum Halt {
    /// Something was learned in this reading.
    Again,
    MissingField(&'static str),
    UnknownField(String),
    /// A field was provided under two of its names.
    DuplicateField(&'static str),
    UnknownVariant(&'static [&'static str]),
    /// Only the name of a variant was provided, but the variant has content.
    EmptyVariant,
    /// A list has this many elements, which may be too few; and the reason in serde's words.
    TooShort(usize, String),
    /// The bytes that fit no type were refused, and this was expected instead.
    NotBytes(String),
    Refused(String),
    /// None of the variants of `#[serde(untagged)]` fits: what each lacks, and the reason in
    /// serde's words.
    NoneFits(Vec<Self>, String),
    /// Every candidate for the value at this path was refused.
    Exhausted(String),
}

/// Bytes that are not text, and that hardly any type accepts. A type that refuses them reports what
/// it expects instead.
pub(super) const BAIT: &[u8] = &[0xFF, 0xFE, 0xFD];

thread_local! {
    /// The errors of one reading. `#[serde(untagged)]` drops those of its variants.
    static ERRORS: RefCell<Vec<Halt>> = const { RefCell::new(Vec::new()) };
}

impl Halt {
    /// Forgets the errors of the last reading.
    pub(super) fn begin_reading() {
        ERRORS.with_borrow_mut(Vec::clear);
    }

    fn noted(self) -> Self {
        ERRORS.with_borrow_mut(|errors| errors.push(self.clone()));
        self
    }
}

impl de::Error for Halt {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        if message.starts_with("data did not match any variant of untagged enum") {
            return Self::NoneFits(ERRORS.with_borrow(Vec::clone), message);
        }
        Self::Refused(message).noted()
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match unexpected {
            Unexpected::UnitVariant => Self::EmptyVariant.noted(),
            Unexpected::Bytes(BAIT) => Self::NotBytes(expected.to_string()).noted(),
            _ => Self::custom(format_args!("invalid type: {unexpected}, expected {expected}")),
        }
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match unexpected {
            Unexpected::Bytes(BAIT) => Self::NotBytes(expected.to_string()).noted(),
            _ => Self::custom(format_args!("invalid value: {unexpected}, expected {expected}")),
        }
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::TooShort(length, format!("invalid length {length}, expected {expected}")).noted()
    }

    fn missing_field(field: &'static str) -> Self {
        Self::MissingField(field).noted()
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::UnknownField(field.to_owned()).noted()
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::DuplicateField(field).noted()
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownVariant(expected).noted()
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Again => f.write_str("to be read again"),
            Self::MissingField(field) => write!(f, "missing field `{field}`"),
            Self::UnknownField(field) => write!(f, "unknown field `{field}`"),
            Self::DuplicateField(field) => write!(f, "duplicate field `{field}`"),
            Self::UnknownVariant(expected) => write!(f, "unknown variant, expected one of {expected:?}"),
            Self::NotBytes(expected) => write!(f, "{expected} is expected"),
            Self::EmptyVariant => f.write_str("a variant lacks its content"),
            Self::Exhausted(path) => write!(f, "no value for `{path}`"),
            Self::Refused(reason) | Self::TooShort(_, reason) | Self::NoneFits(_, reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Halt {}
