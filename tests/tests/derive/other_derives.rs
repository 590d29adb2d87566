//! Other derives that read `#[serde(..)]` describe what is stored.

use std::collections::BTreeSet;

use es_core::store::EventData;
use es_core::testing::assert_roundtrip_eq;
use es_core::{Event, event};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

/// The names of the fields that the schema of a type describes, and those that must be present.
fn described<T: JsonSchema>() -> (BTreeSet<String>, BTreeSet<String>) {
    let schema = schema_for!(T);
    let names = schema.get("properties").and_then(Value::as_object).unwrap().keys().cloned().collect();
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    (names, required.iter().map(|name| name.as_str().unwrap().to_owned()).collect())
}

fn stored<E: Event>(event: &E) -> Value {
    serde_json::to_value(EventData::encode(E::TYPE, event).unwrap()).unwrap()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq, JsonSchema)]
pub struct InvoicePaid {
    pub payment_id: String,
    #[serde(rename = "sum")]
    pub amount_in_cents: i64,
    #[serde(default)]
    pub late_note: Option<String>,
    pub größe_ab: u32,
}

#[test]
fn the_schema_of_a_struct_has_the_stored_names() {
    let event = InvoicePaid { payment_id: "p".into(), amount_in_cents: 5, late_note: Some("x".into()), größe_ab: 1 };
    let (described, required) = described::<InvoicePaid>();
    assert_eq!(described, keys(&stored(&event)));
    assert_eq!(described, names(["paymentId", "sum", "lateNote", "größeAb"]));
    assert_eq!(required, names(["paymentId", "sum", "größeAb"]));
    assert_roundtrip_eq([event]);
}

#[event(version = 1)]
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct OfTheUser {
    pub payment_id: String,
}

#[event(version = 1)]
#[derive(JsonSchema)]
#[serde(rename_all(serialize = "kebab-case", deserialize = "kebab-case"))]
pub struct OfTheUserTwice {
    pub payment_id: String,
}

#[test]
fn the_style_of_the_user_takes_precedence() {
    let event = OfTheUser { payment_id: "p".into() };
    assert_eq!(described::<OfTheUser>().0, names(["payment_id"]));
    assert_eq!(keys(&stored(&event)), names(["payment_id"]));
    let event = OfTheUserTwice { payment_id: "p".into() };
    assert_eq!(described::<OfTheUserTwice>().0, names(["payment-id"]));
    assert_eq!(keys(&stored(&event)), names(["payment-id"]));
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq, JsonSchema)]
pub enum AccountClosed {
    ByMail {
        letter_date: String,
    },
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    ByOffice {
        office_name: String,
    },
    #[serde(rename = "web")]
    Online(u32),
    Silently,
}

/// The alternatives of the schema: the constant of the tag, and the schema of the data.
fn alternatives() -> Vec<(String, Value)> {
    let schema = schema_for!(AccountClosed);
    let alternatives = schema.get("oneOf").and_then(Value::as_array).unwrap().clone();
    let kind = |value: &Value| value["properties"]["kind"]["const"].as_str().unwrap().to_owned();
    alternatives.into_iter().map(|value| (kind(&value), value["properties"]["data"].clone())).collect()
}

#[test]
fn the_schema_of_an_enum_has_the_stored_tags_and_names() {
    let events = [
        AccountClosed::ByMail { letter_date: "today".into() },
        AccountClosed::ByOffice { office_name: "south".into() },
        AccountClosed::Online(1),
        AccountClosed::Silently,
    ];
    let described = alternatives();
    assert_eq!(described.len(), events.len());
    for ((kind, data), event) in described.iter().zip(&events) {
        let stored = stored(event);
        assert_eq!(stored["kind"], *kind);
        if let Some(fields) = stored.get("data").filter(|data| data.is_object()) {
            assert_eq!(keys(&data["properties"]), keys(fields));
        }
    }
    assert_roundtrip_eq(events);
}

/// A generic event, which serde derives directly.
#[event(version = 1)]
#[derive(JsonSchema)]
pub struct NoteTaken<T> {
    pub note_text: String,
    #[serde(skip)]
    pub kind: std::marker::PhantomData<T>,
}

#[test]
fn the_schema_of_a_generic_event_has_the_stored_names() {
    let event = NoteTaken::<u8> { note_text: "x".into(), kind: std::marker::PhantomData };
    assert_eq!(described::<NoteTaken<u8>>().0, keys(&stored(&event)));
}
