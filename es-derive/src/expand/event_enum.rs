use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;

use super::span::local;
use super::{impl_attributes, private};
use crate::model::Aggregate;

/// ```text
/// /// The events of [`Invoice`].
/// pub enum InvoiceEvent {
///     /// [`InvoicePaid`]
///     InvoicePaid(InvoicePaid),
/// }
/// ```
pub(crate) fn expand_definition(aggregate: &Aggregate<'_>) -> TokenStream {
    let (vis, name, generics) = (&aggregate.input.vis, &aggregate.event_enum, &aggregate.event_generics);
    let where_clause = &generics.where_clause;
    let derives = &aggregate.enum_derives;
    let derives = (!derives.is_empty()).then(|| quote!(#[derive(#(#derives),*)]));
    let summary = format!("An event of [`{}`]. Each type of event is a variant.", aggregate.input.ident.unraw());
    let variants = aggregate.events.iter().map(|event| {
        let (variant, ty) = (&event.variant, event.ty);
        let role = match (event.begins, event.changes) {
            (Some(_), Some(_)) => "begins or changes the aggregate",
            (Some(_), None) => "begins the aggregate",
            (None, Some(_)) => "changes the aggregate",
            (None, None) if event.ends.is_some() => "ends the aggregate",
            (None, None) => "changes nothing",
        };
        let summary = format!("[`{}`], which {role}.", variant.unraw());
        quote!(#[doc = #summary] #variant(#ty),)
    });
    quote! {
        #[doc = #summary]
        #derives
        #[allow(deprecated, non_camel_case_types, clippy::enum_variant_names, clippy::large_enum_variant, clippy::module_name_repetitions)]
        #vis enum #name #generics #where_clause {
            #(#variants)*
        }
    }
}

/// ```text
/// impl From<InvoicePaid> for InvoiceEvent { .. }
/// impl IntoEvents<InvoiceEvent> for InvoicePaid { .. }
/// impl NextEvents<InvoiceEvent> for InvoicePaid {}     // or `FirstEvents`, or both
/// impl IntoEvents<InvoiceEvent> for InvoiceEvent { .. }
/// impl FirstEvents<InvoiceEvent> for InvoiceEvent {}
/// impl NextEvents<InvoiceEvent> for InvoiceEvent {}
/// impl Debug for InvoiceEvent { .. }
/// ```
pub(crate) fn expand_impls(aggregate: &Aggregate<'_>) -> TokenStream {
    let conversions = expand_conversions(aggregate);
    let debug = expand_debug(aggregate);
    quote! {
        #conversions
        #debug
    }
}

fn expand_conversions(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    let attributes = impl_attributes();
    let (impl_generics, ty_generics, where_clause) = aggregate.event_generics.split_for_impl();
    let (name, set) = (&aggregate.event_enum, &{
        let name = &aggregate.event_enum;
        quote!(#name #ty_generics)
    });
    let [event, events, info] = ["__event", "__events", "__info"].map(local);
    // The compiler warns about a bound that names no parameter.
    let is_a_set = aggregate.has_generic_events().then(|| quote!(where #set: #private::EventSet));
    let marker = |marker: &str, of: &TokenStream| {
        let marker = Ident::new(marker, Span::call_site());
        quote! {
            #attributes
            impl #impl_generics #private::#marker<#set> for #of #where_clause {}
        }
    };
    let each = aggregate.events.iter().enumerate().map(|(place, listed)| {
        let (variant, ty, place) = (&listed.variant, listed.ty, Literal::usize_unsuffixed(place));
        let first = aggregate.can_begin(listed).then(|| marker("FirstEvents", &ty.to_token_stream()));
        let next = listed.can_continue().then(|| marker("NextEvents", &ty.to_token_stream()));
        quote! {
            #attributes
            impl #impl_generics #private::From<#ty> for #set #where_clause {
                fn from(#event: #ty) -> Self {
                    Self::#variant(#event)
                }
            }

            #attributes
            impl #impl_generics #private::IntoEvents<#set> for #ty #where_clause {
                fn push_into(self, #events: &mut #private::Vec<#set>) {
                    #private::Vec::push(#events, #name::#variant(self));
                }

                fn may_hold(#info: &#private::EventInfo) -> #private::bool #is_a_set {
                    #private::is_event_at::<#set>(#place, #info)
                }
            }

            #first
            #next
        }
    });
    let (first, next) = (marker("FirstEvents", set), marker("NextEvents", set));
    quote! {
        #(#each)*

        #attributes
        impl #impl_generics #private::IntoEvents<#set> for #set #where_clause {
            fn push_into(self, #events: &mut #private::Vec<#set>) {
                #private::Vec::push(#events, self);
            }
        }

        #first
        #next
    }
}

/// ```text
/// impl Debug for InvoiceEvent {
///     fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
///         match self { Self::InvoicePaid(event) => Shown { event, name: "InvoicePaid" }.__show(formatter) }
///     }
/// }
/// ```
///
/// Prints an event if it implements `Debug`, and otherwise the name of its variant. For an event
/// with a parameter of the aggregate, the compiler cannot choose before the parameter is known, so
/// the name is printed.
fn expand_debug(aggregate: &Aggregate<'_>) -> TokenStream {
    if aggregate.events.is_empty() {
        return TokenStream::new();
    }
    let private = private(&aggregate.krate);
    let attributes = impl_attributes();
    let name = &aggregate.event_enum;
    let (impl_generics, ty_generics, where_clause) = aggregate.event_generics.split_for_impl();
    let [formatter, event] = ["__formatter", "__event"].map(local);
    let arms = aggregate.events.iter().map(|listed| {
        let (variant, shown) = (&listed.variant, listed.variant.unraw().to_token_stream().to_string());
        if listed.generic {
            return quote!(Self::#variant(_) => #private::fmt::Formatter::write_str(#formatter, #shown),);
        }
        quote!(Self::#variant(#event) => #private::Shown { event: #event, name: #shown }.__show(#formatter),)
    });
    let traits = aggregate.events.iter().any(|listed| !listed.generic).then(|| {
        quote! {
            use #private::ShowName as _;
        }
    });
    quote! {
        #attributes
        impl #impl_generics #private::fmt::Debug for #name #ty_generics #where_clause {
            fn fmt(&self, #formatter: &mut #private::fmt::Formatter<'_>) -> #private::fmt::Result {
                #traits
                match self { #(#arms)* }
            }
        }
    }
}
