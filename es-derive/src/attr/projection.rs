//! `#[projection(version = 1, key = CustomerId, init(Customer(A)), events(Customer(B, ..), Invoice), remove(Customer(C)), index(open = -1), unique(email), rows(Line, Total), name = "..", crate = path)]`

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::parse::ParseStream;
use syn::token::Paren;
use syn::{Attribute, LitInt, LitStr, Path, Token, TypePath};

use super::index::DeclaredIndex;
use super::{Cell, Keys, misspelt_list, parse_attributes, unknown_key, value};
use crate::diag::{Diag, shown};
use crate::symbol::{
    AGGREGATE_ID, CRATE, EVENTS, INDEX, INIT, KEY, NAME, PROJECTION, REMOVE, ROWS, Symbol, UNIQUE, VERSION,
};

const KEYS: &[Symbol] = &[VERSION, KEY, INIT, EVENTS, REMOVE, INDEX, UNIQUE, ROWS, NAME, CRATE];
/// The keys whose values are lists.
const LISTS: &[Symbol] = &[INIT, EVENTS, REMOVE, INDEX, UNIQUE, ROWS];
const EXAMPLE: &str = "#[projection(version = 1, key = CustomerId, events(Invoice(InvoiceCreated, InvoicePaid)))]";

pub(crate) struct ProjectionAttr {
    pub(crate) version: Cell<(LitInt, u64)>,
    pub(crate) key: Cell<RowKey>,
    pub(crate) init: Cell<Vec<OfAggregate>>,
    pub(crate) events: Cell<Vec<OfAggregate>>,
    pub(crate) remove: Cell<Vec<OfAggregate>>,
    /// Those that could be read. Each `index(..)` and `unique(..)` is one.
    pub(crate) indexes: Vec<DeclaredIndex>,
    /// The types of rows, if the projection has several. Lists add up.
    pub(crate) rows: Cell<Vec<TypePath>>,
    pub(crate) name: Cell<LitStr>,
    pub(crate) krate: Cell<Path>,
    /// Whether a key could not be read. A key that seems to be missing may then be the unreadable
    /// one.
    pub(crate) is_garbled: bool,
    /// Whether there is an attribute at all.
    pub(crate) is_given: bool,
}

/// What identifies a row.
pub(crate) enum RowKey {
    /// `key = aggregate_id`
    AggregateId,
    /// `key = CustomerId`
    Type(TypePath),
}

/// `Customer(CustomerRenamed, ..)`, or `Customer` alone.
pub(crate) struct OfAggregate {
    pub(crate) aggregate: TypePath,
    /// `None` if the aggregate is listed alone, with all its events.
    pub(crate) events: Option<Vec<TypePath>>,
    /// The `..` after the events.
    pub(crate) rest: Option<Token![..]>,
}

impl ProjectionAttr {
    pub(crate) fn parse(diag: &Diag, attrs: &[Attribute]) -> Self {
        let mut attr = Self {
            version: Cell::new(VERSION),
            key: Cell::new(KEY),
            init: Cell::new(INIT),
            events: Cell::new(EVENTS),
            remove: Cell::new(REMOVE),
            indexes: Vec::new(),
            rows: Cell::new(ROWS),
            name: Cell::new(NAME),
            krate: Cell::new(CRATE),
            is_garbled: false,
            is_given: attrs.iter().any(|attr| *attr.path() == PROJECTION),
        };
        let wrong_form = format!("`projection` is a list in parentheses; write `{EXAMPLE}`");
        let keys = parse_attributes(diag, attrs, PROJECTION, &wrong_form, EXAMPLE, |key, input| {
            attr.parse_next(diag, key, input)
        });
        attr.is_garbled |= keys == Keys::Garbled;
        attr
    }

    /// The lists of events. Lists with the same key add up.
    pub(crate) fn lists(&self) -> [&Cell<Vec<OfAggregate>>; 3] {
        [&self.init, &self.events, &self.remove]
    }

    fn parse_next(&mut self, diag: &Diag, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        if let Some(list) = misspelt_list(key, KEYS, LISTS).filter(|_| input.peek(Paren)) {
            unknown_key(diag, "#[projection(..)]", key, KEYS);
            // Continue with the list that was probably meant, so that no other errors follow.
            return self.parse_key(diag, &Ident::new(list.0, key.span()), input);
        }
        self.parse_key(diag, key, input)
    }

    fn parse_key(&mut self, diag: &Diag, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        if key == VERSION {
            // version = 1
            let value = value::number(diag, key, input, "version = 1", u64::from(u32::MAX));
            self.version.set(diag, key, value)
        } else if key == KEY {
            // key = CustomerId
            let value = value::path_type(diag, key, input, "key = CustomerId");
            self.key.set(diag, key, value.map(|given| given.map(RowKey::of)))
        } else if key == INIT {
            // init(Customer(CustomerRegistered))
            let value = of_aggregates(diag, key, input, "init(Customer(CustomerRegistered))");
            self.init.add(key, value)
        } else if key == EVENTS {
            // events(Customer(CustomerRenamed, ..), Invoice)
            let value = of_aggregates(diag, key, input, "events(Invoice(InvoiceCreated, InvoicePaid))");
            self.events.add(key, value)
        } else if key == REMOVE {
            // remove(Customer(CustomerErased))
            let value = of_aggregates(diag, key, input, "remove(Customer(CustomerErased))");
            self.remove.add(key, value)
        } else if key == INDEX || key == UNIQUE {
            // index(customer_id, due_date = -1)
            self.indexes.extend(DeclaredIndex::parse(diag, key, input)?);
            Ok(())
        } else if key == ROWS {
            // rows(LedgerLine, DailyTotal)
            let value = value::types(diag, key, input, "rows(LedgerLine, DailyTotal)");
            self.rows.add(key, value)
        } else if key == NAME {
            // name = "customer_balance"
            let value = value::text(diag, key, input, "name = \"customer_balance\"");
            self.name.set(diag, key, value)
        } else if key == CRATE {
            // crate = ::renamed
            let value = value::krate(diag, key, input);
            self.krate.set(diag, key, value)
        } else {
            self.is_garbled = true;
            unknown_key(diag, "#[projection(..)]", key, KEYS);
            super::skip_to_comma(input)
        }
    }
}

impl RowKey {
    fn of(given: TypePath) -> Self {
        if given.qself.is_none() && given.path == AGGREGATE_ID { Self::AggregateId } else { Self::Type(given) }
    }
}

/// `(Customer(CustomerRenamed, ..), Invoice)`
fn of_aggregates(
    diag: &Diag,
    key: &Ident,
    input: ParseStream<'_>,
    example: &str,
) -> syn::Result<Option<Vec<OfAggregate>>> {
    let content = value::parenthesized(key, input, example)?;
    let is_empty = content.is_empty();
    let mut listed = Vec::new();
    value::list(diag, &content, example, |content| {
        let begin = content.fork();
        let aggregate = syn::parse2(before_parentheses(content)?)
            .map_err(|_| value::wrong_value(&begin, key, example))
            .map(|ty| value::as_path(diag, ty, &key.to_string(), example));
        match aggregate? {
            Some(aggregate) => listed.extend(OfAggregate::parse(diag, key, aggregate, content)?),
            // What follows the mistake belongs to it.
            None => super::skip_to_comma(content)?,
        }
        Ok(())
    })?;
    Ok((is_empty || !listed.is_empty()).then_some(listed))
}

/// The tokens of a type, up to its list of events or to the next comma. `syn` would read
/// `Customer(CustomerRenamed)` as one type, as it does `Fn(u32)`.
fn before_parentheses(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    let mut depth = 0_usize;
    while !input.is_empty() && !(depth == 0 && (input.peek(Paren) || input.peek(Token![,]))) {
        let token: TokenTree = input.parse()?;
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '<' => depth += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        tokens.extend([token]);
    }
    Ok(tokens)
}

impl OfAggregate {
    /// Reads the events in parentheses, if there are any.
    fn parse(diag: &Diag, key: &Ident, aggregate: TypePath, input: ParseStream<'_>) -> syn::Result<Option<Self>> {
        if !input.peek(Paren) {
            return Ok(Some(Self { aggregate, events: None, rest: None }));
        }
        let example = format!("{key}({}(FirstEvent, SecondEvent))", shown(&aggregate));
        let content;
        syn::parenthesized!(content in input);
        let is_empty = content.is_empty();
        let (mut events, mut rest) = (Vec::new(), None);
        value::list(diag, &content, &example, |content| {
            if content.peek(Token![..]) {
                let dots: Token![..] = content.parse()?;
                rest.get_or_insert(dots);
                let after = content.fork();
                if after.parse::<Token![,]>().is_ok() && !after.is_empty() {
                    let name = shown(&aggregate);
                    diag.error(dots, format_args!("`..` comes after the events; write `{name}(FirstEvent, ..)`"));
                }
                return Ok(());
            }
            events.extend(value::element_type(diag, key, content, &example)?);
            Ok(())
        })?;
        let is_read = is_empty || !events.is_empty() || rest.is_some();
        Ok(is_read.then_some(Self { aggregate, events: Some(events), rest }))
    }
}
