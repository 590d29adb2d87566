//! An event, as its attribute and its item describe it.

use syn::ext::IdentExt;
use syn::{DeriveInput, Path, TypePath};

use super::{Shape, generics};
use crate::attr::event::EventAttr;
use crate::attr::serde::SerdeKeys;
use crate::attr::{default_library, imported_library};

pub(crate) struct Event<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) attr: &'a EventAttr,
    /// The path of the library, as the user wrote it.
    pub(crate) library: Path,
    /// The name under which the generated block imports the library.
    pub(crate) krate: Path,
    pub(crate) serde: SerdeKeys,
    pub(crate) shape: Shape,
    /// The stored name.
    pub(crate) name: String,
    pub(crate) version: u32,
    /// The oldest version that is read as this type.
    pub(crate) since: u32,
}

impl<'a> Event<'a> {
    pub(crate) fn new(attr: &'a EventAttr, input: &'a DeriveInput) -> Self {
        let number = |cell: Option<&(syn::LitInt, u64)>| cell.and_then(|(_, number)| u32::try_from(*number).ok());
        let version = number(attr.version.get()).unwrap_or(1);
        Self {
            input,
            attr,
            library: attr.krate.get().cloned().unwrap_or_else(default_library),
            krate: imported_library(),
            serde: SerdeKeys::of(&input.attrs),
            shape: Shape::of(input),
            name: attr.name.get().map_or_else(|| input.ident.unraw().to_string(), syn::LitStr::value),
            version,
            since: number(attr.since.get()).unwrap_or(version),
        }
    }

    pub(crate) fn from(&self) -> Option<&'a TypePath> {
        self.attr.from.get()
    }

    /// Whether it reads more than its own version.
    pub(crate) fn reads_older_versions(&self) -> bool {
        self.from().is_some() || self.since != self.version
    }

    pub(crate) fn is_generic(&self) -> bool {
        !self.input.generics.params.is_empty()
    }

    /// Whether serde derives directly on the type. This is necessary if a generic type needs other
    /// bounds than those on its parameters, because only serde can infer them.
    ///
    /// All other types are stored by a mirror, which imports its names itself and so does not
    /// depend on names that the user has shadowed.
    pub(crate) fn derives_serde_directly(&self) -> bool {
        self.is_generic()
            && matches!(self.shape, Shape::Named | Shape::Enum)
            && !generics::are_plainly_stored(self.input)
    }
}
