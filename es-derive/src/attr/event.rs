//! `#[event(version = 2, name = "..", since = 2, from = Previous, alias = "..", split(A, B), crate = path)]`

use proc_macro2::{Span, TokenStream};
use syn::parse::Parser;
use syn::{LitInt, LitStr, Path, TypePath};

use super::{Cell, Keys, parse_keys, unknown_key, value};
use crate::diag::Diag;
use crate::symbol::{ALIAS, CRATE, FROM, NAME, SINCE, SPLIT, Symbol, VERSION};

const KEYS: &[Symbol] = &[VERSION, NAME, FROM, SINCE, ALIAS, SPLIT, CRATE];

pub(crate) struct EventAttr {
    pub(crate) version: Cell<(LitInt, u64)>,
    pub(crate) since: Cell<(LitInt, u64)>,
    pub(crate) name: Cell<LitStr>,
    pub(crate) from: Cell<TypePath>,
    pub(crate) split: Cell<Vec<TypePath>>,
    pub(crate) krate: Cell<Path>,
    pub(crate) aliases: Vec<LitStr>,
    /// The place of the attribute.
    pub(crate) at: Span,
    /// Whether a key could not be read. A key that seems to be missing may then be the unreadable
    /// one.
    pub(crate) is_garbled: bool,
}

impl EventAttr {
    pub(crate) fn parse(diag: &Diag, tokens: TokenStream) -> Self {
        let mut attr = Self {
            version: Cell::new(VERSION),
            since: Cell::new(SINCE),
            name: Cell::new(NAME),
            from: Cell::new(FROM),
            split: Cell::new(SPLIT),
            krate: Cell::new(CRATE),
            aliases: Vec::new(),
            at: Span::call_site(),
            is_garbled: false,
        };
        let largest = u64::from(u32::MAX);
        let parser = |input: syn::parse::ParseStream<'_>| {
            parse_keys(diag, input, "#[event(version = 1, name = \"InvoicePaid\")]", |key, input| {
                if key == VERSION {
                    // version = 2
                    let value = value::number(diag, key, input, "version = 1", largest);
                    attr.version.set(diag, key, value)?;
                } else if key == NAME {
                    // name = "InvoicePaid"
                    let value = value::name(diag, key, input, "name = \"InvoicePaid\"");
                    attr.name.set(diag, key, value)?;
                } else if key == FROM {
                    // from = InvoicePaidV1
                    let value = value::path_type(diag, key, input, "from = InvoicePaidV1");
                    attr.from.set(diag, key, value)?;
                } else if key == SINCE {
                    // since = 2
                    let value = value::number(diag, key, input, "since = 1", largest);
                    attr.since.set(diag, key, value)?;
                } else if key == ALIAS {
                    // alias = "BillPaid"
                    attr.aliases.extend(value::name(diag, key, input, "alias = \"OldName\"")?);
                } else if key == SPLIT {
                    // split(InvoicePaid, ReceiptSent)
                    let value = value::types(diag, key, input, "split(First, Second)");
                    attr.split.set(diag, key, value)?;
                } else if key == CRATE {
                    // crate = ::renamed
                    let value = value::krate(diag, key, input);
                    attr.krate.set(diag, key, value)?;
                } else {
                    attr.is_garbled = true;
                    unknown_key(diag, "#[event(..)]", key, KEYS);
                    super::skip_to_comma(input)?;
                }
                Ok(())
            })
        };
        match parser.parse2(tokens) {
            Ok(keys) => attr.is_garbled |= keys == Keys::Garbled,
            Err(error) => diag.push(error),
        }
        attr
    }
}
