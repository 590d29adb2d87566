//! `#[aggregate(name = "..", init(A), events(B, C), informs(E), ends(F), split(D), retired(".."), snapshot(every = 100, version = 1), event_enum = Name, event_enum(Clone), id = InvoiceId, crate = path)]`,
//! or `events = OwnEnum` instead of the lists

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::token::Paren;
use syn::{Attribute, LitInt, LitStr, Path, Token, TypePath};

use super::{Cell, Keys, misspelt_list, parse_attributes, parse_keys, unknown_key, value};
use crate::diag::Diag;
use crate::symbol::{
    AGGREGATE, CRATE, ENDS, EVENT_ENUM, EVENTS, EVERY, ID, INFORMS, INIT, NAME, RETIRED, SNAPSHOT, SPLIT, Symbol,
    VERSION,
};

const KEYS: &[Symbol] = &[NAME, INIT, EVENTS, INFORMS, ENDS, SPLIT, RETIRED, SNAPSHOT, EVENT_ENUM, ID, CRATE];
/// The keys whose values are lists. A list that is given several times adds up.
const LISTS: &[Symbol] = &[INIT, EVENTS, INFORMS, ENDS, SPLIT, RETIRED];
const SNAPSHOT_KEYS: &[Symbol] = &[EVERY, VERSION];
const SNAPSHOT_EXAMPLE: &str = "snapshot(every = 100, version = 1)";

pub(crate) struct AggregateAttr {
    pub(crate) name: Cell<LitStr>,
    pub(crate) init: Cell<Vec<TypePath>>,
    pub(crate) events: Cell<Vec<TypePath>>,
    pub(crate) informs: Cell<Vec<TypePath>>,
    pub(crate) ends: Cell<Vec<TypePath>>,
    pub(crate) split: Cell<Vec<TypePath>>,
    pub(crate) retired: Cell<Vec<LitStr>>,
    pub(crate) snapshot: Cell<SnapshotAttr>,
    pub(crate) event_enum: Cell<Ident>,
    pub(crate) id: Cell<TypePath>,
    /// The derives of the generated enum of all events.
    pub(crate) enum_derives: Cell<Vec<TypePath>>,
    /// The user's own enum of all events.
    pub(crate) event_set: Cell<TypePath>,
    pub(crate) krate: Cell<Path>,
    /// Whether a key could not be read. A key that seems to be missing may then be the unreadable
    /// one.
    pub(crate) is_garbled: bool,
    /// Whether a part of a list could not be read, so that an event may be missing.
    has_unread_list: bool,
}

pub(crate) struct SnapshotAttr {
    pub(crate) every: Cell<(LitInt, u64)>,
    pub(crate) version: Cell<(LitInt, u64)>,
}

impl AggregateAttr {
    pub(crate) fn parse(diag: &Diag, attrs: &[Attribute]) -> Self {
        let mut attr = Self {
            name: Cell::new(NAME),
            init: Cell::new(INIT),
            events: Cell::new(EVENTS),
            informs: Cell::new(INFORMS),
            ends: Cell::new(ENDS),
            split: Cell::new(SPLIT),
            retired: Cell::new(RETIRED),
            snapshot: Cell::new(SNAPSHOT),
            event_enum: Cell::new(EVENT_ENUM),
            id: Cell::new(ID),
            enum_derives: Cell::new(EVENT_ENUM),
            event_set: Cell::new(EVENTS),
            krate: Cell::new(CRATE),
            is_garbled: false,
            has_unread_list: false,
        };
        let wrong_form = "`aggregate` is a list in parentheses; write `#[aggregate(events(..))]`";
        let example = "#[aggregate(init(InvoiceCreated), events(InvoicePaid, InvoiceDisputed))]";
        let keys = parse_attributes(diag, attrs, AGGREGATE, wrong_form, example, |key, input| {
            attr.parse_next(diag, key, input)
        });
        attr.is_garbled |= keys == Keys::Garbled;
        attr
    }

    /// Whether the aggregate may have events that are not in the lists that could be read.
    pub(crate) fn may_lack_events(&self) -> bool {
        let is_listed = [&self.init, &self.events, &self.informs].iter().any(|list| list.is_given());
        let may_lack = self.is_garbled || self.has_unread_list || !is_listed;
        may_lack && self.event_set.get().is_none()
    }

    fn parse_next(&mut self, diag: &Diag, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        if let Some(list) = misspelt_list(key, KEYS, LISTS).filter(|_| input.peek(Paren)) {
            unknown_key(diag, "#[aggregate(..)]", key, KEYS);
            // Continue with the list that was probably meant, so that no other errors follow.
            return self.parse_next(diag, &Ident::new(list.0, key.span()), input);
        }
        let errors = diag.count();
        let read = self.parse_key(diag, key, input);
        if read.is_err() || diag.count() > errors {
            self.has_unread_list |= LISTS.iter().any(|list| key == *list);
        }
        read
    }

    fn parse_key(&mut self, diag: &Diag, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        if key == NAME {
            // name = "Invoice"
            let value = value::name(diag, key, input, "name = \"Invoice\"");
            self.name.set(diag, key, value)
        } else if key == INIT {
            // init(InvoiceCreated)
            let value = value::types(diag, key, input, "init(InvoiceCreated)");
            self.init.add(key, value)
        } else if key == EVENTS && input.peek(Token![=]) {
            // events = InvoiceEvent
            let value = value::path_type(diag, key, input, "events = InvoiceEvent");
            self.event_set.set(diag, key, value)
        } else if key == EVENTS {
            // events(InvoicePaid, InvoiceDisputed)
            let value = value::types(diag, key, input, "events(InvoicePaid, InvoiceDisputed)");
            self.events.add(key, value)
        } else if key == INFORMS {
            // informs(StatementSent)
            let value = value::types(diag, key, input, "informs(StatementSent)");
            self.informs.add(key, value)
        } else if key == ENDS {
            // ends(AccountClosed)
            let value = value::types(diag, key, input, "ends(AccountClosed)");
            self.ends.add(key, value)
        } else if key == SPLIT {
            // split(InvoicePaidAndSent)
            let value = value::types(diag, key, input, "split(InvoicePaidAndSent)");
            self.split.add(key, value)
        } else if key == RETIRED {
            // retired("ReminderSent")
            let value = value::names(diag, key, input, "retired(\"ReminderSent\")");
            self.retired.add(key, value)
        } else if key == SNAPSHOT {
            // snapshot(every = 100, version = 1)
            let value = SnapshotAttr::parse(diag, key, input).map(Some);
            self.snapshot.set(diag, key, value)
        } else if key == EVENT_ENUM && input.peek(Paren) {
            // event_enum(Clone, PartialEq)
            let value = value::types(diag, key, input, "event_enum(Clone, PartialEq)");
            self.enum_derives.set(diag, key, value)
        } else if key == EVENT_ENUM {
            // event_enum = InvoiceFact
            let value = value::ident(diag, key, input, "event_enum = InvoiceFact");
            self.event_enum.set(diag, key, value)
        } else if key == ID {
            // id = InvoiceId
            let value = value::path_type(diag, key, input, "id = InvoiceId");
            self.id.set(diag, key, value)
        } else if key == CRATE {
            // crate = ::renamed
            let value = value::krate(diag, key, input);
            self.krate.set(diag, key, value)
        } else if SNAPSHOT_KEYS.iter().any(|known| key == *known) {
            diag.error(key, format_args!("`{key}` is a key of `snapshot(..)`; write `{SNAPSHOT_EXAMPLE}`"));
            super::skip_to_comma(input)
        } else {
            self.is_garbled = true;
            unknown_key(diag, "#[aggregate(..)]", key, KEYS);
            super::skip_to_comma(input)
        }
    }
}

impl SnapshotAttr {
    fn parse(diag: &Diag, key: &Ident, input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attr = Self { every: Cell::new(EVERY), version: Cell::new(VERSION) };
        let content = value::parenthesized(key, input, SNAPSHOT_EXAMPLE)?;
        if content.is_empty() {
            diag.error(key, format_args!("`snapshot` is empty; write `{SNAPSHOT_EXAMPLE}`, or remove it"));
        }
        parse_keys(diag, &content, SNAPSHOT_EXAMPLE, |key, input| {
            if key == EVERY {
                // every = 100
                let value = value::number(diag, key, input, "every = 100", u64::MAX);
                attr.every.set(diag, key, value)
            } else if key == VERSION {
                // version = 1
                let value = value::number(diag, key, input, "version = 1", u64::from(u32::MAX));
                attr.version.set(diag, key, value)
            } else {
                unknown_key(diag, "snapshot(..)", key, SNAPSHOT_KEYS);
                super::skip_to_comma(input)
            }
        })?;
        Ok(attr)
    }
}
