//! `#[serde(default)]` on a whole type: the source of fields that are missing in stored data.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Expr, Lit, Meta, Path, Token, parse_quote};

use super::private;
use super::span::{over, qualified};
use crate::symbol::SERDE;

/// The name of the function in the mirror that serde calls.
pub(super) fn function() -> Ident {
    format_ident!("__default")
}

/// Removes the default from the attributes of the type and returns it as an expression. Otherwise
/// serde would ask the mirror for a default, and the mirror has none.
pub(super) fn take(input: &mut DeriveInput, krate: &Path) -> Option<TokenStream> {
    if !matches!(input.data, Data::Struct(_)) {
        return None;
    }
    let given = input.attrs.iter_mut().find_map(take_from)?;
    let (ident, (_, ty_generics, _)) = (&input.ident, input.generics.split_for_impl());
    let private = private(krate);
    let function = match given {
        Meta::NameValue(given) => path_in(&given.value)?,
        key => qualified(&key, &over(&key, quote!(#ident #ty_generics)), &quote!(#private::Missing), "missing"),
    };
    Some(quote!(#function()))
}

/// Removes `default` from one attribute, if all of the attribute can be parsed.
fn take_from(attr: &mut Attribute) -> Option<Meta> {
    if *attr.path() != SERDE {
        return None;
    }
    let metas = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
    let is_default = |meta: &Meta| match meta {
        Meta::Path(path) => path.is_ident("default"),
        Meta::NameValue(given) => given.path.is_ident("default") && path_in(&given.value).is_some(),
        Meta::List(_) => false,
    };
    let (mut taken, kept): (Vec<_>, Vec<_>) = metas.into_iter().partition(is_default);
    if taken.len() != 1 {
        return None;
    }
    *attr = parse_quote!(#[serde(#(#kept),*)]);
    taken.pop()
}

/// The path in a string literal, with the span of the literal.
fn path_in(value: &Expr) -> Option<TokenStream> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => text.parse::<Path>().ok().map(ToTokens::into_token_stream),
            _ => None,
        },
        _ => None,
    }
}
