//! Checks that threads can share each field, and that serde can store it. The error is on the
//! field; without the check, the compiler and serde report it on the whole type.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{
    Attribute, Data, DeriveInput, Field, GenericArgument, Generics, Path, PathArguments, PathSegment, Type, TypePath,
    parse_quote,
};

use super::span::{ends, respan};
use super::{bson, private, self_type};
use crate::attr::serde::SerdeKeys;
use crate::model::mentions;

/// If a field has one of these attributes, serde does not use the type of the field, or uses it in
/// one direction only. The last three are attributes of the type that name a different type.
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

/// Types that serde can store. If the user hides such a name with a different type, the error
/// message is serde's own.
const KNOWN: &[&str] = &["bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "String", "u8", "u16", "u32", "u64"];

/// Types that serde can store if it can store their contents.
const KNOWN_AROUND: &[&str] = &["BTreeMap", "BTreeSet", "Box", "HashMap", "HashSet", "Option", "Vec"];

/// What the fields are part of.
#[derive(Clone, Copy)]
pub(super) enum Role {
    Event,
    State,
}

/// The traits that the types of the fields must implement.
pub(super) struct Obligations {
    /// The checks, in code that never runs.
    pub(super) items: TokenStream,
    /// The type for the mirrors, with a `bound` on each field that has one.
    pub(super) input: DeriveInput,
}

/// ```text
/// #[allow(dead_code)]
/// type __Field0 = Owner;
/// #[allow(dead_code)]
/// struct __Threads(StateField<Owner>);
/// #[allow(dead_code)]
/// fn __stored() {
///     stored(Probe::<Owner>::NEW.in_state());
/// }
/// ```
///
/// For the mirrors, the field gets
/// `#[serde(bound(serialize = "for<'__any> __Field0: __serde::Serialize", deserialize =
/// "__Field0: __serde::Deserialize<'de>"))]`. The code that serde derives then assumes the bound, so a
/// missing impl is reported once, by this check. Without a lifetime the compiler would also report that
/// the bound itself does not hold. `'de` is serde's own. A `for<..>` costs much more compile time,
/// because what the compiler finds out under such a bound is not valid for any other item.
///
/// A field that names a parameter is left to serde, which infers the bounds of parameters.
pub(super) fn expand(original: &DeriveInput, krate: &Path, role: Role) -> Obligations {
    let mut input = original.clone();
    let (mut aliases, mut obligations) = (TokenStream::new(), TokenStream::new());
    let threads = expand_threads(original, krate, role);
    let mut held = TokenStream::new();
    if !is_chosen_otherwise(&input.attrs) {
        let private = private(krate);
        let generics = input.generics.clone();
        let as_they_are: Vec<_> =
            fields_mut(&mut input.data).filter(|field| !is_excepted(field)).map(|field| &*field).collect();
        held = bson::expand(as_they_are.into_iter(), original, krate);
        let asked = fields_mut(&mut input.data).filter(|field| asks(field)).filter_map(|field| {
            let ty = self_type::spell_out(&field.ty, original);
            (!names_a_parameter(&generics, &ty)).then_some((field, ty))
        });
        for (place, (field, ty)) in asked.enumerate() {
            obligations.extend(expand_stored(&private, field, &ty, role));
            // A bound is a string, in which `$crate` has no meaning. An alias has no such limit.
            let alias = format_ident!("__Field{place}");
            aliases.extend(quote!(#[allow(dead_code)] type #alias = #ty;));
            let write = format!("for<'__any> {alias}: __serde::Serialize");
            let read = format!("{alias}: __serde::Deserialize<'de>");
            field.attrs.push(parse_quote!(#[serde(bound(serialize = #write, deserialize = #read))]));
        }
    }
    if obligations.is_empty() {
        return Obligations { items: quote!(#threads #held), input };
    }
    let private = private(krate);
    let items = quote! {
        #threads
        #held
        #aliases
        #[allow(dead_code)]
        fn __stored() {
            use #private::field::{Refusal as _, Whole as _};
            #obligations
        }
    };
    Obligations { items, input }
}

/// The type of each field as a field of an item, because the compiler checks those before it checks
/// the impls that require the same of the whole type.
fn expand_threads(original: &DeriveInput, krate: &Path, role: Role) -> TokenStream {
    let private = private(krate);
    let holder = match role {
        Role::Event => format_ident!("EventField"),
        Role::State => format_ident!("StateField"),
    };
    let mut input = original.clone();
    let fields = all_fields_mut(&mut input.data)
        .filter(|field| !is_known(&field.ty) && !field.attrs.iter().any(|attr| attr.path().is_ident("cfg")))
        .filter_map(|field| {
            let ty = self_type::spell_out(&field.ty, original);
            let (first, last) = ends(&field.ty);
            let open = respan(first, quote!(#private::field::#holder<));
            let close = quote_spanned!(last=> >);
            (!names_a_parameter(&original.generics, &ty)).then(|| quote!(#open #ty #close))
        })
        .collect::<Vec<_>>();
    if fields.is_empty() {
        return TokenStream::new();
    }
    quote! {
        #[allow(dead_code)]
        struct __Threads(#(#fields),*);
    }
}

/// `stored(Probe::<Vec<Money>>::NEW.in_event().inside());`, which the compiler underlines at the
/// type.
fn expand_stored(private: &TokenStream, field: &Field, ty: &TokenStream, role: Role) -> TokenStream {
    let (first, last) = ends(&field.ty);
    let checked = match role {
        Role::Event => Ident::new("in_event", last),
        Role::State => Ident::new("in_state", last),
    };
    let open = respan(first, quote!(#private::field::Probe::<));
    let close = quote_spanned!(last=> >::NEW.#checked());
    let inside = quote_spanned!(last=> .inside());
    let inside = std::iter::repeat_n(inside, depth(&field.ty));
    quote!(#private::field::stored(#open #ty #close #(#inside)*);)
}

/// How deep types are nested in a type.
fn depth(ty: &Type) -> usize {
    match ty {
        Type::Array(array) => 1 + depth(&array.elem),
        Type::Group(group) => depth(&group.elem),
        Type::Paren(paren) => depth(&paren.elem),
        Type::Path(path) => match path.path.segments.last().map(|last| &last.arguments) {
            Some(PathArguments::AngleBracketed(held)) => {
                let inner = held.args.iter().map(|held| match held {
                    GenericArgument::Type(held) => depth(held),
                    _ => 0,
                });
                1 + inner.max().unwrap_or(0)
            }
            _ => 0,
        },
        _ => 0,
    }
}

fn names_a_parameter(generics: &Generics, ty: &TokenStream) -> bool {
    let types = generics.type_params().map(|param| &param.ident);
    types.chain(generics.const_params().map(|param| &param.ident)).any(|param| mentions(ty, param))
}

/// Whether the field needs a check. A field under a condition is skipped, because its type may not
/// exist.
///
/// Each check costs the compiler about as much time as the field itself, so types that serde always
/// knows are skipped too.
pub(super) fn asks(field: &Field) -> bool {
    !is_known(&field.ty) && !is_excepted(field)
}

/// Whether serde may not use the type of the field, or the field may not exist.
fn is_excepted(field: &Field) -> bool {
    is_chosen_otherwise(&field.attrs) || field.attrs.iter().any(|attr| attr.path().is_ident("cfg"))
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

/// All fields, in all variants whose presence does not depend on a condition.
fn all_fields_mut(data: &mut Data) -> Box<dyn Iterator<Item = &mut Field> + '_> {
    match data {
        Data::Struct(data) => Box::new(data.fields.iter_mut()),
        Data::Enum(data) => {
            let present = |attrs: &[Attribute]| !attrs.iter().any(|attr| attr.path().is_ident("cfg"));
            let variants = data.variants.iter_mut().filter(move |variant| present(&variant.attrs));
            Box::new(variants.flat_map(|variant| &mut variant.fields))
        }
        Data::Union(_) => Box::new(std::iter::empty()),
    }
}

/// All fields, in all variants, that serde stores without a conversion.
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
