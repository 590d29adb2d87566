//! How the fields of a type are stored as a document.

use syn::{Data, DeriveInput, Fields};

use crate::attr::serde::SerdeKeys;

/// The stored form is always a document, so that fields can be added later. serde writes some
/// shapes differently.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `{ field: .. }`, as serde does.
    Named,
    /// `{ "0": .., "1": .. }`. serde would write an array, or the bare value if there is only one
    /// field.
    Tuple,
    /// `{}`. serde would write null.
    Unit,
    /// `{ kind: "..", data: .. }`. serde would write a string if a variant has no fields.
    Enum,
}

impl Shape {
    pub(crate) fn of(input: &DeriveInput) -> Self {
        match &input.data {
            Data::Enum(_) => Self::Enum,
            Data::Struct(data) => match data.fields {
                Fields::Named(_) => Self::Named,
                Fields::Unnamed(_) => Self::Tuple,
                Fields::Unit => Self::Unit,
            },
            Data::Union(_) => Self::Named,
        }
    }

    /// Whether the user chose a different representation by `#[serde(..)]` on the type.
    pub(crate) fn is_chosen(keys: &SerdeKeys) -> bool {
        keys.has_any(&["transparent", "untagged", "tag", "content", "from", "try_from", "into"])
    }
}
