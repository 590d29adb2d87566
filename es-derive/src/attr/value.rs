//! The values that a key may have, each with the message for every other value.

use proc_macro2::{Ident, TokenTree};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::{Expr, ExprLit, Lit, LitInt, LitStr, Path, Token, Type, TypePath};

use super::{comma_missing, skip_to_comma};
use crate::diag::Diag;

/// Reads `= <value>` and gives back its tokens as an expression; the error says what the key looks like.
fn expression(key: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<Expr> {
    assign(key, input, example)?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(syn::Error::new(key.span(), format_args!("`{key}` has no value; write `{example}`")));
    }
    let begin = input.fork();
    input.parse::<Expr>().map_err(|_| wrong_value(&begin, key, example))
}

fn assign(key: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<()> {
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        return Ok(());
    }
    if input.peek(syn::token::Paren) || input.peek(Token![:]) {
        return Err(syn::Error::new(key.span(), format_args!("the value of `{key}` follows a `=`; write `{example}`")));
    }
    Err(syn::Error::new(key.span(), format_args!("`{key}` has no value; write `{example}`")))
}

fn wrong_value(input: ParseStream<'_>, key: &Ident, example: &str) -> syn::Error {
    input.error(format_args!("`{key}` does not take this; write `{example}`"))
}

fn literal(expr: &Expr) -> Result<&Lit, &Expr> {
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => Ok(lit),
        // What a `$literal` or `$expr` of `macro_rules!` hands on.
        Expr::Group(group) => literal(&group.expr),
        other => Err(other),
    }
}

/// `version = 3`: a whole number that a `u32` or `u64` holds and that is not 0.
pub(super) fn number(
    diag: &Diag,
    key: &Ident,
    input: ParseStream<'_>,
    example: &str,
    largest: u64,
) -> syn::Result<Option<(LitInt, u64)>> {
    let expr = expression(key, input, example)?;
    let lit = match literal(&expr) {
        Ok(Lit::Int(lit)) => lit.clone(),
        Ok(other) => {
            diag.error(other, format_args!("`{key}` is a whole number; write `{example}`"));
            return Ok(None);
        }
        Err(other) => {
            diag.error(other, format_args!("`{key}` is a whole number, written out; write `{example}`"));
            return Ok(None);
        }
    };
    if !matches!(lit.suffix(), "" | "u8" | "u16" | "u32" | "u64") {
        diag.error(&lit, format_args!("`{key}` takes no `{}`; write `{key} = {}`", lit.suffix(), lit.base10_digits()));
        return Ok(None);
    }
    match lit.base10_parse::<u64>() {
        Ok(0) => {
            let why = if key == "every" {
                "`every = 0` would never be due; leave `every` out when no snapshots are wanted".to_owned()
            } else {
                format!("`{key}` starts at 1; write `{key} = 1`")
            };
            diag.error(&lit, why);
            Ok(None)
        }
        Ok(number) if number <= largest => Ok(Some((lit, number))),
        _ => {
            diag.error(&lit, format_args!("`{key}` is too large; the largest is {largest}"));
            Ok(None)
        }
    }
}

/// `name = "InvoicePaid"`: what is stored as the name of a type.
pub(super) fn name(diag: &Diag, key: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<Option<LitStr>> {
    let expr = expression(key, input, example)?;
    match literal(&expr) {
        Ok(Lit::Str(lit)) => Ok(check_name(diag, lit.clone(), &key.to_string())),
        Ok(other) => {
            diag.error(other, format_args!("`{key}` is a string; write `{example}`"));
            Ok(None)
        }
        Err(other) => {
            diag.error(other, format_args!("`{key}` is a string, written out; write `{example}`"));
            Ok(None)
        }
    }
}

/// A stored name is a word: it stands in queries, in keys and in reports.
pub(super) fn check_name(diag: &Diag, lit: LitStr, what: &str) -> Option<LitStr> {
    const LONGEST: usize = 255;
    let text = lit.value();
    let allowed = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '-' | ':');
    if text.is_empty() {
        diag.error(&lit, format_args!("`{what}` is empty; write the name that is stored, such as \"InvoicePaid\""));
        return None;
    }
    if text.len() > LONGEST {
        diag.error(&lit, format_args!("`{what}` is longer than {LONGEST} bytes; write a shorter one"));
        return None;
    }
    if let Some(letter) = text.chars().find(|letter| !allowed(*letter)) {
        let remedy = similar_name(&text, allowed);
        diag.error(
            &lit,
            format_args!(
                "`{what}` has {letter:?} in it; a stored name has letters, digits, `_`, `.`, `-` and `:`, such as {remedy:?}"
            ),
        );
        return None;
    }
    if let Some(first) = text.chars().next().filter(|letter| !begins_name(*letter)) {
        let remedy = similar_name(&text, allowed);
        diag.error(
            &lit,
            format_args!("`{what}` starts with {first:?}; a stored name starts with a letter, such as {remedy:?}"),
        );
        return None;
    }
    Some(lit)
}

fn begins_name(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_'
}

/// The name that may have been meant.
fn similar_name(text: &str, allowed: impl Fn(char) -> bool) -> String {
    let kept: String =
        text.split(|letter| !allowed(letter)).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
    match kept.chars().next() {
        Some(first) if begins_name(first) => kept,
        Some(_) => format!("Event{kept}"),
        None => "InvoicePaid".to_owned(),
    }
}

/// `from = InvoicePaidV1`: a type, by its path.
pub(super) fn path_type(
    diag: &Diag,
    key: &Ident,
    input: ParseStream<'_>,
    example: &str,
) -> syn::Result<Option<TypePath>> {
    assign(key, input, example)?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(syn::Error::new(key.span(), format_args!("`{key}` has no value; write `{example}`")));
    }
    let begin = input.fork();
    let parsed = input.parse::<Type>().map_err(|_| wrong_value(&begin, key, example))?;
    Ok(as_path(diag, parsed, &key.to_string(), example))
}

/// `event_enum = InvoiceFact`: a new name.
pub(super) fn ident(diag: &Diag, key: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<Option<Ident>> {
    let Some(TypePath { qself: None, path, .. }) = path_type(diag, key, input, example)? else { return Ok(None) };
    if let Some(ident) = path.get_ident() {
        // A type may be called `Self` or `crate` as far as the grammar goes, and nothing can be given that name.
        if syn::parse2::<Ident>(ident.to_token_stream()).is_ok() {
            return Ok(Some(ident.clone()));
        }
        diag.error(ident, format_args!("`{ident}` is a keyword; write a name of your own, such as `{example}`"));
        return Ok(None);
    }
    diag.error(path, format_args!("`{key}` is one new name, without path; write `{example}`"));
    Ok(None)
}

/// A type as a path, through the invisible groups that `macro_rules!` makes.
pub(super) fn as_path(diag: &Diag, parsed: Type, key: &str, example: &str) -> Option<TypePath> {
    match parsed {
        Type::Path(path) => Some(path),
        Type::Group(group) => as_path(diag, *group.elem, key, example),
        other => {
            diag.error(other, format_args!("`{key}` takes the name of a type; write `{example}`"));
            None
        }
    }
}

/// `crate = ::renamed`: where the library is. A relative path would be looked up wherever the macro is used.
pub(super) fn krate(diag: &Diag, key: &Ident, input: ParseStream<'_>) -> syn::Result<Option<Path>> {
    let example = "crate = ::renamed";
    assign(key, input, example)?;
    let begin = input.fork();
    let mut path = input.call(Path::parse_mod_style).map_err(|_| wrong_value(&begin, key, example))?;
    let rooted = path.leading_colon.is_some()
        || path.segments.first().is_some_and(|first| first.ident == "crate" || first.ident == "$crate");
    if rooted {
        return Ok(Some(path));
    }
    let below: Path = Path {
        leading_colon: None,
        segments: path.segments.iter().filter(|part| part.ident != "self" && part.ident != "super").cloned().collect(),
    };
    let below = below.to_token_stream().to_string().replace(' ', "");
    let message = if below == path.to_token_stream().to_string().replace(' ', "") {
        format!(
            "`crate` is relative, so its meaning depends on the module; write `crate = ::{below}` or `crate = crate::{below}`"
        )
    } else {
        "`crate` is relative, so its meaning depends on the module; write `crate = crate::..`, the path from the root"
            .to_owned()
    };
    diag.error(&path, message);
    // What was meant, so that nothing follows.
    path.leading_colon = Some(Token![::](proc_macro2::Span::call_site()));
    Ok(Some(path))
}

/// What stands in the parentheses behind a key, such as `events(..)`.
pub(super) fn parenthesized<'a>(
    key: &Ident,
    input: ParseStream<'a>,
    example: &str,
) -> syn::Result<syn::parse::ParseBuffer<'a>> {
    if !input.peek(syn::token::Paren) {
        return Err(syn::Error::new(key.span(), format_args!("`{key}` is a list in parentheses; write `{example}`")));
    }
    let content;
    syn::parenthesized!(content in input);
    Ok(content)
}

/// `(InvoicePaid, InvoiceDisputed)`: types by their paths.
pub(super) fn types(
    diag: &Diag,
    key: &Ident,
    input: ParseStream<'_>,
    example: &str,
) -> syn::Result<Option<Vec<TypePath>>> {
    let content = parenthesized(key, input, example)?;
    let is_empty = content.is_empty();
    let mut types = Vec::new();
    list(diag, &content, example, |content| {
        let begin = content.fork();
        match content.parse::<Type>() {
            Ok(Type::Path(own)) if own.path.is_ident("Self") => {
                diag.error(own, format_args!("`{key}` takes other types, by their names; write `{example}`"));
            }
            Ok(parsed) => types.extend(as_path(diag, parsed, &key.to_string(), example)),
            Err(_) => return Err(wrong_value(&begin, key, example)),
        }
        Ok(())
    })?;
    Ok((is_empty || !types.is_empty()).then_some(types))
}

/// `("OldName", "OlderName")`: stored names.
pub(super) fn names(
    diag: &Diag,
    key: &Ident,
    input: ParseStream<'_>,
    example: &str,
) -> syn::Result<Option<Vec<LitStr>>> {
    let content = parenthesized(key, input, example)?;
    let is_empty = content.is_empty();
    let mut names = Vec::new();
    list(diag, &content, example, |content| {
        let begin = content.fork();
        match content.parse::<Lit>() {
            Ok(Lit::Str(lit)) => names.extend(check_name(diag, lit, &key.to_string())),
            Ok(other) => diag.error(other, format_args!("`{key}` takes stored names, as strings; write `{example}`")),
            Err(_) => {
                let given = begin.parse::<TokenTree>().map(|token| token.to_string()).unwrap_or_default();
                return Err(begin_error(content, key, &given, example));
            }
        }
        Ok(())
    })?;
    Ok((is_empty || !names.is_empty()).then_some(names))
}

fn begin_error(input: ParseStream<'_>, key: &Ident, given: &str, example: &str) -> syn::Error {
    if given.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
        return input.error(format_args!("`{key}` takes stored names, as strings; write `{key}(\"{given}\")`"));
    }
    input.error(format_args!("`{key}` takes stored names, as strings; write `{example}`"))
}

/// Reads elements between commas; after a mistake it goes on behind the next comma.
fn list(
    diag: &Diag,
    content: ParseStream<'_>,
    example: &str,
    mut read: impl FnMut(ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    while !content.is_empty() {
        if let Err(error) = read(content) {
            diag.push(error);
            skip_to_comma(content)?;
        }
        if content.is_empty() {
            break;
        }
        if !content.peek(Token![,]) {
            diag.push(comma_missing(content, example));
            skip_to_comma(content)?;
        }
        if content.peek(Token![,]) {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(())
}
