//! What stands beside the errors, so that nothing follows from them: impls that the rest of the program can be checked against.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Error;

use crate::model::{Aggregate, Event};

/// The attribute is on what is no type.
pub(crate) fn no_type(item: TokenStream, error: Error) -> TokenStream {
    let error = match syn::parse2::<syn::Item>(item.clone()) {
        Ok(other) => {
            Error::new_spanned(first_token(&other), "an event is a struct or an enum; write `#[event]` on one")
        }
        Err(_) => error,
    };
    let error = error.into_compile_error();
    quote!(#item #error)
}

fn first_token(item: &syn::Item) -> TokenStream {
    quote!(#item).into_iter().next().map(TokenStream::from).unwrap_or_default()
}

pub(crate) fn event(event: &Event<'_>, error: &Error) -> TokenStream {
    let item = event.input;
    let error = error.to_compile_error();
    quote!(#item #error)
}

pub(crate) fn aggregate(_: &Aggregate<'_>, error: &Error) -> TokenStream {
    error.to_compile_error()
}
