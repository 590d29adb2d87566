//! Stub impls that are emitted together with the errors, so that one mistake does not cause errors
//! in the rest of the program.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{
    Data, DeriveInput, Error, GenericArgument, GenericParam, Generics, Lifetime, Meta, Path, Token, parse_quote,
};

use crate::check::{is_implemented, is_serde_derive};
use crate::expand::{expand_conversions, expand_event_enum, expand_set_type, impl_attributes, item_of_events, private};
use crate::model::{Aggregate, Event, Events};
use crate::symbol::{EVENT, SERDE};

/// The attribute is on an item that is not a type.
pub(crate) fn no_type(item: &TokenStream, error: Error) -> TokenStream {
    wrong_item(item, error, "an event is a struct or an enum; write `#[event(version = 1)]` on one")
}

/// `#[events]` is on an item that is not a type.
pub(crate) fn no_enum(item: &TokenStream, error: Error) -> TokenStream {
    wrong_item(item, error, "`#[events]` belongs on the enum of all events of an aggregate")
}

fn wrong_item(item: &TokenStream, error: Error, remedy: &str) -> TokenStream {
    let error = match syn::parse2::<syn::Item>(item.clone()) {
        Ok(other) => Error::new(keyword(&other), remedy),
        Err(_) => error,
    };
    let error = error.into_compile_error();
    quote!(#item #error)
}

/// The span of the keyword that names the kind of the item.
fn keyword(item: &syn::Item) -> proc_macro2::Span {
    match item {
        syn::Item::Fn(item) => item.sig.fn_token.span,
        syn::Item::Impl(item) => item.impl_token.span,
        syn::Item::Trait(item) => item.trait_token.span,
        syn::Item::Type(item) => item.type_token.span,
        syn::Item::Mod(item) => item.mod_token.span,
        other => {
            other.to_token_stream().into_iter().next().map_or_else(proc_macro2::Span::call_site, |first| first.span())
        }
    }
}

/// ```text
/// struct InvoicePaid { .. }
/// compile_error! { .. }
/// impl Serialize for InvoicePaid { .. }
/// impl<'de> Deserialize<'de> for InvoicePaid { .. }
/// impl Event for InvoicePaid { .. }
/// ```
pub(crate) fn event(event: &Event<'_>, error: &Error) -> TokenStream {
    let item = without_our_attributes(item_of_events(event.input));
    let error = error.to_compile_error();
    let private = private(&event.krate);
    let attributes = impl_attributes();
    let stub = Stub::of(event.input, &quote!(#private::Send + 'static));
    let (impl_generics, this, where_clause) = stub.parts();
    let mut reading = stub.generics.clone();
    reading.params.insert(0, parse_quote!('__de));
    let (read_generics, _, _) = reading.split_for_impl();
    let name = &event.name;
    let version = event.version;
    quote! {
        #item
        #error

        #attributes
        impl #impl_generics #private::serde::Serialize for #this #where_clause {
            fn serialize<__S: #private::serde::Serializer>(&self, _: __S) -> #private::Result<__S::Ok, __S::Error> {
                loop {}
            }
        }

        #attributes
        impl #read_generics #private::serde::Deserialize<'__de> for #this #where_clause {
            fn deserialize<__D: #private::serde::Deserializer<'__de>>(_: __D) -> #private::Result<Self, __D::Error> {
                loop {}
            }
        }

        #attributes
        impl #impl_generics #private::Event for #this #where_clause {
            const TYPE: &'static #private::str = #name;
            const VERSION: #private::u32 = #version;
            fn decode<__P: #private::Payload>(
                _: #private::u32,
                _: &__P,
            ) -> #private::Result<Self, #private::DecodeError> {
                loop {}
            }
        }
    }
}

/// ```text
/// pub enum AccountEvent { .. }
/// compile_error! { .. }
/// impl EventSet for AccountEvent { .. }
/// ```
pub(crate) fn events(mut events: Events<'_>, error: &Error) -> TokenStream {
    let item = without_our_attributes(item_of_events(events.input));
    let error = error.to_compile_error();
    let private = private(&events.krate);
    let stub = Stub::of(events.input, &quote!(#private::Send + 'static));
    let (impl_generics, this, where_clause) = stub.parts();
    let set = stub_set(&private, &impl_generics.to_token_stream(), this, &where_clause.to_token_stream());
    events.forget_held_twice();
    let conversions = events.input.generics.params.is_empty().then(|| expand_conversions(&events));
    quote! {
        #item
        #error
        #set
        #conversions
    }
}

/// `Serialize` and `EventSet`.
fn stub_set(
    private: &TokenStream,
    impl_generics: &TokenStream,
    this: &TokenStream,
    where_clause: &TokenStream,
) -> TokenStream {
    let attributes = impl_attributes();
    quote! {
        #attributes
        impl #impl_generics #private::serde::Serialize for #this #where_clause {
            fn serialize<__S: #private::serde::Serializer>(&self, _: __S) -> #private::Result<__S::Ok, __S::Error> {
                loop {}
            }
        }

        #attributes
        impl #impl_generics #private::EventSet for #this #where_clause {
            const EVENTS: &'static [#private::EventInfo] = &[];
            fn info(&self) -> &'static #private::EventInfo {
                loop {}
            }
            fn decode<__P: #private::Payload>(
                _: &#private::str,
                _: #private::u32,
                _: &__P,
            ) -> #private::Result<#private::Decoded<Self>, #private::DecodeError> {
                loop {}
            }
        }
    }
}

/// ```text
/// compile_error! { .. }
/// pub enum InvoiceEvent { .. }                // the events that could be read
/// impl EventSet for InvoiceEvent { .. }
/// impl Aggregate for Invoice { .. }
/// ```
pub(crate) fn aggregate(mut aggregate: Aggregate<'_>, error: &Error) -> TokenStream {
    aggregate.enum_derives.retain(|derive| !is_implemented(derive));
    let mut seen = HashSet::new();
    aggregate.events.retain(|event| seen.insert(event.variant.unraw()));
    for event in &mut aggregate.events {
        // A list may be missing because its key could not be read, so every event may begin and
        // change the aggregate.
        (event.begins, event.changes) = (Some(event.ty), Some(event.ty));
    }
    let own = &aggregate.input.ident;
    if seen.contains(&aggregate.event_enum.unraw()) || aggregate.event_enum == *own {
        aggregate.event_enum = quote::format_ident!("__{}Events", own.unraw());
    }
    let error = error.to_compile_error();
    let private = private(&aggregate.krate);
    let attributes = impl_attributes();
    let (name, set) = (&aggregate.name, &aggregate.event_enum);
    let mut stub = Stub::of(aggregate.input, &quote!(#private::Send + #private::Sync + 'static));
    let mut set_generics = aggregate.event_generics.clone();
    let (_, set_ty_generics, _) = aggregate.event_generics.split_for_impl();
    if !set_generics.params.is_empty() {
        let bound: syn::WherePredicate = parse_quote!(#set #set_ty_generics: #private::Send + 'static);
        stub.generics.make_where_clause().predicates.push(bound.clone());
        set_generics.make_where_clause().predicates.push(bound);
    }
    let (impl_generics, this, where_clause) = stub.parts();
    let (set_impl_generics, _, set_where) = set_generics.split_for_impl();
    let set_type = expand_set_type(&aggregate);
    let (event_enum, stub_set) = if aggregate.event_set().is_some() {
        (TokenStream::new(), TokenStream::new())
    } else {
        let (generics, set_where) = (set_impl_generics.to_token_stream(), set_where.to_token_stream());
        (expand_event_enum(&aggregate), stub_set(&private, &generics, &set_type, &set_where))
    };
    quote! {
        #error
        #event_enum

        #stub_set

        #attributes
        impl #impl_generics #private::Aggregate for #this #where_clause {
            type Event = #set_type;
            const TYPE: &'static #private::str = #name;
            const SNAPSHOT_POLICY: #private::SnapshotPolicy = #private::SnapshotPolicy::Never;
            const STATE_VERSION: #private::u32 = 1;
            fn can_begin(_: &Self::Event) -> #private::bool {
                loop {}
            }
            fn can_continue(_: &Self::Event) -> #private::bool {
                loop {}
            }
            fn init(_: Self::Event, _: &#private::Context) -> #private::Result<Self, #private::FoldError> {
                loop {}
            }
            fn apply(&mut self, _: Self::Event, _: &#private::Context) -> #private::Result<(), #private::FoldError> {
                loop {}
            }
            fn serialize_state<__S: #private::serde::Serializer>(
                &self,
                _: __S,
            ) -> #private::Result<__S::Ok, __S::Error> {
                loop {}
            }
            fn deserialize_state<'__de, __D: #private::serde::Deserializer<'__de>>(
                _: __D,
            ) -> #private::Result<Self, __D::Error> {
                loop {}
            }
        }
    }
}

/// The type as the stub impls name it. Its lifetimes, which are an error, become `'static`.
struct Stub {
    generics: Generics,
    this: TokenStream,
}

impl Stub {
    fn of(input: &DeriveInput, bound: &TokenStream) -> Self {
        let mut generics = input.generics.clone();
        let args = generics.params.iter().map(|param| -> GenericArgument {
            match param {
                GenericParam::Lifetime(_) => {
                    GenericArgument::Lifetime(Lifetime::new("'static", proc_macro2::Span::call_site()))
                }
                GenericParam::Type(param) => {
                    let ident = &param.ident;
                    parse_quote!(#ident)
                }
                GenericParam::Const(param) => {
                    let ident = &param.ident;
                    parse_quote!(#ident)
                }
            }
        });
        let ident = &input.ident;
        let this = quote!(#ident<#(#args),*>);
        let has_lifetimes = generics.lifetimes().next().is_some();
        generics.params =
            generics.params.into_iter().filter(|param| !matches!(param, GenericParam::Lifetime(_))).collect();
        if has_lifetimes {
            generics.where_clause = None;
        }
        if !generics.params.is_empty() {
            generics.make_where_clause().predicates.push(parse_quote!(#this: #bound));
        }
        Self { generics, this }
    }

    fn parts(&self) -> (impl ToTokens, &TokenStream, Option<&syn::WhereClause>) {
        let (impl_generics, _, where_clause) = self.generics.split_for_impl();
        (impl_generics, &self.this, where_clause)
    }
}

/// The item without the attributes that only the macro understands, and without the derives that
/// the stubs replace.
fn without_our_attributes(mut item: DeriveInput) -> DeriveInput {
    fn clean(attrs: &mut Vec<syn::Attribute>) {
        attrs.retain(|attr| *attr.path() != SERDE);
    }
    clean(&mut item.attrs);
    item.attrs.retain(|attr| attr.path().segments.last().is_none_or(|last| last.ident != EVENT));
    for attr in item.attrs.iter_mut().filter(|attr| attr.path().is_ident("derive")) {
        let Ok(paths) = attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated) else { continue };
        let kept = paths.into_iter().filter(|path| !is_serde_derive(path));
        if let Meta::List(list) = &mut attr.meta {
            list.tokens = quote!(#(#kept),*);
        }
    }
    match &mut item.data {
        Data::Struct(data) => data.fields.iter_mut().for_each(|field| clean(&mut field.attrs)),
        Data::Enum(data) => {
            for variant in &mut data.variants {
                clean(&mut variant.attrs);
                variant.fields.iter_mut().for_each(|field| clean(&mut field.attrs));
            }
        }
        Data::Union(data) => data.fields.named.iter_mut().for_each(|field| clean(&mut field.attrs)),
    }
    item
}
