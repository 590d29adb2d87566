//! What is folded, and not yet committed.

use std::collections::HashMap;

use super::batch::Written;
use crate::AggregateId;
use crate::store::{DeadLetter, EventData};

/// The size of the rows of one commit, in bytes. A batch with more is divided, and pages that are
/// committed together end with it.
pub(super) const COMMIT_BYTES: usize = 8 << 20;

/// The number of rows that are committed together, unless a single page changes more.
const COMMIT_ROWS: usize = 50_000;

/// The changes of one or several pages.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// `None` for those that are removed.
    rows: HashMap<AggregateId, Option<EventData>>,
    letters: Vec<DeadLetter>,
    bytes: usize,
}

impl Pending {
    /// Adds what the next page changes.
    pub(super) fn add(&mut self, written: Written) {
        self.letters.extend(written.letters);
        for (key, row) in written.rows {
            self.bytes += size(row.as_ref());
            if let Some(before) = self.rows.insert(key, row) {
                self.bytes -= size(before.as_ref());
            }
        }
    }

    /// The row with this key as it is after the changes, if there are any.
    pub(super) fn row(&self, key: &AggregateId) -> Option<&Option<EventData>> {
        self.rows.get(key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.letters.is_empty()
    }

    /// Whether a commit has enough to write.
    pub(super) fn is_enough(&self) -> bool {
        self.bytes >= COMMIT_BYTES || self.rows.len() >= COMMIT_ROWS
    }

    /// What is to be committed.
    pub(super) fn take(&mut self) -> Written {
        let Self { rows, letters, .. } = std::mem::take(self);
        Written { rows: rows.into_iter().collect(), letters }
    }
}

/// The size of a row in bytes.
pub(super) fn size(row: Option<&EventData>) -> usize {
    row.map_or(0, |row| row.as_raw().as_bytes().len())
}
