//! All keywords of the attributes.

use std::fmt::{self, Display};

use syn::{Ident, Path};

/// A keyword.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Symbol(pub(crate) &'static str);

pub(crate) const AGGREGATE: Symbol = Symbol("aggregate");
pub(crate) const AGGREGATE_ID: Symbol = Symbol("aggregate_id");
pub(crate) const ALIAS: Symbol = Symbol("alias");
pub(crate) const CRATE: Symbol = Symbol("crate");
pub(crate) const ENDS: Symbol = Symbol("ends");
pub(crate) const EVENT: Symbol = Symbol("event");
pub(crate) const EVENT_ENUM: Symbol = Symbol("event_enum");
pub(crate) const EVENTS: Symbol = Symbol("events");
pub(crate) const EVERY: Symbol = Symbol("every");
pub(crate) const FROM: Symbol = Symbol("from");
pub(crate) const INDEX: Symbol = Symbol("index");
pub(crate) const INFORMS: Symbol = Symbol("informs");
pub(crate) const DISPLAY: Symbol = Symbol("display");
pub(crate) const ID: Symbol = Symbol("id");
pub(crate) const INIT: Symbol = Symbol("init");
pub(crate) const KEY: Symbol = Symbol("key");
pub(crate) const NAME: Symbol = Symbol("name");
pub(crate) const PROJECTION: Symbol = Symbol("projection");
pub(crate) const REMOVE: Symbol = Symbol("remove");
pub(crate) const RETIRED: Symbol = Symbol("retired");
pub(crate) const ROW: Symbol = Symbol("row");
pub(crate) const ROWS: Symbol = Symbol("rows");
pub(crate) const SERDE: Symbol = Symbol("serde");
pub(crate) const SINCE: Symbol = Symbol("since");
pub(crate) const SNAPSHOT: Symbol = Symbol("snapshot");
pub(crate) const SPLIT: Symbol = Symbol("split");
pub(crate) const TRANSPARENT: Symbol = Symbol("transparent");
pub(crate) const UNIQUE: Symbol = Symbol("unique");
pub(crate) const VERSION: Symbol = Symbol("version");

impl Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl PartialEq<Symbol> for Ident {
    fn eq(&self, word: &Symbol) -> bool {
        self == word.0
    }
}

impl PartialEq<Symbol> for &Ident {
    fn eq(&self, word: &Symbol) -> bool {
        *self == word.0
    }
}

impl PartialEq<Symbol> for Path {
    fn eq(&self, word: &Symbol) -> bool {
        self.is_ident(word.0)
    }
}

/// The primitive types that a mirror imports, because serde's derived code names them without a
/// path.
pub(crate) const IMPORTED_TYPES: &[&str] = &["bool", "str", "u8", "u16", "u32", "u64", "usize"];
