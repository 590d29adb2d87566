//! An enum of events, as its attribute and its variants describe it.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Data, DataStruct, DeriveInput, Field, Generics, LitStr, Meta, Path, Token, Type, TypePath, Variant,
};
use syn::{Visibility, parse_quote};

use super::Event;
use crate::attr::events::{EventsAttr, VariantAttr, is_event};
use crate::attr::serde::{SerdeKeys, serde_attrs};
use crate::attr::{default_library, imported_library};
use crate::diag::{Diag, shown};

/// A variant, with its attribute.
pub(crate) struct Declared {
    pub(crate) attr: VariantAttr,
    /// The variant as a struct.
    input: DeriveInput,
    cfg: Vec<Attribute>,
    serde: SerdeKeys,
}

impl Declared {
    /// All variants of the enum. If the item is not an enum, there are none.
    pub(crate) fn all(diag: &Diag, input: &DeriveInput) -> Vec<Self> {
        let Data::Enum(data) = &input.data else { return Vec::new() };
        let of = |variant: &Variant| Self {
            attr: VariantAttr::parse(diag, variant),
            input: as_struct(input, variant),
            serde: SerdeKeys::of(&variant.attrs),
            cfg: variant.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect(),
        };
        data.variants.iter().map(of).collect()
    }
}

/// The variant as a struct with the same name, fields and attributes of serde.
fn as_struct(input: &DeriveInput, variant: &Variant) -> DeriveInput {
    let mut attrs: Vec<_> = variant.attrs.iter().filter(|attr| !is_event(attr)).cloned().collect();
    if !SerdeKeys::of(&variant.attrs).has("rename_all") {
        attrs.extend(style_of_fields(&input.attrs));
    }
    if SerdeKeys::of(&input.attrs).has("deny_unknown_fields") {
        attrs.push(parse_quote!(#[serde(deny_unknown_fields)]));
    }
    let fields = variant.fields.clone();
    DeriveInput {
        attrs,
        vis: Visibility::Inherited,
        ident: variant.ident.clone(),
        generics: Generics::default(),
        data: Data::Struct(DataStruct { struct_token: <Token![struct]>::default(), fields, semi_token: None }),
    }
}

/// `rename_all_fields` of the enum as the `rename_all` of a struct.
fn style_of_fields(attrs: &[Attribute]) -> Option<Attribute> {
    let metas = serde_attrs(attrs)
        .filter_map(|attr| attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok())
        .flatten();
    let style: TokenStream =
        metas.filter(|meta| meta.path().is_ident("rename_all_fields")).find_map(|meta| match meta {
            Meta::NameValue(given) => {
                let value = given.value;
                Some(quote::quote!(rename_all = #value))
            }
            Meta::List(given) => {
                let tokens = given.tokens;
                Some(quote::quote!(rename_all(#tokens)))
            }
            Meta::Path(_) => None,
        })?;
    Some(parse_quote!(#[serde(#style)]))
}

/// A variant of the enum.
pub(crate) struct EventVariant<'a> {
    /// The variant as a struct. Its generics are empty.
    pub(crate) input: &'a DeriveInput,
    /// The conditions under which the variant exists.
    pub(crate) cfg: &'a [Attribute],
    /// The attributes of serde on the variant itself.
    pub(crate) serde: &'a SerdeKeys,
    pub(crate) kind: Kind<'a>,
}

/// The declaration of the data of a variant.
pub(crate) enum Kind<'a> {
    /// In the fields of the variant.
    Own(Event<'a>),
    /// In the type of an event, which the variant holds.
    Held(&'a Type),
    /// Nowhere, which is an error.
    Unknown,
}

impl<'a> EventVariant<'a> {
    pub(crate) fn ident(&self) -> &'a Ident {
        &self.input.ident
    }

    /// The field of a variant such as `Closed(AccountClosed)`.
    pub(crate) fn only_field(&self) -> Option<&'a Field> {
        only_field(self.input)
    }
}

pub(crate) struct Events<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) attr: &'a EventsAttr,
    /// The path of the library.
    pub(crate) library: Path,
    /// The name of the library in generated blocks.
    pub(crate) krate: Path,
    pub(crate) serde: SerdeKeys,
    pub(crate) variants: Vec<EventVariant<'a>>,
}

impl<'a> Events<'a> {
    pub(crate) fn new(attr: &'a EventsAttr, input: &'a DeriveInput, declared: &'a [Declared]) -> Self {
        let library = attr.krate.get().cloned().unwrap_or_else(default_library);
        let variants = declared.iter().map(|declared| EventVariant {
            input: &declared.input,
            cfg: &declared.cfg,
            serde: &declared.serde,
            kind: match &declared.attr {
                VariantAttr::Own(attr) => {
                    Kind::Own(Event { library: library.clone(), ..Event::new(attr, &declared.input) })
                }
                VariantAttr::Held => only_field(&declared.input).map_or(Kind::Unknown, |field| Kind::Held(&field.ty)),
                VariantAttr::Missing => Kind::Unknown,
            },
        });
        let variants = variants.collect();
        Self { input, attr, library, krate: imported_library(), serde: SerdeKeys::of(&input.attrs), variants }
    }

    /// The variants that hold an event, and the type of the event.
    pub(crate) fn held(&self) -> impl Iterator<Item = (&EventVariant<'a>, &'a Type)> {
        self.variants.iter().filter_map(|variant| match variant.kind {
            Kind::Held(ty) => Some((variant, ty)),
            _ => None,
        })
    }

    /// Forgets a variant that holds the same event as a variant before it.
    pub(crate) fn forget_held_twice(&mut self) {
        let mut seen = HashSet::new();
        self.variants.retain(|variant| match variant.kind {
            Kind::Held(ty) => seen.insert(shown(ty)),
            _ => true,
        });
    }

    pub(crate) fn split(&self) -> &'a [TypePath] {
        self.attr.split.get().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn retired(&self) -> &'a [LitStr] {
        self.attr.retired.get().map_or(&[], Vec::as_slice)
    }
}

/// The only field of a variant such as `Closed(AccountClosed)`.
fn only_field(input: &DeriveInput) -> Option<&Field> {
    match &input.data {
        Data::Struct(DataStruct { fields: syn::Fields::Unnamed(fields), .. }) if fields.unnamed.len() == 1 => {
            fields.unnamed.first()
        }
        _ => None,
    }
}
