use std::collections::HashMap;

use syn::TypePath;
use syn::ext::IdentExt;

use super::{fields, item};
use crate::diag::{Diag, shown};
use crate::model::Aggregate;

pub(crate) fn aggregate(diag: &Diag, aggregate: &Aggregate<'_>) {
    item::check_kind(diag, aggregate.input, "an aggregate");
    item::check_lifetimes(diag, aggregate.input, "an aggregate");
    fields::check_owned(diag, aggregate.input);
    fields::check_stored_names_differ(diag, aggregate.input, aggregate.shape);
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

/// An event is in a list once. It may be in both: it begins the aggregate or changes it, as it comes.
fn check_events_are_listed_once(diag: &Diag, aggregate: &Aggregate<'_>) {
    for list in [&aggregate.attr.init, &aggregate.attr.events] {
        let mut seen: HashMap<String, &TypePath> = HashMap::new();
        for ty in list.get().into_iter().flatten() {
            let shown = shown(ty);
            match seen.get(&shown) {
                Some(first) => listed_twice(diag, &shown, first, ty),
                None => drop(seen.insert(shown, ty)),
            }
        }
    }
}

fn listed_twice(diag: &Diag, shown: &str, first: &TypePath, second: &TypePath) {
    diag.conflict(
        (first, format_args!("`{shown}` is listed twice; this is the first")),
        (second, format_args!("`{shown}` is listed twice; remove one")),
    );
}

/// The variants of the event enum are named after the types, so two types of one name clash.
fn check_variants_differ(diag: &Diag, aggregate: &Aggregate<'_>) {
    let mut seen: HashMap<String, &TypePath> = HashMap::new();
    for event in &aggregate.events {
        let variant = event.variant.unraw().to_string();
        let Some(first) = seen.get(&variant) else {
            seen.insert(variant, event.ty);
            continue;
        };
        let (other, shown) = (shown(first), shown(event.ty));
        if other != shown && is_same_path(first, event.ty) {
            diag.conflict(
                (first, format_args!("`{other}` and `{shown}` are one event, stored under one name")),
                (event.ty, format_args!("write an event of its own instead: `#[event(version = 1)] struct ..`")),
            );
        } else if other != shown {
            diag.conflict(
                (first, format_args!("`{other}` and `{shown}` would both be the variant `{variant}`")),
                (event.ty, format_args!("import one of them under another name: `use {shown} as ..`")),
            );
        }
    }
}

/// What is split is read as other events; it is none of the enum itself.
fn check_split_is_not_an_event(diag: &Diag, aggregate: &Aggregate<'_>) {
    let split = aggregate.split();
    for (at, ty) in split.iter().enumerate() {
        let written = shown(ty);
        if let Some(event) = aggregate.events.iter().find(|event| shown(event.ty) == written) {
            diag.conflict(
                (event.ty, format_args!("`{written}` is split, so it is no event of today; remove it here")),
                (ty, format_args!("`{written}` is split here; remove it from `init` and `events`")),
            );
        } else if let Some(first) = split[..at].iter().find(|first| shown(first) == written) {
            listed_twice(diag, &written, first, ty);
        }
    }
}

/// A retired name is retired once.
fn check_retired_names_differ(diag: &Diag, aggregate: &Aggregate<'_>) {
    let mut seen = HashMap::new();
    for name in aggregate.retired() {
        let value = name.value();
        match seen.get(&value) {
            Some(first) => diag.conflict(
                (first, format_args!("`{value}` is retired twice; this is the first")),
                (name, format_args!("`{value}` is retired twice; remove one")),
            ),
            None => drop(seen.insert(value, name)),
        }
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

/// Whether the types differ in their arguments alone.
fn is_same_path(left: &TypePath, right: &TypePath) -> bool {
    let names = |ty: &TypePath| ty.path.segments.iter().map(|segment| segment.ident.clone()).collect::<Vec<_>>();
    names(left) == names(right)
}
