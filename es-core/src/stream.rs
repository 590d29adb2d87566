//! Validated names: which aggregate a stream belongs to.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest id of an aggregate, in bytes.
pub const MAX_ID_BYTES: usize = 512;

/// A text or a typed id cannot be the id of an aggregate.
///
/// The error is returned before anything is sent to a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidId {
    /// The id is the empty string.
    #[error("an id must not be empty")]
    Empty,
    /// The id is longer than [`MAX_ID_BYTES`].
    #[error("an id must be at most {MAX_ID_BYTES} bytes long, this one has {bytes}")]
    TooLong {
        /// The length of the refused id.
        bytes: usize,
    },
    /// The id contains the NUL character, which an index key cannot hold.
    #[error("an id must not contain NUL, but byte {at} is one")]
    Nul {
        /// The position of the first NUL.
        at: usize,
    },
    /// The text is not an id of the type that the aggregate declares.
    #[error("`{}` is not an id of the type `{id_type}`: {reason}", id.escape_debug())]
    Malformed {
        /// The refused text.
        id: String,
        /// The name of the id type.
        id_type: &'static str,
        /// Why the type refuses the text.
        reason: String,
    },
    /// The stored text, or the text of an id, is read as an id that has a different text.
    #[error(
        "`{}` is not the canonical text of an id of the type `{id_type}`, which is `{}`",
        id.escape_debug(),
        canonical.escape_debug()
    )]
    NotCanonical {
        /// The refused text.
        id: String,
        /// The name of the id type.
        id_type: &'static str,
        /// The text of the id that is read from it.
        canonical: String,
    },
}

/// What ids and keys have in common: they are parsed from text, and are text in every format.
macro_rules! travels_as_text {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::error::InvalidId;

            fn from_str(text: &str) -> Result<Self, $crate::error::InvalidId> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::new(text).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use travels_as_text;

/// Checks the rules for every id and idempotency key: not empty, at most [`MAX_ID_BYTES`], without
/// NUL.
pub(crate) fn check_id(id: &str) -> Result<(), InvalidId> {
    if id.is_empty() {
        return Err(InvalidId::Empty);
    }
    if id.len() > MAX_ID_BYTES {
        return Err(InvalidId::TooLong { bytes: id.len() });
    }
    match id.find('\0') {
        Some(at) => Err(InvalidId::Nul { at }),
        None => Ok(()),
    }
}

/// The identity of one aggregate: not empty, at most 512 bytes, without NUL.
///
/// Any other string is allowed, and is always a plain value: `{"$ne": null}` is the id of one
/// aggregate. A clone shares the string.
///
/// ```
/// use es_core::AggregateId;
/// assert_eq!(AggregateId::new("invoice_123")?.as_str(), "invoice_123");
/// assert!(AggregateId::new("").is_err());
/// # Ok::<(), es_core::error::InvalidId>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AggregateId(Arc<str>);

impl AggregateId {
    /// Takes the string as an id.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] if the string is empty, too long or contains NUL.
    pub fn new(id: impl AsRef<str>) -> Result<Self, InvalidId> {
        let id = id.as_ref();
        check_id(id)?;
        Ok(Self(id.into()))
    }

    /// The string itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

travels_as_text!(AggregateId);

/// The stream of one aggregate: its type and its id. Aggregates of different types may have the
/// same id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Names")]
pub struct StreamId {
    aggregate_type: Cow<'static, str>,
    aggregate_id: AggregateId,
}

impl StreamId {
    /// The stream of the aggregate of type `A` with this id.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] if the id is empty, too long or contains NUL, or if its text is not an id of
    /// the type that `A` declares.
    pub fn of<A: crate::Aggregate>(id: impl crate::IdFor<A::Id>) -> Result<Self, InvalidId> {
        Ok(Self { aggregate_type: A::TYPE.into(), aggregate_id: id.to_stored()? })
    }

    /// A stream from names that are known only at run time.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] if the type or the id is empty, too long or contains NUL.
    pub fn new(aggregate_type: &str, id: &str) -> Result<Self, InvalidId> {
        check_id(aggregate_type)?;
        Ok(Self { aggregate_type: aggregate_type.to_owned().into(), aggregate_id: AggregateId::new(id)? })
    }

    /// The same for a type of the program.
    pub(crate) fn of_type(aggregate_type: &'static str, id: &str) -> Result<Self, InvalidId> {
        Ok(Self { aggregate_type: aggregate_type.into(), aggregate_id: AggregateId::new(id)? })
    }

    /// The stored name of the aggregate's type.
    pub fn aggregate_type(&self) -> &str {
        &self.aggregate_type
    }

    /// The id of the aggregate.
    pub fn aggregate_id(&self) -> &AggregateId {
        &self.aggregate_id
    }
}

/// A stream as it is deserialized, before its names are checked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    aggregate_type: String,
    aggregate_id: String,
}

impl TryFrom<Names> for StreamId {
    type Error = InvalidId;

    fn try_from(names: Names) -> Result<Self, InvalidId> {
        Self::new(&names.aggregate_type, &names.aggregate_id)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.aggregate_type, self.aggregate_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_512_bytes_is_allowed_and_one_more_is_not() {
        assert!(AggregateId::new("x".repeat(512)).is_ok());
        assert_eq!(AggregateId::new("x".repeat(513)), Err(InvalidId::TooLong { bytes: 513 }));
    }

    #[test]
    fn an_empty_id_and_one_with_nul_are_refused() {
        assert_eq!(AggregateId::new(""), Err(InvalidId::Empty));
        assert_eq!(AggregateId::new("a\0b"), Err(InvalidId::Nul { at: 1 }));
    }

    #[test]
    fn an_id_makes_the_trip_through_text_and_json_and_is_checked_there() {
        let id: AggregateId = "invoice \"7\"".parse().unwrap();
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<AggregateId>(&json).unwrap(), id);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(serde_json::from_str::<AggregateId>("\"\"").is_err());
    }

    #[test]
    fn a_stream_makes_the_trip_through_json() {
        let stream = StreamId::new("Invoice", "7").unwrap();
        let json = serde_json::to_string(&stream).unwrap();
        assert_eq!(json, r#"{"aggregateType":"Invoice","aggregateId":"7"}"#);
        assert_eq!(serde_json::from_str::<StreamId>(&json).unwrap(), stream);
        assert!(serde_json::from_str::<StreamId>(r#"{"aggregateType":"","aggregateId":"7"}"#).is_err());
    }

    #[test]
    fn an_id_that_looks_like_an_operator_is_a_plain_string() {
        assert_eq!(AggregateId::new(r#"{"$ne": null}"#).unwrap().as_str(), r#"{"$ne": null}"#);
    }
}
