use std::collections::HashMap;

use syn::TypePath;
use syn::ext::IdentExt;

use super::{fields, item};
use crate::attr::Cell;
use crate::diag::{Diag, shown};
use crate::model::{Aggregate, Listed};

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
    check_retired_names_differ(diag, aggregate);
    check_event_enum_is_another_name(diag, aggregate);
    aggregate.serde.refuse(diag, "#[derive(Aggregate)]");
}

/// An aggregate without events has nothing to fold.
fn check_there_are_events(diag: &Diag, aggregate: &Aggregate<'_>) {
    let attr = aggregate.attr;
    if attr.is_garbled || attr.init.is_given() || attr.events.is_given() || attr.informs.is_given() {
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
        if let (Some(key), Some([])) = (cell.key(), cell.get().map(Vec::as_slice)) {
            diag.error(key, format_args!("`{key}` is empty; list an event, or remove it"));
        }
    }
    if let (Some(key), Some([])) = (attr.retired.key(), attr.retired.get().map(Vec::as_slice)) {
        diag.error(key, "`retired` is empty; list a stored name, or remove it");
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

fn listed_twice(diag: &Diag, shown: &str, first: &TypePath, second: &TypePath) {
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

/// The event enum is declared in the same module as the aggregate and its events, so its name must
/// differ from theirs.
fn check_event_enum_is_another_name(diag: &Diag, aggregate: &Aggregate<'_>) {
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
                "the enum of all events would also be named `{name}`; write `event_enum = {}Fact`",
                aggregate.input.ident.unraw()
            ),
        ),
        (_, None) => {}
    }
}

/// Whether the types differ only in their generic arguments.
fn is_same_path(left: &TypePath, right: &TypePath) -> bool {
    let names = |ty: &TypePath| ty.path.segments.iter().map(|segment| segment.ident.clone()).collect::<Vec<_>>();
    names(left) == names(right)
}
