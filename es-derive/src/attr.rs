//! The attributes as the user wrote them. Parsing records each mistake and continues. Rules that
//! involve several attributes are in `check`.

pub(crate) mod aggregate;
pub(crate) mod event;
pub(crate) mod events;
pub(crate) mod id;
pub(crate) mod index;
pub(crate) mod projection;
pub(crate) mod row;
pub(crate) mod serde;
mod value;

use proc_macro2::{Ident, Span, TokenTree};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, Meta, Path, Token};

use crate::diag::Diag;
use crate::nearest::nearest;
use crate::symbol::Symbol;

/// The value of a key that may be given only once, and the place of the key.
pub(crate) struct Cell<T> {
    symbol: Symbol,
    value: Option<(Ident, T)>,
    /// Set as soon as the key is present, even if its value is invalid, so that no second error
    /// reports the key as missing.
    given: Option<Span>,
}

impl<T> Cell<T> {
    fn new(symbol: Symbol) -> Self {
        Self { symbol, value: None, given: None }
    }

    /// Whether the key may be given here. If it was given before, reports both places. The first
    /// value is kept, so the second one causes no further errors.
    fn admit(&mut self, diag: &Diag, key: &Ident) -> bool {
        if let Some(first) = self.given {
            diag.error_at(first, format_args!("`{}` is given twice; this is the first", self.symbol));
            diag.error(key, format_args!("`{}` is given twice; remove one", self.symbol));
            return false;
        }
        self.given = Some(key.span());
        true
    }

    /// Stores the value, unless the key was given before. An invalid value still counts as given.
    fn set(&mut self, diag: &Diag, key: &Ident, read: syn::Result<Option<T>>) -> syn::Result<()> {
        if self.admit(diag, key) {
            self.value = read?.map(|value| (key.clone(), value));
            return Ok(());
        }
        read.map(drop)
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref().map(|(_, value)| value)
    }

    /// The key as the user wrote it, if its value could be read.
    pub(crate) fn key(&self) -> Option<&Ident> {
        self.value.as_ref().map(|(key, _)| key)
    }

    /// Whether the key was written at all, with a valid or an invalid value.
    pub(crate) fn is_given(&self) -> bool {
        self.given.is_some()
    }
}

impl<T> Cell<Vec<T>> {
    /// Adds a list to those that were given before. An invalid list still counts as given.
    fn add(&mut self, key: &Ident, read: syn::Result<Option<Vec<T>>>) -> syn::Result<()> {
        self.given.get_or_insert(key.span());
        if let Some(list) = read? {
            self.value.get_or_insert_with(|| (key.clone(), Vec::new())).1.extend(list);
        }
        Ok(())
    }
}

/// Whether every key could be read. If not, a key that seems to be missing may be the unreadable
/// one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Read,
    Garbled,
}

/// Reads `key …, key …` and calls `read` after each key to parse its value. `example` shows the
/// whole attribute in errors.
///
/// After a mistake, parsing continues behind the next comma.
fn parse_keys(
    diag: &Diag,
    input: ParseStream<'_>,
    example: &str,
    mut read: impl FnMut(&Ident, ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<Keys> {
    let mut keys = Keys::Read;
    while !input.is_empty() {
        refuse_attributes(diag, input, "a key")?;
        match input.call(Ident::parse_any) {
            Ok(key) => {
                if let Err(error) = read(&key, input) {
                    diag.push(error);
                    skip_to_comma(input)?;
                }
            }
            Err(error) => {
                keys = Keys::Garbled;
                diag.error_at(error.span(), format_args!("expected a key, such as `{example}`"));
                skip_to_comma(input)?;
            }
        }
        if input.is_empty() {
            break;
        }
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
        } else {
            diag.push(comma_missing(input, example));
            if !input.peek(Ident::peek_any) {
                skip_to_comma(input)?;
            }
        }
    }
    Ok(keys)
}

/// Reads the keys of all attributes with a name. `wrong_form` is the error for one without a list.
fn parse_attributes(
    diag: &Diag,
    attrs: &[Attribute],
    name: Symbol,
    wrong_form: &str,
    example: &str,
    mut read: impl FnMut(&Ident, ParseStream<'_>) -> syn::Result<()>,
) -> Keys {
    let mut keys = Keys::Read;
    for given in attrs.iter().filter(|attr| *attr.path() == name) {
        let Meta::List(_) = &given.meta else {
            diag.error(&given.meta, wrong_form);
            keys = Keys::Garbled;
            continue;
        };
        match given.parse_args_with(|input: ParseStream<'_>| parse_keys(diag, input, example, &mut read)) {
            Ok(Keys::Read) => {}
            Ok(Keys::Garbled) => keys = Keys::Garbled,
            Err(error) => diag.push(error),
        }
    }
    keys
}

/// Reports the attributes and doc comments before a key or an element, and continues behind them.
fn refuse_attributes(diag: &Diag, input: ParseStream<'_>, what: &str) -> syn::Result<()> {
    for attr in input.call(Attribute::parse_outer)? {
        if attr.path().is_ident("doc") {
            diag.error(&attr, format_args!("{what} has no doc comment; write a comment with `//`"));
        } else {
            diag.error(
                &attr,
                format_args!(
                    "{what} has no attributes; if it depends on a condition, write it in a separate attribute: `#[cfg_attr(condition, ..)]` on the type"
                ),
            );
        }
    }
    Ok(())
}

fn comma_missing(input: ParseStream<'_>, example: &str) -> syn::Error {
    input.error(format_args!("a comma is missing before this; write `{example}`"))
}

/// Skips everything up to the next comma.
fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Reports an unknown key, with the most similar known key and the list of all keys.
fn unknown_key(diag: &Diag, attribute: &str, key: &Ident, known: &[Symbol]) {
    let words: Vec<&str> = known.iter().map(|symbol| symbol.0).collect();
    let list = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let hint = nearest(&key.to_string(), &words).map(|word| format!("did you mean `{word}`? ")).unwrap_or_default();
    diag.error(key, format_args!("unknown key `{key}` in `{attribute}`; {hint}the keys are {list}"));
}

/// The list that an unknown key probably means.
fn misspelt_list(key: &Ident, known: &[Symbol], lists: &'static [Symbol]) -> Option<&'static Symbol> {
    let words: Vec<&str> = known.iter().map(|symbol| symbol.0).collect();
    let meant = nearest(&key.to_string(), &words).filter(|_| known.iter().all(|known| key != *known))?;
    lists.iter().find(|list| list.0 == meant)
}

/// The path of the library if there is no `crate = path`.
pub(crate) fn default_library() -> Path {
    syn::parse_quote!(::es_core)
}

/// The name under which a generated block imports the library.
pub(crate) fn imported_library() -> Path {
    syn::parse_quote!(__es_core)
}
