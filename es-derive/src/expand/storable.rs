//! What serde has to know how to store, said on the field before serde says it of the whole.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Data, Field};

use super::private;
use super::span::qualified;
use super::stored::Original;
use crate::attr::serde::SerdeKeys;

/// With one of these serde does not ask the type of the field, or not for both ways.
const ASKS_LESS: &[&str] = &[
    "with",
    "serialize_with",
    "deserialize_with",
    "skip",
    "skip_serializing",
    "skip_deserializing",
    "getter",
    "flatten",
    "bound",
];

/// ```text
/// #[allow(deprecated)]
/// const _: () = {
///     let () = <String as Storable>::CHECKED;
/// };
/// ```
///
/// Nothing where there are parameters: their bounds are serde's to find.
pub(super) fn expand(original: &Original<'_>) -> TokenStream {
    let is_open = !original.input.generics.params.is_empty() || is_chosen_otherwise(&original.input.attrs);
    let fields: Vec<_> = fields(original).filter(|field| !is_chosen_otherwise(&field.attrs)).collect();
    if is_open || fields.is_empty() {
        return TokenStream::new();
    }
    let private = private(original.krate);
    let obligations = fields.into_iter().map(|field| {
        let ty = original.spell_out_self(&field.ty);
        let cfg = field.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
        let checked = qualified(&field.ty, &ty.to_token_stream(), &quote!(#private::Storable), "CHECKED");
        quote!(#(#cfg)* let () = #checked;)
    });
    quote! {
        #[allow(deprecated)]
        const _: () = { #(#obligations)* };
    }
}

fn is_chosen_otherwise(attrs: &[Attribute]) -> bool {
    SerdeKeys::of(attrs).has_any(ASKS_LESS) || attrs.iter().any(|attr| attr.path().is_ident("cfg_attr"))
}

/// All fields, of every variant that serde stores as it stands.
fn fields<'a>(original: &Original<'a>) -> Box<dyn Iterator<Item = &'a Field> + 'a> {
    match &original.input.data {
        Data::Struct(data) => Box::new(data.fields.iter()),
        Data::Enum(data) => {
            let stored = |attrs: &[Attribute]| {
                !is_chosen_otherwise(attrs) && !attrs.iter().any(|attr| attr.path().is_ident("cfg"))
            };
            Box::new(
                data.variants.iter().filter(move |variant| stored(&variant.attrs)).flat_map(|variant| &variant.fields),
            )
        }
        Data::Union(_) => Box::new(std::iter::empty()),
    }
}
