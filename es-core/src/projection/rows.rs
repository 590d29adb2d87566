//! Rows in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use super::dispatch::failed;
use super::stored::{decode_row, encode_row};
use super::{Dispatch, Projection, ProjectionError, ProjectionFailure, Read, RowOf};
use crate::store::StoredEvent;
use crate::{AggregateId, IdFor};

/// Rows in memory, folded from events.
///
/// The test kit returns them, as `given(..).rows::<CustomerBalance>()`.
pub struct Rows<P: Projection> {
    rows: BTreeMap<AggregateId, P::Row>,
}

impl<P: Projection> Rows<P> {
    /// No rows.
    pub fn new() -> Self {
        Self { rows: BTreeMap::new() }
    }

    /// Folds the next event. Its rows are written as BSON and read back, as a store does.
    ///
    /// # Errors
    ///
    /// [`ProjectionError`] if it cannot be folded, or a row cannot be stored.
    pub fn push(&mut self, dispatch: &Dispatch<P>, event: &StoredEvent<'_>) -> Result<(), ProjectionError> {
        // All events of an aggregate come here, so what they name is remembered.
        dispatch.routes.begin();
        let mut changes = dispatch.changes_of_events();
        let Read::Changes(changes) = dispatch.read(event, &mut changes)? else {
            return Err(failed::<P>(event, ProjectionFailure::NotRouted));
        };
        for change in changes {
            let key = change.key().clone();
            let (Some(row), origin) = change.fold(self.rows.remove(&key))? else { continue };
            let stored = encode_row::<P>(&row).and_then(|row| decode_row::<P>(&key, &row));
            let row = stored.map_err(|error| origin.unstorable::<P>(&key, error))?;
            self.rows.insert(key, row);
        }
        Ok(())
    }

    /// The row with this key. If the projection has several types of rows, see [`of`](Self::of).
    pub fn get(&self, key: impl IdFor<<P as RowOf<P>>::Key>) -> Option<&P>
    where
        P: RowOf<P>,
    {
        self.of::<P>().get(key)
    }

    /// The rows of one type, if the projection has several: `rows.of::<DailyTotal>()`.
    pub fn of<R: RowOf<P>>(&self) -> RowsOf<'_, P, R> {
        RowsOf { rows: self, of: PhantomData }
    }

    /// The number of rows, of all types.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl<P: Projection> Default for Rows<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Projection<Row: fmt::Debug>> fmt::Debug for Rows<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("rows", &self.rows).finish()
    }
}

/// The rows of one type; created by [`Rows::of`].
pub struct RowsOf<'a, P: Projection, R> {
    rows: &'a Rows<P>,
    of: PhantomData<fn() -> R>,
}

impl<'a, P: Projection, R: RowOf<P>> RowsOf<'a, P, R> {
    /// The row with this key.
    pub fn get(&self, key: impl IdFor<R::Key>) -> Option<&'a R> {
        R::of_row(self.rows.rows.get(&R::stored_key(key).ok()?)?)
    }

    /// The rows in the order of their keys as text.
    pub fn iter(&self) -> impl Iterator<Item = &'a R> + use<'a, P, R> {
        self.rows.rows.values().filter_map(R::of_row)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl<P: Projection, R: RowOf<P> + fmt::Debug> fmt::Debug for RowsOf<'_, P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
