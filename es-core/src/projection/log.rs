//! Rows that are folded from the log, without a read model.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;

use super::{Change, Dispatch, PageRange, Projection, ProjectionError, Unread};
use crate::store::{FeedFilter, ReadModelStore, SkippedEvent};
use crate::subscription::partition_of;
use crate::{AggregateId, Position, StoreError};

/// Some of the rows of a projection, folded from the log.
pub(crate) struct LogRows<P: Projection> {
    dispatch: Dispatch<P>,
    filter: FeedFilter,
    includes: Box<dyn Fn(&AggregateId) -> bool + Send>,
    /// Events that somebody has skipped for a row.
    skipped: HashSet<(AggregateId, Position)>,
    rows: HashMap<AggregateId, P::Row>,
    /// The rows into which an event cannot be folded, with the first error.
    failed: HashMap<AggregateId, Box<ProjectionError>>,
    /// The position up to which the events are folded, of each partition.
    reached: Vec<Option<Position>>,
}

impl<P: Projection> LogRows<P> {
    /// No rows yet, of those whose keys are included.
    pub(crate) fn new(partitions: u32, includes: impl Fn(&AggregateId) -> bool + Send + 'static) -> Self {
        let dispatch = Dispatch::new();
        let filter = dispatch.filter();
        let (includes, reached) = (Box::new(includes), (0..partitions).map(|_| None).collect());
        let (skipped, rows, failed) = (HashSet::new(), HashMap::new(), HashMap::new());
        Self { dispatch, filter, includes, skipped, rows, failed, reached }
    }

    /// Leaves out what is skipped for a row.
    pub(crate) fn leave_out(&mut self, skipped: Vec<SkippedEvent>) {
        self.skipped.extend(skipped.into_iter().map(|event| (event.key, event.position)));
    }

    /// The position up to which the events of a partition are folded.
    pub(crate) fn position(&self, partition: u32) -> Option<Position> {
        self.reached.get(usize::try_from(partition).ok()?).copied().flatten()
    }

    /// The row with this key, which is not needed any more.
    pub(crate) fn take(&mut self, key: &AggregateId) -> Result<Option<P::Row>, Box<ProjectionError>> {
        match self.failed.get(key) {
            Some(error) => Err(error.clone()),
            None => Ok(self.rows.remove(key)),
        }
    }

    /// The keys of all rows.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &AggregateId> {
        self.rows.keys().chain(self.failed.keys())
    }

    /// Folds the events of partitions that are at the same position, up to a position that is not
    /// beyond the frontier.
    pub(crate) async fn fold<E: From<StoreError> + From<Box<ProjectionError>>>(
        &mut self,
        store: &impl ReadModelStore,
        partitions: Range<u32>,
        to: Option<Position>,
    ) -> Result<(), E> {
        let all = u32::try_from(self.reached.len()).unwrap_or(u32::MAX);
        let mut after = self.position(partitions.start);
        while after < to {
            let page = store.page(after, &self.filter).await?;
            if page.reaches <= after {
                // The node that was asked does not show the frontier yet.
                store.wake(after).await;
                continue;
            }
            let range = PageRange { after, end: to.map(Position::next) };
            after = page.reaches.min(to);
            let is_wanted =
                |key: &AggregateId| (self.includes)(key) && partitions.contains(&partition_of(key.as_str(), all));
            let (changes, unread) = self.dispatch.changes(store, &page, range, is_wanted).await?;
            self.fold_changes(changes);
            match unread {
                None => {}
                Some(Unread::Store(_, error)) => return Err(error.into()),
                Some(Unread::Projection(error)) => return Err(Box::new(error).into()),
            }
        }
        for partition in partitions {
            if let Some(reached) = usize::try_from(partition).ok().and_then(|at| self.reached.get_mut(at)) {
                *reached = after;
            }
        }
        Ok(())
    }

    fn fold_changes(&mut self, changes: Vec<Change<P>>) {
        for change in changes {
            let (key, position) = (change.key().clone(), change.origin().position());
            let is_skipped = !self.skipped.is_empty() && self.skipped.contains(&(key.clone(), position));
            if is_skipped || self.failed.contains_key(&key) {
                continue;
            }
            match change.fold(self.rows.remove(&key)) {
                Ok((row, _)) => self.rows.extend(row.map(|row| (key, row))),
                Err(error) => drop(self.failed.insert(key, Box::new(error))),
            }
        }
    }
}

impl<P: Projection> fmt::Debug for LogRows<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogRows")
            .field("rows", &self.rows.len())
            .field("reached", &self.reached)
            .finish_non_exhaustive()
    }
}
