use es_core::event;

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_string())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[event(version = 1)]
pub struct Opened {
    #[serde(rename = "who", alias = "owner")]
    pub owner: String,
    #[serde(with = "as_text")]
    pub cents: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[event(version = 1)]
pub struct Moved(
    #[serde(with = "as_text")] pub u64,
    #[serde(default, skip_serializing_if = "Option::is_none")] pub Option<String>,
    #[serde(skip)] pub u8,
);

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
