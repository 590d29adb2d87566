//! Rules that apply to events and to aggregates.

use syn::{Data, DeriveInput};

use crate::diag::Diag;

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
