//! `#[id(transparent)]`, `#[id(display)]`, `#[id(crate = path)]`

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{Attribute, Path};

use super::{Cell, parse_attributes, unknown_key, value};
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
        let wrong_form = "`id` is a list in parentheses; write `#[id(display)]`, or remove it";
        parse_attributes(diag, attrs, ID, wrong_form, "#[id(display)]", |key, input| attr.parse_key(diag, key, input));
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
