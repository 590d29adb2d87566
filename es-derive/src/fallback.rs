//! Stub impls that are emitted together with the errors, so that one mistake does not cause errors
//! in the rest of the program.

mod read_model;

use std::collections::HashSet;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{
    Data, DeriveInput, Error, Fields, GenericArgument, GenericParam, Generics, Lifetime, Meta, Path, Token, Type,
    parse_quote,
};

pub(crate) use read_model::{half_written_projection, half_written_row, projection, row};

use crate::check::{is_implemented, is_serde_derive};
use crate::expand::{
    expand_conversions, expand_definition, expand_impls, expand_set_type, id_of_aggregate, impl_attributes, in_block,
    private, without_event_attributes,
};
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
    let item = without_our_attributes(without_event_attributes(event.input));
    let error = error.to_compile_error();
    let stubs = expand_event(event, &quote!(loop {}));
    quote! {
        #item
        #error
        #stubs
    }
}

/// The same for an item that cannot be parsed. The compiler reports that; `error` has only the
/// mistakes in the attribute.
pub(crate) fn half_written_event(event: &Event<'_>, item: &TokenStream, error: Option<Error>) -> TokenStream {
    let (inside, outside) = (private(&event.krate), private(&event.library));
    let error = error.map(Error::into_compile_error);
    let stubs = expand_event(event, &unsupported(&inside, "#[event]"));
    quote! {
        #[derive(#outside::SerdeAttributes)]
        #item
        #error
        #stubs
    }
}

/// A body for generic functions that never compiles if it is used. If the compiler could parse an
/// item that the macro could not, this is the error.
fn unsupported(private: &TokenStream, name: &str) -> TokenStream {
    let message = format!("`{name}` does not support the syntax of this item");
    quote!(const { #private::panic!(#message) })
}

fn expand_event(event: &Event<'_>, never: &TokenStream) -> TokenStream {
    let private = private(&event.krate);
    let attributes = impl_attributes();
    let stub = Stub::of(event.input, &quote!(#private::Send + 'static));
    let (impl_generics, this, where_clause) = stub.parts();
    let mut reading = stub.generics.clone();
    reading.params.insert(0, parse_quote!('__de));
    let (read_generics, _, _) = reading.split_for_impl();
    let name = &event.name;
    let version = event.version;
    let stubs = quote! {
        #attributes
        impl #impl_generics #private::serde::Serialize for #this #where_clause {
            fn serialize<__S: #private::serde::Serializer>(&self, _: __S) -> #private::Result<__S::Ok, __S::Error> {
                #never
            }
        }

        #attributes
        impl #read_generics #private::serde::Deserialize<'__de> for #this #where_clause {
            fn deserialize<__D: #private::serde::Deserializer<'__de>>(_: __D) -> #private::Result<Self, __D::Error> {
                #never
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
                #never
            }
        }
    };
    in_block(&event.library, &stubs)
}

/// ```text
/// pub enum AccountEvent { .. }
/// compile_error! { .. }
/// impl EventSet for AccountEvent { .. }
/// ```
pub(crate) fn events(mut events: Events<'_>, error: &Error) -> TokenStream {
    let item = without_our_attributes(without_event_attributes(events.input));
    let error = error.to_compile_error();
    let private = private(&events.krate);
    let stub = Stub::of(events.input, &quote!(#private::Send + 'static));
    let (impl_generics, this, where_clause) = stub.parts();
    let (generics, clause) = (impl_generics.to_token_stream(), where_clause.to_token_stream());
    let set = stub_set(&private, &generics, this, &clause, &quote!(loop {}));
    events.forget_held_twice();
    let conversions = events.input.generics.params.is_empty().then(|| expand_conversions(&events));
    let block = in_block(&events.library, &quote!(#set #conversions));
    quote! {
        #item
        #error
        #block
    }
}

/// `Serialize` and `EventSet`.
fn stub_set(
    private: &TokenStream,
    impl_generics: &TokenStream,
    this: &TokenStream,
    where_clause: &TokenStream,
    never: &TokenStream,
) -> TokenStream {
    let attributes = impl_attributes();
    quote! {
        #attributes
        impl #impl_generics #private::serde::Serialize for #this #where_clause {
            fn serialize<__S: #private::serde::Serializer>(&self, _: __S) -> #private::Result<__S::Ok, __S::Error> {
                #never
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
                #never
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
pub(crate) fn aggregate(aggregate: Aggregate<'_>, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    let stubs = expand_aggregate(aggregate, &quote!(loop {}));
    quote! {
        #error
        #stubs
    }
}

/// The same for an item that cannot be parsed. The compiler reports that; `error` has only the
/// mistakes in the attribute.
pub(crate) fn half_written_aggregate(aggregate: Aggregate<'_>, error: Option<Error>) -> TokenStream {
    let error = error.map(Error::into_compile_error);
    let never = unsupported(&private(&aggregate.krate), "#[derive(Aggregate)]");
    let stubs = expand_aggregate(aggregate, &never);
    quote! {
        #error
        #stubs
    }
}

fn expand_aggregate(mut aggregate: Aggregate<'_>, never: &TokenStream) -> TokenStream {
    aggregate.enum_derives.retain(|derive| !is_implemented(derive));
    if aggregate.attr.may_lack_events() {
        return expand_unread(&aggregate, never);
    }
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
    let private = private(&aggregate.krate);
    let set = &aggregate.event_enum;
    let mut stub = Stub::of(aggregate.input, &quote!(#private::Send + #private::Sync + 'static));
    let mut set_generics = aggregate.event_generics.clone();
    let (_, set_ty_generics, _) = aggregate.event_generics.split_for_impl();
    if !set_generics.params.is_empty() {
        let bound: syn::WherePredicate = parse_quote!(#set #set_ty_generics: #private::Send + 'static);
        stub.generics.make_where_clause().predicates.push(bound.clone());
        set_generics.make_where_clause().predicates.push(bound);
    }
    let (set_impl_generics, _, set_where) = set_generics.split_for_impl();
    let set_type = expand_set_type(&aggregate);
    let implementation = expand_impl(&aggregate, &stub, &set_type, never);
    let (mut event_enum, mut stubs) = (TokenStream::new(), implementation);
    if aggregate.event_set().is_none() {
        let (generics, set_where) = (set_impl_generics.to_token_stream(), set_where.to_token_stream());
        let (impls, set) = (expand_impls(&aggregate), stub_set(&private, &generics, &set_type, &set_where, never));
        event_enum = expand_definition(&aggregate);
        stubs = quote!(#impls #set #stubs);
    }
    let block = in_block(&aggregate.library, &stubs);
    quote! {
        #event_enum
        #block
    }
}

/// ```text
/// pub type InvoiceEvent = Unread;             // every event belongs to it
/// impl Aggregate for Invoice { .. }
/// ```
fn expand_unread(aggregate: &Aggregate<'_>, never: &TokenStream) -> TokenStream {
    // Outside the block, because callers name the type.
    let unread = private(&aggregate.library);
    let private = private(&aggregate.krate);
    let (vis, set) = (&aggregate.input.vis, &aggregate.event_enum);
    let stub = Stub::of(aggregate.input, &quote!(#private::Send + #private::Sync + 'static));
    if aggregate.attr.event_set.is_given() {
        // The enum is the user's own, and probably has this name.
        let implementation = expand_impl(aggregate, &stub, &quote!(#private::Unread), never);
        return in_block(&aggregate.library, &implementation);
    }
    let implementation = expand_impl(aggregate, &stub, &quote!(#set), never);
    let block = in_block(&aggregate.library, &implementation);
    quote! {
        #[doc(hidden)]
        #[allow(dead_code)]
        #vis type #set = #unread::Unread;
        #block
    }
}

fn expand_impl(aggregate: &Aggregate<'_>, stub: &Stub, set: &TokenStream, never: &TokenStream) -> TokenStream {
    let private = private(&aggregate.krate);
    let attributes = impl_attributes();
    let (name, id) = (&aggregate.name, id_of_aggregate(aggregate));
    let (impl_generics, this, where_clause) = stub.parts();
    quote! {
        #attributes
        impl #impl_generics #private::Aggregate for #this #where_clause {
            type Event = #set;
            type Id = #id;
            const TYPE: &'static #private::str = #name;
            const SNAPSHOT_POLICY: #private::SnapshotPolicy = #private::SnapshotPolicy::Never;
            const STATE_VERSION: #private::u32 = 1;
            fn can_begin(_: &Self::Event) -> #private::bool {
                loop {}
            }
            fn can_continue(_: &Self::Event) -> #private::bool {
                loop {}
            }
            fn begin(_: Self::Event, _: &#private::Context) -> #private::Result<Self, #private::FoldError> {
                loop {}
            }
            fn fold(&mut self, _: Self::Event, _: &#private::Context) -> #private::Result<(), #private::FoldError> {
                loop {}
            }
            fn serialize_state<__S: #private::serde::Serializer>(
                &self,
                _: __S,
            ) -> #private::Result<__S::Ok, __S::Error> {
                #never
            }
            fn deserialize_state<'__de, __D: #private::serde::Deserializer<'__de>>(
                _: __D,
            ) -> #private::Result<Self, __D::Error> {
                #never
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

/// The item without the attributes that only the macro understands, without the derives that the
/// stubs replace, and with `'static` where a reference lacks its lifetime. The mistake of a
/// borrowed field is already reported.
fn without_our_attributes(mut item: DeriveInput) -> DeriveInput {
    fn clean(attrs: &mut Vec<syn::Attribute>) {
        attrs.retain(|attr| *attr.path() != SERDE);
    }
    fn clean_fields(fields: &mut Fields) {
        for field in fields {
            clean(&mut field.attrs);
            field.ty = Type::Verbatim(with_lifetimes(field.ty.to_token_stream()));
        }
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
        Data::Struct(data) => clean_fields(&mut data.fields),
        Data::Enum(data) => {
            for variant in &mut data.variants {
                clean(&mut variant.attrs);
                clean_fields(&mut variant.fields);
            }
        }
        Data::Union(data) => data.fields.named.iter_mut().for_each(|field| clean(&mut field.attrs)),
    }
    item
}

/// The tokens of a type with `'static` for each reference without a lifetime.
fn with_lifetimes(ty: TokenStream) -> TokenStream {
    let mut tokens = ty.into_iter().peekable();
    let mut result = TokenStream::new();
    while let Some(token) = tokens.next() {
        let lacks_one = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '&')
            && !matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '\'');
        result.extend([match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), with_lifetimes(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            token => token,
        }]);
        if lacks_one {
            result.extend(quote!('static));
        }
    }
    result
}
