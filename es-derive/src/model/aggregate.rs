//! An aggregate, as its attribute and its type describe it.

use proc_macro2::Ident;
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::{DeriveInput, Generics, LitStr, Path, TypePath};

use super::{Shape, generics};
use crate::attr::aggregate::AggregateAttr;
use crate::attr::default_krate;
use crate::attr::serde::SerdeKeys;

/// An event that the aggregate lists.
pub(crate) struct Listed<'a> {
    pub(crate) ty: &'a TypePath,
    /// The variant of the event enum.
    pub(crate) variant: Ident,
    /// It is in `init(..)`.
    pub(crate) initial: bool,
    /// It names a generic parameter of the aggregate.
    pub(crate) generic: bool,
}

pub(crate) struct Aggregate<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) attr: &'a AggregateAttr,
    pub(crate) krate: Path,
    pub(crate) serde: SerdeKeys,
    pub(crate) shape: Shape,
    /// The stored name.
    pub(crate) name: String,
    pub(crate) events: Vec<Listed<'a>>,
    pub(crate) event_enum: Ident,
    /// The parameters that the events name.
    pub(crate) event_generics: Generics,
}

impl<'a> Aggregate<'a> {
    pub(crate) fn new(attr: &'a AggregateAttr, input: &'a DeriveInput) -> Self {
        let listed = |initial| {
            move |ty: &'a TypePath| {
                let variant = ty.path.segments.last().map_or_else(|| input.ident.clone(), |last| last.ident.clone());
                let generic = !generics::used_by(&input.generics, ty).params.is_empty();
                Listed { ty, variant, initial, generic }
            }
        };
        let events: Vec<_> = attr
            .init
            .get()
            .into_iter()
            .flatten()
            .map(listed(true))
            .chain(attr.events.get().into_iter().flatten().map(listed(false)))
            .collect();
        let types = events.iter().map(|event| event.ty).chain(attr.split.get().into_iter().flatten());
        let named = types.map(ToTokens::to_token_stream).collect::<proc_macro2::TokenStream>();
        Self {
            input,
            attr,
            krate: attr.krate.get().cloned().unwrap_or_else(default_krate),
            serde: SerdeKeys::of(&input.attrs),
            shape: Shape::of(input),
            name: attr.name.get().map_or_else(|| input.ident.unraw().to_string(), LitStr::value),
            event_enum: attr
                .event_enum
                .get()
                .cloned()
                .unwrap_or_else(|| format_ident!("{}Event", input.ident.unraw(), span = input.ident.span())),
            event_generics: generics::used_by(&input.generics, &named),
            events,
        }
    }

    /// It begins with an event of `init(..)`, not with `Default`.
    pub(crate) fn has_init(&self) -> bool {
        self.attr.init.is_given()
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

    /// What is proved of the events can be stated only where the generic parameters are in scope.
    pub(crate) fn has_generic_events(&self) -> bool {
        !self.event_generics.params.is_empty()
    }
}
