use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Fields, parse_quote};

use super::span::{call, local, over, qualified, self_as};
use super::{impl_attributes, names, private, proof, stored};
use crate::attr::serde::{SerdeKeys, serde_attrs};
use crate::model::{Event, Shape};

/// ```text
/// struct InvoicePaid { .. }
///
/// const _: () = { .. };                       // the mirror, `Serialize` and `Deserialize`
/// const _: () = { .. };                       // the predecessor is version 1 of the same name
/// impl Event for InvoicePaid { .. }
/// ```
pub(super) fn expand(event: &Event<'_>) -> TokenStream {
    let item = expand_item(event);
    let serde = if event.derives_serde_directly() { TokenStream::new() } else { stored::expand_traits(event) };
    let proof = proof::expand_predecessor(event);
    let split = expand_split(event);
    let implementation = expand_impl(event);
    quote! {
        #item
        #serde
        #proof
        #implementation
        #split
    }
}

/// The item as the user wrote it. The derives of serde are added if they write the stored form.
fn expand_item(event: &Event<'_>) -> TokenStream {
    let item = event.input;
    let private = private(&event.krate);
    if !event.derives_serde_directly() {
        // Other derives also read `#[serde(..)]`, so it stays, and a derive has to declare it as a
        // helper attribute.
        let declared = mentions_serde(item).then(|| quote!(#[derive(#private::SerdeAttributes)]));
        return quote!(#declared #item);
    }
    let (import, serde) = expand_serde_path(event, &private);
    let style = container_style(event.shape, &event.serde);
    let mut item = item.clone();
    names::spell_out(&mut item, &event.serde, event.shape);
    quote! {
        #import
        #[derive(#private::serde::Serialize, #private::serde::Deserialize)]
        #[serde(crate = #serde #style)]
        #item
    }
}

/// Whether the item has `#[serde(..)]` anywhere, or a `cfg_attr` that may add it.
pub(super) fn mentions_serde(item: &DeriveInput) -> bool {
    let any = |attrs: &[Attribute]| {
        attrs.iter().any(|attr| attr.path().is_ident("cfg_attr")) || serde_attrs(attrs).next().is_some()
    };
    let any_field = |fields: &Fields| fields.iter().any(|field| any(&field.attrs));
    any(&item.attrs)
        || match &item.data {
            Data::Struct(data) => any_field(&data.fields),
            Data::Enum(data) => data.variants.iter().any(|variant| any(&variant.attrs) || any_field(&variant.fields)),
            Data::Union(_) => true,
        }
}

/// The path of serde as a string, for serde's own `crate` key. `$crate` has no meaning in a string,
/// so such a path is first imported under a name.
fn expand_serde_path(event: &Event<'_>, private: &TokenStream) -> (TokenStream, String) {
    let path = quote!(#private::serde).to_string().replace(' ', "");
    if !path.starts_with('$') {
        return (TokenStream::new(), path);
    }
    let name = format_ident!("__serde_of_{}", event.input.ident.unraw());
    let import = quote! {
        #[doc(hidden)]
        #[allow(non_snake_case, unused_imports)]
        use #private::serde as #name;
    };
    (import, name.to_string())
}

/// The style of stored names, unless the user sets it: `, rename_all = "camelCase"`, and for an
/// enum also the fields that hold the variant and its data.
pub(super) fn container_style(shape: Shape, user: &SerdeKeys) -> TokenStream {
    let mut style = TokenStream::new();
    if !user.has_any(&["rename_all", "transparent"]) {
        style.extend(quote!(, rename_all = "camelCase"));
    }
    if shape == Shape::Enum {
        if !user.has("rename_all_fields") {
            style.extend(quote!(, rename_all_fields = "camelCase"));
        }
        if !Shape::is_chosen(user) {
            style.extend(quote!(, tag = "kind", content = "data"));
        }
    }
    style
}

/// ```text
/// impl Event for InvoicePaid {
///     const TYPE: &'static str = "InvoicePaid";
///     const VERSION: u32 = 2;
///     const ALIASES: &'static [&'static str] = &[];
///     fn decode<P: Payload>(version: u32, payload: &P) -> Result<Self, DecodeError> {
///         match version {
///             1..2 => Result::map(<InvoicePaidV1 as Event>::decode(version, payload), |old| <Self as Upcast<_>>::upcast(old)),
///             _ => read_since(2, version, payload),
///         }
///     }
///     fn visit_versions<V: VisitVersions>(visitor: &mut V) {
///         VisitVersions::version::<Self>(visitor, 2);
///         <InvoicePaidV1 as Event>::visit_versions(visitor);
///     }
/// }
/// ```
fn expand_impl(event: &Event<'_>) -> TokenStream {
    let private = private(&event.krate);
    let attributes = impl_attributes();
    let ident = &event.input.ident;
    let generics = generics(event);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let (name, aliases) = (&event.name, &event.attr.aliases);
    let (version, since) = (Literal::u32_unsuffixed(event.version), Literal::u32_unsuffixed(event.since));
    let [p, stored, payload, old] = ["__P", "__version", "__payload", "__old"].map(local);
    let obligation = if event.is_generic() { proof::expand_predecessor_in_body(event) } else { TokenStream::new() };
    let own = quote!(#private::read_since(#since, #stored, #payload));
    let body = match event.from() {
        Some(from) => {
            let decode = qualified(from, &from.to_token_stream(), &quote!(#private::Event), "decode");
            let upcast = self_as(from, &quote!(#private::Upcast<#from>), "upcast");
            let decode = call(from, &decode, &quote!(#stored, #payload));
            let upcast = call(from, &upcast, &quote!(#old));
            quote! {
                match #stored {
                    1..#since => #private::Result::map(#decode, |#old| #upcast),
                    _ => #own,
                }
            }
        }
        None => own,
    };
    let [v, visitor] = ["__V", "__visitor"].map(local);
    let visit_older = expand_visit_older(event, &visitor);
    quote! {
        #attributes
        impl #impl_generics #private::Event for #ident #ty_generics #where_clause {
            const TYPE: &'static #private::str = #name;
            const VERSION: #private::u32 = #version;
            const ALIASES: &'static [&'static #private::str] = &[#(#aliases),*];

            fn decode<#p: #private::Payload>(
                #stored: #private::u32,
                #payload: &#p,
            ) -> #private::Result<Self, #private::DecodeError> {
                #obligation
                #body
            }

            fn visit_versions<#v: #private::VisitVersions>(#visitor: &mut #v) {
                #private::VisitVersions::version::<Self>(#visitor, #since);
                #visit_older
            }
        }
    }
}

/// Visits the versions before this type.
pub(super) fn expand_visit_older(event: &Event<'_>, visitor: &Ident) -> Option<TokenStream> {
    let (from, private) = (event.from()?, private(&event.krate));
    let visit = qualified(from, &from.to_token_stream(), &quote!(#private::Event), "visit_versions");
    let visit = call(from, &visit, &quote!(#visitor));
    Some(quote!(#visit;))
}

/// The generics of the item. If it has parameters, bounds require that serde can write and read the
/// event, and that the event owns its data.
pub(crate) fn generics(event: &Event<'_>) -> syn::Generics {
    let mut generics = event.input.generics.clone();
    if event.is_generic() {
        let private = private(&event.krate);
        generics.make_where_clause().predicates.push(parse_quote! {
            Self: #private::serde::Serialize + #private::serde::de::DeserializeOwned + #private::Send + 'static
        });
        if let Some(from) =
            event.from().filter(|from| matches!(from.path.segments.last(), Some(last) if !last.arguments.is_none()))
        {
            generics.make_where_clause().predicates.push(parse_quote!(#from: #private::Event));
        }
    }
    generics
}

/// ```text
/// impl Split for InvoicePaidAndSent {
///     type Parts = (InvoicePaid, InvoiceSent);
/// }
/// ```
fn expand_split(event: &Event<'_>) -> TokenStream {
    let Some(parts) = event.attr.split.get() else { return TokenStream::new() };
    let private = private(&event.krate);
    let attributes = impl_attributes();
    let ident = &event.input.ident;
    let generics = generics(event);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let key = event.attr.split.key();
    let tuple = over(&key, quote!((#(#parts,)*)));
    quote! {
        #attributes
        impl #impl_generics #private::Split for #ident #ty_generics #where_clause {
            type Parts = #tuple;
        }
    }
}

/// The fields of a struct, with or without names.
pub(super) fn fields(input: &DeriveInput) -> Vec<&syn::Field> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(_) | Fields::Unnamed(_) => data.fields.iter().collect(),
            Fields::Unit => Vec::new(),
        },
        _ => Vec::new(),
    }
}
