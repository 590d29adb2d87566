//! The item of an event, as the user wrote it and as other derives read it.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Meta, Path, Token};

use super::style::{container_style, spell_out_names};
use crate::model::{Event, Shape};
use crate::symbol::SERDE;

/// Attributes of the compiler and derives of the standard library. None of them reads
/// `#[serde(..)]`.
const BLIND_ATTRIBUTES: &[&str] = &[
    "allow",
    "cfg",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "forbid",
    "must_use",
    "non_exhaustive",
    "repr",
    "serde",
    "warn",
];
const BLIND_DERIVES: &[&str] = &["Clone", "Copy", "Debug", "Default", "Eq", "Hash", "Ord", "PartialEq", "PartialOrd"];

pub(super) fn expand(event: &Event<'_>) -> TokenStream {
    if event.derives_serde_directly() {
        return derive_serde(event);
    }
    let mut item = event.input.clone();
    if may_be_read(&item.attrs) || has_conditional_attributes(&mut item) {
        return declare_serde(event);
    }
    attrs_mut(&mut item).for_each(|attrs| attrs.retain(|attr| *attr.path() != SERDE));
    quote!(#item)
}

/// The enum of all events. Its variants are stored by hidden types, so serde reads none of its
/// attributes.
pub(super) fn expand_enum(library: &Path, mut item: DeriveInput) -> TokenStream {
    if may_be_read(&item.attrs) || has_conditional_attributes(&mut item) {
        let (import, derive) = import_beside(library, &item.ident, &format_ident!("SerdeAttributes"));
        return quote! {
            #import
            #[derive(#derive)]
            #item
        };
    }
    attrs_mut(&mut item).for_each(|attrs| attrs.retain(|attr| *attr.path() != SERDE));
    quote!(#item)
}

fn has_conditional_attributes(item: &mut DeriveInput) -> bool {
    attrs_mut(item).any(|attrs| attrs.iter().any(|attr| attr.path().is_ident("cfg_attr")))
}

/// ```text
/// use ::es_core::__private::SerdeAttributes as __SerdeAttributesOfInvoicePaid;
/// #[derive(__SerdeAttributesOfInvoicePaid)]
/// #[serde(rename_all = "camelCase")]
/// struct InvoicePaid { .. }
/// ```
///
/// Other derives see the stored names, and our derive declares `#[serde(..)]` for those of them
/// that do not.
fn declare_serde(event: &Event<'_>) -> TokenStream {
    let mut item = event.input.clone();
    // serde's own form of a tuple or of a unit is not the stored one, with any names.
    let is_described = matches!(event.shape, Shape::Named | Shape::Enum) || Shape::is_chosen(&event.serde);
    let mut style = TokenStream::new();
    if is_described {
        style = container_style(event.shape, &event.serde).into_iter().skip(1).collect();
        spell_out_names(&mut item, &event.serde, event.shape);
    }
    let style = (!style.is_empty()).then(|| quote!(#[serde(#style)]));
    let (import, derive) = import_beside(&event.library, &event.input.ident, &format_ident!("SerdeAttributes"));
    quote! {
        #import
        #[derive(#derive)]
        #style
        #item
    }
}

/// ```text
/// use ::es_core::__private::serde as __serdeOfNoted;
/// #[derive(__serdeOfNoted::Serialize, __serdeOfNoted::Deserialize)]
/// #[serde(crate = "__serdeOfNoted", rename_all = "camelCase")]
/// struct Noted<T> { .. }
/// ```
fn derive_serde(event: &Event<'_>) -> TokenStream {
    let (import, serde) = import_beside(&event.library, &event.input.ident, &format_ident!("serde"));
    let path = serde.to_string();
    let style = container_style(event.shape, &event.serde);
    let mut item = event.input.clone();
    spell_out_names(&mut item, &event.serde, event.shape);
    quote! {
        #import
        #[derive(#serde::Serialize, #serde::Deserialize)]
        #[serde(crate = #path #style)]
        #item
    }
}

/// An import beside the item, which the attributes of the item name. serde takes a path as a
/// string, in which `$crate` has no meaning; a name always works.
fn import_beside(library: &Path, ident: &Ident, imported: &Ident) -> (TokenStream, Ident) {
    let name = format_ident!("__{imported}Of{}", ident.unraw());
    let import = quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, non_snake_case, unused_imports)]
        use #library::__private::#imported as #name;
    };
    (import, name)
}

/// Whether a derive or an attribute on the item may read `#[serde(..)]`.
fn may_be_read(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| match &attr.meta {
        Meta::List(list) if list.path.is_ident("derive") => {
            let derives = list.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
            derives.is_ok_and(|derives| derives.iter().any(|path| !is_last_of(path, BLIND_DERIVES)))
        }
        _ => !is_last_of(attr.path(), BLIND_ATTRIBUTES),
    })
}

fn is_last_of(path: &Path, names: &[&str]) -> bool {
    path.segments.last().is_some_and(|last| names.iter().any(|name| last.ident == name))
}

/// The attributes of the item, its variants and its fields.
fn attrs_mut(item: &mut DeriveInput) -> impl Iterator<Item = &mut Vec<Attribute>> {
    let inner: Vec<&mut Vec<Attribute>> = match &mut item.data {
        Data::Struct(data) => data.fields.iter_mut().map(|field| &mut field.attrs).collect(),
        Data::Enum(data) => data
            .variants
            .iter_mut()
            .flat_map(|variant| {
                std::iter::once(&mut variant.attrs).chain(variant.fields.iter_mut().map(|field| &mut field.attrs))
            })
            .collect(),
        Data::Union(_) => Vec::new(),
    };
    std::iter::once(&mut item.attrs).chain(inner)
}
