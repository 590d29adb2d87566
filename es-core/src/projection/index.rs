//! Indexes on the rows of a read model.

use std::fmt;

use super::RowName;
use crate::AggregateId;

/// An index on the rows of a read model, as `index(..)` and `unique(..)` of `#[derive(Projection)]`
/// and `#[derive(Row)]` declare it.
///
/// It is displayed as its name in a store:
///
/// ```
/// use es_core::projection::{Direction, RowIndex, Uniqueness};
///
/// let index = RowIndex {
///     fields: &[("customerId", Direction::Ascending), ("dueDate", Direction::Descending)],
///     uniqueness: Uniqueness::NotUnique,
///     rows: None,
/// };
/// assert_eq!(index.to_string(), "customerId_1_dueDate_-1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowIndex {
    /// The fields by the names under which they are stored. Rows with the same value in one field
    /// are sorted by the next.
    pub fields: &'static [(&'static str, Direction)],
    /// Whether several rows may have the same values.
    pub uniqueness: Uniqueness,
    /// The type whose rows it has. `None` if it has all rows of the read model.
    pub rows: Option<RowName>,
}

/// How an index sorts the values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the smallest value to the largest.
    Ascending,
    /// From the largest value to the smallest.
    Descending,
}

/// Whether several rows may have the same values in the fields of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Uniqueness {
    /// Any number of rows may.
    NotUnique,
    /// No two rows have the same values. A field that is missing counts as null, and of a field
    /// that is an array, each element counts.
    Unique,
}

impl RowIndex {
    /// Whether no two rows have the same values in its fields.
    pub const fn is_unique(&self) -> bool {
        matches!(self.uniqueness, Uniqueness::Unique)
    }

    /// Whether it has the row with this stored key.
    pub fn has(&self, key: &AggregateId) -> bool {
        self.rows.is_none_or(|rows| rows.key_in(key).is_some())
    }
}

impl Direction {
    /// 1 or -1, as MongoDB writes it.
    pub const fn sign(self) -> i32 {
        match self {
            Self::Ascending => 1,
            Self::Descending => -1,
        }
    }
}

impl fmt::Display for RowIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rows) = self.rows {
            write!(f, "{}/", rows.as_str())?;
        }
        for (at, (field, direction)) in self.fields.iter().enumerate() {
            let separator = if at == 0 { "" } else { "_" };
            write!(f, "{separator}{field}_{}", direction.sign())?;
        }
        Ok(())
    }
}
