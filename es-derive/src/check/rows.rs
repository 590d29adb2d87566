//! Rules for a projection with `rows(..)`.

use std::collections::HashMap;

use proc_macro2::Ident;
use syn::{Data, Fields, TypePath};

use super::aggregate::{check_is_not_empty, listed_twice};
use super::{item, row_type};
use crate::attr::serde::serde_attrs;
use crate::diag::{Diag, shown};
use crate::model::Projection;

pub(super) fn check(diag: &Diag, projection: &Projection<'_>) {
    item::check_lifetimes(diag, projection.input, "a projection");
    row_type::check_has_no_parameters(diag, &projection.row_type(), "a projection");
    check_has_no_fields(diag, projection);
    check_nothing_is_stored_of_it(diag, projection);
    check_is_not_empty(diag, &projection.attr.rows, "the types of rows");
    check_types_are_listed_once(diag, projection);
    check_keys_of_one_row_are_absent(diag, projection);
}

/// No value of the type exists.
fn check_has_no_fields(diag: &Diag, projection: &Projection<'_>) {
    let name = &projection.input.ident;
    let place = match &projection.input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Unit => return,
            fields => fields.iter().next().map(|field| field.ident.as_ref().unwrap_or(name)),
        },
        Data::Enum(_) | Data::Union(_) => Some(name),
    };
    if let Some(place) = place {
        diag.error(
            place,
            format_args!(
                "the rows of `{name}` are those of the types in `rows(..)`, so it has no fields; write `struct {name};`"
            ),
        );
    }
}

fn check_nothing_is_stored_of_it(diag: &Diag, projection: &Projection<'_>) {
    if let Some(attr) = serde_attrs(&projection.input.attrs).next() {
        diag.error(attr, "`#[serde(..)]` describes a row; write it on the types in `rows(..)`");
    }
}

fn check_types_are_listed_once(diag: &Diag, projection: &Projection<'_>) {
    let mut seen: HashMap<String, &TypePath> = HashMap::new();
    for ty in projection.attr.rows.get().into_iter().flatten() {
        let name = shown(ty);
        if ty.path.is_ident(&projection.input.ident) {
            diag.error(ty, format_args!("`{name}` is the projection; list the types of its rows"));
        }
        match seen.get(&name) {
            Some(first) => listed_twice(diag, &name, first, ty),
            None => drop(seen.insert(name, ty)),
        }
    }
}

/// The keys that describe the only type of rows of a projection.
fn check_keys_of_one_row_are_absent(diag: &Diag, projection: &Projection<'_>) {
    let attr = projection.attr;
    if let Some(key) = attr.key.key() {
        diag.error(
            key,
            "each type in `rows(..)` has its own key; write `#[row(key = ..)]` on it, and remove `key` here",
        );
    }
    if let Some(init) = attr.init.key() {
        diag.error(init, "with `rows(..)`, the code in `Project` begins rows; list the events in `events(..)`");
    }
    if let Some(remove) = attr.remove.key() {
        diag.error(remove, "with `rows(..)`, the code in `Project` removes rows; list the events in `events(..)`");
    }
    for index in &attr.indexes {
        let key: &Ident = &index.key;
        diag.error(
            key,
            format_args!("`{key}` names fields of a row; write `#[row({})]` on the type that has them", index.shown()),
        );
    }
}
