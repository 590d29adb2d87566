//! Conversions of counts: integers, text, and serde.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::{MAX, Position, Sequence, Version};

/// A number or a text is not a valid version, sequence or position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a {kind}; a {kind} is a whole number from {minimum} to {MAX}")]
pub struct InvalidCount {
    kind: &'static str,
    minimum: u64,
    given: String,
}

macro_rules! travels {
    ($name:ident, $kind:literal, from $minimum:literal) => {
        impl $name {
            fn checked(count: Option<u64>, given: impl fmt::Display) -> Result<Self, InvalidCount> {
                let checked = count.filter(|count| ($minimum..=MAX).contains(count)).map(Self);
                checked.ok_or_else(|| InvalidCount { kind: $kind, minimum: $minimum, given: given.to_string() })
            }
        }

        impl TryFrom<u64> for $name {
            type Error = InvalidCount;

            fn try_from(count: u64) -> Result<Self, InvalidCount> {
                Self::checked(Some(count), count)
            }
        }

        impl TryFrom<i64> for $name {
            type Error = InvalidCount;

            fn try_from(stored: i64) -> Result<Self, InvalidCount> {
                Self::checked(u64::try_from(stored).ok(), stored)
            }
        }

        impl TryFrom<i32> for $name {
            type Error = InvalidCount;

            /// An integer literal such as `7` is an `i32` if nothing else determines its type.
            fn try_from(count: i32) -> Result<Self, InvalidCount> {
                Self::try_from(i64::from(count))
            }
        }

        impl From<$name> for u64 {
            fn from(count: $name) -> u64 {
                count.get()
            }
        }

        impl PartialEq<u64> for $name {
            fn eq(&self, other: &u64) -> bool {
                self.get() == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.get().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidCount;

            fn from_str(text: &str) -> Result<Self, InvalidCount> {
                Self::checked(text.parse().ok(), text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.as_i64())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                u64::deserialize(deserializer)?.try_into().map_err(de::Error::custom)
            }
        }
    };
}

travels!(Version, "version", from 0);
travels!(Sequence, "sequence", from 1);
travels!(Position, "position", from 1);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_sequence_or_position_below_one_is_refused() {
        assert!(Sequence::try_from(0_i64).is_err());
        assert!(Sequence::try_from(0_u64).is_err());
        assert!(Position::try_from(-1_i64).is_err());
        assert_eq!(Sequence::try_from(1_i64), Ok(Sequence::FIRST));
        assert_eq!(Version::try_from(0_u64), Ok(Version::NONE));
    }

    #[test]
    fn a_count_beyond_what_a_store_holds_is_refused_by_name() {
        let error = Version::try_from(u64::MAX).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`18446744073709551615` is not a version; a version is a whole number from 0 to 9223372036854775807"
        );
        assert_eq!(Version::try_from(MAX), Ok(Version::MAX));
    }

    #[test]
    fn a_version_makes_the_trip_through_text() {
        assert_eq!("7".parse(), Version::try_from(7_u64));
        assert_eq!(Version::from(7).to_string().parse(), Ok(Version::from(7)));
        for text in ["", "seven", "-1", "7.0", " 7", "99999999999999999999"] {
            assert!(text.parse::<Version>().is_err(), "{text:?}");
        }
        assert!("0".parse::<Position>().is_err());
    }

    #[test]
    fn a_version_makes_the_trip_through_json_and_bson() {
        let json = serde_json::to_string(&Version::from(7)).unwrap();
        assert_eq!(json, "7");
        assert_eq!(serde_json::from_str::<Version>(&json).unwrap(), 7);
        assert!(serde_json::from_str::<Sequence>("0").is_err());
        let bson = bson::serialize_to_raw_document_buf(&BTreeMap::from([("at", Position::FIRST)])).unwrap();
        assert_eq!(bson.get_i64("at").unwrap(), 1);
        let back: BTreeMap<String, Position> = bson::deserialize_from_slice(bson.as_bytes()).unwrap();
        assert_eq!(back["at"], 1);
    }
}
