//! Generated values, the simplest first. If a type refuses one, the next one follows.

use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Decimal128, Regex, cstr, oid::ObjectId};

/// A time that no type uses as its default.
const MILLIS: i64 = 1_709_208_000_001;

pub(super) const STRINGS: &[&str] = &[
    "text",
    "1",
    "1.00",
    "2024-02-29T12:00:00.001Z",
    "2024-02-29",
    "12:00:00",
    "2024-02-29T12:00:00",
    "6f7ce3a8-4a4e-4f6f-8f6d-2a1d1e7a9c01",
    "a",
    "A",
    "en",
    "EUR",
    "UTC",
    "PT1H",
    "127.0.0.1",
    "user@example.com",
    "https://example.com/",
    "000000000000000000000001",
    "#000000",
];

pub(super) const INTEGERS: &[i64] = &[1, 0, 2, 10, 24, 100];

pub(super) const FLOATS: &[f64] = &[1.5, 1.0, 0.5, 0.0];

/// Lengths: a UUID, an ObjectId, keys and hashes.
pub(super) const BYTES: &[usize] = &[16, 12, 1, 4, 8, 20, 24, 32, 64];

/// A value for a type that accepts any value and interprets it later.
pub(super) enum Any {
    Value(Bson),
    List,
    Document,
}

/// The index of a document among the candidates, and that of a list.
pub(super) const DOCUMENT: usize = 12;
pub(super) const LIST: usize = 13;

pub(super) fn any(at: usize) -> Option<Any> {
    let value = match at {
        0 => Bson::String(STRINGS[0].to_owned()),
        // Before the integer, because a float accepts that too.
        1 => Bson::Double(1.5),
        2 => Bson::Int32(1),
        3 => Bson::Boolean(true),
        4 => Bson::DateTime(DateTime::from_millis(MILLIS)),
        5 => Bson::Decimal128("1.00".parse::<Decimal128>().ok()?),
        6 => Bson::ObjectId(ObjectId::from_bytes([1; 12])),
        7 => Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes: vec![1; 16] }),
        8 => Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: vec![1; 16] }),
        9 => Bson::Timestamp(bson::Timestamp { time: 1, increment: 1 }),
        10 => Bson::RegularExpression(Regex { pattern: cstr!("text").into(), options: cstr!("").into() }),
        11 => Bson::JavaScriptCode("text".to_owned()),
        // After all values without parts, because a refusal of a part may be caused by the whole.
        DOCUMENT => return Some(Any::Document),
        LIST => return Some(Any::List),
        14 => Bson::Null,
        at => Bson::String((*STRINGS.get(at - 14)?).to_owned()),
    };
    Some(Any::Value(value))
}

pub(super) fn kind(value: &Bson) -> &'static str {
    match value {
        Bson::Double(_) => "f64",
        Bson::String(_) => "string",
        Bson::Array(_) => "list",
        Bson::Document(_) => "document",
        Bson::Boolean(_) => "bool",
        Bson::Null | Bson::Undefined => "null",
        Bson::Int32(_) | Bson::Int64(_) => "integer",
        Bson::Timestamp(_) => "timestamp",
        Bson::Binary(Binary { subtype: BinarySubtype::Uuid, .. }) => "uuid",
        Bson::Binary(_) => "binary",
        Bson::ObjectId(_) => "objectId",
        Bson::DateTime(_) => "date",
        Bson::Decimal128(_) => "decimal128",
        Bson::RegularExpression(_) => "regex",
        Bson::JavaScriptCode(_) => "javascript",
        _ => "any",
    }
}
