//! The names under which fields and variants are stored, as attributes of serde.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Fields, Ident, parse_quote};

use crate::attr::serde::SerdeKeys;
use crate::camel_case;
use crate::model::Shape;

/// The style of stored names, unless the user sets it: `, rename_all = "camelCase"`, and for an
/// enum also the fields that hold the variant and its data.
pub(super) fn container_style(shape: Shape, user: &SerdeKeys) -> TokenStream {
    let mut style = TokenStream::new();
    if !user.has_any(&["rename_all", "transparent"]) {
        style.extend(quote!(, rename_all = "camelCase"));
    }
    if shape == Shape::Enum {
        if !user.has("rename_all_fields") {
            style.extend(quote!(, rename_all_fields = "camelCase"));
        }
        if !Shape::is_chosen(user) {
            style.extend(quote!(, tag = "kind", content = "data"));
        }
    }
    style
}

/// Adds a `rename` to each field and variant on whose name serde would panic, if
/// [`container_style`] selects camelCase.
pub(super) fn spell_out_names(input: &mut DeriveInput, serde: &SerdeKeys, shape: Shape) {
    let are_cased = !serde.has_any(&["rename_all", "transparent"]);
    match &mut input.data {
        Data::Struct(data) if are_cased => spell_out_fields(&mut data.fields),
        Data::Enum(data) => {
            for variant in &mut data.variants {
                if are_cased {
                    rename(&mut variant.attrs, &variant.ident, camel_case::variant_beyond_serde);
                }
                let has_style = SerdeKeys::of(&variant.attrs).has("rename_all");
                if shape == Shape::Enum && !has_style && !serde.has("rename_all_fields") {
                    spell_out_fields(&mut variant.fields);
                }
            }
        }
        _ => {}
    }
}

fn spell_out_fields(fields: &mut Fields) {
    for field in fields {
        if let Some(ident) = &field.ident {
            rename(&mut field.attrs, ident, camel_case::field_beyond_serde);
        }
    }
}

fn rename(attrs: &mut Vec<Attribute>, ident: &Ident, beyond_serde: impl Fn(&str) -> Option<String>) {
    if SerdeKeys::of(attrs).has("rename") {
        return;
    }
    if let Some(name) = beyond_serde(&ident.unraw().to_string()) {
        attrs.push(parse_quote!(#[serde(rename = #name)]));
    }
}
