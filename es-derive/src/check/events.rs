use std::collections::HashMap;

use syn::ext::IdentExt;
use syn::{Data, GenericParam};

use super::aggregate::{check_is_not_empty, check_retired_names_differ, listed_twice};
use super::event::derived;
use super::{event, is_serde_derive, item};
use crate::attr::serde::SerdeKeys;
use crate::diag::{Diag, shown};
use crate::model::{Event, EventVariant, Events, Kind};

/// Attributes of serde that mean the same on the enum as on a struct of one event.
const ON_THE_ENUM: &[&str] = &["rename_all_fields", "deny_unknown_fields"];

/// Attributes of serde that mean the same on a variant as on a struct of one event.
const ON_A_VARIANT: &[&str] = &["rename_all"];

pub(crate) fn events(diag: &Diag, events: &Events<'_>) {
    check_kind(diag, events);
    check_has_no_parameters(diag, events);
    check_serde_is_not_derived_too(diag, events);
    check_serde_of_the_enum(diag, events);
    check_is_not_empty(diag, &events.attr.split, "an event");
    check_is_not_empty(diag, &events.attr.retired, "a stored name");
    check_retired_names_differ(diag, events.retired());
    check_split_is_listed_once(diag, events);
    check_events_are_held_once(diag, events);
    for variant in &events.variants {
        match &variant.kind {
            Kind::Own(own) => check_own(diag, events, variant, own),
            Kind::Held(_) => check_serde_of_a_held_event(diag, variant),
            Kind::Unknown => {}
        }
    }
}

/// One enum has all events of an aggregate.
fn check_kind(diag: &Diag, events: &Events<'_>) {
    let remedy =
        "`#[events]` belongs on the enum of all events; write `#[event(version = 1)]` on the type of one event";
    match &events.input.data {
        Data::Struct(data) => diag.error(data.struct_token, remedy),
        Data::Union(data) => diag.error(data.union_token, remedy),
        Data::Enum(data) if data.variants.is_empty() => {
            diag.error(&events.input.ident, "an enum of events has a variant for each event; add one");
        }
        Data::Enum(_) => {}
    }
}

/// The hidden type of each variant would need the parameters that its fields name.
fn check_has_no_parameters(diag: &Diag, events: &Events<'_>) {
    item::check_lifetimes(diag, events.input, "an enum of events");
    for param in &events.input.generics.params {
        let ident = match param {
            GenericParam::Type(param) => &param.ident,
            GenericParam::Const(param) => &param.ident,
            GenericParam::Lifetime(_) => continue,
        };
        diag.error(
            ident,
            format_args!(
                "an enum of events has no parameters; write concrete types in its variants, or a struct for each event and `events(..)` on the aggregate, which may have parameters"
            ),
        );
    }
}

/// The macro writes and reads the events itself, in the stored form.
fn check_serde_is_not_derived_too(diag: &Diag, events: &Events<'_>) {
    for path in derived(&events.input.attrs).filter(is_serde_derive) {
        let name = path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        diag.error(
            &path,
            format_args!("`#[events]` writes and reads the events already; remove `{name}` from the derives"),
        );
    }
}

/// Most attributes of serde on an enum describe how the variant is stored. `#[events]` stores it as
/// the name of the event, beside the data.
fn check_serde_of_the_enum(diag: &Diag, events: &Events<'_>) {
    for key in events.serde.others(ON_THE_ENUM) {
        let remedy = match key.to_string().as_str() {
            "rename_all" => {
                "write `#[event(name = \"..\")]` on each variant, or `rename_all_fields` for the names of fields"
            }
            "default" => "write `#[serde(default)]` on the fields",
            "crate" => "remove it, or write `crate = path` in `#[events]`",
            _ => "remove it",
        };
        diag.error(
            key,
            format_args!(
                "`{key}` has no effect here, because the name of an event is stored beside its data; {remedy}"
            ),
        );
    }
}

fn check_own(diag: &Diag, events: &Events<'_>, variant: &EventVariant<'_>, own: &Event<'_>) {
    let mut is_misplaced = false;
    let enum_name = events.input.ident.unraw();
    if let Some(key) = own.attr.split.key() {
        is_misplaced = true;
        diag.error(
            key,
            format_args!("a variant is a current event, so it is not split; write the old event as a struct, and `#[events(split(..))]` on `{enum_name}`"),
        );
    }
    if let Some(key) = own.attr.krate.key() {
        is_misplaced = true;
        diag.error(
            key,
            format_args!(
                "the path of the library is the same for all variants; write `#[events(crate = ..)]` on `{enum_name}`"
            ),
        );
    }
    for key in variant.serde.others(ON_A_VARIANT) {
        is_misplaced = true;
        let remedy = match key.to_string().as_str() {
            "rename" => "write `#[event(name = \"..\")]`",
            "alias" => "write `#[event(alias = \"..\")]`",
            "default" => "write `#[serde(default)]` on the fields",
            _ => "remove it, or write it on the fields",
        };
        diag.error(key, format_args!("`{key}` has no effect on a variant of `#[events]`; {remedy}"));
    }
    if let Some(from) = own.from().filter(|from| from.path.is_ident(&events.input.ident)) {
        is_misplaced = true;
        diag.error(
            from,
            format_args!("`{enum_name}` has the current events; write the type of the previous version, a struct with `#[event(..)]`"),
        );
    }
    if !is_misplaced {
        event(diag, own);
    }
}

/// An event that is held is stored as its own type declares.
fn check_serde_of_a_held_event(diag: &Diag, variant: &EventVariant<'_>) {
    let of_fields: Vec<_> = match &variant.input.data {
        Data::Struct(data) => data.fields.iter().map(|field| SerdeKeys::of(&field.attrs)).collect(),
        _ => Vec::new(),
    };
    for keys in of_fields.iter().chain([variant.serde]) {
        for key in keys.others(&[]) {
            diag.error(
                key,
                format_args!("`{key}` has no effect on an event that is held; write it on the type of the event"),
            );
        }
    }
}

/// An event that is split is read as other events, so no variant holds it.
fn check_split_is_listed_once(diag: &Diag, events: &Events<'_>) {
    let split = events.split();
    for (at, ty) in split.iter().enumerate() {
        let written = shown(ty);
        if let Some((_, held)) = events.held().find(|(_, held)| shown(held) == written) {
            diag.conflict(
                (held, format_args!("`{written}` is read as other events, because it is split; remove this variant")),
                (ty, format_args!("`{written}` is split here; remove its variant")),
            );
        } else if let Some(first) = split[..at].iter().find(|first| shown(first) == written) {
            listed_twice(diag, &written, first, ty);
        }
    }
}

/// Two variants that hold the same event would be stored under the same name.
fn check_events_are_held_once(diag: &Diag, events: &Events<'_>) {
    let mut seen = HashMap::new();
    for (variant, ty) in events.held().filter(|(variant, _)| variant.cfg.is_empty()) {
        let written = shown(ty);
        match seen.get(&written) {
            Some(first) => diag.conflict(
                (first, format_args!("`{written}` is held by two variants; this is the first")),
                (variant.ident(), format_args!("`{written}` is held by two variants; remove one")),
            ),
            None => drop(seen.insert(written, variant.ident())),
        }
    }
}
