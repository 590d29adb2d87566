//! Spans: what is generated for a type that the user named stands where the user named it.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};

/// The span of the first and of the last token.
pub(super) fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut tokens = tokens.to_token_stream().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |token| token.span());
    let last = tokens.last().map_or(first, |token: TokenTree| token.span());
    (first, last)
}

/// `<#of as #bound>::#item`, underlining what the user wrote in `at`.
///
/// The first and the last token carry the ends of that span; the compiler underlines all that is between.
pub(super) fn qualified(at: &impl ToTokens, of: &TokenStream, bound: &TokenStream, item: &str) -> TokenStream {
    let (first, last) = ends(at);
    let item = Ident::new(item, last);
    let open = quote_spanned!(first=> <);
    let then = quote_spanned!(first=> as);
    let close = quote_spanned!(last=> >::);
    quote::quote!(#open #of #then #bound #close #item)
}

/// `<Self as #bound>::#item`, underlining what the user wrote in `at`.
pub(super) fn self_as(at: &impl ToTokens, bound: &TokenStream, item: &str) -> TokenStream {
    let (first, _) = ends(at);
    qualified(at, &quote_spanned!(first=> Self), bound, item)
}

/// `#path(#arguments)`, all of it at the end of what the user wrote: the compiler blames the whole call for some mistakes.
pub(super) fn call(at: &impl ToTokens, path: &TokenStream, arguments: &TokenStream) -> TokenStream {
    let (_, last) = ends(at);
    let arguments = quote_spanned!(last=> (#arguments));
    quote::quote!(#path #arguments)
}

/// The tokens, standing where the user wrote `at`: the first one at its beginning, the others at its end.
pub(super) fn over(at: &impl ToTokens, tokens: TokenStream) -> TokenStream {
    let (first, last) = ends(at);
    tokens
        .into_iter()
        .enumerate()
        .map(|(place, mut token)| {
            token.set_span(if place == 0 { first } else { last });
            token
        })
        .collect()
}

/// A name that no name of the user's can be.
pub(super) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
