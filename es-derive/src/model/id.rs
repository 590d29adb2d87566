//! A typed id, as its attribute and its type describe it.

use syn::{Data, DeriveInput, Field, Path};

use crate::attr::default_krate;
use crate::attr::id::IdAttr;

pub(crate) struct Id<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) attr: &'a IdAttr,
    pub(crate) krate: Path,
}

/// Whose `Display` and `FromStr` are the text of the id.
pub(crate) enum Text<'a> {
    /// Those of the only field.
    Field(&'a Field),
    /// Those of the type itself.
    Own,
}

impl<'a> Id<'a> {
    pub(crate) fn new(attr: &'a IdAttr, input: &'a DeriveInput) -> Self {
        Self { input, attr, krate: attr.krate.get().cloned().unwrap_or_else(default_krate) }
    }

    /// The field of a struct that has exactly one.
    pub(crate) fn only_field(&self) -> Option<&'a Field> {
        let Data::Struct(data) = &self.input.data else { return None };
        let mut fields = data.fields.iter();
        let first = fields.next()?;
        fields.next().is_none().then_some(first)
    }

    pub(crate) fn text(&self) -> Text<'a> {
        match self.only_field() {
            Some(field) if !self.attr.display.is_given() => Text::Field(field),
            _ => Text::Own,
        }
    }

    /// Whether it is a mistake if the type has its own text, because the attribute does not state
    /// which text to store.
    pub(crate) fn must_not_be_text(&self) -> bool {
        matches!(self.text(), Text::Field(_)) && !self.attr.transparent.is_given() && !self.is_generic()
    }

    pub(crate) fn is_generic(&self) -> bool {
        !self.input.generics.params.is_empty()
    }
}
