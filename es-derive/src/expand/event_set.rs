use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{LitStr, TypePath, parse_quote};

use super::span::{call, ends, local, qualified};
use super::{impl_attributes, private, proof};
use crate::model::{Aggregate, Listed};

/// ```text
/// impl EventSet for InvoiceEvent { .. }
/// impl Serialize for InvoiceEvent { .. }
/// ```
pub(super) fn expand(aggregate: &Aggregate<'_>) -> TokenStream {
    let set = expand_set(aggregate);
    let serialize = expand_serialize(aggregate);
    quote! {
        #set
        #serialize
    }
}

/// The generics of the enum, with the bound that the events that depend on a parameter implement
/// `Event`.
pub(super) fn generics(aggregate: &Aggregate<'_>) -> syn::Generics {
    let private = private(&aggregate.krate);
    let mut generics = aggregate.event_generics.clone();
    for event in aggregate.events.iter().filter(|event| event.generic) {
        let ty = event.ty;
        generics.make_where_clause().predicates.push(parse_quote!(#ty: #private::Event));
    }
    generics
}

/// `<InvoicePaid as Listed>::#item`, with the span of the event in the user's list.
fn listed(event: &Listed<'_>, private: &TokenStream, item: &str) -> TokenStream {
    qualified(event.ty, &event.ty.to_token_stream(), &quote!(#private::Listed), item)
}

/// `<InvoicePaidAndSent as Split>::in_set::<Self>()`, with the span of the event in the user's
/// list.
fn in_set(ty: &TypePath, private: &TokenStream) -> TokenStream {
    let in_set = qualified(ty, &ty.to_token_stream(), &quote!(#private::Split), "in_set");
    let (_, last) = ends(ty);
    let set = quote_spanned!(last=> ::<Self>);
    call(ty, &quote!(#in_set #set), &TokenStream::new())
}

/// ```text
/// impl EventSet for InvoiceEvent {
///     const EVENTS: &'static [EventInfo] = &[<InvoicePaid as Listed>::INFO];
///     fn info(&self) -> &'static EventInfo { &Self::EVENTS[match self { Self::InvoicePaid(_) => 0 }] }
///     fn decode<P: Payload>(event_type: &str, version: u32, payload: &P) -> Result<Decoded<Self>, DecodeError> {
///         if <InvoicePaid as Listed>::is_stored_as(event_type) {
///             return <InvoicePaid as Listed>::read_as(version, payload, Self::InvoicePaid);
///         }
///         match event_type {
///             "ReminderSent" => Result::Ok(Decoded::Retired),
///             _ => Result::Err(DecodeError::UnknownType),
///         }
///     }
///     fn visit_events<V: VisitEvents>(visitor: &mut V) {
///         <InvoicePaid as Listed>::visit(visitor);
///         <InvoicePaidAndSent as Split>::visit_split(<InvoicePaidAndSent as Split>::in_set::<Self>(), visitor);
///         VisitEvents::retired(visitor, "ReminderSent");
///     }
/// }
/// ```
fn expand_set(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    let attributes = impl_attributes();
    let name = &aggregate.event_enum;
    let generics = generics(aggregate);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let [p, event_type, version, payload] = ["__P", "__type", "__version", "__payload"].map(local);
    let infos = aggregate.events.iter().map(|event| listed(event, &private, "INFO"));
    let place = expand_place(aggregate);
    let events = aggregate.events.iter().map(|listed_event| {
        let variant = &listed_event.variant;
        let (is_stored_as, read) =
            (listed(listed_event, &private, "is_stored_as"), listed(listed_event, &private, "read_as"));
        quote! {
            if #is_stored_as(#event_type) {
                return #read(#version, #payload, Self::#variant);
            }
        }
    });
    let splits = expand_split_reads(&private, aggregate.split(), &event_type, &version, &payload);
    let proof = proof::expand_names_differ_in_body(aggregate);
    let [v, visitor] = ["__V", "__visitor"].map(local);
    let visits = aggregate.events.iter().map(|event| {
        let ty = event.ty;
        let visit = listed(event, &private, "visit");
        call(ty, &visit, &quote!(#visitor))
    });
    let split_visits = expand_split_visits(&private, aggregate.split(), &visitor);
    let retired_names = aggregate.retired();
    let retired = expand_retired_arm(&private, retired_names);
    quote! {
        #attributes
        #[allow(clippy::too_many_lines)]
        impl #impl_generics #private::EventSet for #name #ty_generics #where_clause {
            const EVENTS: &'static [#private::EventInfo] = &[#(#infos),*];

            fn info(&self) -> &'static #private::EventInfo {
                &Self::EVENTS[#place]
            }

            fn decode<#p: #private::Payload>(
                #event_type: &#private::str,
                #version: #private::u32,
                #payload: &#p,
            ) -> #private::Result<#private::Decoded<Self>, #private::DecodeError> {
                #proof
                #(#events)*
                #splits
                match #event_type {
                    #retired
                    _ => #private::Result::Err(#private::DecodeError::UnknownType),
                }
            }

            fn visit_events<#v: #private::VisitEvents>(#visitor: &mut #v) {
                #(#visits;)*
                #split_visits
                #(#private::VisitEvents::retired(#visitor, #retired_names);)*
            }
        }
    }
}

/// Reads each old event that is split, if the event has its name.
pub(super) fn expand_split_reads(
    private: &TokenStream,
    split: &[TypePath],
    event_type: &Ident,
    version: &Ident,
    payload: &Ident,
) -> TokenStream {
    let reads = split.iter().map(|ty| {
        let read = qualified(ty, &ty.to_token_stream(), &quote!(#private::Split), "read_parts");
        let parts = in_set(ty, private);
        let read = call(ty, &read, &quote!(#parts, #version, #payload));
        let is_stored_as = qualified(ty, &ty.to_token_stream(), &quote!(#private::Listed), "is_stored_as");
        quote! {
            if #is_stored_as(#event_type) {
                return #private::Result::map(#read, #private::Decoded::Many);
            }
        }
    });
    reads.collect()
}

/// Visits each old event that is split.
pub(super) fn expand_split_visits(private: &TokenStream, split: &[TypePath], visitor: &Ident) -> TokenStream {
    let visits = split.iter().map(|ty| {
        let visit = qualified(ty, &ty.to_token_stream(), &quote!(#private::Split), "visit_split");
        let parts = in_set(ty, private);
        let visit = call(ty, &visit, &quote!(#parts, #visitor));
        quote!(#visit;)
    });
    visits.collect()
}

/// The arm of a `match` for the names that are retired.
pub(super) fn expand_retired_arm(private: &TokenStream, retired: &[LitStr]) -> TokenStream {
    if retired.is_empty() {
        return TokenStream::new();
    }
    quote!(#(#retired)|* => #private::Result::Ok(#private::Decoded::Retired),)
}

/// The index of an event in `EVENTS`: `match self { Self::InvoicePaid(_) => 0 }`.
fn expand_place(aggregate: &Aggregate<'_>) -> TokenStream {
    let arms = aggregate.events.iter().enumerate().map(|(place, event)| {
        let (variant, place) = (&event.variant, Literal::usize_unsuffixed(place));
        quote!(Self::#variant(_) => #place,)
    });
    quote!(match self { #(#arms)* })
}

/// ```text
/// impl Serialize for InvoiceEvent {
///     fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
///         match self { Self::InvoicePaid(event) => <InvoicePaid as Listed>::write(event, serializer) }
///     }
/// }
/// ```
fn expand_serialize(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    let attributes = impl_attributes();
    let name = &aggregate.event_enum;
    let generics = generics(aggregate);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let [s, serializer, event] = ["__S", "__serializer", "__event"].map(local);
    let arms = aggregate.events.iter().map(|listed_event| {
        let (variant, write) = (&listed_event.variant, listed(listed_event, &private, "write"));
        quote!(Self::#variant(#event) => #write(#event, #serializer),)
    });
    quote! {
        #attributes
        impl #impl_generics #private::serde::Serialize for #name #ty_generics #where_clause {
            fn serialize<#s: #private::serde::Serializer>(
                &self,
                #serializer: #s,
            ) -> #private::Result<#s::Ok, #s::Error> {
                match self { #(#arms)* }
            }
        }
    }
}
