use std::collections::HashMap;

use syn::punctuated::Punctuated;
use syn::{Data, Fields, Meta, Path, Token};

use super::{fields, item};
use crate::attr::events::is_event;
use crate::diag::{Diag, shown};
use crate::model::{Event, Shape};
use crate::symbol::EVENT;

/// The largest tuple that implements `IntoEvents`.
const MOST_PARTS: usize = 8;

pub(crate) fn event(diag: &Diag, event: &Event<'_>) {
    item::check_kind(diag, event.input, "an event");
    item::check_lifetimes(diag, event.input, "an event");
    item::check_is_not_packed(diag, event.input, "an event");
    item::check_is_not_named_as_a_primitive(diag, event.input, "an event");
    fields::check_owned(diag, event.input);
    fields::check_stored_names_differ(diag, event.input, event.shape);
    check_version_is_given(diag, event);
    check_since(diag, event);
    check_predecessor(diag, event);
    check_aliases(diag, event);
    check_split(diag, event);
    check_event_is_given_once(diag, event);
    check_variants_are_not_events(diag, event);
    check_serde_is_not_derived_too(diag, event);
    check_positions_do_not_depend_on_cfg(diag, event);
    event.serde.refuse(diag, "#[event]");
}

/// There is no default version: a default would change its meaning when the type changes.
fn check_version_is_given(diag: &Diag, event: &Event<'_>) {
    if !event.attr.version.is_given() && !event.attr.is_garbled {
        diag.error_at(event.attr.at, "`version` is missing; write `#[event(version = 1)]`");
    }
}

/// `since = M` declares that versions M to N have this shape, so M must be less than N.
fn check_since(diag: &Diag, event: &Event<'_>) {
    let (Some((since, _)), Some(_)) = (event.attr.since.get(), event.attr.version.get()) else { return };
    if event.since >= event.version {
        let version = event.version;
        diag.error(
            since,
            format_args!("`since` is the oldest version that is read as this type, so it must be less than `version = {version}`; remove it if no older version is read as this type"),
        );
    }
}

/// The chain of versions has no gap: every type that does not read version 1 itself declares its
/// predecessor.
fn check_predecessor(diag: &Diag, event: &Event<'_>) {
    let Some((version, _)) = event.attr.version.get() else { return };
    if event.attr.since.is_given() && (event.attr.since.get().is_none() || event.since >= event.version) {
        return;
    }
    let oldest = event.since;
    if oldest > 1 && !event.attr.from.is_given() {
        let previous = oldest - 1;
        let ident = &event.input.ident;
        if event.attr.since.is_given() {
            diag.error(version, format_args!("nothing reads version {previous}; write `from = {ident}V{previous}`"));
        } else {
            diag.error(
                version,
                format_args!("version {oldest} has a predecessor; write `from = {ident}V{previous}`, or `since = 1` if only optional fields were added"),
            );
        }
    }
    let (Some(key), Some(from)) = (event.attr.from.key(), event.from()) else { return };
    if oldest == 1 && event.attr.since.is_given() {
        diag.error(key, "`since = 1` means that this type reads version 1 itself; remove `from`, or remove `since`");
    } else if oldest == 1 {
        diag.error(key, "version 1 has no predecessor; remove `from`, or write the version of this type");
    } else if from.path.is_ident(&event.input.ident) || from.path.is_ident("Self") {
        let previous = oldest - 1;
        diag.error(from, format_args!("an event is not its own predecessor; write the type of version {previous}"));
    }
}

/// An alias that equals the name or another alias adds nothing, so it is a mistake.
fn check_aliases(diag: &Diag, event: &Event<'_>) {
    let mut seen = HashMap::new();
    for alias in &event.attr.aliases {
        let name = alias.value();
        if name == event.name {
            diag.error(alias, format_args!("`{name}` is the name of the event already; remove this alias"));
            continue;
        }
        match seen.get(&name) {
            Some(first) => diag.conflict(
                (first, format_args!("the alias `{name}` is given twice; this is the first")),
                (alias, format_args!("the alias `{name}` is given twice; remove one")),
            ),
            None => drop(seen.insert(name, alias)),
        }
    }
}

/// A split has a part, and every part is a different type.
fn check_split(diag: &Diag, event: &Event<'_>) {
    let (Some(key), Some(parts)) = (event.attr.split.key(), event.attr.split.get()) else { return };
    if parts.is_empty() {
        diag.error(key, "`split` is empty; list the events that this one is read as, such as `split(First, Second)`");
    }
    if let Some(part) = parts.get(MOST_PARTS) {
        diag.error(part, format_args!("a split has at most {MOST_PARTS} parts; split the event in two steps"));
    }
    for (at, part) in parts.iter().enumerate() {
        if part.path.is_ident(&event.input.ident) {
            diag.error(part, "an event cannot be split into itself; list the events that it is read as");
        } else if let Some(first) = parts[..at].iter().find(|first| shown(first) == shown(part)) {
            diag.conflict(
                (first, "this part is listed twice; this is the first"),
                (part, "this part is listed twice; a split has one event of each type"),
            );
        }
    }
}

/// A second attribute would generate a second impl.
fn check_event_is_given_once(diag: &Diag, event: &Event<'_>) {
    for attr in &event.input.attrs {
        let path = attr.path();
        let is_event = *path == EVENT
            || path.segments.len() == 2 && path.segments[1].ident == EVENT && path.segments[0].ident == "es_core";
        if is_event {
            diag.error(path, "`#[event]` is given twice; remove one, and add its keys to the other");
        }
    }
}

/// `#[event]` makes the whole enum one event, and `#[events]` each of its variants.
fn check_variants_are_not_events(diag: &Diag, event: &Event<'_>) {
    let Data::Enum(data) = &event.input.data else { return };
    if let Some(attr) = data.variants.iter().flat_map(|variant| &variant.attrs).find(|attr| is_event(attr)) {
        diag.error(
            attr.path(),
            "`#[event]` on the enum makes the whole enum one event; write `#[events]` on the enum instead, to make each variant an event",
        );
    }
}

/// The macro derives the serde traits itself, in the stored form.
fn check_serde_is_not_derived_too(diag: &Diag, event: &Event<'_>) {
    for path in derived(&event.input.attrs) {
        if is_serde_derive(&path) {
            let name = path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
            diag.error(&path, format_args!("`#[event]` implements `{name}` already; remove it from the derives"));
        }
    }
}

pub(super) fn derived(attrs: &[syn::Attribute]) -> impl Iterator<Item = Path> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("derive"))
        .filter_map(|attr| match &attr.meta {
            Meta::List(_) => attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok(),
            _ => None,
        })
        .flatten()
}

/// `Serialize`, `serde::Serialize`, `::serde_derive::Serialize`, but not `rkyv::Serialize`.
pub(crate) fn is_serde_derive(path: &Path) -> bool {
    let Some(last) = path.segments.last() else { return false };
    let of_serde = match path.segments.len() {
        1 => true,
        _ => path.segments.iter().any(|segment| segment.ident == "serde" || segment.ident == "serde_derive"),
    };
    of_serde && (last.ident == "Serialize" || last.ident == "Deserialize")
}

/// The fields of a tuple are stored by position. If a `cfg` removes a field, the positions of all
/// later fields change.
fn check_positions_do_not_depend_on_cfg(diag: &Diag, event: &Event<'_>) {
    let Data::Struct(data) = &event.input.data else { return };
    let Fields::Unnamed(fields) = &data.fields else { return };
    if event.shape != Shape::Tuple {
        return;
    }
    for attr in fields.unnamed.iter().flat_map(|field| &field.attrs) {
        if attr.path().is_ident("cfg") {
            diag.error(
                attr,
                "a `cfg` here would change the positions under which later fields are stored; give the fields names",
            );
        }
    }
}
