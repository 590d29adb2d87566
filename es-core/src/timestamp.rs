//! Moments: UTC, to the millisecond.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

/// A moment in UTC with the precision of a BSON date: one millisecond.
///
/// In a store it is a date; in text formats such as JSON it is RFC 3339.
/// A moment says when something was recorded and never orders events: clocks go back.
///
/// ```
/// use es_core::Timestamp;
/// let moment: Timestamp = "2024-02-29T12:00:00Z".parse()?;
/// assert_eq!(moment.as_millis(), 1_709_208_000_000);
/// assert_eq!(moment.to_string(), "2024-02-29T12:00:00Z");
/// # Ok::<(), es_core::InvalidTimestamp>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(bson::DateTime);

/// From 0000-01-01T00:00:00Z to the last millisecond of the year 9999.
const RFC_3339_MILLIS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// A text is not a moment in RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time in RFC 3339, such as 2024-02-29T12:00:00Z")]
pub struct InvalidTimestamp(String);

impl Timestamp {
    /// The present moment of this machine's clock, cut to the millisecond.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// The moment so many milliseconds after (or, if negative, before) 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(bson::DateTime::from_millis(millis))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// This moment, `duration` earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.as_millis().saturating_sub(millis))
    }

    /// This moment, `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.as_millis().saturating_add(millis))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let millis = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        };
        Self::from_millis(millis)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        bson::DateTime::parse_rfc3339_str(text).map(Self).map_err(|_| InvalidTimestamp(text.to_owned()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A BSON date can lie outside the years 0 to 9999 that RFC 3339 can write; bson would write the nearest that it can.
        let text = RFC_3339_MILLIS.contains(&self.as_millis()).then(|| self.0.try_to_rfc3339_string());
        match text {
            Some(Ok(text)) => f.pad(&text),
            _ => write!(f, "{} ms", self.as_millis()),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde's buffer for flattened and tagged types claims to be readable whatever it was filled from,
        // so both forms are accepted from either kind of format.
        struct Moment;
        impl<'de> de::Visitor<'de> for Moment {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date, or a time in RFC 3339")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_map<M: de::MapAccess<'de>>(self, map: M) -> Result<Timestamp, M::Error> {
                bson::DateTime::deserialize(de::value::MapAccessDeserializer::new(map)).map(Timestamp)
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Moment)
        } else {
            bson::DateTime::deserialize(deserializer).map(Self)
        }
    }
}

impl From<Timestamp> for bson::DateTime {
    fn from(moment: Timestamp) -> Self {
        moment.0
    }
}

impl From<bson::DateTime> for Timestamp {
    fn from(date: bson::DateTime) -> Self {
        Self(date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct Inner {
        at: Timestamp,
    }

    #[derive(Serialize, Deserialize)]
    struct Outer {
        #[serde(flatten)]
        inner: Inner,
    }

    #[test]
    fn a_moment_is_a_bson_date() {
        let raw = bson::serialize_to_raw_document_buf(&Inner { at: Timestamp::from_millis(5) }).unwrap();
        assert_eq!(raw.get_datetime("at").unwrap().timestamp_millis(), 5);
        let back: Inner = bson::deserialize_from_slice(raw.as_bytes()).unwrap();
        assert_eq!(back.at.as_millis(), 5);
    }

    #[test]
    fn a_moment_survives_a_flattened_field() {
        let outer = Outer { inner: Inner { at: Timestamp::from_millis(1_234) } };
        let raw = bson::serialize_to_raw_document_buf(&outer).unwrap();
        let back: Outer = bson::deserialize_from_slice(raw.as_bytes()).unwrap();
        assert_eq!(back.inner.at.as_millis(), 1_234);
    }

    #[test]
    fn a_moment_that_rfc_3339_cannot_write_is_not_shown_as_another_one() {
        assert_eq!(Timestamp::from_millis(253_402_300_800_000).to_string(), "253402300800000 ms");
        assert_eq!(Timestamp::from_millis(253_402_300_799_999).to_string(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn what_is_not_a_time_is_refused_with_an_example() {
        let error = "yesterday".parse::<Timestamp>().unwrap_err().to_string();
        assert!(error.contains("`yesterday`") && error.contains("2024-02-29T12:00:00Z"), "{error}");
    }
}
