//! Dates as American spreadsheets write them.

use es_core::Timestamp;

/// The start of a day that is written `M/D/YYYY`.
pub fn parse(text: &str) -> Option<Timestamp> {
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let is_number =
        |part: &str, lengths: &[usize]| lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some() || !is_number(month, &[1, 2]) || !is_number(day, &[1, 2]) || !is_number(year, &[4]) {
        return None;
    }
    // The parser of timestamps checks the calendar: it refuses the 30th of February.
    format!("{year}-{month:0>2}-{day:0>2}T00:00:00Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn months_and_days_have_one_digit_or_two() {
        for (text, date) in [("1/2/2013", "2013-01-02T00:00:00Z"), ("12/31/2012", "2012-12-31T00:00:00Z")] {
            assert_eq!(parse(text).unwrap().to_string(), date);
        }
    }

    #[test]
    fn an_invalid_date_is_refused() {
        for text in ["", "2/30/2013", "13/1/2013", "0/1/2013", "1/1/13", "2013-01-01", "1/1/2013/1", "+1/1/2013", "1/2"]
        {
            assert!(parse(text).is_none(), "{text:?}");
        }
    }
}
