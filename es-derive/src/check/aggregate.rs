use std::collections::HashMap;

use quote::ToTokens;
use syn::ext::IdentExt;

use super::item;
use crate::diag::Diag;
use crate::model::Aggregate;

pub(crate) fn aggregate(diag: &Diag, aggregate: &Aggregate<'_>) {
    item::check_kind(diag, aggregate.input, "an aggregate");
    item::check_lifetimes(diag, aggregate.input, "an aggregate");
    check_there_are_events(diag, aggregate);
    check_lists_are_not_empty(diag, aggregate);
    check_events_are_listed_once(diag, aggregate);
    check_variants_differ(diag, aggregate);
    check_split_is_not_an_event(diag, aggregate);
    check_retired_names_differ(diag, aggregate);
    check_event_enum_is_another_name(diag, aggregate);
    aggregate.serde.refuse(diag, "#[derive(Aggregate)]");
}

/// Without events there is nothing to fold.
fn check_there_are_events(diag: &Diag, aggregate: &Aggregate<'_>) {
    if aggregate.attr.is_garbled || aggregate.attr.init.is_given() || aggregate.attr.events.is_given() {
        return;
    }
    diag.error(
        &aggregate.input.ident,
        "an aggregate has events; write `#[aggregate(init(First), events(Second, Third))]`",
    );
}

/// A list that is there but empty says nothing; it is a leftover or a slip.
fn check_lists_are_not_empty(diag: &Diag, aggregate: &Aggregate<'_>) {
    let attr = aggregate.attr;
    for cell in [&attr.init, &attr.events, &attr.split] {
        if let (Some(key), Some([])) = (cell.key(), cell.get().map(Vec::as_slice)) {
            diag.error(key, format_args!("`{key}` is empty; list an event, or remove it"));
        }
    }
    if let (Some(key), Some([])) = (attr.retired.key(), attr.retired.get().map(Vec::as_slice)) {
        diag.error(key, "`retired` is empty; list a stored name, or remove it");
    }
}

/// An event begins the aggregate or changes it, and it does that once.
fn check_events_are_listed_once(diag: &Diag, aggregate: &Aggregate<'_>) {
    let mut seen = HashMap::new();
    for event in &aggregate.events {
        let shown = shown(event.ty);
        match seen.insert(shown.clone(), event.initial) {
            Some(true) if !event.initial => diag.error(
                event.ty,
                format_args!("`{shown}` is in `init` and in `events`; an event either begins the aggregate or changes it, so remove one"),
            ),
            Some(_) => diag.error(event.ty, format_args!("`{shown}` is listed twice; remove one")),
            None => {}
        }
    }
}

/// The variants of the event enum are named after the types, so two types of one name clash.
fn check_variants_differ(diag: &Diag, aggregate: &Aggregate<'_>) {
    let mut seen: HashMap<String, String> = HashMap::new();
    for event in &aggregate.events {
        let (variant, shown) = (event.variant.unraw().to_string(), shown(event.ty));
        match seen.get(&variant) {
            Some(other) if *other != shown => diag.error(
                event.ty,
                format_args!("`{other}` and `{shown}` would both be the variant `{variant}`; import one under another name, `use {shown} as ..`"),
            ),
            Some(_) => {}
            None => drop(seen.insert(variant, shown)),
        }
    }
}

/// What is split is read as other events; it is none of the enum itself.
fn check_split_is_not_an_event(diag: &Diag, aggregate: &Aggregate<'_>) {
    let split = aggregate.split();
    for (at, ty) in split.iter().enumerate() {
        let shown = shown(ty);
        if aggregate.events.iter().any(|event| event.ty == ty) {
            diag.error(
                ty,
                format_args!("`{shown}` is split, so it is no event of today; remove it from `init` and `events`"),
            );
        } else if split[..at].contains(ty) {
            diag.error(ty, format_args!("`{shown}` is listed twice; remove one"));
        }
    }
}

/// A retired name is retired once.
fn check_retired_names_differ(diag: &Diag, aggregate: &Aggregate<'_>) {
    let mut seen: Vec<String> = Vec::new();
    for name in aggregate.retired() {
        let value = name.value();
        if seen.contains(&value) {
            diag.error(name, format_args!("`{value}` is retired twice; remove one"));
        }
        seen.push(value);
    }
}

/// The event enum stands beside the aggregate and its events.
fn check_event_enum_is_another_name(diag: &Diag, aggregate: &Aggregate<'_>) {
    let name = &aggregate.event_enum;
    let clash = aggregate.events.iter().find(|event| event.ty.path.is_ident(name));
    match (aggregate.attr.event_enum.get(), clash) {
        (Some(given), _) if *given == aggregate.input.ident => diag.error(
            given,
            format_args!("`{name}` is the aggregate itself; give its events another name, such as `{name}Event`"),
        ),
        (Some(given), Some(_)) => {
            diag.error(given, format_args!("`{name}` is one of the events; give the enum of all events another name"));
        }
        (None, Some(event)) => diag.error(
            event.ty,
            format_args!(
                "the enum of all events would be called `{name}` too; write `event_enum = {}Fact`",
                aggregate.input.ident.unraw()
            ),
        ),
        (_, None) => {}
    }
}

fn shown(ty: &syn::TypePath) -> String {
    ty.to_token_stream().to_string().replace(' ', "")
}
