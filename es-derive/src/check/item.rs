//! Rules that apply to events and to aggregates.

use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Meta, Token};

use crate::diag::Diag;
use crate::symbol::IMPORTED_TYPES;

/// Stored types own their data, because they outlive the input that they are read from.
pub(super) fn check_lifetimes(diag: &Diag, input: &DeriveInput, what: &str) {
    for param in input.generics.lifetimes() {
        diag.error(
            &param.lifetime,
            format_args!("{what} owns its data, so it has no lifetime; store an owned type such as `String`"),
        );
    }
}

/// A union does not record which of its fields is valid.
pub(super) fn check_kind(diag: &Diag, input: &DeriveInput, what: &str) {
    match &input.data {
        Data::Union(data) => {
            diag.error(data.union_token, format_args!("{what} is a struct or an enum; a union cannot be stored"));
        }
        Data::Enum(data) if data.variants.is_empty() => {
            diag.error(
                &input.ident,
                format_args!("an enum without variants has no values; add a variant, or write a struct"),
            );
        }
        _ => {}
    }
}

/// serde reads each field through a reference, which does not exist in a packed type.
pub(super) fn check_is_not_packed(diag: &Diag, input: &DeriveInput, what: &str) {
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("repr")) {
        let Ok(given) = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) else { continue };
        for packed in given.iter().filter(|meta| meta.path().is_ident("packed")) {
            diag.error(
                packed,
                format_args!("{what} is not packed, because serde reads its fields by reference; remove `packed`"),
            );
        }
    }
}

/// A mirror imports the primitive types, and they would hide the type itself.
pub(super) fn check_is_not_named_as_a_primitive(diag: &Diag, input: &DeriveInput, what: &str) {
    if IMPORTED_TYPES.iter().any(|name| input.ident == name) {
        let name = &input.ident;
        diag.error(name, format_args!("{what} is not named as the primitive type `{name}`; give it another name"));
    }
}
