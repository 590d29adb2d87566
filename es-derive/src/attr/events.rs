//! `#[events(retired(".."), split(Old), crate = path)]` on an enum, and the `#[event(..)]` of its
//! variants.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Attribute, Fields, LitStr, Meta, Path, TypePath, Variant};

use super::event::EventAttr;
use super::{Cell, Keys, parse_keys, unknown_key, value};
use crate::diag::Diag;
use crate::symbol::{ALIAS, CRATE, EVENT, FROM, NAME, RETIRED, SINCE, SPLIT, Symbol, VERSION};

const KEYS: &[Symbol] = &[RETIRED, SPLIT, CRATE];
const KEYS_OF_A_VARIANT: &[Symbol] = &[VERSION, NAME, ALIAS, FROM, SINCE];

pub(crate) struct EventsAttr {
    pub(crate) split: Cell<Vec<TypePath>>,
    pub(crate) retired: Cell<Vec<LitStr>>,
    pub(crate) krate: Cell<Path>,
}

impl EventsAttr {
    pub(crate) fn parse(diag: &Diag, tokens: TokenStream) -> Self {
        let mut attr = Self { split: Cell::new(SPLIT), retired: Cell::new(RETIRED), krate: Cell::new(CRATE) };
        let parser = |input: syn::parse::ParseStream<'_>| {
            parse_keys(diag, input, "#[events(retired(\"ReminderSent\"))]", |key, input| {
                if key == RETIRED {
                    // retired("ReminderSent")
                    let value = value::names(diag, key, input, "retired(\"ReminderSent\")");
                    attr.retired.set(diag, key, value)
                } else if key == SPLIT {
                    // split(InvoicePaidAndSent)
                    let value = value::types(diag, key, input, "split(InvoicePaidAndSent)");
                    attr.split.set(diag, key, value)
                } else if key == CRATE {
                    // crate = ::renamed
                    let value = value::krate(diag, key, input);
                    attr.krate.set(diag, key, value)
                } else if let Some(own) = KEYS_OF_A_VARIANT.iter().find(|own| key == **own) {
                    diag.error(
                        key,
                        format_args!("`{own}` belongs to one event; write `#[event({own} = ..)]` on its variant"),
                    );
                    super::skip_to_comma(input)
                } else {
                    unknown_key(diag, "#[events(..)]", key, KEYS);
                    super::skip_to_comma(input)
                }
            })
        };
        if let Err(error) = parser.parse2(tokens).map(|_: Keys| ()) {
            diag.push(error);
        }
        attr
    }
}

/// What the `#[event(..)]` of a variant declares.
pub(crate) enum VariantAttr {
    /// `#[event(version = 1)]`: the variant is an event itself.
    Own(Box<EventAttr>),
    /// `#[event]`: the variant holds an event.
    Held,
    /// Nothing, which is an error.
    Missing,
}

impl VariantAttr {
    pub(crate) fn parse(diag: &Diag, variant: &Variant) -> Self {
        let mut given = variant.attrs.iter().filter(|attr| is_event(attr));
        let Some(attr) = given.next() else {
            let remedy = if is_one_type(&variant.fields) {
                "write `#[event(version = 1)]` on it, or `#[event]` if its field is an event itself"
            } else {
                "write `#[event(version = 1)]` on it"
            };
            diag.error(
                &variant.ident,
                format_args!("the variant `{}` is not declared as an event; {remedy}", variant.ident),
            );
            return Self::Missing;
        };
        for second in given {
            diag.error(second.path(), "`#[event]` is given twice; remove one, and add its keys to the other");
        }
        match &attr.meta {
            Meta::List(list) if !list.tokens.is_empty() => {
                let mut parsed = EventAttr::parse(diag, list.tokens.clone());
                parsed.at = attr.path().span();
                Self::Own(Box::new(parsed))
            }
            Meta::Path(_) | Meta::List(_) if is_one_type(&variant.fields) => Self::Held,
            Meta::Path(_) | Meta::List(_) => {
                diag.error(
                    attr.path(),
                    "`#[event]` alone is for a variant that holds one event, such as `Closed(AccountClosed)`; write `#[event(version = 1)]`",
                );
                Self::Missing
            }
            Meta::NameValue(_) => {
                diag.error(attr.path(), "`event` is a list in parentheses; write `#[event(version = 1)]`");
                Self::Missing
            }
        }
    }
}

/// Whether it is a variant such as `Closed(AccountClosed)`.
fn is_one_type(fields: &Fields) -> bool {
    matches!(fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1)
}

/// `#[event]`, `#[es_core::event]`.
pub(crate) fn is_event(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == EVENT.0)
}
