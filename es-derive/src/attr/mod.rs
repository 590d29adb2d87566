//! What the user wrote in the attributes. Parsing records mistakes and goes on; nothing here looks across attributes.

pub(crate) mod aggregate;
pub(crate) mod event;
pub(crate) mod serde;
mod value;

use proc_macro2::{Ident, Span, TokenTree};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Path, Token};

use crate::dependency;
use crate::diag::Diag;
use crate::nearest::nearest;
use crate::symbol::Symbol;

/// The value of a key that may be given once, and where the key was.
pub(crate) struct Cell<T> {
    symbol: Symbol,
    value: Option<(Ident, T)>,
    /// The key is there, though its value may be none: then nothing more is to be said about it.
    given: Option<Span>,
}

impl<T> Cell<T> {
    fn new(symbol: Symbol) -> Self {
        Self { symbol, value: None, given: None }
    }

    /// Whether the key may be given (again); blames both when not. The first value stays, so that nothing follows from the second.
    fn admit(&mut self, diag: &Diag, key: &Ident) -> bool {
        if let Some(first) = self.given {
            diag.error_at(first, format_args!("`{}` is given twice; this is the first", self.symbol));
            diag.error(key, format_args!("`{}` is given twice; remove one", self.symbol));
            return false;
        }
        self.given = Some(key.span());
        true
    }

    /// Takes what was read, unless there is a value already. A value that could not be read leaves the key given.
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

    /// The key as the user wrote it, where its value could be read.
    pub(crate) fn key(&self) -> Option<&Ident> {
        self.value.as_ref().map(|(key, _)| key)
    }

    /// Whether the key was written at all, be its value right or wrong.
    pub(crate) fn is_given(&self) -> bool {
        self.given.is_some()
    }
}

/// Whether each key could be read; where one could not, what seems to be missing may be that.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Read,
    Garbled,
}

/// Reads `key …, key …` and hands each key to `read`, which reads on from there. The example is what the whole looks like.
///
/// After a mistake it goes on behind the next comma.
fn parse_keys(
    diag: &Diag,
    input: ParseStream<'_>,
    example: &str,
    mut read: impl FnMut(&Ident, ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<Keys> {
    let mut keys = Keys::Read;
    while !input.is_empty() {
        match input.call(Ident::parse_any) {
            Ok(key) => {
                if let Err(error) = read(&key, input) {
                    diag.push(error);
                    skip_to_comma(input)?;
                }
            }
            Err(error) => {
                keys = Keys::Garbled;
                diag.error_at(error.span(), format_args!("this is no key; write `{example}`"));
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

fn comma_missing(input: ParseStream<'_>, example: &str) -> syn::Error {
    input.error(format_args!("a comma is missing before this; write `{example}`"))
}

/// Passes over everything up to the next comma.
fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// An unknown key: the nearest known one, and the list of all.
fn unknown_key(diag: &Diag, attribute: &str, key: &Ident, known: &[Symbol]) {
    let words: Vec<&str> = known.iter().map(|symbol| symbol.0).collect();
    let list = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let hint = nearest(&key.to_string(), &words).map(|word| format!("did you mean `{word}`? ")).unwrap_or_default();
    diag.error(key, format_args!("unknown key `{key}` in `{attribute}`; {hint}the keys are {list}"));
}

/// Where the generated code finds the library without `crate = path`: under the name that the user's manifest gives it.
pub(crate) fn default_krate() -> Path {
    let renamed = dependency::renamed().and_then(|name| syn::parse_str::<Ident>(&name).ok());
    match renamed {
        Some(name) => syn::parse_quote!(::#name),
        None => syn::parse_quote!(::es_core),
    }
}
