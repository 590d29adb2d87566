//! Spans: code that is generated for a type gets the span at which the user named the type.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};

/// The spans of the first and of the last token.
pub(super) fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut tokens = tokens.to_token_stream().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |token| token.span());
    let last = tokens.last().map_or(first, |token: TokenTree| token.span());
    (first, last)
}

/// `<#of as #bound>::#item`, which the compiler underlines at `at`.
///
/// The first token has the span of the start and the last token the span of the end. The compiler
/// underlines everything between them.
pub(super) fn qualified(at: &impl ToTokens, of: &TokenStream, bound: &TokenStream, item: &str) -> TokenStream {
    let (first, last) = ends(at);
    let item = Ident::new(item, last);
    let open = quote_spanned!(first=> <);
    let then = quote_spanned!(first=> as);
    let close = quote_spanned!(last=> >::);
    quote::quote!(#open #of #then #bound #close #item)
}

/// `<Self as #bound>::#item`, which the compiler underlines at `at`.
pub(super) fn self_as(at: &impl ToTokens, bound: &TokenStream, item: &str) -> TokenStream {
    let (first, _) = ends(at);
    qualified(at, &quote_spanned!(first=> Self), bound, item)
}

/// `#path(#arguments)`, with all tokens at the end of the user's code, because the compiler
/// underlines the whole call for some mistakes.
pub(super) fn call(at: &impl ToTokens, path: &TokenStream, arguments: &TokenStream) -> TokenStream {
    let (_, last) = ends(at);
    let arguments = quote_spanned!(last=> (#arguments));
    quote::quote!(#path #arguments)
}

/// The tokens with the span of `at`: the first token at its start, the others at its end.
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

/// The tokens with one span.
pub(super) fn respan(span: Span, tokens: TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}

/// An identifier that cannot clash with one of the user's.
pub(super) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
