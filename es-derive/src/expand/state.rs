use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::mirror::{Mirror, Original, Variables};
use super::private;
use super::span::local;

/// The mirror of a state or of a row, and the two methods that use it.
pub(super) struct State {
    /// Aliases of types, beside the block of the mirror.
    pub(super) types: TokenStream,
    pub(super) items: TokenStream,
    pub(super) methods: TokenStream,
}

/// ```text
/// fn serialize_state<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> { Writing::begin(serializer, ..).. }
/// fn deserialize_state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> { __Stored::deserialize(deserializer) }
/// ```
///
/// The two methods have these names.
pub(super) fn expand(original: &Original<'_>, names: [&str; 2]) -> State {
    expand_with(original, names, &quote!(&self), &quote!(self), None)
}

/// ```text
/// fn serialize_row<S: Serializer>(row: &Self, serializer: S) -> Result<S::Ok, S::Error> { .. }
/// fn deserialize_row<'de, D: Deserializer<'de>>(_: usize, deserializer: D) -> Result<Self, D::Error> { .. }
/// ```
pub(super) fn expand_only_row(original: &Original<'_>) -> State {
    let (private, row) = (private(original.krate), local("__row"));
    let of_type = quote!(_: #private::usize,);
    expand_with(original, ["serialize_row", "deserialize_row"], &quote!(#row: &Self), &quote!(#row), Some(&of_type))
}

/// `receiver` and `first` are the first parameters of the methods, and `this` is the value that is
/// written.
fn expand_with(
    original: &Original<'_>,
    names: [&str; 2],
    receiver: &TokenStream,
    this: &TokenStream,
    first: Option<&TokenStream>,
) -> State {
    let private = private(original.krate);
    let [s, d, serializer, deserializer] = ["__S", "__D", "__serializer", "__deserializer"].map(local);
    let Mirror { types, items, write, deserialize } =
        original.mirror(&Variables { value: this, serializer: &serializer });
    let [write_method, read_method] = names.map(|name| Ident::new(name, Span::call_site()));
    let methods = quote! {
        fn #write_method<#s: #private::serde::Serializer>(
            #receiver,
            #serializer: #s,
        ) -> #private::Result<#s::Ok, #s::Error> {
            #write
        }

        fn #read_method<'__de, #d: #private::serde::Deserializer<'__de>>(
            #first
            #deserializer: #d,
        ) -> #private::Result<Self, #d::Error> {
            #deserialize(#deserializer)
        }
    };
    State { types, items, methods }
}
