//! `#[id(transparent)]`, `#[id(display)]`, `#[id(crate = path)]`

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{Attribute, Meta, Path};

use super::{Cell, parse_keys, unknown_key, value};
use crate::diag::Diag;
use crate::symbol::{CRATE, DISPLAY, ID, Symbol, TRANSPARENT};

const KEYS: &[Symbol] = &[TRANSPARENT, DISPLAY, CRATE];

pub(crate) struct IdAttr {
    /// The text is that of the only field.
    pub(crate) transparent: Cell<()>,
    /// The text is that of the type itself.
    pub(crate) display: Cell<()>,
    pub(crate) krate: Cell<Path>,
}

impl IdAttr {
    pub(crate) fn parse(diag: &Diag, attrs: &[Attribute]) -> Self {
        let mut attr =
            Self { transparent: Cell::new(TRANSPARENT), display: Cell::new(DISPLAY), krate: Cell::new(CRATE) };
        for given in attrs.iter().filter(|attr| *attr.path() == ID) {
            let Meta::List(_) = &given.meta else {
                diag.error(&given.meta, "`id` is a list in parentheses; write `#[id(display)]`, or remove it");
                continue;
            };
            let parsed = given.parse_args_with(|input: ParseStream<'_>| {
                parse_keys(diag, input, "#[id(display)]", |key, input| attr.parse_key(diag, key, input))
            });
            if let Err(error) = parsed {
                diag.push(error);
            }
        }
        attr
    }

    fn parse_key(&mut self, diag: &Diag, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        if key == TRANSPARENT {
            let value = value::flag(key, input);
            self.transparent.set(diag, key, value)
        } else if key == DISPLAY {
            let value = value::flag(key, input);
            self.display.set(diag, key, value)
        } else if key == CRATE {
            // crate = ::renamed
            let value = value::krate(diag, key, input);
            self.krate.set(diag, key, value)
        } else {
            unknown_key(diag, "#[id(..)]", key, KEYS);
            super::skip_to_comma(input)
        }
    }
}
