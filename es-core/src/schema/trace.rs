//! Finding out what a type stores, by reading made-up values with its own `Deserialize` until all of it has been seen.
//!
//! What the type asks for tells its shape. What it refuses tells what to make up next: each refusal is remembered and the reading begins again, so that
//! a value is found that the type accepts, each variant of each enum, and which fields may be missing.

mod access;
mod candidates;
mod halt;
mod hints;
mod probe;

use std::collections::{BTreeMap, BTreeSet};

use bson::{Bson, Document};
use serde::de::DeserializeOwned;

use self::halt::Halt;
use self::hints::Hints;
use self::probe::Probe;
use super::shape::Shape;
use crate::BoxError;

/// How often a type is read before it is given up.
const READINGS: usize = 20_000;

/// What was found out about a type.
#[derive(Debug)]
pub(super) struct Traced {
    pub(super) shape: Shape,
    /// Data that was written from values of the type: the first, and one for each further variant that holds something.
    pub(super) samples: Vec<Document>,
}

/// A type refuses every value that was made up for it.
#[derive(Debug, thiserror::Error)]
#[error("no value can be made up{}: {reason}", .path.as_ref().map(|path| format!(" for `{path}`")).unwrap_or_default())]
pub(super) struct Untraceable {
    /// The field, where it is not the whole.
    pub(super) path: Option<String>,
    reason: String,
}

/// Reads `T` until its shape is known. `samples` are data that `T` is known to accept, and `encode` is how it is written.
pub(super) fn trace<T: DeserializeOwned>(
    samples: &[Document],
    encode: impl Fn(&T) -> Result<Document, BoxError>,
) -> Result<Traced, Untraceable> {
    let given: Vec<Bson> = samples.iter().cloned().map(Bson::Document).collect();
    let mut tracer = Tracer::default();
    let mut found = Traced { shape: Shape::Unknown, samples: samples.to_vec() };
    let mut written: Option<Document> = None;
    for _ in 0..READINGS {
        let hints = Hints { given: given.clone(), written: written.clone().map(Bson::Document) };
        let (shape, read) = tracer.read::<T>(hints);
        if let Some(field) = tracer.probing.take() {
            tracer.omitted.remove(&field);
            tracer.optional.insert(field, read.is_ok());
            continue;
        }
        let value = match read {
            Ok(value) => value,
            Err(halt) => {
                tracer.learn(halt)?;
                continue;
            }
        };
        let document = encode(&value).map_err(|error| Untraceable { path: None, reason: error.to_string() })?;
        if tracer.has_read_by_name && written.as_ref() != Some(&document) {
            written = Some(document);
            continue;
        }
        if tracer.probe_a_field() {
            continue;
        }
        found.shape.merge(shape);
        let explored = tracer.explored_content();
        if samples.is_empty() && (found.samples.is_empty() || explored) {
            found.samples.push(document);
        }
        written = None;
        if !tracer.has_more() {
            tracer.mark_optional(&mut found.shape, "");
            return Ok(found);
        }
    }
    Err(Untraceable { path: None, reason: "its shape is not known after thousands of readings".to_owned() })
}

/// What the readings so far have taught, and what the present one sees.
#[derive(Debug, Default)]
struct Tracer {
    /// For each value that is made up, which candidate is to be tried.
    choices: BTreeMap<String, usize>,
    /// The values that are made up, in the order in which they were met: what was met last is what was refused.
    met: Vec<String>,
    /// Why the first candidate was refused.
    refusals: BTreeMap<String, String>,
    /// For each enum, the variants that were read.
    variants: BTreeMap<String, Variants>,
    /// Names of variants that were learned from a refusal.
    names: BTreeMap<String, &'static [&'static str]>,
    /// Where a type contains itself, and is to be left out.
    cut: BTreeMap<String, usize>,
    /// Documents whose type does not say its fields in advance: those that are known.
    fields: BTreeMap<String, Vec<String>>,
    /// The field that names the variant, of documents that have one.
    tag_fields: BTreeMap<String, String>,
    /// Fields that are not given: another name of a field that is, or a field of which it is asked whether it may be missing.
    omitted: BTreeSet<String>,
    /// Fields to be given before the others, because these others may be other names of them.
    first: BTreeSet<String>,
    /// Whether data without the field can be read.
    optional: BTreeMap<String, bool>,
    /// The field that is missing in this reading.
    probing: Option<String>,
    pass: Pass,
    has_read_by_name: bool,
}

/// What one reading sees.
#[derive(Debug, Default)]
struct Pass {
    /// The types and the ways out of them that are being read.
    open: Vec<Open>,
    /// The variant that was read at each place, and whether it held something.
    used: BTreeMap<String, (usize, bool)>,
    /// Names of adjacently tagged variants, by the place of the tag.
    tags: BTreeMap<String, (usize, String)>,
    fields: Vec<String>,
}

#[derive(Debug)]
enum Open {
    Type(&'static str),
    /// An option, list or map that can be empty.
    Exit(String),
}

#[derive(Debug, Default)]
struct Variants {
    count: usize,
    read: BTreeSet<usize>,
}

impl Tracer {
    fn read<T: DeserializeOwned>(&mut self, hints: Hints) -> (Shape, Result<T, Halt>) {
        self.pass = Pass::default();
        self.has_read_by_name = false;
        let mut shape = Shape::Unknown;
        let read = T::deserialize(Probe { tracer: &mut *self, path: String::new(), hints, out: &mut shape });
        let read = self.settle("", read);
        (shape, read)
    }

    /// What a value that was read whole before it was understood turns out to lack.
    fn settle<T>(&mut self, path: &str, read: Result<T, Halt>) -> Result<T, Halt> {
        match read {
            Err(Halt::MissingField(name)) if self.probing.is_none() && self.lacks(path, name) => Err(Halt::Again),
            other => other,
        }
    }

    /// Adds a field to a document whose type does not say its fields in advance, where that is one.
    fn lacks(&mut self, path: &str, name: &str) -> bool {
        let tag = self.tag_fields.get(path).and_then(|tag| self.pass.tags.get(&join(path, tag)));
        let path = tag.map_or_else(|| path.to_owned(), |(_, variant)| variant_path(path, variant));
        let Some(known) = self.fields.get_mut(&path) else { return false };
        let is_new = !known.iter().any(|known| known == name);
        if is_new {
            known.push(name.to_owned());
        }
        is_new
    }

    /// The value at this path names a variant: the other fields of the document are those of the variant.
    fn learn_tag(&mut self, path: &str) {
        let (document, tag) = path.rsplit_once('.').unwrap_or(("", path));
        if let Some(fields) = self.fields.get_mut(document) {
            *fields = vec![tag.to_owned()];
            self.tag_fields.insert(document.to_owned(), tag.to_owned());
        }
    }

    /// Takes something else the next time.
    fn learn(&mut self, halt: Halt) -> Result<(), Untraceable> {
        let last = self.met.last().cloned();
        let reason = match halt {
            Halt::Again => return Ok(()),
            Halt::MissingField(name) => {
                // The innermost document that can still lack it.
                let mut paths: Vec<_> = self.fields.keys().cloned().collect();
                paths.sort_by_key(|path| std::cmp::Reverse(path.len()));
                if paths.iter().any(|path| self.lacks(path, name)) {
                    return Ok(());
                }
                format!("the field `{name}` is missing")
            }
            Halt::UnknownVariant(names) => match &last {
                Some(path) if !self.names.contains_key(path) && !names.is_empty() => {
                    self.names.insert(path.clone(), names);
                    self.learn_tag(path);
                    return Ok(());
                }
                _ => "a name of a variant is refused".to_owned(),
            },
            Halt::DuplicateField(name) => format!("the field `{name}` is there twice"),
            Halt::Refused(reason) => reason,
            Halt::Exhausted(path) => {
                let reason = self.refusals.remove(&path).unwrap_or_default();
                return Err(Untraceable { path: Some(path).filter(|path| !path.is_empty()), reason });
            }
        };
        let Some(path) = last else { return Err(Untraceable { path: None, reason }) };
        self.refusals.entry(path.clone()).or_insert(reason);
        *self.choices.entry(path).or_default() += 1;
        Ok(())
    }

    /// The place in the list of candidates that is to be taken at a path.
    fn choice(&mut self, path: &str) -> usize {
        if let Some(choice) = self.choices.get(path) {
            return *choice;
        }
        self.met.push(path.to_owned());
        self.choices.insert(path.to_owned(), 0);
        0
    }

    /// The variant that is to be read at a path.
    fn variant(&mut self, path: &str, names: &[&str], hinted: Option<usize>) -> usize {
        let count = names.len();
        let variants = self.variants.entry(path.to_owned()).or_default();
        variants.count = count;
        let is_first = variants.read.is_empty();
        let next = (0..count).find(|at| !variants.read.contains(at)).or_else(|| variants.read.first().copied());
        let at = hinted.filter(|_| is_first).or(next).unwrap_or(0);
        self.pass.used.insert(path.to_owned(), (at, false));
        at
    }

    fn holds(&mut self, path: &str) {
        if let Some(used) = self.pass.used.get_mut(path) {
            used.1 = true;
        }
    }

    /// Enters a type. Where it contains itself, the nearest way out is closed, and the reading begins again.
    fn enter(&mut self, name: &'static str) -> Result<bool, Halt> {
        let around = self.pass.open.iter().rposition(|open| matches!(open, Open::Type(other) if *other == name));
        if let Some(around) = around {
            let inside = &self.pass.open[around + 1..];
            let up = 1 + self.pass.open[around + 1..].iter().filter(|open| matches!(open, Open::Type(_))).count();
            let exit = inside.iter().rev().find_map(|open| match open {
                Open::Exit(path) => Some(path.clone()),
                Open::Type(_) => None,
            });
            if let Some(exit) = exit {
                self.cut.insert(exit, up);
                return Err(Halt::Again);
            }
            let depth =
                self.pass.open.iter().filter(|open| matches!(open, Open::Type(other) if *other == name)).count();
            if depth > 2 {
                return Err(Halt::Refused("the type contains itself without end".to_owned()));
            }
        }
        self.pass.open.push(Open::Type(name));
        Ok(around.is_some())
    }

    fn enter_exit(&mut self, path: &str) {
        self.pass.open.push(Open::Exit(path.to_owned()));
    }

    fn leave(&mut self) {
        self.pass.open.pop();
    }

    /// Takes the next field of which it is not known whether it may be missing.
    fn probe_a_field(&mut self) -> bool {
        let next = self.pass.fields.iter().find(|field| !self.optional.contains_key(*field)).cloned();
        let Some(field) = next else { return false };
        self.omitted.insert(field.clone());
        self.probing = Some(field);
        true
    }

    /// Remembers the variants that were read; whether one was new and held something.
    fn explored_content(&mut self) -> bool {
        let mut explored = false;
        for (path, (at, holds)) in std::mem::take(&mut self.pass.used) {
            if let Some(variants) = self.variants.get_mut(&path) {
                explored |= variants.read.insert(at) && holds;
            }
        }
        explored
    }

    fn has_more(&self) -> bool {
        self.variants.values().any(|variants| variants.read.len() < variants.count)
    }

    /// Writes into the shape which fields may be missing.
    fn mark_optional(&self, shape: &mut Shape, path: &str) {
        match shape {
            Shape::Option(inner) => self.mark_optional(inner, path),
            Shape::List(inner) => self.mark_optional(inner, &format!("{path}[]")),
            Shape::Map(_, value) => self.mark_optional(value, &format!("{path}{{}}")),
            Shape::Tuple(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.mark_optional(item, &join(path, &at.to_string()));
                }
            }
            Shape::Document(fields) => {
                for field in fields {
                    let path = join(path, &field.name);
                    field.optional = self.optional.get(&path).copied().unwrap_or(false);
                    self.mark_optional(&mut field.shape, &path);
                }
            }
            Shape::Enum(_, variants) => {
                for (name, shape) in variants.values_mut() {
                    self.mark_optional(shape, &variant_path(path, name));
                }
            }
            Shape::Unknown | Shape::Leaf(_) | Shape::Recursive(_) => {}
        }
    }
}

fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

fn variant_path(path: &str, variant: &str) -> String {
    format!("{path}<{variant}>")
}
