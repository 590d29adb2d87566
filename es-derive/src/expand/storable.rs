//! What serde has to know how to store, said on the field before serde says it of the whole.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Attribute, Data, DeriveInput, Field, GenericArgument, Generics, PathArguments, PathSegment, Type, TypePath,
    parse_quote,
};

use super::span::qualified;
use super::stored::Original;
use super::{private, self_type};
use crate::attr::serde::SerdeKeys;
use crate::model::mentions;

/// With one of these serde does not ask the type of the field, or not for both ways. The last three stand on the type and ask another one.
const ASKS_LESS: &[&str] = &[
    "with",
    "serialize_with",
    "deserialize_with",
    "skip",
    "skip_serializing",
    "skip_deserializing",
    "getter",
    "flatten",
    "bound",
    "from",
    "try_from",
    "into",
];

/// Types that serde knows. One of the user's that hides such a name is left to serde's own words.
const KNOWN: &[&str] = &["bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "String", "u8", "u16", "u32", "u64"];

/// Types that serde knows as soon as it knows what they hold.
const KNOWN_AROUND: &[&str] = &["BTreeMap", "BTreeSet", "Box", "HashMap", "HashSet", "Option", "Vec"];

/// What the fields of a type oblige it to.
pub(super) struct Obligations {
    /// The obligations, in code that is never run.
    pub(super) items: TokenStream,
    /// The type with a `bound` for the mirrors on each field that has one.
    pub(super) input: DeriveInput,
}

/// ```text
/// #[allow(dead_code)]
/// type __Field0 = Owner;
/// #[allow(deprecated)]
/// const _: () = {
///     let () = <Owner as Storable>::CHECKED;
/// };
/// ```
///
/// and, for the mirrors, `#[serde(bound(serialize = "for<'__any> __Field0: __serde::Serialize", deserialize = ".."))]` on the field. The code that
/// serde derives then assumes what it needs, so that what is missing is said once, here. Without the `for<..>` the compiler would say
/// of the bound itself that it does not hold.
///
/// A field that names a parameter is left to serde, which finds the bounds of parameters.
pub(super) fn expand(original: &Original<'_>) -> Obligations {
    let mut input = original.input.clone();
    let (mut aliases, mut obligations) = (TokenStream::new(), TokenStream::new());
    if !is_chosen_otherwise(&input.attrs) {
        let private = private(original.krate);
        let generics = input.generics.clone();
        let asked = fields_mut(&mut input.data).filter(|field| asks(field)).filter_map(|field| {
            let ty = self_type::spell_out(&field.ty, original.input);
            (!names_a_parameter(&generics, &ty)).then_some((field, ty))
        });
        for (place, (field, ty)) in asked.enumerate() {
            let checked = qualified(&field.ty, &ty, &quote!(#private::Storable), "CHECKED");
            obligations.extend(quote!(let () = #checked;));
            // A bound is a string, in which a `$crate` would mean nothing; an alias is not.
            let alias = format_ident!("__Field{place}");
            aliases.extend(quote!(#[allow(dead_code, deprecated)] type #alias = #ty;));
            let write = format!("for<'__any> {alias}: __serde::Serialize");
            let read = format!("for<'__any> {alias}: __serde::Deserialize<'__any>");
            field.attrs.push(parse_quote!(#[serde(bound(serialize = #write, deserialize = #read))]));
        }
    }
    if obligations.is_empty() {
        return Obligations { items: TokenStream::new(), input };
    }
    let items = quote! {
        #aliases
        #[allow(deprecated)]
        const _: () = { #obligations };
    };
    Obligations { items, input }
}

fn names_a_parameter(generics: &Generics, ty: &TokenStream) -> bool {
    let types = generics.type_params().map(|param| &param.ident);
    types.chain(generics.const_params().map(|param| &param.ident)).any(|param| mentions(ty, param))
}

/// Whether something may be missing that can be said here; what is there only under a condition may not be named.
///
/// Every obligation costs the compiler about as much as the field itself does, so what cannot fail is not asked.
fn asks(field: &Field) -> bool {
    !is_known(&field.ty)
        && !is_chosen_otherwise(&field.attrs)
        && !field.attrs.iter().any(|attr| attr.path().is_ident("cfg"))
}

fn is_known(ty: &Type) -> bool {
    let Type::Path(TypePath { qself: None, path, .. }) = ty else { return false };
    let [PathSegment { ident, arguments }] = path.segments.iter().collect::<Vec<_>>()[..] else { return false };
    match arguments {
        PathArguments::None => KNOWN.iter().any(|known| ident == known),
        PathArguments::AngleBracketed(held) => {
            KNOWN_AROUND.iter().any(|known| ident == known)
                && held.args.iter().all(|held| matches!(held, GenericArgument::Type(held) if is_known(held)))
        }
        PathArguments::Parenthesized(_) => false,
    }
}

fn is_chosen_otherwise(attrs: &[Attribute]) -> bool {
    SerdeKeys::of(attrs).has_any(ASKS_LESS) || attrs.iter().any(|attr| attr.path().is_ident("cfg_attr"))
}

/// All fields, of every variant that serde stores as it stands.
fn fields_mut(data: &mut Data) -> Box<dyn Iterator<Item = &mut Field> + '_> {
    match data {
        Data::Struct(data) => Box::new(data.fields.iter_mut()),
        Data::Enum(data) => {
            let stored = |attrs: &[Attribute]| {
                !is_chosen_otherwise(attrs) && !attrs.iter().any(|attr| attr.path().is_ident("cfg"))
            };
            let variants = data.variants.iter_mut().filter(move |variant| stored(&variant.attrs));
            Box::new(variants.flat_map(|variant| &mut variant.fields))
        }
        Data::Union(_) => Box::new(std::iter::empty()),
    }
}
