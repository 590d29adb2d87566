use proc_macro2::TokenStream;
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
///
/// impl From<InvoicePaid> for InvoiceEvent { .. }
/// impl IntoEvents<InvoiceEvent> for InvoicePaid { .. }
/// impl IntoEvents<InvoiceEvent> for InvoiceEvent { .. }
/// impl Debug for InvoiceEvent { .. }
/// ```
pub(crate) fn expand_event_enum(aggregate: &Aggregate<'_>) -> TokenStream {
    let definition = expand_definition(aggregate);
    let conversions = expand_conversions(aggregate);
    let debug = expand_debug(aggregate);
    quote! {
        #definition
        #conversions
        #debug
    }
}

fn expand_definition(aggregate: &Aggregate<'_>) -> TokenStream {
    let (vis, name, generics) = (&aggregate.input.vis, &aggregate.event_enum, &aggregate.event_generics);
    let where_clause = &generics.where_clause;
    let summary = format!("One event of [`{}`], each of its types a variant.", aggregate.input.ident.unraw());
    let variants = aggregate.events.iter().map(|event| {
        let (variant, ty) = (&event.variant, event.ty);
        let role = if event.initial { "begins" } else { "changes" };
        let summary = format!("[`{}`], which {role} the aggregate.", variant.unraw());
        quote!(#[doc = #summary] #variant(#ty),)
    });
    quote! {
        #[doc = #summary]
        #[allow(deprecated, clippy::enum_variant_names, clippy::large_enum_variant, clippy::module_name_repetitions)]
        #vis enum #name #generics #where_clause {
            #(#variants)*
        }
    }
}

fn expand_conversions(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    let attributes = impl_attributes();
    let name = &aggregate.event_enum;
    let (impl_generics, ty_generics, where_clause) = aggregate.event_generics.split_for_impl();
    let [event, events] = ["__event", "__events"].map(local);
    let each = aggregate.events.iter().map(|listed| {
        let (variant, ty) = (&listed.variant, listed.ty);
        quote! {
            #attributes
            impl #impl_generics #private::From<#ty> for #name #ty_generics #where_clause {
                fn from(#event: #ty) -> Self {
                    Self::#variant(#event)
                }
            }

            #attributes
            impl #impl_generics #private::IntoEvents<#name #ty_generics> for #ty #where_clause {
                fn push_into(self, #events: &mut #private::Vec<#name #ty_generics>) {
                    #private::Vec::push(#events, #name::#variant(self));
                }
            }
        }
    });
    quote! {
        #(#each)*

        #attributes
        impl #impl_generics #private::IntoEvents<#name #ty_generics> for #name #ty_generics #where_clause {
            fn push_into(self, #events: &mut #private::Vec<#name #ty_generics>) {
                #private::Vec::push(#events, self);
            }
        }
    }
}

/// The name of the variant: the events themselves need not be `Debug`, and may hold what does not belong in a log.
fn expand_debug(aggregate: &Aggregate<'_>) -> TokenStream {
    if aggregate.events.is_empty() {
        return TokenStream::new();
    }
    let private = private(&aggregate.krate);
    let attributes = impl_attributes();
    let name = &aggregate.event_enum;
    let (impl_generics, ty_generics, where_clause) = aggregate.event_generics.split_for_impl();
    let formatter = local("__formatter");
    let arms = aggregate.events.iter().map(|event| {
        let (variant, shown) = (&event.variant, event.variant.unraw().to_token_stream().to_string());
        quote!(Self::#variant(_) => #shown,)
    });
    quote! {
        #attributes
        impl #impl_generics #private::fmt::Debug for #name #ty_generics #where_clause {
            fn fmt(&self, #formatter: &mut #private::fmt::Formatter<'_>) -> #private::fmt::Result {
                #private::fmt::Formatter::write_str(#formatter, match *self { #(#arms)* })
            }
        }
    }
}
