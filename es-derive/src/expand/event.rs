use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote};
use syn::parse_quote;

use super::mirror::{Mirror, Original, Variables, mirror_imports, with_deserialize};
use super::span::{call, local, over, qualified, self_as};
use super::storable::Role;
use super::{impl_attributes, in_block, item, private, proof};
use crate::model::Event;

/// ```text
/// struct InvoicePaid { .. }
///
/// const _: () = {
///     use ::es_core as __es_core;
///     const _: () = { .. };                   // the mirror, `Serialize` and `Deserialize`
///     const _: () = { .. };                   // the predecessor is version 1 of the same name
///     impl Event for InvoicePaid { .. }
/// };
/// ```
pub(super) fn expand(event: &Event<'_>) -> TokenStream {
    let item = item::expand(event);
    let serde = if event.derives_serde_directly() { TokenStream::new() } else { expand_traits(event) };
    let proof = proof::expand_predecessor(event);
    let split = expand_split(event);
    let implementation = expand_impl(event);
    let block = in_block(
        &event.library,
        &quote! {
            #serde
            #proof
            #implementation
            #split
        },
    );
    quote! {
        #item
        #block
    }
}

/// ```text
/// const _: () = {
///     struct __Stored { .. }
///     impl Serialize for Opened { .. }
///     impl<'de> Deserialize<'de> for Opened { .. }
/// };
/// ```
fn expand_traits(event: &Event<'_>) -> TokenStream {
    let (krate, input) = (&event.krate, event.input);
    let private = private(krate);
    let attributes = impl_attributes();
    let [s, d, source] = ["__S", "__D", "__source"].map(local);
    let variables = Variables { value: &quote!(self), serializer: &source };
    let Mirror { types, items, write, deserialize } =
        Original { input, krate, serde: &event.serde, shape: event.shape, role: Role::Event }.mirror(&variables);
    let ident = &input.ident;
    let (_, ty_generics, _) = input.generics.split_for_impl();
    let mut writing = input.generics.clone();
    for param in input.generics.type_params() {
        let param = &param.ident;
        writing.make_where_clause().predicates.push(parse_quote!(#param: #private::serde::Serialize));
    }
    let read = with_deserialize(input, &event.serde, &private);
    let (write_generics, _, write_where) = writing.split_for_impl();
    let (read_generics, _, read_where) = read.split_for_impl();
    let imports = mirror_imports(&private);
    quote! {
        #types
        #private::mirror! {
            #imports
            #items

            #attributes
            impl #write_generics #private::serde::Serialize for #ident #ty_generics #write_where {
                fn serialize<#s: #private::serde::Serializer>(
                    &self,
                    #source: #s,
                ) -> #private::Result<#s::Ok, #s::Error> {
                    #write
                }
            }

            #attributes
            impl #read_generics #private::serde::Deserialize<'__de> for #ident #ty_generics #read_where {
                fn deserialize<#d: #private::serde::Deserializer<'__de>>(
                    #source: #d,
                ) -> #private::Result<Self, #d::Error> {
                    #deserialize(#source)
                }
            }
        }
    }
}

/// ```text
/// impl Event for InvoicePaid {
///     const TYPE: &'static str = "InvoicePaid";
///     const VERSION: u32 = 2;
///     const ALIASES: &'static [&'static str] = &["BillPaid"];     // if there are any
///     fn decode<P: Payload>(version: u32, payload: &P) -> Result<Self, DecodeError> {
///         match version {
///             1..2 => Result::and_then(<InvoicePaidV1 as Event>::decode(version, payload), |old| <Self as Upcast<_>>::upcast(old, 1)),
///             _ => read_since(2, version, payload),
///         }
///     }
///     fn visit_versions<V: VisitVersions>(visitor: &mut V) {
///         VisitVersions::version::<Self>(visitor, 2);
///         <InvoicePaidV1 as Event>::visit_versions(visitor);
///     }
/// }
/// ```
///
/// Without older versions, `decode` is that of the trait: each method in the user's crate costs
/// compile time.
fn expand_impl(event: &Event<'_>) -> TokenStream {
    let private = private(&event.krate);
    let attributes = impl_attributes();
    let ident = &event.input.ident;
    let generics = generics(event);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let name = &event.name;
    let (version, since) = (Literal::u32_unsuffixed(event.version), Literal::u32_unsuffixed(event.since));
    let [p, stored, payload, old] = ["__P", "__version", "__payload", "__old"].map(local);
    let obligation = if event.is_generic() { proof::expand_predecessor_in_body(event) } else { TokenStream::new() };
    let own = quote!(#private::read_since(#since, #stored, #payload));
    let body = match event.from() {
        Some(from) => {
            let previous = Literal::u32_unsuffixed(event.since.saturating_sub(1));
            let decode = qualified(from, &from.to_token_stream(), &quote!(#private::Event), "decode");
            let upcast = self_as(from, &quote!(#private::Upcast<#from>), "upcast");
            let decode = call(from, &decode, &quote!(#stored, #payload));
            let upcast = call(from, &upcast, &quote!(#old, #previous));
            quote! {
                match #stored {
                    1..#since => #private::Result::and_then(#decode, |#old| #upcast),
                    _ => #own,
                }
            }
        }
        None => own,
    };
    let is_split = event.attr.split.is_given().then(|| quote!(const IS_SPLIT: #private::bool = true;));
    let [v, visitor] = ["__V", "__visitor"].map(local);
    let visit_older = expand_visit_older(event, &visitor);
    let aliases = expand_aliases(event);
    let decode = event.reads_older_versions().then(|| {
        quote! {
            fn decode<#p: #private::Payload>(
                #stored: #private::u32,
                #payload: &#p,
            ) -> #private::Result<Self, #private::DecodeError> {
                #obligation
                #body
            }
        }
    });
    quote! {
        #attributes
        impl #impl_generics #private::Event for #ident #ty_generics #where_clause {
            const TYPE: &'static #private::str = #name;
            const VERSION: #private::u32 = #version;
            #aliases
            #is_split
            #decode

            fn visit_versions<#v: #private::VisitVersions>(#visitor: &mut #v) {
                #private::VisitVersions::version::<Self>(#visitor, #since);
                #visit_older
            }
        }
    }
}

/// `const ALIASES: ..`, if there are any.
pub(super) fn expand_aliases(event: &Event<'_>) -> Option<TokenStream> {
    let (aliases, private) = (&event.attr.aliases, private(&event.krate));
    (!aliases.is_empty()).then(|| quote!(const ALIASES: &'static [&'static #private::str] = &[#(#aliases),*];))
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
            Self: #private::field::StoredWhole
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
