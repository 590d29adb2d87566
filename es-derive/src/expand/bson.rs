//! Checks that BSON can hold what the types of the fields show.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Field, GenericArgument, Path, PathArguments, Type};

use super::proof::assertion;
use super::{private, self_type};
use crate::diag::shown;
use crate::model::mentions;

/// The names of types with two arguments that are worth a check of the first. Only the check itself
/// decides.
const MAPS: &[&str] = &["HashMap", "BTreeMap", "IndexMap"];

/// ```text
/// const _: () = {
///     use __es_core::__private::Fits as _;
///     assert!(Bson::<u128>::FITS, "..");
///     assert!(BsonKey::<u32>::FITS, "..");
/// };
/// ```
///
/// A name only selects what is checked: a type of the user's that is named `u128` passes.
pub(super) fn expand<'a>(
    fields: impl Iterator<Item = &'a Field>,
    input: &syn::DeriveInput,
    krate: &Path,
) -> TokenStream {
    let private = private(krate);
    let mut doubtful = Vec::new();
    for field in fields {
        find(&field.ty, &mut doubtful);
    }
    let is_known = |ty: &Type| {
        let types = input.generics.type_params().map(|param| &param.ident);
        !types.chain(input.generics.const_params().map(|param| &param.ident)).any(|param| mentions(ty, param))
    };
    let checks = doubtful.iter().filter(|doubtful| is_known(doubtful.ty())).map(|doubtful| {
        let (ty, name) = (self_type::spell_out(doubtful.ty(), input), shown(doubtful.ty()));
        let (fits, message) = match doubtful {
            Doubtful::Number(_) => (
                quote!(#private::Bson::<#ty>::FITS),
                format!(
                    "BSON has no integers of 128 bits, so the type `{name}` cannot be stored; use a `String`, or give the field `#[serde(with = \"..\")]`"
                ),
            ),
            Doubtful::Key(_) => (
                quote!(#private::BsonKey::<#ty>::FITS),
                format!(
                    "the keys of a BSON document are strings, so a map with keys of the type `{name}` cannot be stored; use keys of the type `String`, or give the field `#[serde(with = \"..\")]`"
                ),
            ),
        };
        assertion(doubtful.ty(), &private, &fits, &message)
    });
    let checks: Vec<_> = checks.collect();
    if checks.is_empty() {
        return TokenStream::new();
    }
    quote! {
        #(
            const _: () = {
                use #private::Fits as _;
                #checks
            };
        )*
    }
}

enum Doubtful<'a> {
    Number(&'a Type),
    Key(&'a Type),
}

impl<'a> Doubtful<'a> {
    fn ty(&self) -> &'a Type {
        match self {
            Self::Number(ty) | Self::Key(ty) => ty,
        }
    }
}

/// Finds the types to check, at any depth.
fn find<'a>(ty: &'a Type, found: &mut Vec<Doubtful<'a>>) {
    match ty {
        Type::Paren(inner) => find(&inner.elem, found),
        Type::Group(inner) => find(&inner.elem, found),
        Type::Array(array) => find(&array.elem, found),
        Type::Slice(slice) => find(&slice.elem, found),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|elem| find(elem, found)),
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return };
            match &last.arguments {
                PathArguments::None if last.ident == "u128" || last.ident == "i128" => found.push(Doubtful::Number(ty)),
                PathArguments::AngleBracketed(arguments) if last.ident != "PhantomData" => {
                    let mut types = arguments.args.iter().filter_map(|argument| match argument {
                        GenericArgument::Type(ty) => Some(ty),
                        _ => None,
                    });
                    if MAPS.iter().any(|map| last.ident == map) {
                        found.extend(types.next().map(Doubtful::Key));
                    }
                    types.for_each(|ty| find(ty, found));
                }
                _ => {}
            }
        }
        _ => {}
    }
}
