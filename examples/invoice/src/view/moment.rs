//! Moments as people write and read them, always in UTC.

use std::time::Duration;

use es_core::{InvalidTimestamp, Timestamp};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `2024-02-29 12:00:00Z`, or `2024-02-29 12:00:00.120Z` where there are milliseconds.
pub fn utc(moment: Timestamp) -> String {
    let text = moment.to_string().replacen('T', " ", 1);
    match text.trim_end_matches('Z').split_once('.') {
        Some((seconds, millis)) => format!("{seconds}.{millis:0<3}Z"),
        None => text,
    }
}

/// `2024-02-29`
pub fn date(moment: Timestamp) -> String {
    let text = moment.to_string();
    text.split_once('T').map_or(text.as_str(), |(date, _)| date).to_owned()
}

/// A moment in RFC 3339, or a date for the end of that day: as of a date means after everything that happened on it.
pub fn parse_moment(text: &str) -> Result<Timestamp, InvalidTimestamp> {
    let end_of_day = |midnight: Timestamp| midnight.plus(DAY).minus(Duration::from_millis(1));
    text.parse().or_else(|error| midnight(text).map(end_of_day).ok_or(error))
}

/// A moment in RFC 3339, or a date for the beginning of that day.
pub fn parse_moment_from(text: &str) -> Result<Timestamp, InvalidTimestamp> {
    text.parse().or_else(|error| midnight(text).ok_or(error))
}

fn midnight(date: &str) -> Option<Timestamp> {
    format!("{date}T00:00:00Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_means_its_last_moment_or_its_first() {
        assert_eq!(parse_moment("2024-02-29").unwrap().to_string(), "2024-02-29T23:59:59.999Z");
        assert_eq!(parse_moment_from("2024-02-29").unwrap().to_string(), "2024-02-29T00:00:00Z");
        assert_eq!(utc(parse_moment("2024-02-29T12:00:00+01:00").unwrap()), "2024-02-29 11:00:00Z");
        assert_eq!(utc(parse_moment("2024-02-29T12:00:00.120Z").unwrap()), "2024-02-29 12:00:00.120Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2023-02-29", "29/02/2024"] {
            assert!(parse_moment(text).is_err(), "{text:?}");
        }
    }
}
