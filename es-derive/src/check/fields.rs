//! Rules for the fields of events and states.

use std::collections::HashMap;

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Field, Fields, GenericArgument, PathArguments, Type};

use crate::attr::serde::{SerdeKeys, names_of};
use crate::camel_case;
use crate::diag::Diag;
use crate::model::Shape;

/// If a field has one of these attributes, serde does not read it by its type.
const READ_OTHERWISE: &[&str] = &["with", "deserialize_with", "skip", "skip_deserializing"];

/// If a type has one of these attributes, serde reads another type instead of its fields.
const READ_AS_ANOTHER: &[&str] = &["from", "try_from"];

/// Types that serde can only borrow from its input. The input is dropped after reading.
const LENT: &[&str] = &["str", "Path"];

/// Stored types own their data. Without this check, the compiler reports for a `&'static str` that
/// an implementation of `Deserialize` is not general enough.
pub(super) fn check_owned(diag: &Diag, input: &DeriveInput) {
    // If the type has a lifetime, `check_lifetimes` already reports it.
    if input.generics.lifetimes().next().is_some() {
        return;
    }
    for (attrs, fields) in all_fields(&input.data) {
        if SerdeKeys::of(attrs).has_any(READ_OTHERWISE) {
            continue;
        }
        for field in fields.iter().filter(|field| !SerdeKeys::of(&field.attrs).has_any(READ_OTHERWISE)) {
            if let Some((reference, owned)) = find_lent(&field.ty) {
                diag.error(reference, format_args!("a stored field owns its data; write `{owned}`"));
            }
        }
    }
}

/// The first reference that serde would borrow, and the owned type to use instead.
fn find_lent(ty: &Type) -> Option<(&Type, String)> {
    match ty {
        Type::Reference(reference) => owned(&reference.elem).map(|owned| (ty, owned)),
        Type::Paren(inner) => find_lent(&inner.elem),
        Type::Group(inner) => find_lent(&inner.elem),
        Type::Array(array) => find_lent(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(find_lent),
        Type::Path(path) => {
            let last = path.path.segments.last().filter(|last| last.ident != "PhantomData")?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => find_lent(ty),
                _ => None,
            })
        }
        _ => None,
    }
}

fn owned(lent: &Type) -> Option<String> {
    match lent {
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            LENT.iter().any(|lent| last.ident == lent).then(|| match last.ident.to_string().as_str() {
                "str" => "String".to_owned(),
                other => format!("{other}Buf"),
            })
        }
        Type::Slice(slice) => Some(format!("Vec<{}>", slice.elem.to_token_stream())),
        _ => None,
    }
}

/// If two fields have the same stored name, serde writes both and can read neither.
pub(super) fn check_stored_names_differ(diag: &Diag, input: &DeriveInput, shape: Shape) {
    let container = SerdeKeys::of(&input.attrs);
    if container.has_any(READ_AS_ANOTHER) {
        return;
    }
    for (attrs, fields) in all_fields(&input.data) {
        let of_variant = SerdeKeys::of(attrs);
        let is_default_style = match shape {
            Shape::Enum => !container.has("rename_all_fields") && !of_variant.has("rename_all"),
            _ => !container.has("rename_all"),
        };
        let mut seen: HashMap<String, &Field> = HashMap::new();
        for (at, field) in fields.iter().enumerate() {
            let is_conditional =
                field.attrs.iter().any(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr"));
            if is_conditional || SerdeKeys::of(&field.attrs).has_any(&["skip", "flatten"]) {
                continue;
            }
            let given = names_of(&field.attrs);
            let own = match (&field.ident, given.renamed) {
                (_, Some(renamed)) => Some(renamed),
                (Some(ident), None) if is_default_style => Some(camel_case::field(&ident.unraw().to_string())),
                (None, None) if shape == Shape::Tuple => Some(at.to_string()),
                _ => None,
            };
            for name in own.into_iter().chain(given.aliases) {
                match seen.get(&name) {
                    Some(first) if !std::ptr::eq(*first, field) => diag.conflict(
                        (shown(first), format_args!("two fields are stored as `{name}`; this is the first")),
                        (
                            shown(field),
                            format_args!("two fields are stored as `{name}`; give one of them another name"),
                        ),
                    ),
                    _ => drop(seen.insert(name, field)),
                }
            }
        }
    }
}

/// The part of a field to underline: its name, or its type if it has no name.
fn shown(field: &Field) -> proc_macro2::TokenStream {
    field.ident.as_ref().map_or_else(|| field.ty.to_token_stream(), ToTokens::to_token_stream)
}

/// The fields of a struct, or of each variant together with the attributes of the variant.
pub(super) fn all_fields(data: &Data) -> Vec<(&[Attribute], &Fields)> {
    match data {
        Data::Struct(data) => vec![(&[], &data.fields)],
        Data::Enum(data) => data.variants.iter().map(|variant| (variant.attrs.as_slice(), &variant.fields)).collect(),
        Data::Union(_) => Vec::new(),
    }
}
