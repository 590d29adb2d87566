use std::collections::HashMap;

use syn::TypePath;

use super::aggregate::{check_is_not_empty, listed_twice};
use super::row_name::{self, Named};
use super::{row_type, rows};
use crate::attr::Cell;
use crate::attr::projection::{OfAggregate, RowKey};
use crate::diag::{Diag, shown};
use crate::model::Projection;
use crate::nearest::nearest;
use crate::symbol::AGGREGATE_ID;

pub(crate) fn projection(diag: &Diag, projection: &Projection<'_>) {
    if projection.has_rows() {
        rows::check(diag, projection);
    } else {
        row_type::check(diag, &projection.row_type(), "a projection");
        check_key_is_a_type(diag, projection);
        projection.serde.refuse(diag, "#[derive(Projection)]");
    }
    check_keys_are_given(diag, projection);
    row_name::check(diag, &projection.attr.name, &projection.name, &projection.input.ident, Named::Projection);
    check_lists_are_not_empty(diag, projection);
    check_only_events_lists_whole_aggregates(diag, projection);
    check_aggregates_are_listed_in_one_way(diag, projection);
    check_events_are_listed_once(diag, projection);
    check_removed_events_are_in_no_other_list(diag, projection);
}

/// The required keys. If there is no key at all, it is one mistake.
fn check_keys_are_given(diag: &Diag, projection: &Projection<'_>) {
    let (attr, ident) = (projection.attr, &projection.input.ident);
    if attr.is_garbled {
        return;
    }
    if !attr.is_given {
        diag.error(
            ident,
            "a projection has a version, a key and events; write `#[projection(version = 1, key = CustomerId, events(Invoice(InvoiceCreated, InvoicePaid)))]`",
        );
        return;
    }
    if !attr.version.is_given() {
        diag.error(ident, "`version` is missing; write `#[projection(version = 1, ..)]`");
    }
    if !attr.key.is_given() && !projection.has_rows() {
        diag.error(
            ident,
            "`key` is missing; write `#[projection(key = CustomerId, ..)]` with the type that identifies a row, or `key = aggregate_id` if each aggregate has its row",
        );
    }
    if attr.init.is_given() || attr.events.is_given() {
        return;
    }
    match attr.remove.key() {
        Some(key) => diag.error(
            key,
            "a projection that only removes rows has none; list the events that begin a row, as in `events(Invoice(InvoiceCreated))`",
        ),
        None if attr.remove.is_given() => {}
        None => diag.error(ident, "a projection has events; write `#[projection(events(Invoice(InvoiceCreated)), ..)]`"),
    }
}

/// `key = aggregateid` would be a type that does not exist.
fn check_key_is_a_type(diag: &Diag, projection: &Projection<'_>) {
    let Some(RowKey::Type(ty)) = projection.attr.key.get() else { return };
    let Some(name) = ty.path.get_ident() else { return };
    if name == "Self" {
        diag.error(name, "the key is not the row itself; write `key = CustomerId`, or `key = aggregate_id`");
    } else if nearest(&name.to_string(), &[AGGREGATE_ID.0]).is_some() {
        diag.error(name, format_args!("`key = {name}` is not known; write `key = {AGGREGATE_ID}`"));
    }
}

/// An empty list is a leftover or a mistake, because it means the same as no list.
fn check_lists_are_not_empty(diag: &Diag, projection: &Projection<'_>) {
    for list in projection.attr.lists() {
        check_is_not_empty(diag, list, "the events of an aggregate");
        for (key, of) in of_list(list) {
            let name = shown(&of.aggregate);
            let Some([]) = of.events.as_deref() else { continue };
            if of.rest.is_none() {
                let whole =
                    if key == "events" { format!(", or `{name}` alone for all its events") } else { String::new() };
                diag.error(
                    &of.aggregate,
                    format_args!("`{key}` lists no event of `{name}`; write `{key}({name}(FirstEvent))`{whole}"),
                );
            } else if key == "events" && !is_listed_with_events(projection, &name) {
                diag.error(
                    &of.aggregate,
                    format_args!(
                        "`..` leaves out all events of `{name}`; list those that change a row before it, or remove `{name}`"
                    ),
                );
            }
        }
    }
}

fn is_listed_with_events(projection: &Projection<'_>, aggregate: &str) -> bool {
    projection.inputs.iter().any(|inputs| shown(inputs.aggregate) == aggregate && !inputs.events.is_empty())
}

/// `init(..)` and `remove(..)` name single events, and `..` belongs to `events(..)`.
fn check_only_events_lists_whole_aggregates(diag: &Diag, projection: &Projection<'_>) {
    for list in [&projection.attr.init, &projection.attr.remove] {
        for (key, of) in of_list(list) {
            let name = shown(&of.aggregate);
            if of.events.is_none() {
                diag.error(
                    &of.aggregate,
                    format_args!("`{key}` lists single events; write `{key}({name}(FirstEvent))`"),
                );
            }
            if let Some(rest) = &of.rest {
                diag.error(
                    rest,
                    format_args!("`..` belongs in `events(..)`; remove it here, and write `events({name}(..))`"),
                );
            }
        }
    }
}

/// `events(..)` names an aggregate alone, or with some of its events, with or without `..`.
fn check_aggregates_are_listed_in_one_way(diag: &Diag, projection: &Projection<'_>) {
    let mut seen: HashMap<String, &OfAggregate> = HashMap::new();
    for of in projection.attr.events.get().into_iter().flatten() {
        let name = shown(&of.aggregate);
        let Some(first) = seen.get(&name) else {
            seen.insert(name, of);
            continue;
        };
        let (there, here) = (&first.aggregate, &of.aggregate);
        match (&first.events, &of.events) {
            (None, None) => listed_twice(diag, &name, there, here),
            (None, Some(_)) | (Some(_), None) => diag.conflict(
                (there, format_args!("`{name}` is listed with all its events and with some of them")),
                (here, format_args!("list `{name}` once: alone, or as `{name}(FirstEvent, SecondEvent)`")),
            ),
            (Some(_), Some(_)) if first.rest.is_some() != of.rest.is_some() => diag.conflict(
                (there, format_args!("`{name}` is listed with `..` and without it")),
                (here, format_args!("write `..` in both, or list all events of `{name}` and remove it")),
            ),
            (Some(_), Some(_)) => {}
        }
    }
}

/// Each list names an event of an aggregate once. An event may be in `init(..)` and `events(..)`.
fn check_events_are_listed_once(diag: &Diag, projection: &Projection<'_>) {
    for list in projection.attr.lists() {
        let mut seen: HashMap<(String, String), &TypePath> = HashMap::new();
        for (aggregate, ty) in events_of(list) {
            let name = shown(ty);
            match seen.get(&(aggregate.clone(), name.clone())) {
                Some(first) => listed_twice(diag, &name, first, ty),
                None => drop(seen.insert((aggregate, name), ty)),
            }
        }
    }
}

/// After an event of `remove(..)` there is no row.
fn check_removed_events_are_in_no_other_list(diag: &Diag, projection: &Projection<'_>) {
    let attr = projection.attr;
    for (aggregate, ty) in events_of(&attr.remove) {
        let name = shown(ty);
        let is_in = |list: &&Cell<Vec<OfAggregate>>| {
            events_of(list).any(|(other, event)| other == aggregate && shown(event) == name)
        };
        if let Some(other) = [&attr.init, &attr.events].into_iter().find(is_in).and_then(Cell::key) {
            diag.error(
                ty,
                format_args!(
                    "`{name}` is also listed in `{other}(..)`, but an event of `remove(..)` only removes the row; remove it from one of them"
                ),
            );
        }
    }
}

fn of_list(list: &Cell<Vec<OfAggregate>>) -> impl Iterator<Item = (String, &OfAggregate)> {
    let key = list.key().map(ToString::to_string).unwrap_or_default();
    list.get().into_iter().flatten().map(move |of| (key.clone(), of))
}

/// Each event of a list, with its aggregate.
fn events_of(list: &Cell<Vec<OfAggregate>>) -> impl Iterator<Item = (String, &TypePath)> {
    let all = list.get().into_iter().flatten();
    all.flat_map(|of| of.events.iter().flatten().map(|ty| (shown(&of.aggregate), ty)))
}
