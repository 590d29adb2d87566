//! Timestamps: UTC, to the millisecond.

mod date;

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

/// A time in UTC with the precision of a BSON date: one millisecond.
///
/// In a store it is a date; in text formats such as JSON it is RFC 3339. RFC 3339 covers the years
/// 0 to 9999; other years have a sign and at least six digits, as in ISO 8601 and JavaScript:
/// `+012345-01-01T00:00:00Z`. Every timestamp can be read back from its text.
///
/// A more precise time is rounded down to the millisecond, also before 1970. A timestamp records
/// when something happened and never orders events, because clocks go back.
///
/// ```
/// use es_core::Timestamp;
/// let moment: Timestamp = "2024-02-29T12:00:00Z".parse()?;
/// assert_eq!(moment.as_millis(), 1_709_208_000_000);
/// assert_eq!(moment.to_string(), "2024-02-29T12:00:00Z");
/// # Ok::<(), es_core::error::InvalidTimestamp>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(bson::DateTime);

/// From 0000-01-01T00:00:00Z to the last millisecond of the year 9999.
const RFC_3339_MILLIS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// The milliseconds of 400 years, the period of the calendar: 146,097 days.
const CYCLE_MILLIS: i64 = 146_097 * 24 * 60 * 60 * 1000;

/// A text is not a timestamp in RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time in RFC 3339, such as 2024-02-29T12:00:00Z")]
pub struct InvalidTimestamp(String);

impl Timestamp {
    /// The current time of this machine's clock, rounded down to the millisecond.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// The time this many milliseconds after (or, if negative, before) 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(bson::DateTime::from_millis(millis))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// This time minus `duration`, or the earliest timestamp if the result would be before it.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self::nearest(i128::from(self.as_millis()) - millis(duration))
    }

    /// This time plus `duration`, or the latest timestamp if the result would be after it.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self::nearest(i128::from(self.as_millis()) + millis(duration))
    }

    /// The nearest time that a BSON date can hold.
    fn nearest(millis: i128) -> Self {
        let limit = if millis < 0 { i64::MIN } else { i64::MAX };
        Self::from_millis(i64::try_from(millis).unwrap_or(limit))
    }
}

/// Whole milliseconds. A duration has fewer than 2^74 of them.
fn millis(duration: Duration) -> i128 {
    i128::try_from(duration.as_millis()).unwrap_or(i128::MAX / 2)
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self::nearest(millis(after)),
            Err(before) => {
                let before = before.duration();
                let begun = i128::from(before.subsec_nanos() % 1_000_000 != 0);
                Self::nearest(-millis(before) - begun)
            }
        }
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let moment = if text.starts_with(['+', '-']) { parse_expanded(text) } else { parse_rfc_3339(text) };
        moment.ok_or_else(|| InvalidTimestamp(text.to_owned()))
    }
}

/// A year of four digits. More precise times are rounded down here, because the parser of bson
/// rounds towards 1970.
fn parse_rfc_3339(text: &str) -> Option<Timestamp> {
    let parse = |text: &str| bson::DateTime::parse_rfc3339_str(text).ok().map(bson::DateTime::timestamp_millis);
    let Some((seconds, rest)) = text.split_once('.') else { return parse(text).map(Timestamp::from_millis) };
    let zone = rest.trim_start_matches(|each: char| each.is_ascii_digit());
    let digits = &rest[..rest.len() - zone.len()];
    let whole = parse(&format!("{seconds}{zone}")).filter(|_| !digits.is_empty())?;
    if whole.rem_euclid(1000) != 0 {
        // A leap second, for which the nearest timestamp is the last millisecond before it.
        return Some(Timestamp::from_millis(whole));
    }
    let fraction =
        digits.bytes().chain([b'0'; 3]).take(3).fold(0, |millis, digit| millis * 10 + i64::from(digit - b'0'));
    Some(Timestamp::from_millis(whole + fraction))
}

/// A year with a sign and at least six digits, always in UTC. The rest is parsed with a year that
/// has the same calendar.
fn parse_expanded(text: &str) -> Option<Timestamp> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (year, rest) = text.get(1..)?.split_once('-')?;
    if year.len() < 6 || !year.bytes().all(|each| each.is_ascii_digit()) || !rest.ends_with('Z') {
        return None;
    }
    let year = sign * year.parse::<i64>().ok()?;
    let cycles = year.div_euclid(400);
    let near = parse_rfc_3339(&format!("{:04}-{rest}", year.rem_euclid(400) + 2000))?;
    let millis = i128::from(near.as_millis()) + i128::from(cycles - 5) * i128::from(CYCLE_MILLIS);
    i64::try_from(millis).ok().map(Timestamp::from_millis)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.as_millis();
        let rfc_3339 = |moment: bson::DateTime| moment.try_to_rfc3339_string().map_err(|_| fmt::Error);
        if RFC_3339_MILLIS.contains(&millis) {
            return f.pad(&rfc_3339(self.0)?);
        }
        // bson would write the nearest time that it supports, so the rest is written with a year
        // that has the same calendar.
        let cycles = millis.div_euclid(CYCLE_MILLIS);
        let near = rfc_3339(bson::DateTime::from_millis(millis.rem_euclid(CYCLE_MILLIS)))?;
        let (year, rest) = near.split_once('-').ok_or(fmt::Error)?;
        let year = year.parse::<i64>().map_err(|_| fmt::Error)? + cycles * 400;
        f.pad(&format!("{year:+07}-{rest}"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde's buffer for flattened and tagged types claims to be human-readable in every
        // format, so both forms are accepted in a format that claims so.
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(date::DateOrText)
        } else {
            deserializer.deserialize_any(date::Date)
        }
    }
}

impl From<Timestamp> for bson::DateTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
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
    fn a_timestamp_is_a_bson_date() {
        let raw = bson::serialize_to_raw_document_buf(&Inner { at: Timestamp::from_millis(5) }).unwrap();
        assert_eq!(raw.get_datetime("at").unwrap().timestamp_millis(), 5);
        let back: Inner = bson::deserialize_from_slice(raw.as_bytes()).unwrap();
        assert_eq!(back.at.as_millis(), 5);
    }

    #[test]
    fn a_timestamp_survives_a_flattened_field() {
        let outer = Outer { inner: Inner { at: Timestamp::from_millis(1_234) } };
        let raw = bson::serialize_to_raw_document_buf(&outer).unwrap();
        let back: Outer = bson::deserialize_from_slice(raw.as_bytes()).unwrap();
        assert_eq!(back.inner.at.as_millis(), 1_234);
    }

    #[test]
    fn years_beyond_four_digits_have_a_sign() {
        for (millis, text) in [
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00Z"),
            (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (8_640_000_000_000_000, "+275760-09-13T00:00:00Z"),
            (-8_640_000_000_000_000, "-271821-04-20T00:00:00Z"),
            (i64::MAX, "+292278994-08-17T07:12:55.807Z"),
            (i64::MIN, "-292275055-05-16T16:47:04.192Z"),
        ] {
            let moment = Timestamp::from_millis(millis);
            assert_eq!(moment.to_string(), text);
            assert_eq!(text.parse::<Timestamp>().unwrap(), moment);
        }
    }

    #[test]
    fn a_text_beyond_the_range_of_dates_is_refused() {
        for text in [
            "+292278994-08-17T07:12:55.808Z",
            "-292275055-05-16T16:47:04.191Z",
            "+99999999999999999999-01-01T00:00:00Z",
            "+12345-01-01T00:00:00Z",
            "+012345-02-30T00:00:00Z",
            "+012345-01-01T00:00:00+01:00",
            "+",
            "-",
            "2024-02-29T12:00:00.Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_invalid_time_is_refused_with_an_example() {
        let error = "yesterday".parse::<Timestamp>().unwrap_err().to_string();
        assert!(error.contains("`yesterday`") && error.contains("2024-02-29T12:00:00Z"), "{error}");
    }
}
