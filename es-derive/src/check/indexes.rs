//! Rules for `index(..)` and `unique(..)` of a row.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Data, Field, Fields};

use crate::attr::index::{DeclaredIndex, Direction};
use crate::attr::serde::SerdeKeys;
use crate::diag::Diag;
use crate::model::{RowType, Shape, stored_name};
use crate::nearest::nearest;
use crate::symbol::UNIQUE;

/// The greatest number of fields of an index in MongoDB.
const MOST_FIELDS: usize = 32;

/// The greatest number of indexes of a collection in MongoDB, without that on `_id`.
const MOST_INDEXES: usize = 63;

pub(super) fn check(diag: &Diag, row: &RowType<'_>) {
    let indexes = row.indexes;
    let Some(first) = indexes.first() else { return };
    let Data::Struct(data) = &row.input.data else {
        if row.shape == Shape::Enum {
            refuse_enum(diag, row, &first.key);
        }
        return;
    };
    let Fields::Named(fields) = &data.fields else {
        refuse_fields_without_names(diag, row, &first.key);
        return;
    };
    if !check_is_stored_by_its_fields(diag, row, &first.key) {
        return;
    }
    let fields: Vec<&Field> = fields.named.iter().collect();
    for index in indexes {
        check_fields(diag, row, index, &fields);
        check_names_a_field_once(diag, index);
    }
    check_differ(diag, indexes);
    if let Some(one_more) = indexes.get(MOST_INDEXES) {
        diag.error(&one_more.key, format_args!("a read model has at most {MOST_INDEXES} indexes; remove some"));
    }
}

fn refuse_enum(diag: &Diag, row: &RowType<'_>, key: &Ident) {
    let name = &row.input.ident;
    diag.error(
        key,
        format_args!(
            "`{key}` names fields of a struct, but `{name}` is an enum; write a struct with the enum in one field"
        ),
    );
}

fn refuse_fields_without_names(diag: &Diag, row: &RowType<'_>, key: &Ident) {
    let name = &row.input.ident;
    let problem = match row.shape {
        Shape::Unit => "has no fields",
        _ => "has fields without names",
    };
    diag.error(
        key,
        format_args!(
            "`{key}` names fields, but `{name}` {problem}; write `struct {name} {{ customer_id: String, .. }}`"
        ),
    );
}

/// With some attributes, serde writes another value instead of the fields.
fn check_is_stored_by_its_fields(diag: &Diag, row: &RowType<'_>, key: &Ident) -> bool {
    let other = ["transparent", "into"].into_iter().find(|other| row.serde.has(other));
    if let Some(other) = other {
        let name = &row.input.ident;
        diag.error(
            key,
            format_args!(
                "`{key}` names stored fields, but `#[serde({other})]` stores `{name}` as a different value; remove one of them"
            ),
        );
    }
    other.is_none()
}

/// Each name is that of a field that is stored as one.
fn check_fields(diag: &Diag, row: &RowType<'_>, index: &DeclaredIndex, fields: &[&Field]) {
    let key = &index.key;
    if let Some(one_more) = index.fields.get(MOST_FIELDS) {
        diag.error(&one_more.name, format_args!("an index has at most {MOST_FIELDS} fields; remove some"));
    }
    for named in &index.fields {
        let name = &named.name;
        let Some(field) = row.field(name) else {
            refuse_unknown(diag, row, name, fields);
            continue;
        };
        let serde = SerdeKeys::of(&field.attrs);
        if serde.has_any(&["skip", "skip_serializing"]) {
            diag.error(
                name,
                format_args!(
                    "`{name}` is not stored, because `#[serde(..)]` skips it; store it, or remove it from `{key}(..)`"
                ),
            );
        } else if serde.has("flatten") {
            diag.error(
                name,
                format_args!(
                    "`{name}` is not stored as one field, because of `#[serde(flatten)]`; copy the part to index into its own field of `{}`",
                    row.input.ident
                ),
            );
        } else {
            check_stored_name(diag, name, &stored_name(name, &field.attrs, &row.input.attrs));
        }
    }
}

fn refuse_unknown(diag: &Diag, row: &RowType<'_>, name: &Ident, fields: &[&Field]) {
    let known: Vec<String> =
        fields.iter().filter_map(|field| field.ident.as_ref()).map(|ident| ident.unraw().to_string()).collect();
    let words: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint =
        nearest(&name.unraw().to_string(), &words).map(|word| format!("did you mean `{word}`? ")).unwrap_or_default();
    let ident = &row.input.ident;
    let list = match words.as_slice() {
        [] => format!("`{ident}` has none"),
        words => {
            format!("the fields are {}", words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "))
        }
    };
    diag.error(name, format_args!("`{name}` is not a field of `{ident}`; {hint}{list}"));
}

/// In the keys of an index, a `.` leads into a nested document.
fn check_stored_name(diag: &Diag, name: &Ident, stored: &str) {
    let problem = if stored.is_empty() {
        "without a name"
    } else if stored.contains('.') {
        "under a name that contains `.`"
    } else if stored.starts_with('$') {
        "under a name that starts with `$`"
    } else {
        return;
    };
    diag.error(
        name,
        format_args!("`{name}` is stored {problem}, so it cannot be indexed; store it under another name"),
    );
}

fn check_names_a_field_once(diag: &Diag, index: &DeclaredIndex) {
    for (at, field) in index.fields.iter().enumerate() {
        let name = field.name.unraw();
        if let Some(first) = index.fields[..at].iter().find(|first| first.name.unraw() == name) {
            diag.conflict(
                (&first.name, format_args!("`{name}` is listed twice; this is the first")),
                (&field.name, format_args!("`{name}` is listed twice; remove one")),
            );
        }
    }
}

/// An index is read in both directions, and a unique index is read too.
fn check_differ(diag: &Diag, indexes: &[DeclaredIndex]) {
    for (at, index) in indexes.iter().enumerate() {
        let Some(first) = indexes[..at].iter().find(|first| normal(first) == normal(index)) else { continue };
        let (there, here) = (first.shown(), index.shown());
        let (why, remedy) = if first.key != index.key {
            let (unique, other) = if first.key == UNIQUE { (&there, &here) } else { (&here, &there) };
            (format!("`{unique}` is also an index for reading"), format!("remove `{other}`"))
        } else if there == here {
            (format!("`{here}` is listed twice"), "remove one".to_owned())
        } else {
            let why = format!("an index is read in both directions, so `{here}` is the same as `{there}`");
            (why, "remove one".to_owned())
        };
        diag.conflict(
            (&first.key, format_args!("{why}; this is the first")),
            (&index.key, format_args!("{why}; {remedy}")),
        );
    }
}

/// The same for two indexes with the same fields in the same or in exactly the opposite directions.
fn normal(index: &DeclaredIndex) -> Vec<(String, bool)> {
    let first = index.fields.first().map_or(Direction::Ascending, |field| field.direction);
    index.fields.iter().map(|field| (field.name.unraw().to_string(), field.direction == first)).collect()
}
