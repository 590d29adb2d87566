//! Replaces `Self` in the types of fields. Inside a mirror, `Self` would mean the mirror.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::DeriveInput;

/// The tokens with `Self` replaced: `Vec<Self>` becomes `Vec<Cart<T>>`, and `[u8; Self::LENGTH]`
/// becomes `[u8; <Cart<T>>::LENGTH]`.
pub(super) fn spell_out(tokens: &impl ToTokens, input: &DeriveInput) -> TokenStream {
    let (ident, (_, ty_generics, _)) = (&input.ident, input.generics.split_for_impl());
    replace(tokens.to_token_stream(), &quote!(#ident #ty_generics))
}

fn replace(tokens: TokenStream, this: &TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut replaced = TokenStream::new();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), replace(group.stream(), this));
                inner.set_span(group.span());
                replaced.extend([TokenTree::Group(inner)]);
            }
            TokenTree::Ident(ident) if ident == "Self" => {
                let is_qualifier = tokens.peek().is_some_and(|next| next.to_string() == ":");
                replaced.extend(if is_qualifier { quote!(<#this>) } else { this.clone() });
            }
            token => replaced.extend([token]),
        }
    }
    replaced
}
