use std::collections::HashMap;

use syn::ext::IdentExt;
use syn::{LitStr, TypePath};

use super::{fields, is_serde_derive, item};
use crate::attr::Cell;
use crate::diag::{Diag, shown};
use crate::model::{Aggregate, Listed};
use crate::symbol::{EVENTS, INIT};

pub(crate) fn aggregate(diag: &Diag, aggregate: &Aggregate<'_>) {
    item::check_kind(diag, aggregate.input, "an aggregate");
    item::check_lifetimes(diag, aggregate.input, "an aggregate");
    item::check_is_not_packed(diag, aggregate.input, "an aggregate");
    item::check_is_not_named_as_a_primitive(diag, aggregate.input, "an aggregate");
    fields::check_owned(diag, aggregate.input);
    fields::check_stored_names_differ(diag, aggregate.input, aggregate.shape);
    check_there_are_events(diag, aggregate);
    check_lists_are_not_empty(diag, aggregate);
    check_events_are_listed_once(diag, aggregate);
    check_roles_do_not_contradict(diag, aggregate);
    check_variants_differ(diag, aggregate);
    check_split_is_not_an_event(diag, aggregate);
    check_retired_names_differ(diag, aggregate.retired());
    check_event_set_is_complete(diag, aggregate);
    check_no_variant_is_listed(diag, aggregate);
    check_event_enum_is_another_name(diag, aggregate);
    check_enum_derives(diag, aggregate);
    aggregate.serde.refuse(diag, "#[derive(Aggregate)]");
}

/// An aggregate without events has nothing to fold.
fn check_there_are_events(diag: &Diag, aggregate: &Aggregate<'_>) {
    let attr = aggregate.attr;
    let is_given = [&attr.init, &attr.events, &attr.informs].iter().any(|list| list.is_given());
    if attr.is_garbled || is_given || attr.event_set.is_given() {
        return;
    }
    if let Some(key) = attr.ends.key() {
        diag.error(
            key,
            "an aggregate that only ends never begins; list the event that begins it, as in `init(AccountOpened)`",
        );
        return;
    }
    diag.error(
        &aggregate.input.ident,
        "an aggregate has events; write `#[aggregate(init(First), events(Second, Third))]`",
    );
}

/// An empty list is a leftover or a mistake, because it means the same as no list.
fn check_lists_are_not_empty(diag: &Diag, aggregate: &Aggregate<'_>) {
    let attr = aggregate.attr;
    for cell in [&attr.init, &attr.events, &attr.informs, &attr.ends, &attr.split] {
        check_is_not_empty(diag, cell, "an event");
    }
    check_is_not_empty(diag, &attr.retired, "a stored name");
    check_is_not_empty(diag, &attr.enum_derives, "a derive");
}

pub(super) fn check_is_not_empty<T>(diag: &Diag, cell: &Cell<Vec<T>>, element: &str) {
    if let (Some(key), Some([])) = (cell.key(), cell.get().map(Vec::as_slice)) {
        diag.error(key, format_args!("`{key}` is empty; list {element}, or remove it"));
    }
}

/// `events = AccountEvent` names all events, so no other key adds events or describes their enum.
fn check_event_set_is_complete(diag: &Diag, aggregate: &Aggregate<'_>) {
    let attr = aggregate.attr;
    let Some(set) = attr.event_set.get() else { return };
    let name = shown(set);
    for cell in [&attr.split, &attr.events] {
        let Some(key) = cell.key() else { continue };
        let remedy = if key == EVENTS {
            format!("remove this list and let a variant of `{name}` hold each event, or remove `events = {name}`")
        } else {
            format!("write `#[events(split(..))]` on `{name}` instead")
        };
        diag.error(key, format_args!("`events = {name}` names all events; {remedy}"));
    }
    if let Some(key) = attr.retired.key() {
        diag.error(
            key,
            format_args!("`events = {name}` names all events; write `#[events(retired(..))]` on `{name}` instead"),
        );
    }
    if let Some(key) = attr.informs.key() {
        diag.error(
            key,
            format_args!(
                "`events = {name}` names all events; remove `informs`, and let `apply` do nothing for these events"
            ),
        );
    }
    if let Some(key) = attr.event_enum.key() {
        diag.error(key, format_args!("`{name}` is the enum of all events already; remove `event_enum`"));
    }
    if let Some(key) = attr.enum_derives.key() {
        diag.error(
            key,
            format_args!("`{name}` is the enum of all events already; write `#[derive(..)]` on `{name}` instead"),
        );
    }
}

/// `init(..)` and `ends(..)` beside `events = AccountEvent` take types. `AccountEvent::Opened` is a
/// variant, and `AccountEvent` is all events.
fn check_no_variant_is_listed(diag: &Diag, aggregate: &Aggregate<'_>) {
    let attr = aggregate.attr;
    let Some((set, of_set)) = attr.event_set.get().and_then(|set| Some((set, set.path.segments.last()?))) else {
        return;
    };
    for list in [&attr.init, &attr.ends] {
        let (Some(key), Some(types)) = (list.key(), list.get()) else { continue };
        let example = if key == INIT { "Opened" } else { "Closed" };
        for ty in types {
            let mut path = ty.path.segments.iter().rev().map(|segment| &segment.ident);
            let variant = match (path.next(), path.next()) {
                _ if shown(ty) == shown(set) => example.to_owned(),
                (Some(variant), Some(parent)) if *parent == of_set.ident => variant.to_string(),
                _ => continue,
            };
            let held = format!("{}{variant}", aggregate.input.ident.unraw());
            diag.error(
                ty,
                format_args!(
                    "`{key}(..)` takes the type of an event that a variant of `{set}` holds; write `#[event] {variant}({held})` there, and `{key}({held})`",
                    set = shown(set)
                ),
            );
        }
    }
}

/// The generated enum of all events has some impls already.
fn check_enum_derives(diag: &Diag, aggregate: &Aggregate<'_>) {
    for ty in aggregate.enum_derives.iter().filter(|ty| is_implemented(ty)) {
        let name = shown(ty);
        diag.error(ty, format_args!("the enum of all events has its own impl of `{name}`; remove it here"));
    }
}

/// Each list names an event once. An event may be in both lists: it then begins the aggregate or
/// changes it, depending on its position in the stream.
fn check_events_are_listed_once(diag: &Diag, aggregate: &Aggregate<'_>) {
    let attr = aggregate.attr;
    for list in [&attr.init, &attr.events, &attr.informs, &attr.ends] {
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

pub(super) fn listed_twice(diag: &Diag, shown: &str, first: &TypePath, second: &TypePath) {
    diag.conflict(
        (first, format_args!("`{shown}` is listed twice; this is the first")),
        (second, format_args!("`{shown}` is listed twice; remove one")),
    );
}

/// An event of `informs(..)` or `ends(..)` is in no other list.
fn check_roles_do_not_contradict(diag: &Diag, aggregate: &Aggregate<'_>) {
    let attr = aggregate.attr;
    let informs: &[_] = &[&attr.init, &attr.events, &attr.split];
    let ends: &[_] = &[&attr.init, &attr.events, &attr.split, &attr.informs];
    for (list, why, others) in
        [(&attr.informs, "changes nothing", informs), (&attr.ends, "only ends the aggregate", ends)]
    {
        for ty in list.get().into_iter().flatten() {
            let written = shown(ty);
            let is_in =
                |other: &&&Cell<Vec<TypePath>>| other.get().into_iter().flatten().any(|ty| shown(ty) == written);
            let other = others.iter().find(is_in).and_then(|other| other.key());
            if let (Some(key), Some(other)) = (list.key(), other) {
                diag.error(
                    ty,
                    format_args!(
                        "`{written}` is also listed in `{other}(..)`, but an event of `{key}(..)` {why}; remove it from one of them"
                    ),
                );
            }
        }
    }
}

/// The variants of the event enum are named after the types, so two types with the same name clash.
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
                (first, format_args!("`{other}` and `{shown}` are the same event, stored under the same name")),
                (event.ty, format_args!("write a separate event instead: `#[event(version = 1)] struct ..`")),
            );
        } else if other != shown {
            diag.conflict(
                (first, format_args!("`{other}` and `{shown}` would both become the variant `{variant}`")),
                (event.ty, format_args!("import one of them under another name: `use {shown} as ..`")),
            );
        }
    }
}

/// An event that is split is read as other events, so it cannot be a variant of the enum itself.
fn check_split_is_not_an_event(diag: &Diag, aggregate: &Aggregate<'_>) {
    let split = aggregate.split();
    for (at, ty) in split.iter().enumerate() {
        let written = shown(ty);
        let clashes =
            |event: &&Listed<'_>| shown(event.ty) == written && !(event.informs.is_some() || event.ends.is_some());
        if let Some(event) = aggregate.events.iter().find(clashes) {
            diag.conflict(
                (event.ty, format_args!("`{written}` is read as other events, because it is split; remove it here")),
                (ty, format_args!("`{written}` is split here; remove it from `init` and `events`")),
            );
        } else if let Some(first) = split[..at].iter().find(|first| shown(first) == written) {
            listed_twice(diag, &written, first, ty);
        }
    }
}

/// Each retired name is listed once.
pub(super) fn check_retired_names_differ(diag: &Diag, names: &[LitStr]) {
    let mut seen = HashMap::new();
    for name in names {
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

/// The event enum is declared in the same module as the aggregate and its events, so its name must
/// differ from theirs.
fn check_event_enum_is_another_name(diag: &Diag, aggregate: &Aggregate<'_>) {
    if aggregate.event_set().is_some() {
        return;
    }
    let name = &aggregate.event_enum;
    let clash = aggregate.events.iter().find(|event| event.ty.path.is_ident(name));
    match (aggregate.attr.event_enum.get(), clash) {
        (Some(given), _) if *given == aggregate.input.ident => diag.error(
            given,
            format_args!(
                "`{name}` is the aggregate itself; give the enum of its events another name, such as `{name}Event`"
            ),
        ),
        (Some(given), Some(_)) => {
            diag.error(given, format_args!("`{name}` is one of the events; give the enum of all events another name"));
        }
        (None, Some(event)) => diag.error(
            event.ty,
            format_args!(
                "the enum of all events would also be named `{name}`; write `events = {name}` if `{name}` is your own enum of all events, or `event_enum = {}Fact`",
                aggregate.input.ident.unraw()
            ),
        ),
        (_, None) => {}
    }
}

/// Whether the generated enum of all events implements the trait of this derive already.
pub(crate) fn is_implemented(derive: &TypePath) -> bool {
    is_serde_derive(&derive.path) || derive.path.is_ident("Debug")
}

/// Whether the types differ only in their generic arguments.
fn is_same_path(left: &TypePath, right: &TypePath) -> bool {
    let names = |ty: &TypePath| ty.path.segments.iter().map(|segment| segment.ident.clone()).collect::<Vec<_>>();
    names(left) == names(right)
}
