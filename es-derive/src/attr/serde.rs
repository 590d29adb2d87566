//! The user's own `#[serde(..)]` attributes. The generated attributes must not contradict them.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, Meta, MetaNameValue, Token};

use crate::diag::Diag;
use crate::symbol::SERDE;

/// The keys that the user gave, in all `#[serde(..)]` attributes of one item, field or variant.
pub(crate) struct SerdeKeys(Vec<Ident>);

impl SerdeKeys {
    pub(crate) fn of(attrs: &[Attribute]) -> Self {
        let mut keys = Vec::new();
        for attr in serde_attrs(attrs) {
            // An attribute that does not parse is left to serde, which reports it better.
            if let Ok(metas) = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) {
                keys.extend(metas.iter().filter_map(|meta| meta.path().get_ident().cloned()));
            }
        }
        Self(keys)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|given| given == key)
    }

    pub(crate) fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.has(key))
    }

    /// The keys that are not among these.
    pub(crate) fn others<'a>(&'a self, keys: &'a [&str]) -> impl Iterator<Item = &'a Ident> {
        self.0.iter().filter(|given| !keys.iter().any(|key| *given == key))
    }

    pub(crate) fn has_only(&self, keys: &[&str]) -> bool {
        self.others(keys).next().is_none()
    }

    /// Reports the keys that only the macro may set.
    pub(crate) fn refuse(&self, diag: &Diag, macro_name: &str) {
        for key in &self.0 {
            if key == "crate" {
                diag.error(
                    key,
                    format_args!(
                        "`{macro_name}` sets the path of serde; remove this, or write `crate = path` in `{macro_name}`"
                    ),
                );
            } else if key == "remote" {
                diag.error(key, format_args!("`{macro_name}` implements the traits for this type; remove `remote`"));
            }
        }
    }
}

/// The names that the attributes of a field give it.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) renamed: Option<String>,
    pub(crate) aliases: Vec<String>,
}

/// The names in `rename = ".."` and `alias = ".."`. If reading and writing use different names, it
/// is the one that is written.
pub(crate) fn names_of(attrs: &[Attribute]) -> Names {
    Names { renamed: written(attrs, "rename").pop(), aliases: written(attrs, "alias") }
}

/// The strings that the attributes give to a key: `key = ".."`, or `key(serialize = "..")`.
pub(crate) fn written(attrs: &[Attribute], key: &str) -> Vec<String> {
    let text = |value: &Expr| match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    };
    let metas = serde_attrs(attrs)
        .filter_map(|attr| attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok())
        .flatten();
    let values = metas.filter(|meta| meta.path().is_ident(key)).filter_map(|meta| match meta {
        Meta::NameValue(given) => text(&given.value),
        Meta::List(list) => {
            let given = list.parse_args_with(Punctuated::<MetaNameValue, Token![,]>::parse_terminated).ok()?;
            given.iter().find(|given| given.path.is_ident("serialize")).and_then(|given| text(&given.value))
        }
        Meta::Path(_) => None,
    });
    values.collect()
}

pub(crate) fn serde_attrs(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| *attr.path() == SERDE)
}

/// The attributes that a mirror copies: those of serde, and `cfg`.
pub(crate) fn mirrored_attrs(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| {
        let path = attr.path();
        *path == SERDE || path.is_ident("cfg") || path.is_ident("cfg_attr")
    })
}
