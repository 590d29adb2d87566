use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Type};

use super::event_set::{expand_retired_arm, expand_split_reads, expand_split_visits};
use super::mirror::all_fields;
use super::span::{call, local, qualified};
use super::variant::Hidden;
use super::{impl_attributes, in_block, item, private, proof, self_type};
use crate::attr::events::is_event;
use crate::model::{EventVariant, Events, Kind};

/// ```text
/// pub enum AccountEvent { .. }
/// const _: () = {
///     use ::es_core as __es_core;
///     struct __OwnedOpened { .. }             // and its impls, for each variant
///     impl EventSet for AccountEvent { .. }
///     impl Serialize for AccountEvent { .. }
///     impl IntoEvents<AccountEvent> for AccountEvent { .. }
///     impl From<AccountClosed> for AccountEvent { .. }
///     const _: () = { .. };                   // no two events share a stored name
/// };
/// ```
pub(super) fn expand(events: &Events<'_>) -> TokenStream {
    let item = item::expand_enum(&events.library, without_event_attributes(events.input));
    let types = self_type::expand_own_types(&all_fields(events.input), events.input);
    let variants: Vec<_> = events.variants.iter().map(|variant| ExpandedVariant::new(events, variant)).collect();
    let hidden = variants.iter().filter_map(|variant| variant.hidden.as_ref()).map(Hidden::expand);
    let set = expand_set(events, &variants);
    let serialize = expand_serialize(events, &variants);
    let conversions = expand_conversions(events);
    let proof = proof::expand_names_of_variants_differ(events);
    let own_data = proof::expand_own_data_is_not_an_event(events);
    let block = in_block(
        &events.library,
        &quote! {
            #types
            #(#hidden)*
            #set
            #serialize
            #conversions
            #proof
            #own_data
        },
    );
    quote! {
        #item
        #block
    }
}

/// The enum without the attributes that only the macro understands.
pub(crate) fn without_event_attributes(input: &DeriveInput) -> DeriveInput {
    let mut item = input.clone();
    if let Data::Enum(data) = &mut item.data {
        for variant in &mut data.variants {
            variant.attrs.retain(|attr| !is_event(attr));
        }
    }
    item
}

/// A variant with the type that reads and writes it.
struct ExpandedVariant<'a> {
    variant: &'a EventVariant<'a>,
    hidden: Option<Hidden<'a>>,
}

impl<'a> ExpandedVariant<'a> {
    fn new(events: &'a Events<'a>, variant: &'a EventVariant<'a>) -> Self {
        let hidden = match &variant.kind {
            Kind::Own(event) => Some(Hidden::new(events, variant, event)),
            Kind::Held(_) | Kind::Unknown => None,
        };
        Self { variant, hidden }
    }

    /// `<__OwnedOpened as Listed>::#item`, with the span of the variant, or of the event that it
    /// holds.
    fn listed(&self, private: &TokenStream, item: &str) -> TokenStream {
        let bound = quote!(#private::Listed);
        match (&self.hidden, &self.variant.kind) {
            (None, Kind::Held(ty)) => qualified(ty, &ty.to_token_stream(), &bound, item),
            (Some(hidden), _) => qualified(self.variant.ident(), &hidden.owned().to_token_stream(), &bound, item),
            (None, _) => TokenStream::new(),
        }
    }
}

/// ```text
/// impl EventSet for AccountEvent {
///     const EVENTS: &'static [EventInfo] = &[<__OwnedOpened as Listed>::INFO, <AccountClosed as Listed>::INFO];
///     fn info(&self) -> &'static EventInfo { match self { Self::Opened { .. } => &<__OwnedOpened as Listed>::INFO, .. } }
///     fn decode<P: Payload>(event_type: &str, version: u32, payload: &P) -> Result<Decoded<Self>, DecodeError> {
///         if <__OwnedOpened as Listed>::is_stored_as(event_type) {
///             return <__OwnedOpened as Listed>::read_as(version, payload, |event| Self::Opened { owner: event.owner });
///         }
///         match event_type { _ => Result::Err(DecodeError::UnknownType) }
///     }
///     fn visit_events<V: VisitEvents>(visitor: &mut V) { <__OwnedOpened as Listed>::visit(visitor); }
/// }
/// ```
fn expand_set(events: &Events<'_>, variants: &[ExpandedVariant<'_>]) -> TokenStream {
    let private = private(&events.krate);
    let attributes = impl_attributes();
    let name = &events.input.ident;
    let [p, event_type, version, payload, v, visitor] =
        ["__P", "__type", "__version", "__payload", "__V", "__visitor"].map(local);
    let infos = variants.iter().map(|variant| {
        let (cfg, info) = (variant.variant.cfg, variant.listed(&private, "INFO"));
        quote!(#(#cfg)* #info)
    });
    let info_arms = variants.iter().map(|variant| {
        let (cfg, ident, info) = (variant.variant.cfg, variant.variant.ident(), variant.listed(&private, "INFO"));
        quote!(#(#cfg)* Self::#ident { .. } => &#info,)
    });
    let reads = variants.iter().map(|variant| {
        let (cfg, ident) = (variant.variant.cfg, variant.variant.ident());
        let is_stored_as = variant.listed(&private, "is_stored_as");
        let read = match &variant.hidden {
            Some(hidden) => hidden.expand_read(&version, &payload),
            None => {
                let read = variant.listed(&private, "read_as");
                quote!(#read(#version, #payload, Self::#ident))
            }
        };
        quote! {
            #(#cfg)*
            if #is_stored_as(#event_type) {
                return #read;
            }
        }
    });
    let visits = variants.iter().map(|variant| {
        let (cfg, visit) = (variant.variant.cfg, variant.listed(&private, "visit"));
        let visit = match &variant.variant.kind {
            Kind::Held(ty) => call(ty, &visit, &quote!(#visitor)),
            _ => call(variant.variant.ident(), &visit, &quote!(#visitor)),
        };
        quote!(#(#cfg)* #visit;)
    });
    let split_reads = expand_split_reads(&private, events.split(), &event_type, &version, &payload);
    let split_visits = expand_split_visits(&private, events.split(), &visitor);
    let retired = events.retired();
    let retired_arm = expand_retired_arm(&private, retired);
    quote! {
        #attributes
        #[allow(clippy::too_many_lines)]
        impl #private::EventSet for #name {
            const EVENTS: &'static [#private::EventInfo] = &[#(#infos),*];

            fn info(&self) -> &'static #private::EventInfo {
                match self { #(#info_arms)* }
            }

            fn decode<#p: #private::Payload>(
                #event_type: &#private::str,
                #version: #private::u32,
                #payload: &#p,
            ) -> #private::Result<#private::Decoded<Self>, #private::DecodeError> {
                #(#reads)*
                #split_reads
                match #event_type {
                    #retired_arm
                    _ => #private::Result::Err(#private::DecodeError::UnknownType),
                }
            }

            fn visit_events<#v: #private::VisitEvents>(#visitor: &mut #v) {
                #(#visits)*
                #split_visits
                #(#private::VisitEvents::retired(#visitor, #retired);)*
            }
        }
    }
}

/// ```text
/// impl Serialize for AccountEvent {
///     fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
///         match self {
///             Self::Opened { owner: field } => Serialize::serialize(&__LentOpened { owner: field, .. }, serializer),
///             Self::Closed(event) => <AccountClosed as Listed>::write(event, serializer),
///         }
///     }
/// }
/// ```
fn expand_serialize(events: &Events<'_>, variants: &[ExpandedVariant<'_>]) -> TokenStream {
    let private = private(&events.krate);
    let attributes = impl_attributes();
    let name = &events.input.ident;
    let [s, serializer, event] = ["__S", "__serializer", "__event"].map(local);
    let arms = variants.iter().map(|variant| {
        let cfg = variant.variant.cfg;
        let arm = if let Some(hidden) = &variant.hidden {
            hidden.expand_write_arm(&serializer)
        } else {
            let (ident, write) = (variant.variant.ident(), variant.listed(&private, "write"));
            quote!(Self::#ident(#event) => #write(#event, #serializer),)
        };
        quote!(#(#cfg)* #arm)
    });
    quote! {
        #attributes
        #[allow(clippy::too_many_lines)]
        impl #private::serde::Serialize for #name {
            fn serialize<#s: #private::serde::Serializer>(
                &self,
                #serializer: #s,
            ) -> #private::Result<#s::Ok, #s::Error> {
                match self { #(#arms)* }
            }
        }
    }
}

/// ```text
/// impl Sample for AccountEvent { .. }
/// impl IntoEvents<AccountEvent> for AccountEvent { .. }
/// impl FirstEvents<AccountEvent> for AccountEvent {}
/// impl NextEvents<AccountEvent> for AccountEvent {}
/// list_set! { AccountEvent, "AccountEvent" }
///
/// impl From<AccountClosed> for AccountEvent { .. }            // for each event that is held
/// impl Holds<AccountClosed> for AccountEvent { .. }
/// impl IntoEvents<AccountEvent> for AccountClosed { .. }
/// impl FirstEvents<AccountEvent> for AccountClosed {}
/// impl NextEvents<AccountEvent> for AccountClosed {}
/// ```
pub(crate) fn expand_conversions(events: &Events<'_>) -> TokenStream {
    let private = private(&events.krate);
    let attributes = impl_attributes();
    let name = &events.input.ident;
    let list = local("__events");
    let held = events.held().map(|(variant, ty)| expand_held(events, variant, ty));
    let [info, payload, p] = ["__info", "__payload", "__P"].map(local);
    let shown = name.unraw().to_string();
    quote! {
        #attributes
        impl #private::Sample for #name {
            fn sample_info(&self) -> #private::EventInfo {
                *#private::EventSet::info(self)
            }

            fn read_sample<#p: #private::Payload>(
                #info: &#private::EventInfo,
                #payload: &#p,
            ) -> #private::Result<Self, #private::DecodeError> {
                #private::read_one(#info, #payload)
            }
        }

        #attributes
        impl #private::IntoEvents<#name> for #name {
            fn push_into(self, #list: &mut #private::Vec<#name>) {
                #private::Vec::push(#list, self);
            }
        }

        #attributes
        impl #private::FirstEvents<#name> for #name {}

        #attributes
        impl #private::NextEvents<#name> for #name {}

        #private::list_set! { #name, #shown }

        #(#held)*
    }
}

fn expand_held(events: &Events<'_>, variant: &EventVariant<'_>, ty: &Type) -> TokenStream {
    let private = private(&events.krate);
    let attributes = impl_attributes();
    let (name, ident) = (&events.input.ident, variant.ident());
    let [event, list, info, other] = ["__event", "__events", "__info", "__other"].map(local);
    let is_stored_as = qualified(ty, &ty.to_token_stream(), &quote!(#private::Listed), "is_stored_as");
    let cfg = variant.cfg;
    quote! {
        #(#cfg)*
        #attributes
        impl #private::From<#ty> for #name {
            fn from(#event: #ty) -> Self {
                Self::#ident(#event)
            }
        }

        #(#cfg)*
        #attributes
        impl #private::Holds<#ty> for #name {
            #[allow(unreachable_patterns)]
            fn holds(&self) -> #private::bool {
                match self { Self::#ident(_) => true, _ => false }
            }

            #[allow(unreachable_patterns)]
            fn take(self) -> #private::Result<#ty, Self> {
                match self { Self::#ident(#event) => #private::Result::Ok(#event), #other => #private::Result::Err(#other) }
            }
        }

        #(#cfg)*
        #attributes
        impl #private::IntoEvents<#name> for #ty {
            fn push_into(self, #list: &mut #private::Vec<#name>) {
                #private::Vec::push(#list, #name::#ident(self));
            }

            fn may_hold(#info: &#private::EventInfo) -> #private::bool {
                #is_stored_as(#info.event_type)
            }
        }

        #(#cfg)*
        #attributes
        impl #private::FirstEvents<#name> for #ty {}

        #(#cfg)*
        #attributes
        impl #private::NextEvents<#name> for #ty {}
    }
}
