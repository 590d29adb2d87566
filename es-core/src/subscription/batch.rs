//! One batch of a partition: the events of a page, folded into rows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::error::SharedError;
use crate::projection::{Change, Dispatch, Origin, Projection, ProjectionError, decode_row, encode_row};
use crate::store::{EventData, FeedPage, StoredRows};
use crate::subscription::partition_of;
use crate::{AggregateId, Position, StoreError};

/// The number of rows that are kept in memory between batches.
const KEPT_ROWS: usize = 20_000;

/// The rows that a partition has in memory. They are valid as long as its lease.
pub(super) struct KeptRows<P> {
    dispatch: Arc<Dispatch<P>>,
    /// `None` if there is no row with the key.
    rows: HashMap<AggregateId, Option<P>>,
}

/// What the events of a page change.
pub(super) struct Changes<P> {
    changes: Vec<Change<P>>,
    /// The first event that cannot be read, and the error.
    pub(super) failure: Option<Failed>,
}

/// An event that cannot be handled.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    pub(super) position: Position,
    pub(super) error: FailedBy,
}

#[derive(Debug, Clone)]
pub(super) enum FailedBy {
    Projection(Box<ProjectionError>),
    /// A handler has refused it, or one after it.
    Handler(SharedError),
    Store(StoreError),
}

impl Failed {
    /// The event after a position. Its own position cannot be read, but nothing between is wanted.
    pub(super) fn after(position: Option<Position>, error: StoreError) -> Self {
        Self { position: position.map_or(Position::FIRST, Position::next), error: FailedBy::Store(error) }
    }
}

impl From<ProjectionError> for Failed {
    fn from(error: ProjectionError) -> Self {
        Self { position: error.position, error: FailedBy::Projection(Box::new(error)) }
    }
}

/// Rows to write, with `None` for those that are removed.
pub(super) type Written = Vec<(AggregateId, Option<EventData>)>;

impl<P: Projection> Changes<P> {
    /// The failure of the only event, at this position, one of whose rows the store refused.
    pub(super) fn refused(&self, position: Position, error: StoreError) -> Failed {
        let refused = match &error {
            StoreError::NotUnique { key, .. } => key.as_ref(),
            _ => None,
        };
        match self.changes.iter().find(|change| refused.is_none_or(|key| change.key() == key)) {
            Some(change) => change.origin().unstorable::<P>(change.key(), error).into(),
            None => Failed { position, error: FailedBy::Store(error) },
        }
    }
}

impl<P: Projection> KeptRows<P> {
    pub(super) fn new(dispatch: Arc<Dispatch<P>>) -> Self {
        Self { dispatch, rows: HashMap::new() }
    }

    /// Reads what the events of a page, which begins after a position and is read before `end`,
    /// change in a partition.
    pub(super) fn read(
        &self,
        page: &FeedPage,
        after: Option<Position>,
        end: Option<Position>,
        partition: u32,
        partitions: u32,
    ) -> Changes<P> {
        let mut read = Changes { changes: Vec::new(), failure: None };
        let mut last = after;
        for event in page.batches.iter().flat_map(|batch| batch.events()) {
            let event = match event {
                Ok(event) => event,
                Err(error) => {
                    read.failure = Some(Failed::after(last, error));
                    break;
                }
            };
            if end.is_some_and(|end| event.position >= end) {
                break;
            }
            last = Some(event.position);
            match self.dispatch.read(&event) {
                Ok(changes) => read.changes.extend(
                    changes.into_iter().filter(|change| partition_of(change.key().as_str(), partitions) == partition),
                ),
                Err(error) => {
                    read.failure = Some(error.into());
                    break;
                }
            }
        }
        read
    }

    /// The keys of the rows that are not in memory.
    pub(super) fn missing(&self, changes: &Changes<P>) -> Vec<AggregateId> {
        let keys: HashSet<_> = changes.changes.iter().map(Change::key).collect();
        keys.into_iter().filter(|key| !self.rows.contains_key(*key)).cloned().collect()
    }

    /// Keeps the stored rows with these keys.
    pub(super) fn keep(&mut self, keys: Vec<AggregateId>, stored: StoredRows) -> Result<(), StoreError> {
        self.rows.extend(keys.into_iter().map(|key| (key, None)));
        for (key, row) in stored {
            self.rows.insert(key, Some(decode_row(&row)?));
        }
        Ok(())
    }

    /// Folds the changes, and writes the rows that they change. After an error the rows in memory
    /// are not valid any more.
    pub(super) fn fold(&mut self, changes: Changes<P>) -> Result<Written, Failed> {
        let mut touched: HashMap<AggregateId, Origin> = HashMap::new();
        for change in changes.changes {
            let key = change.key().clone();
            let (row, origin) = change.fold(self.rows.remove(&key).flatten())?;
            self.rows.insert(key.clone(), row);
            touched.insert(key, origin);
        }
        let mut written = Vec::with_capacity(touched.len());
        for (key, origin) in touched {
            let row = self.rows.get(&key).and_then(Option::as_ref).map(encode_row).transpose();
            let row = row.map_err(|error| origin.unstorable::<P>(&key, error))?;
            written.push((key, row));
        }
        Ok(written)
    }

    /// The batch is committed.
    pub(super) fn committed(&mut self) {
        if self.rows.len() > KEPT_ROWS {
            self.rows.clear();
        }
    }
}
