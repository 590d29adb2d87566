//! The place at which the answer to a query continues.

use std::fmt;
use std::str::FromStr;

use bson::Document;
use bson::oid::ObjectId;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use crate::error::QueryError;
use crate::store::QueryPlace;
use crate::{EventId, Position, Sequence, Timestamp};

/// The start of the next page of a query: the place of the last returned event.
///
/// It is short text without special characters, for a link or a form, with the same form in
/// `Display`, `FromStr` and serde. It does not contain the conditions of its query, but belongs to
/// that query: other queries refuse it. It does not expire.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct QueryCursor {
    place: Place,
    /// Ties the place to the query.
    check: u64,
}

/// The text is not a cursor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the text is not the cursor of a query; use the text form of `Page::next`, or start without a cursor")]
#[non_exhaustive]
pub struct InvalidCursor;

/// The place of one event in every order, and how much of it was returned. The numbers may be
/// anything until the checksum is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    millis: i64,
    position: i64,
    sequence: i64,
    id: ObjectId,
    returned: u32,
}

/// The version of the text form.
const FORM: u8 = 1;
const BYTES: usize = 1 + 3 * 8 + 12 + 4 + 8;

impl Place {
    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = vec![FORM];
        for number in [self.millis, self.position, self.sequence] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(self.id.bytes());
        bytes.extend(self.returned.to_be_bytes());
        bytes
    }

    /// A checksum of the place and the query.
    fn check(self, query: &Document) -> Result<u64, QueryError> {
        let query = bson::serialize_to_vec(query)
            .map_err(|error| QueryError::Conditions { reason: format!("its conditions cannot be written: {error}") })?;
        Ok(fnv_1a(query.iter().chain(&self.to_bytes())))
    }
}

impl QueryCursor {
    /// The cursor after which the query continues: the place of the last event, and the number of
    /// returned events that were read from it.
    pub(super) fn new(place: QueryPlace, returned: u32, query: &Document) -> Result<Self, QueryError> {
        let place = Place {
            millis: place.timestamp.as_millis(),
            position: place.position.as_i64(),
            sequence: place.sequence.as_i64(),
            id: place.id.as_object_id(),
            returned,
        };
        Ok(Self { place, check: place.check(query)? })
    }

    /// The place and the number of events returned from it, if the cursor belongs to this query.
    pub(super) fn place_in(&self, query: &Document) -> Result<(QueryPlace, u32), QueryError> {
        let Place { millis, position, sequence, id, returned } = self.place;
        match (Position::try_from(position), Sequence::try_from(sequence)) {
            (Ok(position), Ok(sequence)) if self.place.check(query)? == self.check => {
                let (timestamp, id) = (Timestamp::from_millis(millis), EventId::from(id));
                Ok((QueryPlace { timestamp, position, sequence, id }, returned))
            }
            _ => Err(QueryError::ForeignCursor),
        }
    }
}

/// FNV-1a gives the same result in every release and on every machine. The checksum only detects
/// mistakes: a cursor grants no rights.
fn fnv_1a<'a>(bytes: impl Iterator<Item = &'a u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

impl fmt::Display for QueryCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.place.to_bytes();
        bytes.iter().chain(&self.check.to_be_bytes()).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for QueryCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueryCursor({self})")
    }
}

impl FromStr for QueryCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let pairs = text.as_bytes().chunks(2).map(|pair| match *pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        });
        let bytes: Vec<u8> = pairs.collect::<Option<_>>().ok_or(InvalidCursor)?;
        let bytes: [u8; BYTES] = bytes.try_into().map_err(|_| InvalidCursor)?;
        let mut rest = &bytes[..];
        let [FORM] = take(&mut rest)? else { return Err(InvalidCursor) };
        let place = Place {
            millis: i64::from_be_bytes(take(&mut rest)?),
            position: i64::from_be_bytes(take(&mut rest)?),
            sequence: i64::from_be_bytes(take(&mut rest)?),
            id: ObjectId::from_bytes(take(&mut rest)?),
            returned: u32::from_be_bytes(take(&mut rest)?),
        };
        Ok(Self { place, check: u64::from_be_bytes(take(&mut rest)?) })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], InvalidCursor> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(InvalidCursor)?;
    *bytes = rest;
    Ok(*taken)
}

impl Serialize for QueryCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for QueryCursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    fn place() -> QueryPlace {
        QueryPlace {
            timestamp: Timestamp::from_millis(-7),
            position: Position::try_from(3_u64).unwrap(),
            sequence: Sequence::try_from(2_u64).unwrap(),
            id: ObjectId::from_bytes([9; 12]).into(),
        }
    }

    fn cursor() -> QueryCursor {
        QueryCursor::new(place(), 1, &doc! { "a": 1 }).unwrap()
    }

    #[test]
    fn a_cursor_is_the_same_in_every_release() {
        let text = "01fffffffffffffff90000000000000003000000000000000209090909090909090909090900000001b79f6718482e71e6";
        assert_eq!(cursor().to_string(), text);
        assert_eq!(text.parse(), Ok(cursor()));
    }

    #[test]
    fn a_cursor_that_was_changed_or_belongs_to_another_query_is_refused() {
        assert_eq!(cursor().place_in(&doc! { "a": 1 }).unwrap(), (place(), 1));
        assert!(matches!(cursor().place_in(&doc! { "a": 2 }), Err(QueryError::ForeignCursor)));
        let text = cursor().to_string();
        for at in 2..text.len() {
            let digit = if text.as_bytes()[at] == b'0' { "1" } else { "0" };
            let changed = format!("{}{digit}{}", &text[..at], &text[at + 1..]);
            let changed: QueryCursor = changed.parse().unwrap();
            assert!(matches!(changed.place_in(&doc! { "a": 1 }), Err(QueryError::ForeignCursor)), "digit {at}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_cursor_is_refused() {
        let text = cursor().to_string();
        let other_form = format!("02{}", &text[2..]);
        for text in ["", "0", "é", "zz", &text[1..], &text[2..], &format!("{text}00"), &other_form, "+1"] {
            assert_eq!(text.parse::<QueryCursor>(), Err(InvalidCursor), "{text:?}");
        }
    }
}
