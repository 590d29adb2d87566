//! The macros write a struct as serde's derive does, although they do not use it.
#![allow(non_snake_case, reason = "a field is cased as serde cases it")]

use std::fmt::Write;

use es_core::{Event, event};
use serde::ser::{Error as _, Impossible, Serialize, SerializeStruct};
use serde::{Deserialize, Deserializer, Serializer};

/// Shows all that a serializer receives of a struct: its name, the announced number of fields, and
/// the fields as JSON.
struct Shown(String);

type Never = Impossible<String, serde_json::Error>;

impl SerializeStruct for Shown {
    type Ok = String;
    type Error = serde_json::Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Self::Error> {
        write!(self.0, " {key}: {}", serde_json::to_string(value)?).map_err(Self::Error::custom)
    }

    fn end(self) -> Result<String, Self::Error> {
        Ok(self.0)
    }
}

macro_rules! not_a_struct {
    ($($method:ident($($value:ty),*) -> $ok:ty;)+) => {$(
        fn $method(self, $(_: $value),*) -> Result<$ok, Self::Error> {
            Err(Self::Error::custom("not a struct"))
        }
    )+};
}

struct Show;

impl Serializer for Show {
    type Ok = String;
    type Error = serde_json::Error;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Shown;
    type SerializeStructVariant = Never;

    fn serialize_struct(self, name: &'static str, fields: usize) -> Result<Shown, Self::Error> {
        Ok(Shown(format!("{name}[{fields}]")))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<String, Self::Error> {
        Err(Self::Error::custom("not a struct"))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<String, Self::Error> {
        Err(Self::Error::custom("not a struct"))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, Self::Error> {
        Err(Self::Error::custom("not a struct"))
    }

    not_a_struct! {
        serialize_bool(bool) -> String;
        serialize_i8(i8) -> String;
        serialize_i16(i16) -> String;
        serialize_i32(i32) -> String;
        serialize_i64(i64) -> String;
        serialize_u8(u8) -> String;
        serialize_u16(u16) -> String;
        serialize_u32(u32) -> String;
        serialize_u64(u64) -> String;
        serialize_f32(f32) -> String;
        serialize_f64(f64) -> String;
        serialize_char(char) -> String;
        serialize_str(&str) -> String;
        serialize_bytes(&[u8]) -> String;
        serialize_none() -> String;
        serialize_unit() -> String;
        serialize_unit_struct(&'static str) -> String;
        serialize_unit_variant(&'static str, u32, &'static str) -> String;
        serialize_seq(Option<usize>) -> Never;
        serialize_tuple(usize) -> Never;
        serialize_tuple_struct(&'static str, usize) -> Never;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never;
        serialize_map(Option<usize>) -> Never;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never;
    }
}

/// The same item, with our macro and with serde's derive.
macro_rules! both {
    ($(#[$attr:meta])* struct $name:ident { $($(#[$of:meta])* $field:ident: $ty:ty = $value:expr,)* }) => {{
        mod ours {
            use super::*;

            #[event(version = 1)]
            $(#[$attr])*
            #[allow(dead_code)]
            pub(super) struct $name { $($(#[$of])* pub(super) $field: $ty,)* }
        }

        #[derive(serde::Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        $(#[$attr])*
        #[allow(dead_code)]
        struct $name { $($(#[$of])* $field: $ty,)* }

        let by_the_macro = ours::$name { $($field: $value,)* }.serialize(Show).unwrap();
        assert_eq!(by_the_macro, $name { $($field: $value,)* }.serialize(Show).unwrap());
        by_the_macro
    }};
}

#[derive(serde::Serialize, Deserialize)]
struct Money {
    cents: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn twice<S: Serializer>(value: &u8, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(value * 2)
}

fn half<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    u8::deserialize(deserializer).map(|value| value / 2)
}

#[test]
fn a_struct_is_written_as_by_serde() {
    let shown = both! {
        struct Paid {
            payment_id: String = "p".to_owned(),
            sum: Money = Money { cents: 5 },
            r#type: Option<u8> = None,
            _2_tries__: bool = true,
            Upper_Case: Vec<Money> = vec![Money { cents: 1 }],
        }
    };
    assert_eq!(shown, r#"Paid[5] paymentId: "p" sum: {"cents":5} type: null 2Tries: true upperCase: [{"cents":1}]"#);
}

#[test]
fn attributes_that_change_names_and_reading_are_written_as_by_serde() {
    let shown = both! {
        #[serde(deny_unknown_fields)]
        struct Renamed {
            #[serde(rename = "sum", alias = "amount")]
            amount_in_cents: i64 = 1,
            #[serde(rename(serialize = "both", deserialize = "both"), default)]
            two_names: i64 = 2,
            #[serde(deserialize_with = "half")]
            read_otherwise: u8 = 3,
            #[serde(skip)]
            not_stored: Option<u8> = None,
            #[serde(skip_serializing, default)]
            not_written: u8 = 4,
            #[serde(skip_deserializing)]
            not_read: u8 = 5,
        }
    };
    assert_eq!(shown, "Renamed[4] sum: 1 both: 2 readOtherwise: 3 notRead: 5");
}

#[test]
fn attributes_that_change_what_is_written_are_left_to_serde() {
    let shown = both! {
        #[serde(rename = "Other")]
        struct Left {
            #[serde(skip_serializing_if = "Option::is_none")]
            no_note: Option<u8> = None,
            #[serde(serialize_with = "twice")]
            a_number: u8 = 4,
        }
    };
    assert_eq!(shown, "Other[1] aNumber: 8");
}

#[test]
fn a_name_that_a_macro_passes_is_the_written_name() {
    macro_rules! named {
        ($name:literal) => {
            both! {
                struct Named {
                    #[serde(rename = $name)]
                    a_field: u8 = 1,
                }
            }
        };
    }
    assert_eq!(named!("passed"), "Named[1] passed: 1");
}

/// Cannot be written.
#[derive(Deserialize)]
struct Broken(&'static str);

impl Serialize for Broken {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom(self.0))
    }
}

#[event(version = 1)]
struct Unwritable {
    first: u8,
    #[serde(skip_deserializing, default = "broken")]
    second: Broken,
    #[serde(skip_deserializing, default = "broken")]
    third: Broken,
}

fn broken() -> Broken {
    Broken("broken")
}

#[test]
fn the_first_field_that_cannot_be_written_is_the_error() {
    let event = Unwritable { first: 1, second: Broken("the second"), third: Broken("the third") };
    assert_eq!(event.serialize(Show).unwrap_err().to_string(), "the second");
    let read: Unwritable = serde_json::from_str(r#"{"first":1}"#).unwrap();
    assert_eq!((read.first, read.second.0, read.third.0), (1, "broken", "broken"));
    assert_eq!(Unwritable::VERSION, 1);
}
