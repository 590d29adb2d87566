//! A deserializer that answers with generated values, and records what it was asked for.

use std::any::type_name;

use bson::Bson;
use serde::de::{Deserializer, Expected, IntoDeserializer, Visitor};

use super::access::{Choice, Entry, Items, Listed, Named, OneEntry};
use super::candidates::{self, Any};
use super::halt::{BAIT, Halt};
use super::hints::Hints;
use super::{Tracer, variant_path};
use crate::schema::shape::{Shape, Tagging};

/// How many lists are generated inside each other.
const DEEPEST: usize = 8;

/// How many values are generated inside each other: no more than BSON can hold.
const DEEPEST_VALUE: usize = 100;

/// One value to generate.
pub(super) struct Probe<'p> {
    pub(super) tracer: &'p mut Tracer,
    pub(super) path: String,
    pub(super) hints: Hints,
    pub(super) out: &'p mut Shape,
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
            *self.out = Shape::Leaf(stringify!($type));
            let integers = self.hints.leaves().filter_map(as_integer).chain(candidates::INTEGERS.iter().copied());
            let values: Vec<$type> = integers.filter_map(|value| $type::try_from(value).ok()).collect();
            visitor.$visit(self.pick(&values)?)
        }
    )+};
}

fn as_integer(value: &Bson) -> Option<i64> {
    value.as_i64().or_else(|| value.as_i32().map(i64::from))
}

impl Probe<'_> {
    /// The next candidate.
    fn pick<T: Clone>(self, values: &[T]) -> Result<T, Halt> {
        values.get(self.tracer.choice(&self.path)).cloned().ok_or(Halt::Exhausted(self.path))
    }

    fn pick_string<'de, V: Visitor<'de>>(self, visitor: V, kind: &'static str) -> Result<V::Value, Halt> {
        *self.out = Shape::Leaf(kind);
        if let Some(names) = self.tracer.names.get(&self.path).copied() {
            return self.read_named(names, visitor);
        }
        let hints = self.hints.leaves().filter_map(Bson::as_str);
        let values: Vec<String> = hints.chain(candidates::STRINGS.iter().copied()).map(str::to_owned).collect();
        visitor.visit_string(self.pick(&values)?)
    }

    /// The next variant, and its content, if a refusal revealed the names.
    fn read_named<'de, V: Visitor<'de>>(self, names: &'static [&'static str], visitor: V) -> Result<V::Value, Halt> {
        let Probe { tracer, path, hints, out } = self;
        let (at, name) = Probe { tracer: &mut *tracer, path: path.clone(), hints: hints.clone(), out: &mut *out }
            .pick_name(names, false)?;
        if tracer.is_value(&path) {
            tracer.pass.named.push((path.clone(), name.to_owned()));
        }
        let content = variant_path(&path, name);
        if !tracer.with_content.contains(&content) {
            return visitor.visit_str(name);
        }
        let mut shape = Shape::Unknown;
        let probe = Probe { tracer: &mut *tracer, path: content, hints: hints.field(name), out: &mut shape };
        let read = visitor.visit_map(OneEntry { name, content: Some(probe) });
        if !shape.is_unit() {
            tracer.enums.holds(&path);
        }
        if let Shape::Enum(_, variants) = out {
            variants.insert(at, (name.to_owned(), shape));
        }
        read
    }

    /// The name of the next variant. The tag of `#[serde(tag, content)]` is beside the content of
    /// the variant.
    fn pick_name(self, names: &'static [&'static str], is_beside: bool) -> Result<(usize, &'static str), Halt> {
        let is_inside = self.tracer.inside.contains_key(&self.path);
        let is_value = self.tracer.is_value(&self.path);
        let at = if is_inside {
            self.tracer.choice(&self.path)
        } else {
            let holder = if is_beside {
                self.path.rsplit_once('.').map_or("", |(document, _)| document).to_owned()
            } else {
                self.tracer.holder(&self.path)
            };
            let hinted = self.hints.variant().and_then(|name| names.iter().position(|known| *known == name));
            self.tracer.enums.choose(&self.path, &holder, names, hinted, !is_beside)
        };
        let Some(name) = names.get(at).copied() else { return Err(Halt::Exhausted(self.path)) };
        *self.out = if is_inside && is_value {
            Shape::Recursive(1)
        } else {
            Shape::Enum(Tagging::External, [(at, (name.to_owned(), Shape::Unknown))].into())
        };
        if !is_value {
            self.tracer.pass.tags.insert(self.path, (at, name.to_owned()));
        }
        Ok((at, name))
    }

    fn pick_bytes<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        let kind = match type_name::<V::Value>() {
            name if name.ends_with("::ObjectId") => "objectId",
            name if name.ends_with("::Uuid") => "uuid",
            _ => "bytes",
        };
        *self.out = Shape::Leaf(kind);
        let hints = self.hints.leaves().filter_map(|value| match value {
            Bson::Binary(binary) => Some(binary.bytes.clone()),
            Bson::ObjectId(id) => Some(id.bytes().to_vec()),
            _ => None,
        });
        let values: Vec<_> = hints.chain(candidates::BYTES.iter().map(|length| vec![1; *length])).collect();
        visitor.visit_byte_buf(self.pick(&values)?)
    }

    /// Runs `read` inside a type that may contain itself.
    fn inside<T>(self, name: &'static str, read: impl FnOnce(Probe<'_>) -> Result<T, Halt>) -> Result<T, Halt> {
        self.tracer.enter(name)?;
        let read = read(Probe { tracer: &mut *self.tracer, path: self.path, hints: self.hints, out: self.out });
        self.tracer.leave();
        read
    }

    /// A document whose fields are requested by name, without a declaration in advance.
    pub(super) fn read_by_name<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        let path = self.path.clone();
        self.tracer.has_read_by_name = true;
        self.tracer.fields.entry(path.clone()).or_default();
        self.tracer.pass.documents.push(path.clone());
        let Probe { tracer, hints, out, .. } = self;
        let mut fields = tracer.fields.get(&path).cloned().unwrap_or_default();
        if tracer.probing.is_none() && !tracer.tag_fields.contains_key(&path) {
            // One at a time, so that the next refusal is known to concern the field that was added.
            let new = hints.keys().find(|key| !fields.contains(key)).cloned();
            if let Some(new) = new {
                tracer.add_field(&path, &new);
                fields.push(new);
            }
        }
        let mut named = Named::new(tracer, path.clone(), hints, fields);
        let read = visitor.visit_map(&mut named);
        *out = named.finish();
        tracer.settle(&path, read)
    }

    /// A list whose type serde does not request. It may turn out to be a tuple.
    fn read_any_list<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        if self.tracer.cut.contains_key(&self.path) {
            return self.deserialize_seq(visitor);
        }
        let length = self.tracer.lengths.get(&self.path).copied().unwrap_or(1);
        self.tracer.pass.lists.push((self.path.clone(), length));
        if length == 1 { self.read_list(visitor) } else { self.deserialize_tuple(length, visitor) }
    }

    fn read_map<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        if let Some(up) = self.tracer.cut.get(&self.path) {
            *self.out = Shape::Map(Box::default(), Box::new(Shape::Recursive(*up)));
            let none = std::iter::empty::<(u8, u8)>();
            return visitor.visit_map(serde::de::value::MapDeserializer::<_, Halt>::new(none));
        }
        self.tracer.enter_exit(&self.path);
        let (mut key, mut value) = (Shape::Unknown, Shape::Unknown);
        let entry = Entry {
            tracer: &mut *self.tracer,
            path: &self.path,
            hints: &self.hints,
            key: &mut key,
            value: &mut value,
            is_read: false,
        };
        let read = visitor.visit_map(entry);
        self.tracer.leave();
        *self.out = Shape::Map(Box::new(key), Box::new(value));
        read
    }

    fn read_list<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        let mut item = Shape::Unknown;
        self.tracer.enter_exit(&self.path);
        let items =
            Listed { tracer: &mut *self.tracer, path: &self.path, hints: &self.hints, is_read: false, item: &mut item };
        let read = visitor.visit_seq(items);
        self.tracer.leave();
        *self.out = Shape::List(Box::new(item));
        read
    }
}

fn wants_document<'de>(visitor: &impl Visitor<'de>) -> bool {
    (visitor as &dyn Expected).to_string().starts_with("struct ")
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Halt;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        if self.tracer.names.contains_key(&self.path) {
            return self.pick_string(visitor, "string");
        }
        if self.path.matches(['.', '<', '[', '{']).count() > DEEPEST_VALUE {
            return Err(Halt::Exhausted(self.path));
        }
        if self.tracer.nulls.contains(&self.path) {
            *self.out = Shape::Option(Box::new(Shape::Recursive(1)));
            return visitor.visit_unit();
        }
        let is_new = !self.tracer.choices.contains_key(&self.path);
        if is_new && wants_document(&visitor) {
            // Dates and similar values are documents for a type that requests no specific kind.
            self.tracer.choices.insert(self.path.clone(), candidates::DOCUMENT + self.hints.leaves().count());
            self.tracer.met.push(self.path.clone());
        }
        let at = self.tracer.choice(&self.path);
        // Serde reads the value before it asks for its type, so a later refusal may concern a
        // different value.
        if is_new && self.tracer.bait.is_none() && type_name::<V::Value>().contains("::Content") {
            let is_given = self.hints.leaves().next().is_some();
            self.tracer.bait = Some((self.path, is_given));
            return visitor.visit_bytes(BAIT);
        }
        if self.tracer.names_variant(&self.path) {
            self.tracer.pass.unnamed.push(self.path.clone());
        }
        let hints: Vec<Bson> = self.hints.leaves().cloned().collect();
        let candidate = match hints.get(at) {
            // Serde reveals the names of the variants if it receives a wrong one, but a sample has
            // a correct one.
            Some(Bson::String(_)) if at == 0 && self.tracer.is_value(&self.path) => {
                Any::Value(Bson::String(candidates::STRINGS[0].to_owned()))
            }
            Some(Bson::Document(_)) => Any::Document,
            Some(Bson::Array(_)) => Any::List,
            Some(value) => Any::Value(value.clone()),
            None => candidates::any(at - hints.len()).ok_or_else(|| Halt::Exhausted(self.path.clone()))?,
        };
        // A type that accepts a list and then refuses it receives lists of lists, which has to end.
        let is_deep = self.path.matches("[]").count() >= DEEPEST;
        let value = match candidate {
            Any::Document | Any::List if is_deep => {
                return Err(Halt::Exhausted(self.path.trim_end_matches("[]").to_owned()));
            }
            Any::Document if self.tracer.maps.contains(&self.path) => return self.read_map(visitor),
            Any::Document => return self.read_by_name(visitor),
            Any::List => return self.read_any_list(visitor),
            Any::Value(value) => value,
        };
        let takes_all = at == 0 && matches!(type_name::<V::Value>(), "bson::bson::Bson" | "serde_json::value::Value");
        *self.out = Shape::Leaf(if takes_all { "any" } else { candidates::kind(&value) });
        match value {
            Bson::String(text) => visitor.visit_string(text),
            Bson::Int32(number) => visitor.visit_i32(number),
            Bson::Int64(number) => visitor.visit_i64(number),
            Bson::Double(number) => visitor.visit_f64(number),
            Bson::Boolean(value) => visitor.visit_bool(value),
            Bson::Null => visitor.visit_unit(),
            other => bson::Deserializer::new(other)
                .deserialize_any(visitor)
                .map_err(|error| Halt::Refused(error.to_string())),
        }
    }

    integers! {
        deserialize_i8 visit_i8 i8
        deserialize_i16 visit_i16 i16
        deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64
        deserialize_u8 visit_u8 u8
        deserialize_u16 visit_u16 u16
        deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64
        deserialize_i128 visit_i128 i128
        deserialize_u128 visit_u128 u128
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        *self.out = Shape::Leaf("bool");
        let hints = self.hints.leaves().filter_map(Bson::as_bool);
        let values: Vec<bool> = hints.chain([true, false]).collect();
        visitor.visit_bool(self.pick(&values)?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        *self.out = Shape::Leaf("f64");
        let hints = self.hints.leaves().filter_map(Bson::as_f64);
        let values: Vec<f64> = hints.chain(candidates::FLOATS.iter().copied()).collect();
        visitor.visit_f64(self.pick(&values)?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        *self.out = Shape::Leaf("char");
        let hints = self.hints.leaves().filter_map(Bson::as_str).filter_map(|text| text.chars().next());
        let values: Vec<char> = hints.chain(['t', 'A', 'a', '1']).collect();
        visitor.visit_char(self.pick(&values)?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        self.pick_string(visitor, "string")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        self.pick_string(visitor, "string")
    }

    /// The name of a variant. If serde receives a wrong name, it reveals the correct ones.
    fn deserialize_identifier<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Halt> {
        if !self.tracer.names.contains_key(&self.path) {
            self.hints = Hints::default();
        }
        self.pick_string(visitor, "string")
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        self.pick_bytes(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        self.pick_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        if let Some(up) = self.tracer.cut.get(&self.path) {
            *self.out = Shape::Option(Box::new(Shape::Recursive(*up)));
            return visitor.visit_none();
        }
        self.tracer.enter_exit(&self.path);
        let mut inner = Shape::Unknown;
        let probe = Probe { tracer: &mut *self.tracer, path: self.path, hints: self.hints, out: &mut inner };
        let read = visitor.visit_some(probe);
        self.tracer.leave();
        *self.out = Shape::Option(Box::new(inner));
        read
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        *self.out = Shape::Leaf("null");
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Halt> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Halt> {
        // BSON types request themselves by special names.
        if name.starts_with('$') {
            return self.deserialize_any(visitor);
        }
        self.inside(type_name::<V::Value>(), |probe| visitor.visit_newtype_struct(probe))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        if let Some(up) = self.tracer.cut.get(&self.path) {
            *self.out = Shape::List(Box::new(Shape::Recursive(*up)));
            return visitor.visit_seq(serde::de::value::SeqDeserializer::<_, Halt>::new(std::iter::empty::<u8>()));
        }
        self.read_list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Halt> {
        let mut shapes = vec![Shape::Unknown; length];
        let items =
            Items { tracer: self.tracer, path: &self.path, hints: &self.hints, shapes: shapes.iter_mut().enumerate() };
        let read = visitor.visit_seq(items);
        *self.out = Shape::Tuple(shapes);
        read
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Halt> {
        self.inside(type_name::<V::Value>(), |probe| probe.deserialize_tuple(length, visitor))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        if self.tracer.fields.contains_key(&self.path) {
            return self.inside(type_name::<V::Value>(), |probe| probe.read_by_name(visitor));
        }
        self.read_map(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Halt> {
        self.inside(type_name::<V::Value>(), |probe| {
            let Probe { tracer, path, hints, out } = probe;
            let mut named = Named::declared(tracer, path, hints, fields);
            let read = visitor.visit_map(&mut named);
            let read = named.settle(read);
            *out = named.finish();
            read
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Halt> {
        // serde reads the tag of `#[serde(tag, content)]` as an enum without values.
        if type_name::<V>().contains("AdjacentlyTagged") {
            let path = self.path.clone();
            let probe = Probe { tracer: &mut *self.tracer, path, hints: self.hints, out: &mut *self.out };
            let (_, name) = probe.pick_name(variants, true)?;
            return visitor.visit_enum(name.into_deserializer());
        }
        let is_inside_itself = self.tracer.enter(type_name::<V::Value>())?;
        let at = if is_inside_itself {
            self.tracer.choice(&self.path)
        } else {
            let hinted = self.hints.variant().and_then(|name| variants.iter().position(|known| *known == name));
            self.tracer.enums.choose(&self.path, &self.path, variants, hinted, false)
        };
        let Some(name) = variants.get(at).copied() else { return Err(Halt::Exhausted(self.path)) };
        let mut shape = Shape::Unknown;
        let choice = Choice {
            tracer: &mut *self.tracer,
            path: variant_path(&self.path, name),
            hints: self.hints.field(name),
            name,
            out: &mut shape,
        };
        let read = visitor.visit_enum(choice);
        self.tracer.leave();
        if !shape.is_unit() {
            self.tracer.enums.holds(&self.path);
        }
        *self.out = if is_inside_itself {
            Shape::Recursive(1)
        } else {
            Shape::Enum(Tagging::External, [(at, (name.to_owned(), shape))].into())
        };
        read
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        visitor.visit_unit()
    }
}
