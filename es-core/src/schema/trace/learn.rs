//! Derives the next generated value from a refusal.

use super::halt::Halt;
use super::{Enums, Inside, Tracer, Untraceable, candidates, join, variant_path};

/// The largest number of elements in a generated list.
const LONGEST: usize = 64;

/// What serde expects of an enum that is a separate value, if it reads the value before it asks for
/// its type.
const ENUM: &str = "string or map";

/// What serde expects of a field that names a variant.
const TAG: &str = "variant identifier";

/// How often a type is generated inside itself, if only the text of an error identifies the type.
const NESTED: usize = 2;

impl Tracer {
    /// Determines what is missing in a value that was read as a whole before it was interpreted.
    pub(super) fn settle<T>(&mut self, path: &str, read: Result<T, Halt>) -> Result<T, Halt> {
        match read {
            Err(Halt::MissingField(name)) if self.is_sure() && self.misses(path, name) => Err(Halt::Again),
            other => other,
        }
    }

    /// Whether this reading certainly refuses the value itself.
    fn is_sure(&self) -> bool {
        self.probing.is_none() && self.bait.is_none() && self.null_on_trial.is_none()
    }

    /// Adds a field that is reported as missing in a document of the path.
    fn misses(&mut self, path: &str, name: &str) -> bool {
        let Some(field) = self.add_field(path, name) else { return false };
        self.guessed.insert(field);
        true
    }

    /// Adds a field to a document whose type does not declare its fields in advance, if it is one
    /// and lacks the field.
    pub(super) fn add_field(&mut self, path: &str, name: &str) -> Option<String> {
        let tag = self.tag_fields.get(path).and_then(|tag| self.pass.tags.get(&join(path, tag)));
        let path = tag.map_or_else(|| path.to_owned(), |(_, variant)| variant_path(path, variant));
        let field = join(&path, name);
        let mut tags = self.tag_fields.iter().filter(|(_, tag)| *tag == name);
        if tags.any(|(document, _)| path.strip_prefix(document.as_str()).is_some_and(is_variant)) {
            return None;
        }
        let known = self.fields.get_mut(&path)?;
        if known.iter().any(|known| known == name) || self.misplaced.contains(&field) {
            return None;
        }
        known.push(name.to_owned());
        Some(field)
    }

    /// Removes a field from its document.
    pub(super) fn take_away(&mut self, field: &str) {
        for (path, names) in &mut self.fields {
            names.retain(|name| join(path, name) != field);
        }
        self.forget(field);
    }

    /// Forgets the generated values at a path and below it.
    fn forget(&mut self, path: &str) {
        let is_below = |other: &str| {
            other.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '<', '[', '{']))
        };
        self.met.retain(|other| !is_below(other));
        self.choices.retain(|other, _| !is_below(other));
    }

    /// The value at this path names a variant: the other fields of the document are those of the
    /// variant.
    fn learn_tag(&mut self, path: &str) {
        let (document, tag) = path.rsplit_once('.').unwrap_or(("", path));
        if self.is_value(path) || self.tag_fields.contains_key(document) {
            return;
        }
        if let Some(fields) = self.fields.get_mut(document).filter(|fields| fields.iter().any(|field| field == tag)) {
            *fields = vec![tag.to_owned()];
            self.tag_fields.insert(document.to_owned(), tag.to_owned());
        }
    }

    /// Whether the name of a variant is a separate value, and not the tag of the document that
    /// contains it.
    pub(super) fn is_value(&self, path: &str) -> bool {
        let document = path.rsplit_once('.').map_or("", |(document, _)| document);
        let is_wanted = |path: &str, what: &str| self.wanted.get(path).is_some_and(|wanted| wanted.starts_with(what));
        is_wanted(path, ENUM) && !is_wanted(document, "adjacently tagged enum ")
    }

    /// Whether the value names a variant, according to what its type expects.
    pub(super) fn names_variant(&self, path: &str) -> bool {
        self.wanted.get(path).is_some_and(|wanted| wanted == ENUM || wanted == TAG)
    }

    /// The place of the contents of the variants that the value at this path names.
    pub(super) fn holder(&self, path: &str) -> String {
        let (document, tag) = path.rsplit_once('.').unwrap_or(("", path));
        let is_tag = self.tag_fields.get(document).is_some_and(|known| known == tag);
        if is_tag { document.to_owned() } else { path.to_owned() }
    }

    /// Changes the next generated value.
    pub(super) fn learn(&mut self, halt: Halt) -> Result<(), Untraceable> {
        if let Some(path) = self.null_on_trial.take() {
            match halt {
                Halt::Refused(_) | Halt::NoneFits(..) => {
                    self.nulls.remove(&path);
                    self.no_nulls.insert(path);
                    return Ok(());
                }
                Halt::Again => self.null_on_trial = Some(path),
                _ => {}
            }
        }
        if let Some((path, is_given)) = self.bait.take()
            && self.has_taken(&path, is_given, &halt)
        {
            return Ok(());
        }
        if self.has_learned(&halt) {
            return Ok(());
        }
        if let Halt::Exhausted(path) = halt {
            // Nothing else fits, so it must be the name of a variant, which an untagged enum did
            // not pass on.
            if let Some(names) = self.dropped.remove(&path) {
                self.choices.insert(path.clone(), 0);
                if self.learn_names(&path, names) {
                    return Ok(());
                }
            }
            let reason = self.refusals.remove(&path).unwrap_or_default();
            return Err(Untraceable { path: Some(path).filter(|path| !path.is_empty()), reason });
        }
        let last = self.met.last().cloned();
        let reason = match halt {
            Halt::MissingField(name) => format!("the field `{name}` is missing"),
            Halt::UnknownVariant(_) => "the name of a variant is refused".to_owned(),
            Halt::DuplicateField(name) => format!("the field `{name}` occurs twice"),
            Halt::NoneFits(halts, reason) => {
                let names = halts.iter().find_map(|halt| match halt {
                    Halt::UnknownVariant(names) => Some(*names),
                    _ => None,
                });
                if let (Some(path), Some(names)) = (&last, names) {
                    self.dropped.entry(path.clone()).or_insert(names);
                }
                reason
            }
            other => other.to_string(),
        };
        let Some(path) = last else { return Err(Untraceable { path: None, reason }) };
        self.refuse(path, reason);
        Ok(())
    }

    /// Whether the next reading provides what is expected at a path.
    fn has_taken(&mut self, path: &str, is_given: bool, halt: &Halt) -> bool {
        let halts = if let Halt::NoneFits(halts, _) = halt { halts.as_slice() } else { std::slice::from_ref(halt) };
        let wanted = halts.iter().find_map(|halt| if let Halt::NotBytes(wanted) = halt { Some(wanted) } else { None });
        let Some(wanted) = wanted else {
            if halts.iter().any(|halt| matches!(halt, Halt::UnknownVariant(_))) {
                self.wanted.insert(path.to_owned(), TAG.to_owned());
            }
            return match halt {
                _ if self.guessed.contains(path) && halts.iter().any(|halt| is_missing(halt, path)) => {
                    self.guessed.remove(path);
                    self.take_away(path);
                    self.misplaced.insert(path.to_owned());
                    false
                }
                Halt::NoneFits(..) | Halt::UnknownVariant(_) | Halt::UnknownField(_) | Halt::DuplicateField(_) => false,
                _ => true,
            };
        };
        let around = self.wanted.iter().filter(|(other, known)| {
            path.strip_prefix(other.as_str()).is_some_and(|rest| !rest.is_empty()) && *known == wanted
        });
        let around: Vec<usize> = around.map(|(other, _)| other.len()).collect();
        self.wanted.insert(path.to_owned(), wanted.clone());
        let is_document = ["struct ", "internally tagged enum ", "adjacently tagged enum "];
        let candidate = if wanted == "a map" {
            self.maps.insert(path.to_owned());
            Some(candidates::DOCUMENT)
        } else if is_document.iter().any(|kind| wanted.starts_with(kind)) {
            Some(candidates::DOCUMENT)
        } else if wanted == "a sequence" || wanted.contains("tuple ") {
            Some(candidates::LIST)
        } else {
            None
        };
        if let Some(candidate) = candidate.filter(|_| !is_given) {
            self.choices.insert(path.to_owned(), candidate);
        }
        let can_contain_itself = ["struct ", "enum "].iter().any(|kind| wanted.contains(kind));
        if can_contain_itself
            && around.len() >= NESTED
            && let Some(start) = around.into_iter().max()
        {
            self.closes(path, path, start);
        }
        true
    }

    /// Whether the refusal determines what to do.
    fn has_learned(&mut self, halt: &Halt) -> bool {
        match halt {
            Halt::Again => true,
            Halt::MissingField(name) => {
                // The innermost document that may still lack it.
                let mut paths = self.pass.documents.clone();
                paths.sort_by_key(|path| std::cmp::Reverse(path.len()));
                paths.iter().any(|path| self.misses(path, name))
            }
            Halt::UnknownField(name) => self.takes_back(name),
            Halt::DuplicateField(name) => self.takes_back(name),
            Halt::UnknownVariant(names) => {
                let path = self.pass.unnamed.last().or_else(|| self.met.last()).cloned();
                path.is_some_and(|path| self.learn_names(&path, names))
            }
            Halt::EmptyVariant => self.learn_content(),
            Halt::TooShort(length, _) => {
                let list = self.pass.lists.iter().rev().find(|(_, has)| has == length && *has < LONGEST).cloned();
                list.is_some_and(|(path, has)| self.lengths.insert(path, has + 1) != Some(has + 1))
            }
            // What a variant lacks that receives a document or a list, or a name if a name is
            // expected first.
            Halt::NoneFits(halts, _) => {
                let is_name_wanted = self.met.last().is_some_and(|path| self.names_variant(path));
                let of_use = |halt: &&Halt| is_name_wanted || !matches!(halt, Halt::UnknownVariant(_));
                halts.iter().filter(of_use).any(|halt| self.has_learned(halt))
            }
            Halt::NotBytes(_) | Halt::Refused(_) | Halt::Exhausted(_) => false,
        }
    }

    /// Removes a field that was added by a guess.
    fn takes_back(&mut self, name: &str) -> bool {
        let mut fields = self.pass.documents.iter().rev().map(|path| join(path, name));
        let Some(field) = fields.find(|field| self.guessed.contains(field)) else { return false };
        self.guessed.remove(&field);
        self.take_away(&field);
        self.misplaced.insert(field)
    }

    fn refuse(&mut self, path: String, reason: String) {
        let moved = self.enums.moved().filter(|(_, content)| !path.starts_with(content.as_str()));
        let moved = moved.map(|(moved, _)| moved.to_owned()).filter(|moved| self.is_value(moved));
        if let Some(moved) = moved {
            // A different variant changes the requirements of its neighbours, so this is the tag of
            // `#[serde(tag, content)]` after all.
            self.wanted.insert(moved.clone(), TAG.to_owned());
            self.learn_tag(&moved);
            self.enums = Enums::default();
            self.begins_again = true;
            return;
        }
        self.refusals.entry(path.clone()).or_insert(reason);
        *self.choices.entry(path).or_default() += 1;
    }

    /// Learns the names of the variants of the value at a path.
    fn learn_names(&mut self, path: &str, names: &'static [&'static str]) -> bool {
        if self.names.contains_key(path) || names.is_empty() {
            return false;
        }
        let around = self.enums.around(path, names);
        let inside = self.inside.iter().filter(|(_, inside)| {
            inside.names == names && path.strip_prefix(&inside.holder).is_some_and(|rest| rest.starts_with('<'))
        });
        let inside = inside.map(|(other, inside)| (inside.holder.len(), other.clone())).max();
        // Enums with the same variants may be different types, so two are generated inside each
        // other.
        if around.len() >= NESTED {
            let start = around.into_iter().max().max(inside.as_ref().map(|(start, _)| *start)).unwrap_or(0);
            let document = path.rsplit_once('.').map_or("", |(document, _)| document).to_owned();
            if self.closes(path, &document, start) || self.closes(path, path, start) {
                return true;
            }
            if let Some((_, other)) = inside {
                let holder = self.inside.get(&other).map(|inside| inside.holder.clone()).unwrap_or_default();
                let at = self.choices.get(&other).copied().unwrap_or(0);
                let name = names.get(at).copied().unwrap_or_default();
                self.forget(&variant_path(&holder, name));
                self.choices.insert(other, at + 1);
                return true;
            }
            self.learn_tag(path);
            let holder = self.holder(path);
            self.inside.insert(path.to_owned(), Inside { holder, names });
            // From now on the names are the candidates.
            self.choices.insert(path.to_owned(), 0);
        }
        self.names.insert(path.to_owned(), names);
        self.learn_tag(path);
        true
    }

    /// Leaves out a value that is inside its own type, by an empty list or map around it, or by
    /// null.
    fn closes(&mut self, path: &str, value: &str, start: usize) -> bool {
        let inside = path.get(start..).unwrap_or_default();
        if let Some(at) = inside.rfind("[]").max(inside.rfind("{}")) {
            let exit = &path[..start + at];
            if self.cut.insert(exit.to_owned(), 1).is_none() {
                let exit = exit.to_owned();
                let choice = self.choices.get(&exit).copied();
                self.forget(&exit);
                self.met.push(exit.clone());
                self.choices.insert(exit, choice.unwrap_or(0));
                return true;
            }
        }
        if value.len() <= start || self.no_nulls.contains(value) || !self.nulls.insert(value.to_owned()) {
            return false;
        }
        self.null_on_trial = Some(value.to_owned());
        true
    }

    /// The variant that was named last has content.
    fn learn_content(&mut self) -> bool {
        let mut empty = self.pass.named.iter().rev().map(|(path, name)| (path, variant_path(path, name)));
        let is_new = |path: &str| self.inside.contains_key(path) || self.enums.is_new(path);
        let newest = empty.find(|(path, content)| is_new(path) && !self.with_content.contains(content));
        newest.is_some_and(|(_, content)| self.with_content.insert(content))
    }
}

fn is_missing(halt: &Halt, path: &str) -> bool {
    matches!(halt, Halt::MissingField(name) if path.ends_with(name))
}

/// Whether a path is exactly that of a variant.
fn is_variant(path: &str) -> bool {
    path.starts_with('<') && path.find('>') == Some(path.len() - 1)
}
