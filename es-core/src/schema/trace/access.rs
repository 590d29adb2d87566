//! The parts of a generated value: fields, elements, entries, variants.

use std::iter::Enumerate;
use std::slice::IterMut;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::halt::Halt;
use super::hints::Hints;
use super::probe::Probe;
use super::{Tracer, join, variant_path};
use crate::schema::shape::{Field, Shape, Tagging};

/// The fields of a document, one after the other.
pub(super) struct Named<'p> {
    tracer: &'p mut Tracer,
    path: String,
    hints: Hints,
    names: std::vec::IntoIter<String>,
    current: Option<String>,
    seen: Vec<Field>,
    /// The field that names a variant, and the variant.
    tag: Option<(String, usize, String)>,
    /// The other fields are those of a variant: serde did not request them one by one.
    is_by_name: bool,
}

impl<'p> Named<'p> {
    pub(super) fn new(tracer: &'p mut Tracer, path: String, hints: Hints, names: Vec<String>) -> Self {
        let is_by_name = tracer.fields.contains_key(&path);
        Self { tracer, path, hints, names: names.into_iter(), current: None, seen: Vec::new(), tag: None, is_by_name }
    }

    /// The fields that the type declares: its current names and its aliases, in no particular
    /// order.
    pub(super) fn declared(tracer: &'p mut Tracer, path: String, hints: Hints, names: &[&str]) -> Self {
        let (first, rest): (Vec<&str>, Vec<&str>) =
            names.iter().partition(|name| tracer.first.contains(&join(&path, name)));
        let names = first.into_iter().chain(rest).map(str::to_owned).collect();
        Self::new(tracer, path, hints, names)
    }

    /// If a field was provided under two names, the name that the type uses is kept.
    pub(super) fn settle<T>(&mut self, read: Result<T, Halt>) -> Result<T, Halt> {
        let (Err(Halt::DuplicateField(name)), Some(given)) = (&read, &self.current) else { return read };
        if given == name {
            self.tracer.first.insert(join(&self.path, name));
        } else {
            self.tracer.omitted.insert(join(&self.path, given));
        }
        Err(Halt::Again)
    }

    /// What was seen: a document, or a variant if a field named one.
    pub(super) fn finish(self) -> Shape {
        let Some((tag, at, name)) = self.tag else { return Shape::Document(self.seen) };
        let mut others: Vec<Field> = self.seen.into_iter().filter(|field| field.name != tag).collect();
        if self.is_by_name {
            let variant = if others.is_empty() { Shape::Unknown } else { Shape::Document(others) };
            if self.tracer.inside.contains_key(&join(&self.path, &tag)) {
                return Shape::Recursive(1);
            }
            return Shape::Enum(Tagging::Internal { tag }, [(at, (name, variant))].into());
        }
        let content = others.pop().map_or((String::new(), Shape::Unknown), |field| (field.name, field.shape));
        Shape::Enum(Tagging::Adjacent { tag, content: content.0 }, [(at, (name, content.1))].into())
    }

    fn path_of(&self, field: &str) -> String {
        match &self.tag {
            Some((_, _, variant)) if self.is_by_name => join(&variant_path(&self.path, variant), field),
            Some((_, _, variant)) => variant_path(&self.path, variant),
            None => join(&self.path, field),
        }
    }

    /// The fields that only this variant has.
    fn add_fields_of_variant(&mut self) {
        let Some((_, _, variant)) = &self.tag else { return };
        let path = variant_path(&self.path, variant);
        self.tracer.fields.entry(path.clone()).or_default();
        self.tracer.pass.documents.push(path.clone());
        let mut known = self.tracer.fields.get(&path).cloned().unwrap_or_default();
        if self.tracer.probing.is_none()
            && let Some((tag, _, variant)) = &self.tag
        {
            let hints = self.hints.tagged(tag, variant);
            let new = hints.keys().find(|key| *key != tag && !known.contains(key));
            if let Some(new) = new {
                self.tracer.add_field(&self.path, new);
                known.push(new.clone());
            }
        }
        let left: Vec<String> = self.names.by_ref().collect();
        self.names = left.into_iter().chain(known).collect::<Vec<_>>().into_iter();
    }
}

impl<'de> MapAccess<'de> for &mut Named<'_> {
    type Error = Halt;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Halt> {
        for name in self.names.by_ref() {
            let path = match &self.tag {
                Some((_, _, variant)) if self.is_by_name => join(&variant_path(&self.path, variant), &name),
                Some((_, _, variant)) => variant_path(&self.path, variant),
                None => join(&self.path, &name),
            };
            if self.tracer.omitted.contains(&path) {
                continue;
            }
            let key: StrDeserializer<'_, Halt> = name.as_str().into_deserializer();
            let read = seed.deserialize(key).map(Some);
            self.current = Some(name);
            return read;
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Halt> {
        let name = self.current.take().unwrap_or_default();
        let path = self.path_of(&name);
        let hints = match &self.tag {
            Some((tag, _, variant)) => self.hints.tagged(tag, variant).field(&name),
            None => self.hints.field(&name),
        };
        let mut shape = Shape::Unknown;
        let read = seed.deserialize(Probe { tracer: &mut *self.tracer, path: path.clone(), hints, out: &mut shape });
        let read = self.tracer.settle(&path, read);
        if let (None, Some((at, variant))) = (&self.tag, self.tracer.pass.tags.get(&path).cloned()) {
            self.tag = Some((name.clone(), at, variant));
            if self.is_by_name {
                self.add_fields_of_variant();
            }
        } else if let Some((tag, ..)) = &self.tag {
            let tag = join(&self.path, tag);
            if !shape.is_unit() {
                self.tracer.enums.holds(&tag);
            }
            if self.is_by_name {
                self.tracer.pass.fields.push(path);
            }
        } else {
            self.tracer.pass.fields.push(path);
        }
        self.seen.push(Field { name, shape, optional: false });
        read
    }
}

/// A document that is a variant: its name, and its content.
pub(super) struct OneEntry<'p> {
    pub(super) name: &'p str,
    pub(super) content: Option<Probe<'p>>,
}

impl<'de> MapAccess<'de> for OneEntry<'_> {
    type Error = Halt;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Halt> {
        if self.content.is_none() {
            return Ok(None);
        }
        let key: StrDeserializer<'_, Halt> = self.name.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Halt> {
        match self.content.take() {
            Some(probe) => seed.deserialize(probe),
            None => Err(Halt::Again),
        }
    }
}

/// The one element of a list.
pub(super) struct Listed<'p> {
    pub(super) tracer: &'p mut Tracer,
    pub(super) path: &'p str,
    pub(super) hints: &'p Hints,
    pub(super) is_read: bool,
    pub(super) item: &'p mut Shape,
}

impl<'de> SeqAccess<'de> for Listed<'_> {
    type Error = Halt;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Halt> {
        if self.is_read {
            return Ok(None);
        }
        self.is_read = true;
        let path = format!("{}[]", self.path);
        let mut shape = Shape::Unknown;
        let hints = self.hints.element(0);
        let read = seed.deserialize(Probe { tracer: &mut *self.tracer, path: path.clone(), hints, out: &mut shape });
        self.item.merge(shape);
        self.tracer.settle(&path, read).map(Some)
    }
}

/// The elements of a tuple, each with its own type.
pub(super) struct Items<'p> {
    pub(super) tracer: &'p mut Tracer,
    pub(super) path: &'p str,
    pub(super) hints: &'p Hints,
    pub(super) shapes: Enumerate<IterMut<'p, Shape>>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Halt;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Halt> {
        let Some((at, out)) = self.shapes.next() else { return Ok(None) };
        let path = self.tracer.path_of_item(self.path, at);
        let hints = self.hints.element(at);
        let read = seed.deserialize(Probe { tracer: &mut *self.tracer, path: path.clone(), hints, out });
        self.tracer.settle(&path, read).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.shapes.len())
    }
}

/// The one entry of a map.
pub(super) struct Entry<'p> {
    pub(super) tracer: &'p mut Tracer,
    pub(super) path: &'p str,
    pub(super) hints: &'p Hints,
    pub(super) key: &'p mut Shape,
    pub(super) value: &'p mut Shape,
    pub(super) is_read: bool,
}

impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = Halt;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Halt> {
        if self.is_read {
            return Ok(None);
        }
        self.is_read = true;
        let path = format!("{}{{key}}", self.path);
        let hints = self.hints.given_keys();
        let probe = Probe { tracer: &mut *self.tracer, path, hints, out: self.key };
        seed.deserialize(Key { probe, document: self.path }).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Halt> {
        let path = format!("{}{{}}", self.path);
        let first = self.hints.given_keys().variant().map(str::to_owned);
        let hints = first.map(|key| self.hints.field(&key)).unwrap_or_default();
        let read = seed.deserialize(Probe { tracer: &mut *self.tracer, path: path.clone(), hints, out: self.value });
        self.tracer.settle(&path, read)
    }
}

/// A key of a map, unless the map turns out to be a struct, whose fields serde requests as
/// identifiers.
struct Key<'p> {
    probe: Probe<'p>,
    document: &'p str,
}

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Halt;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        self.probe.deserialize_string(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Halt> {
        self.probe.tracer.fields.entry(self.document.to_owned()).or_default();
        Err(Halt::Again)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Halt> {
        self.probe.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Halt> {
        self.probe.deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        self.probe.deserialize_bytes(visitor)
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string byte_buf option unit unit_struct
        seq tuple tuple_struct map struct ignored_any
    }
}

/// The variant of an enum that is being read.
pub(super) struct Choice<'p> {
    pub(super) tracer: &'p mut Tracer,
    pub(super) path: String,
    pub(super) hints: Hints,
    pub(super) name: &'static str,
    pub(super) out: &'p mut Shape,
}

impl<'de, 'p> EnumAccess<'de> for Choice<'p> {
    type Error = Halt;
    type Variant = Probe<'p>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Probe<'p>), Halt> {
        let name: StrDeserializer<'_, Halt> = self.name.into_deserializer();
        let variant = seed.deserialize(name)?;
        Ok((variant, Probe { tracer: self.tracer, path: self.path, hints: self.hints, out: self.out }))
    }
}

impl<'de> VariantAccess<'de> for Probe<'_> {
    type Error = Halt;

    fn unit_variant(self) -> Result<(), Halt> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Halt> {
        let path = self.path.clone();
        let Probe { tracer, hints, out, .. } = self;
        let read = seed.deserialize(Probe { tracer: &mut *tracer, path: path.clone(), hints, out });
        tracer.settle(&path, read)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Halt> {
        self.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Halt> {
        let Probe { tracer, path, hints, out } = self;
        let mut named = Named::declared(tracer, path, hints, fields);
        let read = visitor.visit_map(&mut named);
        let read = named.settle(read);
        *out = named.finish();
        read
    }
}
