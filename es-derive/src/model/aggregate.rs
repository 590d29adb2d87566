//! An aggregate, as its attribute and its type describe it.

use std::collections::HashMap;

use proc_macro2::Ident;
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::{DeriveInput, Generics, LitStr, Path, TypePath};

use super::{Shape, generics};
use crate::attr::aggregate::AggregateAttr;
use crate::attr::serde::SerdeKeys;
use crate::attr::{default_library, imported_library};
use crate::diag::shown;

/// An event that the aggregate lists.
pub(crate) struct Listed<'a> {
    pub(crate) ty: &'a TypePath,
    /// The variant of the event enum.
    pub(crate) variant: Ident,
    /// The place in `init(..)`, if the event is listed there.
    pub(crate) begins: Option<&'a TypePath>,
    /// The place in `events(..)`, if the event is listed there.
    pub(crate) changes: Option<&'a TypePath>,
    /// The place in `informs(..)`, if the event is listed there.
    pub(crate) informs: Option<&'a TypePath>,
    /// The place in `ends(..)`, if the event is listed there.
    pub(crate) ends: Option<&'a TypePath>,
    /// Whether it names a generic parameter of the aggregate.
    pub(crate) generic: bool,
}

impl Listed<'_> {
    /// Whether the event can follow an earlier event of its stream.
    pub(crate) fn can_continue(&self) -> bool {
        self.changes.is_some() || self.informs.is_some() || self.ends.is_some()
    }
}

pub(crate) struct Aggregate<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) attr: &'a AggregateAttr,
    /// The path of the library, as the user wrote it.
    pub(crate) library: Path,
    /// The name under which the generated block imports the library.
    pub(crate) krate: Path,
    pub(crate) serde: SerdeKeys,
    pub(crate) shape: Shape,
    /// The stored name.
    pub(crate) name: String,
    pub(crate) events: Vec<Listed<'a>>,
    pub(crate) event_enum: Ident,
    /// The derives of the enum of all events.
    pub(crate) enum_derives: Vec<&'a TypePath>,
    /// The parameters that the events name.
    pub(crate) event_generics: Generics,
}

impl<'a> Aggregate<'a> {
    pub(crate) fn new(attr: &'a AggregateAttr, input: &'a DeriveInput) -> Self {
        let events = list_events(attr, input);
        let types = events.iter().map(|event| event.ty).chain(attr.split.get().into_iter().flatten());
        let named = types.map(ToTokens::to_token_stream).collect::<proc_macro2::TokenStream>();
        Self {
            input,
            attr,
            library: attr.krate.get().cloned().unwrap_or_else(default_library),
            krate: imported_library(),
            serde: SerdeKeys::of(&input.attrs),
            shape: Shape::of(input),
            name: attr.name.get().map_or_else(|| input.ident.unraw().to_string(), LitStr::value),
            event_enum: attr
                .event_enum
                .get()
                .cloned()
                .unwrap_or_else(|| format_ident!("{}Event", input.ident.unraw(), span = input.ident.span())),
            enum_derives: attr.enum_derives.get().into_iter().flatten().collect(),
            event_generics: generics::used_by(&input.generics, &named),
            events,
        }
    }

    /// The user's own enum of all events, if the aggregate names one.
    pub(crate) fn event_set(&self) -> Option<&'a TypePath> {
        self.attr.event_set.get()
    }

    /// Whether the aggregate begins with an event of `init(..)` instead of `Default`.
    pub(crate) fn has_init(&self) -> bool {
        self.attr.init.is_given()
    }

    /// Whether the event can be the first of its stream.
    pub(crate) fn can_begin(&self, event: &Listed<'_>) -> bool {
        event.begins.is_some() || (!self.has_init() && event.ends.is_none())
    }

    /// Whether the aggregate can end.
    pub(crate) fn can_end(&self) -> bool {
        self.events.iter().any(|event| event.ends.is_some())
    }

    pub(crate) fn split(&self) -> &'a [TypePath] {
        self.attr.split.get().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn retired(&self) -> &'a [LitStr] {
        self.attr.retired.get().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn snapshot_every(&self) -> Option<u64> {
        self.attr.snapshot.get()?.every.get().map(|(_, number)| *number)
    }

    pub(crate) fn state_version(&self) -> u32 {
        let given = self.attr.snapshot.get().and_then(|snapshot| snapshot.version.get());
        given.and_then(|(_, number)| u32::try_from(*number).ok()).unwrap_or(1)
    }

    /// Whether an event names a parameter. Then assertions about the events compile only inside an
    /// item that has the parameters.
    pub(crate) fn has_generic_events(&self) -> bool {
        !self.event_generics.params.is_empty()
    }
}

/// The events of all lists. An event that is in both `init(..)` and `events(..)` appears once.
fn list_events<'a>(attr: &'a AggregateAttr, input: &'a DeriveInput) -> Vec<Listed<'a>> {
    let listed = |ty: &'a TypePath| {
        let variant = ty.path.segments.last().map_or_else(|| input.ident.clone(), |last| last.ident.clone());
        let generic = !generics::used_by(&input.generics, ty).params.is_empty();
        Listed { ty, variant, begins: None, changes: None, informs: None, ends: None, generic }
    };
    let (init, changes) = (attr.init.get().into_iter().flatten(), attr.events.get().into_iter().flatten());
    let mut events: Vec<_> = init.map(|ty| Listed { begins: Some(ty), ..listed(ty) }).collect();
    let begins: HashMap<String, usize> =
        events.iter().enumerate().map(|(place, event)| (shown(event.ty), place)).collect();
    for ty in changes {
        match begins.get(&shown(ty)).map(|place| &mut events[*place]) {
            Some(event) if event.changes.is_none() => event.changes = Some(ty),
            _ => events.push(Listed { changes: Some(ty), ..listed(ty) }),
        }
    }
    let informs = attr.informs.get().into_iter().flatten();
    events.extend(informs.map(|ty| Listed { informs: Some(ty), ..listed(ty) }));
    let ends = attr.ends.get().into_iter().flatten();
    events.extend(ends.map(|ty| Listed { ends: Some(ty), ..listed(ty) }));
    events
}
