//! Rules for the stored names of projections and of types of rows.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::LitStr;

use crate::attr::Cell;
use crate::diag::Diag;

const LONGEST: usize = 60;

/// What has the name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Its name is part of the name of a collection, before the version.
    Projection,
    /// Its name is part of the stored keys.
    TypeOfRows,
}

impl Named {
    fn shown(self) -> &'static str {
        match self {
            Self::Projection => "the projection",
            Self::TypeOfRows => "the type of rows",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Projection => "`name = \"customer_balance\"`",
            Self::TypeOfRows => "`name = \"daily_total\"`",
        }
    }
}

/// Whether a letter may be in such a name.
pub(crate) fn is_allowed(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'
}

/// `given` is the attribute, `name` is what it gives or that of the type, `ident`.
pub(super) fn check(diag: &Diag, given: &Cell<LitStr>, name: &str, ident: &Ident, of: Named) {
    let (place, what, remedy) = match given.get() {
        Some(given) => (given.to_token_stream(), format!("`name = {name:?}`"), String::new()),
        None if given.is_given() => return,
        None => {
            let what = format!("`{name}`, the name of {},", of.shown());
            (ident.to_token_stream(), what, ", as in `name = \"..\"`".into())
        }
    };
    let example = of.example();
    let version = name.rsplit_once("_v").map(|(_, digits)| digits).filter(|_| of == Named::Projection);
    if name.is_empty() {
        diag.error(place, format_args!("the name of {} is empty; write one, such as {example}", of.shown()));
    } else if name.len() > LONGEST {
        diag.error(place, format_args!("{what} is longer than {LONGEST} bytes; write a shorter one{remedy}"));
    } else if let Some(letter) = name.chars().find(|letter| !is_allowed(*letter)) {
        diag.error(
            place,
            format_args!(
                "{what} contains {letter:?}; a name consists of small letters, digits and `_`, such as {example}"
            ),
        );
    } else if let Some(first) = name.chars().next().filter(|first| !first.is_ascii_lowercase()) {
        diag.error(
            place,
            format_args!("{what} starts with {first:?}; a name starts with a small letter, such as {example}"),
        );
    } else if version.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())) {
        diag.error(
            place,
            format_args!(
                "{what} ends like a version, but the version is added to the stored name; write a name without `_v` and digits at the end{remedy}"
            ),
        );
    }
}
