//! The values of keys, and the error for each invalid value.

use proc_macro2::{Ident, TokenTree};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::{Expr, ExprLit, Lit, LitInt, LitStr, Path, Token, Type, TypePath};

use super::{comma_missing, refuse_attributes, skip_to_comma};
use crate::diag::{Diag, shown};

/// Reads `= <value>` and returns the value as an expression. The error shows the key with an
/// example.
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

pub(super) fn wrong_value(input: ParseStream<'_>, key: &Ident, example: &str) -> syn::Error {
    input.error(format_args!("invalid value for `{key}`; write `{example}`"))
}

fn literal(expr: &Expr) -> Result<&Lit, &Expr> {
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => Ok(lit),
        // `macro_rules!` passes `$literal` and `$expr` in an invisible group.
        Expr::Group(group) => literal(&group.expr),
        other => Err(other),
    }
}

/// `version = 3`: a whole number from 1 that fits a `u32` or `u64`.
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
            diag.error(other, format_args!("`{key}` takes a whole number; write `{example}`"));
            return Ok(None);
        }
        Err(other) => {
            diag.error(other, format_args!("`{key}` takes a literal whole number; write `{example}`"));
            return Ok(None);
        }
    };
    if !matches!(lit.suffix(), "" | "u8" | "u16" | "u32" | "u64") {
        diag.error(
            &lit,
            format_args!(
                "`{key}` takes a number without the suffix `{}`; write `{key} = {}`",
                lit.suffix(),
                lit.base10_digits()
            ),
        );
        return Ok(None);
    }
    match lit.base10_parse::<u64>() {
        Ok(0) => {
            let why = if key == "every" {
                "`every = 0` never takes a snapshot; remove `every` if you want no snapshots".to_owned()
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

/// `name = "InvoicePaid"`: the stored name of a type.
pub(super) fn name(diag: &Diag, key: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<Option<LitStr>> {
    Ok(text(diag, key, input, example)?.and_then(|lit| check_name(diag, lit, &key.to_string())))
}

/// A literal string.
pub(super) fn text(diag: &Diag, key: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<Option<LitStr>> {
    let expr = expression(key, input, example)?;
    match literal(&expr) {
        Ok(Lit::Str(lit)) => Ok(Some(lit.clone())),
        Ok(other) => {
            diag.error(other, format_args!("`{key}` takes a string; write `{example}`"));
            Ok(None)
        }
        Err(other) => {
            diag.error(other, format_args!("`{key}` takes a literal string; write `{example}`"));
            Ok(None)
        }
    }
}

/// A stored name is one word, because it is part of queries, keys and reports.
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
                "`{what}` contains {letter:?}; a stored name consists of letters, digits, `_`, `.`, `-` and `:`, such as {remedy:?}"
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

/// A valid name that is similar to the invalid one.
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
    if let Some((lit, meant)) = quoted(input) {
        input.parse::<Lit>()?;
        diag.error(
            lit,
            format_args!("`{key}` takes the name of a type without quotes; write `{key} = {}`", shown(&meant)),
        );
        // Continue with the type that was meant, so that no other errors follow.
        return Ok(Some(meant));
    }
    let begin = input.fork();
    let parsed = input.parse::<Type>().map_err(|_| wrong_value(&begin, key, example))?;
    Ok(as_path(diag, parsed, &key.to_string(), example))
}

/// A string with the path of a type, such as `"InvoicePaidV1"`.
fn quoted(input: ParseStream<'_>) -> Option<(LitStr, TypePath)> {
    let lit = input.fork().parse::<LitStr>().ok()?;
    let meant = lit.parse::<TypePath>().ok()?;
    Some((lit, meant))
}

/// `event_enum = InvoiceFact`: a new name.
pub(super) fn ident(diag: &Diag, key: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<Option<Ident>> {
    let Some(TypePath { qself: None, path, .. }) = path_type(diag, key, input, example)? else { return Ok(None) };
    if let Some(ident) = path.get_ident() {
        // `syn` parses `Self` and `crate` as types, but no type can be declared with such a name.
        if syn::parse2::<Ident>(ident.to_token_stream()).is_ok() {
            return Ok(Some(ident.clone()));
        }
        diag.error(ident, format_args!("`{ident}` is a keyword; write another name, such as `{example}`"));
        return Ok(None);
    }
    diag.error(path, format_args!("`{key}` takes one new name without a path; write `{example}`"));
    Ok(None)
}

/// `transparent`: a key without a value.
pub(super) fn flag(key: &Ident, input: ParseStream<'_>) -> syn::Result<Option<()>> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(Some(()));
    }
    Err(input.error(format_args!("`{key}` has no value; write `{key}` alone")))
}

/// The path of a type. Removes the invisible groups that `macro_rules!` adds.
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

/// `crate = ::renamed`: the path of the library. A relative path is refused, because it would be
/// resolved in the module that uses the macro.
pub(super) fn krate(diag: &Diag, key: &Ident, input: ParseStream<'_>) -> syn::Result<Option<Path>> {
    let example = "crate = ::renamed";
    assign(key, input, example)?;
    let begin = input.fork();
    let path = input.call(Path::parse_mod_style).map_err(|_| wrong_value(&begin, key, example))?;
    let rooted = path.leading_colon.is_some()
        || path.segments.first().is_some_and(|first| first.ident == "crate" || first.ident == "$crate");
    if rooted {
        return Ok(Some(path));
    }
    let meant = Path {
        leading_colon: Some(Token![::](proc_macro2::Span::call_site())),
        segments: path.segments.iter().filter(|part| part.ident != "self" && part.ident != "super").cloned().collect(),
    };
    let below = meant.segments.to_token_stream().to_string().replace(' ', "");
    let message = if below == path.to_token_stream().to_string().replace(' ', "") {
        format!(
            "`crate` is relative, so it resolves differently in each module; write `crate = ::{below}` or `crate = crate::{below}`"
        )
    } else {
        "`crate` is relative, so it resolves differently in each module; write `crate = crate::..`, the path from the root"
            .to_owned()
    };
    diag.error(&path, message);
    // Continue with the path that was probably meant, so that no other errors follow.
    Ok((!meant.segments.is_empty()).then_some(meant))
}

/// The contents of the parentheses behind a key, such as `events(..)`.
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
        types.extend(element_type(diag, key, content, example)?);
        Ok(())
    })?;
    Ok((is_empty || !types.is_empty()).then_some(types))
}

/// An element of a list of types.
pub(super) fn element_type(
    diag: &Diag,
    key: &Ident,
    content: ParseStream<'_>,
    example: &str,
) -> syn::Result<Option<TypePath>> {
    let begin = content.fork();
    match content.parse::<Type>() {
        Ok(Type::Path(own)) if own.path.is_ident("Self") => {
            diag.error(own, format_args!("`{key}` takes the names of other types, not `Self`; write `{example}`"));
            Ok(None)
        }
        Ok(parsed) => Ok(as_path(diag, parsed, &key.to_string(), example)),
        Err(_) => Err(wrong_value(&begin, key, example)),
    }
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

/// Reads elements between commas. After a mistake, reading continues behind the next comma.
pub(super) fn list(
    diag: &Diag,
    content: ParseStream<'_>,
    example: &str,
    mut read: impl FnMut(ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    while !content.is_empty() {
        refuse_attributes(diag, content, "an element of a list")?;
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
