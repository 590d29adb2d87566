//! Rules that only the compiler can check, as assertions that `cargo check` evaluates.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{LitStr, TypePath};

use super::private;
use super::self_type::spell_out;
use super::span::{over, qualified};
use crate::diag::shown;
use crate::model::{Aggregate, Event, Events, Kind};

/// ```text
/// const _: () = {
///     assert!(<InvoicePaidV1 as Event>::VERSION == 1, "..");
///     assert!(same_name(<InvoicePaidV1 as Event>::TYPE, "InvoicePaid"), "..");
///     assert!(keeps_aliases(<InvoicePaidV1 as Event>::ALIASES, &["BillPaid"]), "..");
/// };
/// ```
pub(super) fn expand_predecessor(event: &Event<'_>) -> TokenStream {
    if event.is_generic() {
        return TokenStream::new();
    }
    let assertions = assert_predecessor(event);
    quote!(#(const _: () = #assertions;)*)
}

/// The same for a generic type. Its predecessor can be named only in the body of a method
/// that has the parameters in scope.
pub(super) fn expand_predecessor_in_body(event: &Event<'_>) -> TokenStream {
    let assertions = assert_predecessor(event);
    quote!(#(const { #assertions };)*)
}

fn assert_predecessor(event: &Event<'_>) -> Vec<TokenStream> {
    let Some(from) = event.from() else { return Vec::new() };
    let private = private(&event.krate);
    let (name, expected) = (&event.name, event.since - 1);
    let (old, new) = (shown(from), event.input.ident.to_string());
    let old_version = qualified(from, &from.to_token_stream(), &quote!(#private::Event), "VERSION");
    let old_name = qualified(from, &from.to_token_stream(), &quote!(#private::Event), "TYPE");
    let old_aliases = qualified(from, &from.to_token_stream(), &quote!(#private::Event), "ALIASES");
    let old_is_split = qualified(from, &from.to_token_stream(), &quote!(#private::Event), "IS_SPLIT");
    let aliases = &event.attr.aliases;
    let since = event.since;
    let gap = format!(
        "`from` of `{new}` must be version {expected} of the event, because `{new}` reads versions from {since} on; `{old}` has a different version, so write the type of version {expected} instead"
    );
    let other = format!(
        "`from` of `{new}` must be version {expected} of `{name}`, but `{old}` is stored under a different name; write `#[event(version = {expected}, name = \"{name}\")]` on `{old}`"
    );
    let split = format!(
        "`{old}` is split into other events, so it is not a predecessor; remove `split` from `{old}`, and write it on the newest version if that is read as other events"
    );
    let lost = format!(
        "`{old}` has an `alias` that `{new}` does not have, so events stored under that name would not be read; write it on `{new}` too"
    );
    vec![
        assertion(from, &private, &quote!(#old_version == #expected), &gap),
        assertion(from, &private, &quote!(#private::same_name(#old_name, #name)), &other),
        assertion(from, &private, &quote!(!#old_is_split), &split),
        assertion(from, &private, &quote!(#private::keeps_aliases(#old_aliases, &[#(#aliases),*])), &lost),
    ]
}

/// `assert!(.., "..")`, with the span of the user's code, so that the compiler underlines it.
pub(super) fn assertion(
    at: &impl ToTokens,
    private: &TokenStream,
    condition: &TokenStream,
    message: &str,
) -> TokenStream {
    over(at, quote!(#private::assert!(#condition, "{}", #message)))
}

/// One assertion per name. If two names are equal, the compiler underlines the second one.
///
/// ```text
/// const _: () = {
///     const __EVENTS: &[EventInfo] = <InvoiceEvent as EventSet>::EVENTS;
///     const __SHOWN: &[&str] = &["InvoiceCreated", "InvoicePaid"];
///     const __KINDS: &[Kind] = &[<InvoiceCreated as Listed>::KIND, <InvoicePaid as Listed>::KIND];
///     const __LIST: List<'_> = List::new(__EVENTS, __SHOWN, __KINDS);
///     const _: () = assert_listed(1, __LIST);
/// };
/// ```
pub(super) fn expand_names_differ(aggregate: &Aggregate<'_>) -> TokenStream {
    if aggregate.has_generic_events() {
        return TokenStream::new();
    }
    let private = private(&aggregate.krate);
    let event_enum = &aggregate.event_enum;
    let table = expand_table(aggregate, &quote!(<#event_enum as #private::EventSet>::EVENTS), &quote!(const));
    let assertions = assert_names_differ(aggregate);
    quote! {
        const _: () = {
            #table
            #(const _: () = #assertions;)*
        };
    }
}

/// The same if an event names a parameter of the aggregate. Then only the body of a method can name
/// the event.
pub(super) fn expand_names_differ_in_body(aggregate: &Aggregate<'_>) -> TokenStream {
    if !aggregate.has_generic_events() {
        return TokenStream::new();
    }
    let private = private(&aggregate.krate);
    let table = expand_table(aggregate, &quote!(<Self as #private::EventSet>::EVENTS), &quote!(let));
    let assertions = assert_names_differ(aggregate);
    quote!(const { #table #(#assertions;)* };)
}

/// A table of all events that are listed, with the text that errors show for each.
fn expand_table(aggregate: &Aggregate<'_>, events: &TokenStream, keyword: &TokenStream) -> TokenStream {
    let private = private(&aggregate.krate);
    let shown = aggregate.events.iter().map(|event| event.ty).map(shown);
    let kinds = aggregate
        .events
        .iter()
        .map(|event| qualified(event.ty, &event.ty.to_token_stream(), &quote!(#private::Listed), "KIND"));
    quote! {
        #keyword __EVENTS: &[#private::EventInfo] = #events;
        #keyword __SHOWN: &[&#private::str] = &[#(#shown),*];
        #keyword __KINDS: &[#private::Kind] = &[#(#kinds),*];
        #keyword __LIST: #private::List<'_> = #private::List::new(__EVENTS, __SHOWN, __KINDS);
    }
}

fn assert_names_differ(aggregate: &Aggregate<'_>) -> Vec<TokenStream> {
    let private = private(&aggregate.krate);
    let mut assertions = Vec::new();
    for (at, event) in aggregate.events.iter().enumerate() {
        // The compiler reports the error at the caller, so the whole call has the span of the
        // listed type.
        assertions.push(over(event.ty, quote!(#private::assert_listed(#at, __LIST))));
    }
    assertions.extend(assert_former_names_differ(&private, aggregate.split(), aggregate.retired()));
    assertions
}

/// No current event has the name of an event that is split, or a name that is retired.
fn assert_former_names_differ(private: &TokenStream, split: &[TypePath], retired: &[LitStr]) -> Vec<TokenStream> {
    let mut assertions = Vec::new();
    for ty in split {
        let head = format!("`{}`, which is split, and `", shown(ty));
        let tail = "`; give one of them another `name`, or remove the one that is no longer needed";
        let info = qualified(ty, &ty.to_token_stream(), &quote!(#private::Listed), "INFO");
        assertions.push(refuse(
            ty,
            private,
            &quote!(#private::first_clash(&#info, __EVENTS, __EVENTS.len())),
            &quote!(#head, __SHOWN[__other], "` are both stored as `", __name, #tail),
        ));
    }
    for name in retired {
        let head = format!("`{}` is retired, and `", name.value());
        assertions.push(refuse(
            name,
            private,
            &quote!(#private::first_named(#name, __EVENTS)),
            &quote!(#head, __SHOWN[__other], "` is stored under that name; remove one of them, or give `", __SHOWN[__other], "` another `name`"),
        ));
    }
    assertions
}

/// The same assertions for the user's own enum. The compiler underlines a variant.
///
/// A variant under a condition may be missing, which moves the index of those behind it.
pub(super) fn expand_names_of_variants_differ(events: &Events<'_>) -> TokenStream {
    let private = private(&events.krate);
    let name = &events.input.ident;
    let names = events.variants.iter().map(|variant| {
        let (cfg, shown) = (variant.cfg, variant.ident().to_string());
        quote!(#(#cfg)* #shown)
    });
    let kinds = events.variants.iter().map(|variant| {
        let cfg = variant.cfg;
        let kind = match &variant.kind {
            Kind::Held(ty) => qualified(ty, &ty.to_token_stream(), &quote!(#private::Listed), "KIND"),
            Kind::Own(_) | Kind::Unknown => quote!(#private::Kind::Event),
        };
        quote!(#(#cfg)* #kind)
    });
    let mut conditional: Vec<&[syn::Attribute]> = Vec::new();
    let mut always = 0_usize;
    let mut assertions = Vec::new();
    for variant in &events.variants {
        let cfg = variant.cfg;
        let at = if conditional.is_empty() {
            quote!(#always)
        } else {
            quote!(#always + <[()]>::len(&[#(#(#conditional)* ()),*]))
        };
        let assertion = match &variant.kind {
            Kind::Held(ty) => {
                let held = shown(ty);
                over(ty, quote!(#private::assert_held(#held, #at, __LIST)))
            }
            Kind::Own(_) | Kind::Unknown => over(variant.ident(), quote!(#private::assert_listed(#at, __LIST))),
        };
        assertions.push(quote!(#(#cfg)* const _: () = #assertion;));
        if cfg.is_empty() {
            always += 1;
        } else {
            conditional.push(cfg);
        }
    }
    let former = assert_former_names_differ(&private, events.split(), events.retired());
    quote! {
        const _: () = {
            const __EVENTS: &[#private::EventInfo] = <#name as #private::EventSet>::EVENTS;
            const __SHOWN: &[&#private::str] = &[#(#names),*];
            const __KINDS: &[#private::Kind] = &[#(#kinds),*];
            const __LIST: #private::List<'_> = #private::List::new(__EVENTS, __SHOWN, __KINDS);
            #(#assertions)*
            #(const _: () = #former;)*
        };
    }
}

/// The only field of a variant with its own data is not an event: the event would be stored as the
/// field `0`.
///
/// ```text
/// const _: () = {
///     use NotEvent as _;
///     assert!(!<EventProbe<AccountClosed>>::IS_EVENT, "..");
/// };
/// ```
pub(super) fn expand_own_data_is_not_an_event(events: &Events<'_>) -> TokenStream {
    let private = private(&events.krate);
    let proofs = events.variants.iter().filter_map(|variant| {
        let Kind::Own(_) = &variant.kind else { return None };
        let field = variant.only_field()?;
        let (variant_cfg, cfg) = (variant.cfg, field.attrs.iter().filter(|attr| attr.path().is_ident("cfg")));
        let ty = spell_out(&field.ty, events.input);
        let message = format!(
            "`{0}` is an event, so `{1}` would store it as `{{ \"0\": .. }}`; write `#[event]` alone, and `{1}` holds the event",
            shown(&field.ty),
            variant.ident(),
        );
        let is_event = over(&field.ty, quote!(<#private::EventProbe<#ty>>::IS_EVENT));
        let assertion = assertion(&field.ty, &private, &quote!(!#is_event), &message);
        Some(quote! {
            #(#variant_cfg)*
            #(#cfg)*
            const _: () = {
                use #private::NotEvent as _;
                #assertion
            };
        })
    });
    proofs.collect()
}

/// `if let Some((other, name)) = #clash { panic!(..) }`, with the span of the user's code.
fn refuse(at: &impl ToTokens, private: &TokenStream, clash: &TokenStream, parts: &TokenStream) -> TokenStream {
    let panic = over(at, quote!(#private::panic!("{}", #private::Message::of(&[#parts]).as_str())));
    quote! {
        if let #private::Option::Some((__other, __name)) = #clash {
            #panic
        }
    }
}
