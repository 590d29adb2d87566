//! A serializer that only records, exactly, what it receives.

use std::fmt;

use serde::Serialize;
use serde::ser::{self, Serializer};

use super::value::Value;

/// What a value passes to serde when BSON serializes it.
pub(super) fn record<T: Serialize + ?Sized>(value: &T) -> Result<Value, Refusal> {
    value.serialize(Recorder)
}

/// The type refused to be serialized.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refusal(String);

impl ser::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

struct Recorder;

/// The parts of a value that is still being recorded, and what they become.
pub(super) struct Parts {
    list: Vec<(Value, Value)>,
    key: Option<Value>,
    variant: Option<&'static str>,
    is_bson: bool,
}

impl Parts {
    fn new(variant: Option<&'static str>) -> Self {
        Self { list: Vec::new(), key: None, variant, is_bson: false }
    }

    fn push<T: Serialize + ?Sized>(&mut self, key: Value, value: &T) -> Result<(), Refusal> {
        self.list.push((key, record(value)?));
        Ok(())
    }

    fn wrap(value: Value, variant: Option<&'static str>) -> Value {
        match variant {
            Some(name) => Value::Variant(name, Box::new(value)),
            None => value,
        }
    }

    fn into_list(self) -> Value {
        let items = self.list.into_iter().map(|(_, value)| value).collect();
        Self::wrap(Value::List(items), self.variant)
    }

    fn into_document(self) -> Value {
        let value = Self::wrap(Value::Document(self.list), self.variant);
        if self.is_bson { Value::Bson(Box::new(value)) } else { value }
    }
}

fn field(name: &str) -> Value {
    Value::Leaf("field", name.to_owned())
}

macro_rules! leaves {
    ($($method:ident $type:ty, $kind:literal)+) => {$(
        fn $method(self, value: $type) -> Result<Value, Refusal> {
            Ok(Value::Leaf($kind, value.to_string()))
        }
    )+};
}

impl Serializer for Recorder {
    type Ok = Value;
    type Error = Refusal;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Parts;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Parts;

    /// The same answer as BSON gives.
    fn is_human_readable(&self) -> bool {
        false
    }

    leaves! {
        serialize_bool bool, "bool"
        serialize_i8 i8, "i8"
        serialize_i16 i16, "i16"
        serialize_i32 i32, "i32"
        serialize_i64 i64, "i64"
        serialize_i128 i128, "i128"
        serialize_u8 u8, "u8"
        serialize_u16 u16, "u16"
        serialize_u32 u32, "u32"
        serialize_u64 u64, "u64"
        serialize_u128 u128, "u128"
        serialize_f32 f32, "f32"
        serialize_f64 f64, "f64"
        serialize_char char, "string"
        serialize_str &str, "string"
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Value, Refusal> {
        Ok(Value::Bytes(bytes.into()))
    }

    fn serialize_none(self) -> Result<Value, Refusal> {
        Ok(Value::None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Refusal> {
        Ok(Value::Some(Box::new(record(value)?)))
    }

    fn serialize_unit(self) -> Result<Value, Refusal> {
        Ok(Value::Unit)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Refusal> {
        Ok(Value::Unit)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, Refusal> {
        Ok(Value::Variant(variant, Box::new(Value::Unit)))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<Value, Refusal> {
        let inner = Box::new(record(value)?);
        Ok(if is_bson(name) { Value::Bson(inner) } else { Value::Newtype(inner) })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Refusal> {
        Ok(Value::Variant(variant, Box::new(record(value)?)))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts, Refusal> {
        Ok(Parts::new(None))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts, Refusal> {
        Ok(Parts::new(None))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts, Refusal> {
        Ok(Parts::new(None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts, Refusal> {
        Ok(Parts::new(Some(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts, Refusal> {
        Ok(Parts::new(None))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Parts, Refusal> {
        Ok(Parts { is_bson: is_bson(name), ..Parts::new(None) })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts, Refusal> {
        Ok(Parts::new(Some(variant)))
    }
}

/// BSON types announce themselves to the serializer by the name of a struct.
fn is_bson(name: &str) -> bool {
    name.starts_with('$')
}

macro_rules! elements {
    ($($part:ident $method:ident)+) => {$(
        impl ser::$part for Parts {
            type Ok = Value;
            type Error = Refusal;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
                self.push(Value::Unit, value)
            }

            fn end(self) -> Result<Value, Refusal> {
                Ok(self.into_list())
            }
        }
    )+};
}

elements! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

macro_rules! fields {
    ($($part:ident)+) => {$(
        impl ser::$part for Parts {
            type Ok = Value;
            type Error = Refusal;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refusal> {
                self.push(field(name), value)
            }

            fn end(self) -> Result<Value, Refusal> {
                Ok(self.into_document())
            }
        }
    )+};
}

fields! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for Parts {
    type Ok = Value;
    type Error = Refusal;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refusal> {
        self.key = Some(record(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        let key = self.key.take().unwrap_or(Value::Unit);
        self.push(key, value)
    }

    fn end(self) -> Result<Value, Refusal> {
        Ok(self.into_document())
    }
}
