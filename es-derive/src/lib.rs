//! The macros of es-core.
use proc_macro::TokenStream;

/// Placeholder.
#[proc_macro_derive(Aggregate, attributes(aggregate, serde))]
pub fn derive_aggregate(_: TokenStream) -> TokenStream {
    TokenStream::new()
}

/// Placeholder.
#[proc_macro_attribute]
pub fn event(_: TokenStream, item: TokenStream) -> TokenStream {
    item
}
