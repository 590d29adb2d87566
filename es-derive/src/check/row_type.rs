//! Rules for what is stored of a row: a projection itself, or one of its types of rows.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::GenericParam;
use syn::ext::IdentExt;

use super::{fields, indexes, item};
use crate::attr::serde::{names_of, written};
use crate::diag::Diag;
use crate::model::{RowType, Shape};

pub(super) fn check(diag: &Diag, row: &RowType<'_>, what: &str) {
    let input = row.input;
    item::check_kind(diag, input, what);
    item::check_lifetimes(diag, input, what);
    item::check_is_not_packed(diag, input, what);
    item::check_is_not_named_as_a_primitive(diag, input, what);
    check_has_no_parameters(diag, row, what);
    fields::check_owned(diag, input);
    fields::check_stored_names_differ(diag, input, row.shape);
    check_no_field_is_the_key(diag, row);
    indexes::check(diag, row);
}

/// What is declared is checked in constants, which cannot name a parameter.
pub(super) fn check_has_no_parameters(diag: &Diag, row: &RowType<'_>, what: &str) {
    for param in &row.input.generics.params {
        let name = match param {
            GenericParam::Type(param) => &param.ident,
            GenericParam::Const(param) => &param.ident,
            GenericParam::Lifetime(_) => continue,
        };
        diag.error(
            name,
            format_args!(
                "{what} has no parameters; write one for each `{name}`, and share their code in the type of a field"
            ),
        );
    }
}

/// The store writes the key of the row as `_id`.
fn check_no_field_is_the_key(diag: &Diag, row: &RowType<'_>) {
    const STORED: &str = "_id";
    let refuse = |place: TokenStream| {
        diag.error(place, "a row is stored with its key as `_id`; store this field under another name");
    };
    let is_tagged = Shape::is_chosen(row.serde);
    if row.shape == Shape::Enum && !is_tagged {
        return;
    }
    // The field `_id` becomes `id` in camelCase, which is the default.
    let styles = written(&row.input.attrs, "rename_all");
    let keeps_names = styles.iter().any(|style| style == "snake_case" || style == "lowercase");
    for field in fields::all_fields(&row.input.data).into_iter().flat_map(|(_, fields)| fields) {
        let names = names_of(&field.attrs);
        let own = field.ident.as_ref().is_some_and(|ident| ident.unraw() == STORED);
        let is_stored = match &names.renamed {
            Some(renamed) => renamed == STORED,
            None => own && keeps_names,
        };
        if is_stored || names.aliases.iter().any(|alias| alias == STORED) {
            refuse(field.ident.as_ref().map_or_else(|| field.ty.to_token_stream(), ToTokens::to_token_stream));
        }
    }
    let given = |key| written(&row.input.attrs, key);
    if ["tag", "content"].into_iter().flat_map(given).any(|name| name == STORED) {
        refuse(row.input.ident.to_token_stream());
    }
}
