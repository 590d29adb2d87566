//! Times as people write and read them, always in UTC.

use std::time::Duration;

use es_core::Timestamp;
use es_core::error::InvalidTimestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `2024-02-29 12:00:00Z`, or `2024-02-29 12:00:00.120Z` if it has milliseconds.
pub fn utc(time: Timestamp) -> String {
    let text = time.to_string().replacen('T', " ", 1);
    match text.trim_end_matches('Z').split_once('.') {
        Some((seconds, millis)) => format!("{seconds}.{millis:0<3}Z"),
        None => text,
    }
}

/// `2024-02-29`
pub fn date(time: Timestamp) -> String {
    let text = time.to_string();
    text.split_once('T').map_or(text.as_str(), |(date, _)| date).to_owned()
}

/// A time in RFC 3339, or a date, which means the end of that day.
pub fn parse_time(text: &str) -> Result<Timestamp, InvalidTimestamp> {
    let end_of_day = |midnight: Timestamp| midnight.plus(DAY).minus(Duration::from_millis(1));
    text.parse().or_else(|error| midnight(text).map(end_of_day).ok_or(error))
}

/// A time in RFC 3339, or a date, which means the beginning of that day.
pub fn parse_time_from(text: &str) -> Result<Timestamp, InvalidTimestamp> {
    text.parse().or_else(|error| midnight(text).ok_or(error))
}

fn midnight(date: &str) -> Option<Timestamp> {
    format!("{date}T00:00:00Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_means_its_end_or_its_beginning() {
        assert_eq!(parse_time("2024-02-29").unwrap().to_string(), "2024-02-29T23:59:59.999Z");
        assert_eq!(parse_time_from("2024-02-29").unwrap().to_string(), "2024-02-29T00:00:00Z");
        assert_eq!(utc(parse_time("2024-02-29T12:00:00+01:00").unwrap()), "2024-02-29 11:00:00Z");
        assert_eq!(utc(parse_time("2024-02-29T12:00:00.120Z").unwrap()), "2024-02-29 12:00:00.120Z");
    }

    #[test]
    fn an_invalid_time_is_refused() {
        for text in ["", "yesterday", "2023-02-29", "29/02/2024"] {
            assert!(parse_time(text).is_err(), "{text:?}");
        }
    }
}
