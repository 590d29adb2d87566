//! `index(customer_id, due_date = -1)` and `unique(email)`

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Expr, ExprLit, Lit, Token, UnOp};

use super::value;
use crate::diag::Diag;

/// One index, as the user wrote it.
pub(crate) struct DeclaredIndex {
    /// `index` or `unique`.
    pub(crate) key: Ident,
    pub(crate) fields: Vec<IndexField>,
}

/// A field of an index.
pub(crate) struct IndexField {
    pub(crate) name: Ident,
    pub(crate) direction: Direction,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

impl DeclaredIndex {
    /// Reads `(customer_id, due_date = -1)`. `None` if one of the fields is invalid.
    pub(super) fn parse(diag: &Diag, key: &Ident, input: ParseStream<'_>) -> syn::Result<Option<Self>> {
        let example = format!("{key}(customer_id, due_date = -1)");
        let content = value::parenthesized(key, input, &example)?;
        if content.is_empty() {
            diag.error(key, format_args!("`{key}` is empty; list the fields of the index, or remove it"));
            return Ok(None);
        }
        let before = diag.count();
        let mut fields = Vec::new();
        value::list(diag, &content, &example, |content| {
            fields.extend(IndexField::parse(diag, key, content)?);
            Ok(())
        })?;
        Ok((diag.count() == before).then(|| Self { key: key.clone(), fields }))
    }
}

impl IndexField {
    fn parse(diag: &Diag, key: &Ident, content: ParseStream<'_>) -> syn::Result<Option<Self>> {
        let Ok(name) = content.call(Ident::parse_any) else {
            return Err(content.error(format_args!("`{key}` takes the names of fields; write `{key}(customer_id)`")));
        };
        if !content.peek(Token![=]) {
            return Ok(Some(Self { name, direction: Direction::Ascending }));
        }
        let equals: Token![=] = content.parse()?;
        let remedy = format!("write `{name}` for ascending or `{name} = -1` for descending");
        if content.is_empty() || content.peek(Token![,]) {
            return Err(syn::Error::new(equals.span, format_args!("`{name}` has no direction; {remedy}")));
        }
        let begin = content.fork();
        let wrong = format!("the direction of `{name}` is 1 or -1; {remedy}");
        let given = content.parse::<Expr>().map_err(|_| begin.error(&wrong))?;
        let direction = Direction::of(&given);
        if direction.is_none() {
            diag.error(&given, wrong);
        }
        Ok(direction.map(|direction| Self { name, direction }))
    }
}

impl Direction {
    fn of(expr: &Expr) -> Option<Self> {
        let is_one =
            |expr: &Expr| matches!(expr, Expr::Lit(ExprLit { lit: Lit::Int(one), .. }) if one.to_string() == "1");
        match expr {
            // `macro_rules!` passes `$literal` and `$expr` in an invisible group.
            Expr::Group(group) => Self::of(&group.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) && is_one(&unary.expr) => Some(Self::Descending),
            expr => is_one(expr).then_some(Self::Ascending),
        }
    }
}

impl DeclaredIndex {
    /// The index as the user wrote it, for messages.
    pub(crate) fn shown(&self) -> String {
        let fields = self.fields.iter().map(|field| match field.direction {
            Direction::Ascending => field.name.to_string(),
            Direction::Descending => format!("{} = -1", field.name),
        });
        format!("{}({})", self.key, fields.collect::<Vec<_>>().join(", "))
    }
}
