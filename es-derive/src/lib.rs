//! The macros of es-core: `#[event]` and `#[derive(Aggregate)]`.
//!
//! They are re-exported by `es_core`; depend on that.

mod attr;
mod check;
mod diag;
mod expand;
mod fallback;
mod model;
mod nearest;
mod symbol;

use proc_macro::TokenStream;

/// Makes a struct or an enum an event.
#[proc_macro_attribute]
pub fn event(attr: TokenStream, item: TokenStream) -> TokenStream {
    expand::event(attr.into(), item.into()).into()
}

/// Makes a struct or an enum an aggregate.
#[proc_macro_derive(Aggregate, attributes(aggregate, serde))]
pub fn derive_aggregate(input: TokenStream) -> TokenStream {
    expand::aggregate(input.into()).into()
}
