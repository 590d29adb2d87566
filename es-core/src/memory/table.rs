//! The rows of a read model in memory, with their unique indexes.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::unique::UniqueIndex;
use crate::projection::RowIndex;
use crate::store::{EventData, ReadModelId};
use crate::{AggregateId, StoreError};

/// Rows by their keys.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: BTreeMap<AggregateId, EventData>,
    /// The other indexes change nothing that a store in memory returns.
    unique: Vec<UniqueIndex>,
}

impl Table {
    pub(super) fn get(&self, key: &AggregateId) -> Option<&EventData> {
        self.rows.get(key)
    }

    /// The keys after a key, in order.
    pub(super) fn keys_after<'a>(&'a self, after: Option<&'a AggregateId>) -> impl Iterator<Item = &'a AggregateId> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range((after, Bound::Unbounded)).map(|(key, _)| key)
    }

    /// Creates the unique indexes that are missing.
    pub(super) fn add_indexes(&mut self, model: &ReadModelId, indexes: &[RowIndex]) -> Result<(), StoreError> {
        for index in indexes.iter().filter(|index| index.is_unique()) {
            if self.unique.iter().all(|existing| existing.index != *index) {
                self.unique.push(UniqueIndex::new(model, *index, &self.rows)?);
            }
        }
        Ok(())
    }

    /// Writes all rows, or none if a unique index refuses one.
    pub(super) fn write(
        &mut self,
        model: &ReadModelId,
        rows: Vec<(AggregateId, Option<EventData>)>,
    ) -> Result<(), StoreError> {
        for unique in &self.unique {
            unique.check(model, &rows)?;
        }
        for unique in &mut self.unique {
            for (key, _) in &rows {
                if let Some(old) = self.rows.get(key) {
                    unique.remove(key, old);
                }
            }
            for (key, row) in &rows {
                if let Some(row) = row {
                    unique.insert(key, row);
                }
            }
        }
        for (key, row) in rows {
            match row {
                Some(row) => self.rows.insert(key, row),
                None => self.rows.remove(&key),
            };
        }
        Ok(())
    }

    /// Removes all rows. The indexes stay.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.unique.iter_mut().for_each(UniqueIndex::clear);
    }
}
