//! Determines what a type stores, by reading generated values with the type's own `Deserialize`
//! until all of it has been seen.
//!
//! The requests of the type reveal its shape. Its refusals determine the next generated value: each
//! refusal is remembered and the reading begins again. This finds a value that the type accepts,
//! each variant of each enum, and which fields may be missing.

mod access;
mod candidates;
mod halt;
mod hints;
mod learn;
mod probe;
mod variants;

use std::collections::{BTreeMap, BTreeSet};

use bson::{Bson, Document};
use serde::de::DeserializeOwned;

use self::halt::Halt;
use self::hints::Hints;
use self::probe::Probe;
use self::variants::{Enums, Explored};
use super::shape::Shape;
use crate::error::BoxError;

/// The number of readings without certain progress after which a type is given up.
const READINGS: usize = 20_000;

/// How often a value is written and read again to find the fields that its type does not name.
const REWRITES: usize = 64;

/// What is known about a type.
#[derive(Debug)]
pub(super) struct Traced {
    pub(super) shape: Shape,
    /// Data that was written from values of the type: the first value, and one for each further
    /// variant with content.
    pub(super) samples: Vec<Document>,
}

/// A type refuses every generated value.
#[derive(Debug, thiserror::Error)]
#[error("no value can be generated{}: {reason}", .path.as_ref().map(|path| format!(" for `{path}`")).unwrap_or_default())]
pub(super) struct Untraceable {
    /// The field, unless it is the type as a whole.
    pub(super) path: Option<String>,
    reason: String,
}

/// Reads `T` until its shape is known. `samples` are data that `T` accepts, and `encode` writes it.
pub(super) fn trace<T: DeserializeOwned>(
    samples: &[Document],
    encode: impl Fn(&T) -> Result<Document, BoxError>,
) -> Result<Traced, Untraceable> {
    let given: Vec<Bson> = samples.iter().cloned().map(Bson::Document).collect();
    let mut tracer = Tracer::default();
    let mut found = Traced { shape: Shape::Unknown, samples: samples.to_vec() };
    let mut written: Option<Document> = None;
    let (mut readings, mut rewrites) = (0, 0);
    // Each reading of a new variant and each question about a field makes progress, so only the
    // other readings are counted.
    while readings < READINGS {
        readings += 1;
        let hints = Hints { given: given.clone(), written: written.clone().map(Bson::Document) };
        let (shape, read) = tracer.read::<T>(hints);
        if let Some(field) = tracer.probing.take() {
            tracer.answer(field, read.is_ok());
            readings = 0;
            continue;
        }
        let value = match read {
            Ok(value) => value,
            Err(halt) => {
                tracer.learn(halt)?;
                if std::mem::take(&mut tracer.begins_again) {
                    found = Traced { shape: Shape::Unknown, samples: samples.to_vec() };
                }
                continue;
            }
        };
        tracer.null_on_trial = None;
        if tracer.bait.take().is_some() {
            continue;
        }
        let document = encode(&value).map_err(|error| Untraceable { path: None, reason: error.to_string() })?;
        if tracer.has_read_by_name && written.as_ref() != Some(&document) && rewrites < REWRITES {
            rewrites += 1;
            written = Some(document);
            continue;
        }
        if tracer.probe_a_field() {
            continue;
        }
        found.shape.merge(shape);
        let explored = tracer.end_round();
        if samples.is_empty() && (found.samples.is_empty() || explored.has_content) {
            found.samples.push(document);
        }
        written = None;
        rewrites = 0;
        if !tracer.has_more() {
            tracer.mark_optional(&mut found.shape, "");
            return Ok(found);
        }
        if explored.is_progress {
            readings = 0;
        }
    }
    Err(Untraceable { path: None, reason: "its shape is still unknown after thousands of readings".to_owned() })
}

/// What the earlier readings have found, and what the current one sees.
#[derive(Debug, Default)]
struct Tracer {
    /// For each generated value, which candidate to try.
    choices: BTreeMap<String, usize>,
    /// The generated values, in the order in which they were requested. The last one is the one
    /// that was refused.
    met: Vec<String>,
    /// Why the first candidate was refused.
    refusals: BTreeMap<String, String>,
    enums: Enums,
    /// Names of variants that a refusal revealed.
    names: BTreeMap<String, &'static [&'static str]>,
    /// Variants with content, of enums whose type serde does not request.
    with_content: BTreeSet<String>,
    /// Enums inside an enum with the same variants: one variant is enough.
    inside: BTreeMap<String, Inside>,
    /// The places at which a type contains itself, and is left out.
    cut: BTreeMap<String, usize>,
    /// The same for values that can be null.
    nulls: BTreeSet<String>,
    /// The value that is null in this reading, as a trial.
    null_on_trial: Option<String>,
    no_nulls: BTreeSet<String>,
    /// Documents without declared fields: maps.
    maps: BTreeSet<String>,
    /// The number of elements that a list must have, if one is not enough.
    lengths: BTreeMap<String, usize>,
    /// The place at which this reading finds out what the type expects, by bytes that fit no type,
    /// and whether the user has provided a value for it.
    bait: Option<(String, bool)>,
    /// What the type expects at a place.
    wanted: BTreeMap<String, String>,
    /// Names of variants that a variant of `#[serde(untagged)]` would have accepted at a place.
    dropped: BTreeMap<String, &'static [&'static str]>,
    /// The known fields of documents whose type does not declare them in advance.
    fields: BTreeMap<String, Vec<String>>,
    /// The field that names the variant, for documents that have one.
    tag_fields: BTreeMap<String, String>,
    /// Fields that were added because a field of that name is missing somewhere.
    guessed: BTreeSet<String>,
    /// Fields that were removed again, because nothing requires them or the type refuses them.
    misplaced: BTreeSet<String>,
    /// Fields that are left out: an alias of a field that is present, or a field that is tested for
    /// whether it may be missing.
    omitted: BTreeSet<String>,
    /// Fields to provide before the others, because the others may be aliases of them.
    first: BTreeSet<String>,
    /// Whether data without the field can be read.
    optional: BTreeMap<String, bool>,
    /// The field that is left out in this reading.
    probing: Option<String>,
    pass: Pass,
    has_read_by_name: bool,
    /// An earlier reading was misinterpreted.
    begins_again: bool,
}

/// An enum inside an enum with the same variants.
#[derive(Debug)]
struct Inside {
    holder: String,
    names: &'static [&'static str],
}

/// What one reading sees.
#[derive(Debug, Default)]
struct Pass {
    /// The types that are being read, and the options, lists and maps among them.
    open: Vec<Open>,
    /// Names of adjacently tagged variants, by the place of the tag.
    tags: BTreeMap<String, (usize, String)>,
    /// Generated names of variants whose type serde does not request.
    named: Vec<(String, String)>,
    /// Values that name a variant, but whose type has not revealed the names yet.
    unnamed: Vec<String>,
    /// Documents whose type does not declare its fields in advance.
    documents: Vec<String>,
    /// Lists whose type serde does not request, and how many elements they have.
    lists: Vec<(String, usize)>,
    fields: Vec<String>,
}

#[derive(Debug)]
enum Open {
    Type(&'static str),
    /// An option, list or map. It can be empty.
    Exit(String),
}

impl Tracer {
    fn read<T: DeserializeOwned>(&mut self, hints: Hints) -> (Shape, Result<T, Halt>) {
        self.pass = Pass::default();
        self.has_read_by_name = false;
        self.enums.begin_reading();
        Halt::begin_reading();
        let mut shape = Shape::Unknown;
        let read = T::deserialize(Probe { tracer: &mut *self, path: String::new(), hints, out: &mut shape });
        let read = self.settle("", read);
        (shape, read)
    }

    /// The index of the candidate for a path.
    fn choice(&mut self, path: &str) -> usize {
        if let Some(choice) = self.choices.get(path) {
            return *choice;
        }
        self.met.push(path.to_owned());
        self.choices.insert(path.to_owned(), 0);
        0
    }

    /// Enters a type. If it contains itself, the nearest option, list or map around it is emptied,
    /// and the reading begins again.
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
                return Err(Halt::Refused("the type contains itself endlessly".to_owned()));
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

    /// Takes the next field for which it is unknown whether it may be missing.
    fn probe_a_field(&mut self) -> bool {
        let next = self.pass.fields.iter().find(|field| !self.optional.contains_key(*field)).cloned();
        let Some(field) = next else { return false };
        self.omitted.insert(field.clone());
        self.probing = Some(field);
        true
    }

    /// Records whether data without a field can be read.
    fn answer(&mut self, field: String, can_be_missing: bool) {
        self.omitted.remove(&field);
        if can_be_missing && self.guessed.remove(&field) && self.misplaced.insert(field.clone()) {
            // Serde reports only required fields as missing, so a different document lacks a field
            // with this name.
            self.take_away(&field);
            return;
        }
        self.optional.insert(field, can_be_missing);
    }

    fn end_round(&mut self) -> Explored {
        self.enums.end_round()
    }

    /// The path of an element of a tuple. Before it was known to be a tuple, it was a list of one
    /// element.
    fn path_of_item(&self, path: &str, at: usize) -> String {
        if at == 0 && self.lengths.contains_key(path) { format!("{path}[]") } else { join(path, &at.to_string()) }
    }

    fn has_more(&self) -> bool {
        self.enums.has_more()
    }

    /// Marks the optional fields in the shape.
    fn mark_optional(&self, shape: &mut Shape, path: &str) {
        match shape {
            Shape::Option(inner) => self.mark_optional(inner, path),
            Shape::List(inner) => self.mark_optional(inner, &format!("{path}[]")),
            Shape::Map(_, value) => self.mark_optional(value, &format!("{path}{{}}")),
            Shape::Tuple(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.mark_optional(item, &self.path_of_item(path, at));
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
