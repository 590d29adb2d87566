//! Types of rows, and which rows of a projection are of which type.

use serde::{Deserializer, Serializer};

use super::{Projection, RowIndex};
use crate::error::InvalidId;
use crate::{AggregateId, Id, IdFor};

/// A type of rows of a projection that has several, by `#[projection(rows(LedgerLine, DailyTotal))]`.
///
/// `#[derive(Row)]` implements it on a struct or an enum. Its values are written by [`Project`], and
/// read by the name of the type: `store.read_model::<Ledger>().rows::<DailyTotal>()`.
///
/// The rows of all types of a projection are in one collection. A row is stored with the key
/// `<name of the type>/<key>`, as `daily_total/2026-11-26`, so the keys of two types never meet.
///
/// [`Project`]: super::Project
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type of rows",
    label = "not a type of rows",
    note = "write `#[derive(Row)]` and `#[row(key = ..)]` on `{Self}`, with the type that identifies a row"
)]
pub trait Row: Sized + Send + Sync + 'static {
    /// What identifies a row among those of its type.
    type Key: Id;
    /// The stored name of the type.
    const NAME: RowName;
    /// The indexes on the rows of this type.
    const INDEXES: &'static [RowIndex] = &[];

    /// Writes the row.
    ///
    /// # Errors
    ///
    /// The error of the serializer.
    fn serialize_row<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads a row that [`serialize_row`](Self::serialize_row) wrote.
    ///
    /// # Errors
    ///
    /// The error of the deserializer if the data is not such a row.
    fn deserialize_row<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// The stored name of a type of rows: small letters, digits and `_`. It is the part of a stored key
/// before the `/`.
///
/// ```
/// use es_core::AggregateId;
/// use es_core::projection::RowName;
///
/// const DAILY_TOTAL: RowName = RowName::new("daily_total");
/// let stored = DAILY_TOTAL.stored_key(&AggregateId::new("2026-11-26")?)?;
/// assert_eq!(stored, "daily_total/2026-11-26");
/// assert_eq!(DAILY_TOTAL.key_in(&stored), Some("2026-11-26"));
/// assert!(DAILY_TOTAL.range().contains(&stored.to_string()));
/// # Ok::<(), es_core::error::InvalidId>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowName(&'static str);

impl RowName {
    /// A name.
    ///
    /// # Panics
    ///
    /// If the name is empty or has another character. In a constant, that is a compile error.
    pub const fn new(name: &'static str) -> Self {
        let mut rest = name.as_bytes();
        assert!(!rest.is_empty(), "the name of a type of rows is empty");
        while let [first, tail @ ..] = rest {
            let is_allowed = first.is_ascii_lowercase() || first.is_ascii_digit() || *first == b'_';
            assert!(is_allowed, "the name of a type of rows consists of small letters, digits and `_`");
            rest = tail;
        }
        Self(name)
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The key of a row of this type, as it is stored.
    ///
    /// # Errors
    ///
    /// [`InvalidId::TooLong`] if it is longer than a key may be.
    pub fn stored_key(self, key: &AggregateId) -> Result<AggregateId, InvalidId> {
        AggregateId::new(format!("{}/{key}", self.0))
    }

    /// The key in a stored key. `None` if that is the key of a row of a different type.
    pub fn key_in(self, stored: &AggregateId) -> Option<&str> {
        stored.as_str().strip_prefix(self.0)?.strip_prefix('/')
    }

    /// The stored keys of the rows of this type.
    pub fn range(self) -> std::ops::Range<String> {
        // In the order of keys, `0` follows `/`.
        format!("{}/", self.0)..format!("{}0", self.0)
    }
}

/// A type of rows of projection `P`: the projection itself, or a type in its `rows(..)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type of rows of `{P}`",
    label = "not a type of rows of `{P}`",
    note = "list `{Self}` in `#[projection(rows(..))]` of `{P}`, or name one of the types that are listed there",
    note = "a reader of one of these types is `read_model::<{P}>().rows::<DailyTotal>()`, and in tests `rows.of::<DailyTotal>()`"
)]
pub trait RowOf<P: Projection>: Sized + Send + Sync + 'static {
    /// What identifies a row among those of its type.
    type Key: Id;
    /// The stored name of the type. `None` if the projection has no other types.
    const NAME: Option<RowName>;

    /// The row as one of the projection.
    fn into_row(self) -> P::Row;

    /// A row of the projection, if it is of this type.
    fn from_row(row: P::Row) -> Option<Self>;

    /// The same for a reference.
    fn of_row(row: &P::Row) -> Option<&Self>;

    /// Writes the row, as the projection does.
    ///
    /// # Errors
    ///
    /// The error of the serializer.
    fn write_row<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads a row of this type, as the projection does.
    ///
    /// # Errors
    ///
    /// The error of the deserializer if the data is not such a row.
    fn read_row<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// The key of a row, as it is stored.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] if it cannot be the key of a row.
    fn stored_key(key: impl IdFor<Self::Key>) -> Result<AggregateId, InvalidId> {
        let key = key.to_stored()?;
        Self::NAME.map_or(Ok(key.clone()), |name| name.stored_key(&key))
    }

    /// The key in a stored key. `None` if that is the key of a row of a different type.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] if the text is not such a key.
    fn key_in(stored: &AggregateId) -> Result<Option<Self::Key>, InvalidId> {
        let Some(name) = Self::NAME else { return Self::Key::from_aggregate_id(stored).map(Some) };
        let Some(key) = name.key_in(stored) else { return Ok(None) };
        Self::Key::from_aggregate_id(&AggregateId::new(key)?).map(Some)
    }
}

#[diagnostic::do_not_recommend]
impl<P: Projection<Row = P>> RowOf<P> for P {
    type Key = P::Key;
    const NAME: Option<RowName> = None;

    fn into_row(self) -> P {
        self
    }

    fn from_row(row: P) -> Option<Self> {
        Some(row)
    }

    fn of_row(row: &P) -> Option<&Self> {
        Some(row)
    }

    fn write_row<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        P::serialize_row(self, serializer)
    }

    fn read_row<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        P::deserialize_row(0, deserializer)
    }
}

/// Visits the types of rows of projection `P`; see [`Projection::visit_rows`].
pub trait VisitRows<P: Projection> {
    /// One type.
    fn rows<R: RowOf<P>>(&mut self);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_types_with_similar_names_never_meet() {
        let names = ["daily", "daily_total", "daily0", "d"].map(RowName::new);
        for name in names {
            for key in ["a", "/", "0", "_total/a", "\u{10ffff}"] {
                let stored = name.stored_key(&AggregateId::new(key).unwrap()).unwrap();
                for other in names {
                    let is_same = other == name;
                    assert_eq!(other.key_in(&stored).is_some(), is_same, "{stored} and {other:?}");
                    assert_eq!(other.range().contains(&stored.to_string()), is_same, "{stored} and {other:?}");
                }
            }
        }
    }
}
