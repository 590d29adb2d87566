//! What the events of a page change.

use std::sync::{Mutex, PoisonError};

use super::batch::{Failed, FailedBy};
use super::partition_of;
use super::reader::ReadPage;
use crate::projection::{Change, Dispatch, PageRange, Projection, Unrouted};
use crate::store::{EventStore, FeedFilter, FeedPage};
use crate::{AggregateId, Position, StoreError};

/// What events change in one partition.
pub(super) struct Changes<P: Projection> {
    /// Those of one event and one row are neighbours.
    pub(super) changes: Vec<Change<P>>,
    /// The first event that cannot be read, and the error.
    pub(super) failure: Option<Failed>,
}

/// The part of a page that is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) range: PageRange,
    pub(super) partition: u32,
    /// The number of partitions.
    pub(super) partitions: u32,
}

/// Reads what pages change.
pub(super) struct ReadChanges<P: Projection> {
    dispatch: Dispatch<P>,
}

/// What a page changes, by partition: the keys of an event are known only after it is decoded, so it is
/// decoded once for all partitions. `None` if it was taken, or is not known.
pub(super) struct PageChanges<P: Projection>(Mutex<Vec<Option<Changes<P>>>>);

impl<P: Projection> ReadChanges<P> {
    pub(super) fn new() -> Self {
        Self { dispatch: Dispatch::new() }
    }

    pub(super) fn filter(&self) -> FeedFilter {
        self.dispatch.filter()
    }

    /// What a page changes in all partitions.
    pub(super) fn read_all(&self, page: &FeedPage, partitions: u32) -> PageChanges<P> {
        let mut all: Vec<_> = (0..partitions).map(|_| Changes { changes: Vec::new(), failure: None }).collect();
        let read = self.dispatch.read_page(page, PageRange::default(), |change| {
            let of = usize::try_from(partition_of(change.key().as_str(), partitions)).ok();
            if let Some(changes) = of.and_then(|of| all.get_mut(of)) {
                changes.changes.push(change);
            }
        });
        // If rows have to be looked up first, each partition reads the page again after that.
        let Ok(unread) = read else { return PageChanges(Mutex::default()) };
        let failure = unread.map(Failed::from);
        for changes in &mut all {
            changes.failure.clone_from(&failure);
        }
        PageChanges(Mutex::new(all.into_iter().map(Some).collect()))
    }

    /// What a part of a page changes.
    ///
    /// # Errors
    ///
    /// [`Unrouted`] if [`route`](Self::route) is needed first.
    pub(super) fn read(&self, page: &ReadPage<PageChanges<P>>, part: Part) -> Result<Changes<P>, Unrouted> {
        match page.read.take(part) {
            Some(changes) => Ok(changes),
            None => self.read_part(&page.page, part),
        }
    }

    /// Looks up the rows of events. Returns the first event for which that fails.
    pub(super) async fn route(
        &self,
        store: &(impl EventStore + ?Sized),
        unrouted: &Unrouted,
    ) -> Result<Option<Failed>, StoreError> {
        let failed = self.dispatch.route(store, unrouted).await?;
        Ok(failed.map(|(position, error)| Failed { position, error: FailedBy::Projection(Box::new(error)) }))
    }

    fn read_part(&self, page: &FeedPage, part: Part) -> Result<Changes<P>, Unrouted> {
        let Part { range, partition, partitions } = part;
        let mut changes = Vec::new();
        let unread = self.dispatch.read_page(page, range, |change| {
            if partition_of(change.key().as_str(), partitions) == partition {
                changes.push(change);
            }
        })?;
        Ok(Changes { changes, failure: unread.map(Failed::from) })
    }
}

impl<P: Projection> PageChanges<P> {
    fn take(&self, part: Part) -> Option<Changes<P>> {
        if part.range.end.is_some() {
            return None;
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changes = all.get_mut(usize::try_from(part.partition).ok()?)?.take()?;
        drop(all);
        // The page may begin before the part.
        let after = part.range.after;
        changes.changes.retain(|change| Some(change.origin().position()) > after);
        let is_of_part = changes.failure.as_ref().is_none_or(|failed| Some(failed.position) > after);
        is_of_part.then_some(changes)
    }
}

impl<P: Projection> Changes<P> {
    /// The row of the only event, at this position, that the store refused, if it is known, and the
    /// failure.
    pub(super) fn refused(&self, position: Position, error: StoreError) -> (Option<AggregateId>, Failed) {
        let refused = match &error {
            StoreError::NotUnique { key, .. } => key.as_ref(),
            _ => None,
        };
        let mut may_be = self.changes.iter().filter(|change| refused.is_none_or(|key| change.key() == key));
        let Some(change) = may_be.next() else { return (None, Failed { position, error: FailedBy::Store(error) }) };
        let is_known = may_be.all(|other| other.key() == change.key());
        let key = is_known.then(|| change.key().clone());
        (key, change.origin().unstorable::<P>(change.key(), error).into())
    }
}
