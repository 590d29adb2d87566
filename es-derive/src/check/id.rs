use syn::{Attribute, Data};

use super::item;
use crate::diag::Diag;
use crate::model::Id;
use crate::symbol::ID;

pub(crate) fn id(diag: &Diag, id: &Id<'_>) {
    item::check_kind(diag, id.input, "an id");
    item::check_lifetimes(diag, id.input, "an id");
    check_one_text(diag, id);
    check_transparent_has_one_field(diag, id);
    check_attribute_is_on_the_type(diag, id);
}

/// The text is either that of the field or that of the type.
fn check_one_text(diag: &Diag, id: &Id<'_>) {
    if let (Some(transparent), Some(display)) = (id.attr.transparent.key(), id.attr.display.key()) {
        diag.conflict(
            (transparent, "`transparent` is the text of the field, and `display` is the text of the type"),
            (display, "`display` contradicts `transparent`; remove one"),
        );
    }
}

/// A type without a field, or with several, has no other text than its own.
fn check_transparent_has_one_field(diag: &Diag, id: &Id<'_>) {
    if let (Some(key), None) = (id.attr.transparent.key(), id.only_field()) {
        diag.error(
            key,
            "`transparent` is for a struct with one field; remove it and implement `Display` and `FromStr`",
        );
    }
}

/// On a field or a variant, the attribute would have no effect.
fn check_attribute_is_on_the_type(diag: &Diag, id: &Id<'_>) {
    let refuse = |attrs: &[Attribute]| {
        for attr in attrs.iter().filter(|attr| *attr.path() == ID) {
            diag.error(attr, "`#[id(..)]` describes the whole id; write it on the type");
        }
    };
    match &id.input.data {
        Data::Struct(data) => data.fields.iter().for_each(|field| refuse(&field.attrs)),
        Data::Enum(data) => {
            for variant in &data.variants {
                refuse(&variant.attrs);
                variant.fields.iter().for_each(|field| refuse(&field.attrs));
            }
        }
        Data::Union(data) => data.fields.named.iter().for_each(|field| refuse(&field.attrs)),
    }
}
