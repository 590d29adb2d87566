//! `#[row(key = String, index(day), unique(number), name = "..", crate = path)]`

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::token::Paren;
use syn::{Attribute, LitStr, Path, TypePath};

use super::index::DeclaredIndex;
use super::{Cell, Keys, misspelt_list, parse_attributes, unknown_key, value};
use crate::diag::Diag;
use crate::symbol::{CRATE, INDEX, KEY, NAME, ROW, Symbol, UNIQUE};

const KEYS: &[Symbol] = &[KEY, INDEX, UNIQUE, NAME, CRATE];
/// The keys whose values are lists.
const LISTS: &[Symbol] = &[INDEX, UNIQUE];
const EXAMPLE: &str = "#[row(key = String)]";

pub(crate) struct RowAttr {
    pub(crate) key: Cell<TypePath>,
    /// Those that could be read. Each `index(..)` and `unique(..)` is one.
    pub(crate) indexes: Vec<DeclaredIndex>,
    pub(crate) name: Cell<LitStr>,
    pub(crate) krate: Cell<Path>,
    /// Whether a key could not be read. A key that seems to be missing may then be the unreadable
    /// one.
    pub(crate) is_garbled: bool,
    /// Whether there is an attribute at all.
    pub(crate) is_given: bool,
}

impl RowAttr {
    pub(crate) fn parse(diag: &Diag, attrs: &[Attribute]) -> Self {
        let mut attr = Self {
            key: Cell::new(KEY),
            indexes: Vec::new(),
            name: Cell::new(NAME),
            krate: Cell::new(CRATE),
            is_garbled: false,
            is_given: attrs.iter().any(|attr| *attr.path() == ROW),
        };
        let wrong_form = format!("`row` is a list in parentheses; write `{EXAMPLE}`");
        let keys =
            parse_attributes(diag, attrs, ROW, &wrong_form, EXAMPLE, |key, input| attr.parse_next(diag, key, input));
        attr.is_garbled |= keys == Keys::Garbled;
        attr
    }

    fn parse_next(&mut self, diag: &Diag, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        if let Some(list) = misspelt_list(key, KEYS, LISTS).filter(|_| input.peek(Paren)) {
            unknown_key(diag, "#[row(..)]", key, KEYS);
            // Continue with the list that was probably meant, so that no other errors follow.
            return self.parse_key(diag, &Ident::new(list.0, key.span()), input);
        }
        self.parse_key(diag, key, input)
    }

    fn parse_key(&mut self, diag: &Diag, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        if key == KEY {
            // key = String
            let value = value::path_type(diag, key, input, "key = String");
            self.key.set(diag, key, value)
        } else if key == INDEX || key == UNIQUE {
            // index(day, cents = -1)
            self.indexes.extend(DeclaredIndex::parse(diag, key, input)?);
            Ok(())
        } else if key == NAME {
            // name = "daily_total"
            let value = value::text(diag, key, input, "name = \"daily_total\"");
            self.name.set(diag, key, value)
        } else if key == CRATE {
            // crate = ::renamed
            let value = value::krate(diag, key, input);
            self.krate.set(diag, key, value)
        } else {
            self.is_garbled = true;
            unknown_key(diag, "#[row(..)]", key, KEYS);
            super::skip_to_comma(input)
        }
    }
}
