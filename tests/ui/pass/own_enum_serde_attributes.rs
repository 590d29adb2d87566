#![deny(warnings)]

use std::collections::BTreeMap;

use es_core::events;
use serde::{Deserialize, Serialize, Serializer};

/// Not serde's trait: a function that asks for it accepts the field, and no reference to it.
trait Short {}
impl Short for u64 {}

fn write_short<T: Short + Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.serialize(serializer)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_string())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
pub struct Extra {
    inner: u8,
}

fn seven() -> u64 {
    7
}

#[events]
#[serde(rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened {
        #[serde(rename = "by", alias = "opened-by")]
        owner: String,
        #[serde(default, skip_serializing_if = "is_default")]
        limit: u64,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        note: Option<String>,
        #[serde(serialize_with = "write_short")]
        count: u64,
        #[serde(with = "as_text")]
        cents: u64,
        #[serde(default = "seven")]
        days: u64,
        #[serde(skip)]
        cache: u8,
    },
    #[event(version = 1)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    Moved { first_name: String },
    #[event(version = 1)]
    Paid(#[serde(with = "as_text")] u64, #[serde(rename = "name")] String, #[serde(skip)] u8),
}

#[events]
pub enum FlatEvent {
    #[event(version = 1)]
    Flat {
        before: u8,
        #[serde(flatten)]
        extra: Extra,
        #[serde(flatten)]
        rest: BTreeMap<String, i64>,
    },
    #[event(version = 1)]
    Positions(u8, #[serde(flatten)] Extra),
}

fn main() {
    let _ = (FlatEvent::Positions(0, Extra { inner: 1 }), AccountEvent::Moved { first_name: String::new() });
}
