//! A projection, as its attribute and its type describe it.

use syn::ext::IdentExt;
use syn::{DeriveInput, LitStr, Path, Token, TypePath};

use super::{RowType, Shape};
use crate::attr::projection::{OfAggregate, ProjectionAttr, RowKey};
use crate::attr::serde::SerdeKeys;
use crate::attr::{default_library, imported_library};
use crate::diag::shown;
use crate::snake_case;

/// What the projection lists of one aggregate, in all lists.
pub(crate) struct Inputs<'a> {
    /// The aggregate as its first list names it; errors about the whole are shown there.
    pub(crate) aggregate: &'a TypePath,
    pub(crate) events: Vec<Listed<'a>>,
    /// The aggregate in `events(..)`, if it is listed there without parentheses.
    pub(crate) whole: Option<&'a TypePath>,
    /// The `..` that leaves out the other events.
    pub(crate) rest: Option<Token![..]>,
}

/// An event that the projection lists.
pub(crate) struct Listed<'a> {
    pub(crate) ty: &'a TypePath,
    lists: Vec<List>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Init,
    Events,
    Remove,
}

/// What an event does to a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Begins,
    BeginsOrChanges,
    Changes,
    ChangesOrDefault,
    Removes,
    /// It is handled as a whole, because the projection has several types of rows.
    Projects,
}

pub(crate) struct Projection<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) attr: &'a ProjectionAttr,
    /// The path of the library, as the user wrote it.
    pub(crate) library: Path,
    /// The name under which the generated block imports the library.
    pub(crate) krate: Path,
    pub(crate) serde: SerdeKeys,
    pub(crate) shape: Shape,
    /// The stored name.
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) inputs: Vec<Inputs<'a>>,
}

impl<'a> Projection<'a> {
    pub(crate) fn new(attr: &'a ProjectionAttr, input: &'a DeriveInput) -> Self {
        let version = attr.version.get().and_then(|(_, number)| u32::try_from(*number).ok());
        let name = attr.name.get().map(LitStr::value);
        Self {
            input,
            attr,
            library: attr.krate.get().cloned().unwrap_or_else(default_library),
            krate: imported_library(),
            serde: SerdeKeys::of(&input.attrs),
            shape: Shape::of(input),
            name: name.unwrap_or_else(|| snake_case::of_type(&input.ident.unraw().to_string())),
            version: version.unwrap_or(1),
            inputs: list_inputs(attr),
        }
    }

    /// Whether the aggregate's id is the key.
    pub(crate) fn is_keyed_by_aggregate(&self) -> bool {
        matches!(self.attr.key.get(), Some(RowKey::AggregateId))
    }

    /// Whether a row begins with an event of `init(..)` instead of `Default`.
    pub(crate) fn has_init(&self) -> bool {
        self.attr.init.is_given()
    }

    pub(crate) fn role(&self, listed: &Listed<'_>) -> Role {
        let is_in = |list| listed.lists.contains(&list);
        match (is_in(List::Init), is_in(List::Events)) {
            _ if self.has_rows() => Role::Projects,
            _ if is_in(List::Remove) => Role::Removes,
            (true, false) => Role::Begins,
            (true, true) => Role::BeginsOrChanges,
            (false, _) if self.has_init() => Role::Changes,
            (false, _) => Role::ChangesOrDefault,
        }
    }

    pub(crate) fn row_type(&self) -> RowType<'_> {
        RowType { input: self.input, serde: &self.serde, shape: self.shape, indexes: &self.attr.indexes }
    }

    /// Whether `rows(..)` lists the types of rows.
    pub(crate) fn has_rows(&self) -> bool {
        self.attr.rows.is_given()
    }

    /// The different types of rows in `rows(..)`.
    pub(crate) fn rows(&self) -> Vec<&'a TypePath> {
        let mut rows: Vec<&TypePath> = Vec::new();
        for ty in self.attr.rows.get().into_iter().flatten() {
            let is_listed = rows.iter().any(|listed| shown(*listed) == shown(ty));
            if !is_listed && !ty.path.is_ident(&self.input.ident) {
                rows.push(ty);
            }
        }
        rows
    }

    /// Whether a row may begin with `Default`.
    pub(crate) fn may_begin_by_default(&self) -> bool {
        let begins = |listed: &Listed<'_>| self.role(listed) == Role::ChangesOrDefault;
        !self.has_init()
            && !self.has_rows()
            && self.inputs.iter().any(|inputs| inputs.whole.is_some() || inputs.events.iter().any(begins))
    }
}

/// What all lists name, by aggregate. An event that is in several lists appears once.
fn list_inputs(attr: &ProjectionAttr) -> Vec<Inputs<'_>> {
    let mut all: Vec<Inputs<'_>> = Vec::new();
    // `events(..)` comes first, because `..` belongs there.
    let lists = [(List::Events, &attr.events), (List::Init, &attr.init), (List::Remove, &attr.remove)];
    let listed = lists.into_iter().flat_map(|(list, cell)| cell.get().into_iter().flatten().map(move |of| (of, list)));
    for (of, list) in listed {
        let name = shown(&of.aggregate);
        let at = all.iter().position(|inputs| shown(inputs.aggregate) == name).unwrap_or_else(|| {
            all.push(Inputs { aggregate: &of.aggregate, events: Vec::new(), whole: None, rest: None });
            all.len() - 1
        });
        all[at].add(of, list);
    }
    all
}

impl<'a> Inputs<'a> {
    fn add(&mut self, of: &'a OfAggregate, list: List) {
        self.rest = self.rest.or(of.rest);
        let Some(events) = &of.events else {
            self.whole = self.whole.or(Some(&of.aggregate));
            return;
        };
        for ty in events {
            let name = shown(ty);
            let at = self.events.iter().position(|listed| shown(listed.ty) == name).unwrap_or_else(|| {
                self.events.push(Listed { ty, lists: Vec::new() });
                self.events.len() - 1
            });
            self.events[at].lists.push(list);
        }
    }
}
