//! Reads the forms in which formats present a date to serde.
//!
//! `bson::DateTime` reads the same forms by way of a `Bson`, which takes several times as long. Dates
//! are frequent in events, so they are read directly.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::Timestamp;

/// A time in RFC 3339, or a [`Date`].
pub(super) struct DateOrText;

/// A date as BSON and its extended JSON have it: `{ "$date": .. }`.
pub(super) struct Date;

impl<'de> Visitor<'de> for DateOrText {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date, or a time in RFC 3339")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Timestamp, M::Error> {
        Date.visit_map(map)
    }
}

impl<'de> Visitor<'de> for Date {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Timestamp, M::Error> {
        require_key(&mut map, "$date")?;
        map.next_value_seed(InDate)
    }
}

/// What is in `$date`: the milliseconds, as a number or as `{ "$numberLong": ".." }`, or text.
struct InDate;

impl<'de> DeserializeSeed<'de> for InDate {
    type Value = Timestamp;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Timestamp, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for InDate {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the milliseconds of a date, or a time in RFC 3339")
    }

    fn visit_i64<E: Error>(self, millis: i64) -> Result<Timestamp, E> {
        Ok(Timestamp::from_millis(millis))
    }

    fn visit_u64<E: Error>(self, millis: u64) -> Result<Timestamp, E> {
        i64::try_from(millis).map(Timestamp::from_millis).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Timestamp, M::Error> {
        require_key(&mut map, "$numberLong")?;
        let millis: String = map.next_value()?;
        millis.parse().map(Timestamp::from_millis).map_err(M::Error::custom)
    }
}

fn require_key<'de, M: MapAccess<'de>>(map: &mut M, key: &'static str) -> Result<(), M::Error> {
    map.next_key_seed(Key(key))?.ok_or_else(|| M::Error::missing_field(key))
}

/// The only key of a map.
struct Key(&'static str);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key `{}`", self.0)
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        if key == self.0 { Ok(()) } else { Err(E::custom(format!("`{key}` is not the key `{}` of a date", self.0))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Paid<T = Timestamp> {
        at: T,
    }

    #[test]
    fn a_date_is_read_from_each_form_that_bson_reads() {
        let date = bson::DateTime::from_millis(1_709_208_000_123);
        for json in [
            r#"{ "at": { "$date": { "$numberLong": "1709208000123" } } }"#,
            r#"{ "at": { "$date": "2024-02-29T12:00:00.123Z" } }"#,
            r#"{ "at": { "$date": 1709208000123 } }"#,
        ] {
            assert_eq!(serde_json::from_str::<Paid>(json).unwrap().at, date.into(), "{json}");
            assert_eq!(serde_json::from_str::<Paid<bson::DateTime>>(json).unwrap().at, date, "{json}");
        }
        let text: Paid = serde_json::from_str(r#"{ "at": "2024-02-29T12:00:00.123Z" }"#).unwrap();
        assert_eq!(text.at, date.into());
    }

    #[test]
    fn a_date_is_read_from_a_document_and_from_its_bytes_as_bson_reads_it() {
        for millis in [i64::MIN, -1, 0, 1_709_208_000_123, i64::MAX] {
            let document = bson::doc! { "at": bson::DateTime::from_millis(millis) };
            let bytes = bson::serialize_to_vec(&document).unwrap();
            assert_eq!(bson::deserialize_from_slice::<Paid>(&bytes).unwrap().at.as_millis(), millis);
            let paid: Paid = bson::deserialize_from_document(document.clone()).unwrap();
            let of_bson: Paid<bson::DateTime> = bson::deserialize_from_document(document).unwrap();
            assert_eq!(paid.at, of_bson.at.into());
        }
    }

    #[test]
    fn what_is_not_a_date_is_refused() {
        for value in [
            bson::Bson::Int64(5),
            bson::Bson::Boolean(true),
            bson::Bson::Null,
            bson::Bson::ObjectId(bson::oid::ObjectId::new()),
            bson::Bson::Timestamp(bson::Timestamp { time: 1, increment: 2 }),
            bson::Bson::Document(bson::doc! { "$numberLong": "5" }),
            bson::Bson::Document(bson::doc! {}),
            bson::Bson::String("yesterday".to_owned()),
            bson::Bson::String("2024-02-29T12:00:00Z".to_owned()),
        ] {
            let bytes = bson::serialize_to_vec(&bson::doc! { "at": &value }).unwrap();
            assert!(bson::deserialize_from_slice::<Paid>(&bytes).is_err(), "{value}");
        }
    }
}
