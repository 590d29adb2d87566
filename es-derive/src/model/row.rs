//! A type of rows, as its attribute and its type describe it.

use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Field, Ident, LitStr, Path};

use super::Shape;
use crate::attr::index::DeclaredIndex;
use crate::attr::row::RowAttr;
use crate::attr::serde::SerdeKeys;
use crate::attr::{default_library, imported_library};
use crate::snake_case;

/// What is stored of a row: a projection itself, or one of its types of rows.
pub(crate) struct RowType<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) serde: &'a SerdeKeys,
    pub(crate) shape: Shape,
    pub(crate) indexes: &'a [DeclaredIndex],
}

impl<'a> RowType<'a> {
    /// A field by its name.
    pub(crate) fn field(&self, name: &Ident) -> Option<&'a Field> {
        let Data::Struct(data) = &self.input.data else { return None };
        data.fields.iter().find(|field| field.ident.as_ref().is_some_and(|ident| ident.unraw() == name.unraw()))
    }
}

pub(crate) struct Row<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) attr: &'a RowAttr,
    /// The path of the library, as the user wrote it.
    pub(crate) library: Path,
    /// The name under which the generated block imports the library.
    pub(crate) krate: Path,
    pub(crate) serde: SerdeKeys,
    pub(crate) shape: Shape,
    /// The stored name.
    pub(crate) name: String,
}

impl<'a> Row<'a> {
    pub(crate) fn new(attr: &'a RowAttr, input: &'a DeriveInput) -> Self {
        let name = attr.name.get().map(LitStr::value);
        Self {
            input,
            attr,
            library: attr.krate.get().cloned().unwrap_or_else(default_library),
            krate: imported_library(),
            serde: SerdeKeys::of(&input.attrs),
            shape: Shape::of(input),
            name: name.unwrap_or_else(|| snake_case::of_type(&input.ident.unraw().to_string())),
        }
    }

    pub(crate) fn row_type(&self) -> RowType<'_> {
        RowType { input: self.input, serde: &self.serde, shape: self.shape, indexes: &self.attr.indexes }
    }
}
