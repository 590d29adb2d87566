use super::row_name::{self, Named};
use super::row_type;
use crate::diag::Diag;
use crate::model::Row;
use crate::nearest::nearest;
use crate::symbol::AGGREGATE_ID;

pub(crate) fn row(diag: &Diag, row: &Row<'_>) {
    row_type::check(diag, &row.row_type(), "a row");
    check_key_is_given(diag, row);
    check_key_is_a_type(diag, row);
    row_name::check(diag, &row.attr.name, &row.name, &row.input.ident, Named::TypeOfRows);
    row.serde.refuse(diag, "#[derive(Row)]");
}

fn check_key_is_given(diag: &Diag, row: &Row<'_>) {
    let (attr, ident) = (row.attr, &row.input.ident);
    if attr.is_garbled || attr.key.is_given() {
        return;
    }
    let problem = if attr.is_given { "`key` is missing" } else { "a row has a key" };
    diag.error(ident, format_args!("{problem}; write `#[row(key = String)]` with the type that identifies a row"));
}

/// In `#[projection(..)]`, `key = aggregate_id` is not a type.
fn check_key_is_a_type(diag: &Diag, row: &Row<'_>) {
    let Some(name) = row.attr.key.get().and_then(|ty| ty.path.get_ident()) else { return };
    if name == "Self" {
        diag.error(name, "the key is not the row itself; write `key = String`, or the type of an id");
    } else if nearest(&name.to_string(), &[AGGREGATE_ID.0]).is_some() {
        diag.error(
            name,
            format_args!(
                "`key = {name}` is for projections without `rows(..)`; write `key = String`, and name the row by `context.aggregate_id()`"
            ),
        );
    }
}
