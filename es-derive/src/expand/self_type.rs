//! Replaces names in the types of fields that would mean something else inside a mirror: `Self`
//! would be the mirror, and a primitive type may be one of the user's own types.

use std::collections::BTreeSet;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::DeriveInput;

use crate::symbol::IMPORTED_TYPES;

/// The tokens with the names replaced: `Vec<Self>` becomes `Vec<Cart<T>>`, `[u8; Self::LENGTH]`
/// becomes `[u8; <Cart<T>>::LENGTH]`, and `Vec<u32>` becomes `Vec<__own_u32>`.
pub(super) fn spell_out(tokens: &impl ToTokens, input: &DeriveInput) -> TokenStream {
    let (ident, (_, ty_generics, _)) = (&input.ident, input.generics.split_for_impl());
    Names { this: quote!(#ident #ty_generics), input, primitives: BTreeSet::new() }.replace(tokens.to_token_stream())
}

/// `type __own_u32 = u32;`, for each name of a primitive type in the types of the fields. Outside
/// the mirror it is the type that the user means.
pub(super) fn expand_own_types(fields: &[&syn::Field], input: &DeriveInput) -> TokenStream {
    let mut names = Names { this: TokenStream::new(), input, primitives: BTreeSet::new() };
    for field in fields {
        names.replace(field.ty.to_token_stream());
    }
    let aliases = names.primitives.iter().map(|name| {
        let alias = own(name);
        quote!(#[allow(dead_code, non_camel_case_types)] type #alias = #name;)
    });
    aliases.collect()
}

fn own(name: &Ident) -> Ident {
    format_ident!("__own_{name}")
}

struct Names<'a> {
    this: TokenStream,
    input: &'a DeriveInput,
    /// The primitive types that were replaced.
    primitives: BTreeSet<Ident>,
}

impl Names<'_> {
    fn replace(&mut self, tokens: TokenStream) -> TokenStream {
        let mut tokens = tokens.into_iter().peekable();
        let mut replaced = TokenStream::new();
        let mut is_below = false;
        while let Some(token) = tokens.next() {
            let is_qualifier = tokens.peek().is_some_and(|next| next.to_string() == ":");
            let follows_colon = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':');
            match token {
                TokenTree::Group(group) => {
                    let mut inner = Group::new(group.delimiter(), self.replace(group.stream()));
                    inner.set_span(group.span());
                    replaced.extend([TokenTree::Group(inner)]);
                }
                TokenTree::Ident(ident) if ident == "Self" => {
                    let this = &self.this;
                    replaced.extend(if is_qualifier { quote!(<#this>) } else { this.clone() });
                }
                TokenTree::Ident(ident) if !is_below && !is_qualifier && self.is_imported(&ident) => {
                    let mut alias = own(&ident);
                    alias.set_span(ident.span());
                    replaced.extend([TokenTree::Ident(alias)]);
                    self.primitives.insert(ident);
                }
                token => replaced.extend([token]),
            }
            is_below = follows_colon;
        }
        replaced
    }

    /// Whether the mirror imports a type of this name. A parameter precedes every import.
    fn is_imported(&self, ident: &Ident) -> bool {
        let is_parameter = |param: &Ident| param == ident;
        IMPORTED_TYPES.iter().any(|name| ident == name)
            && !self.input.generics.type_params().any(|param| is_parameter(&param.ident))
            && !self.input.generics.const_params().any(|param| is_parameter(&param.ident))
    }
}
