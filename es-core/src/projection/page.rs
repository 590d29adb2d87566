//! Reads what the events of a page change.

use futures_util::{StreamExt as _, stream};

use super::routes::{FirstUnrouted, Unrouted};
use super::{Change, Dispatch, Projection, ProjectionError, Read};
use crate::store::{EventStore, FeedPage, ReadRange, next_batch};
use crate::{AggregateId, Position, StoreError, StreamId};

/// The number of streams that are read at the same time.
const AT_ONCE: usize = 8;

/// The events of a page after one position and before another.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PageRange {
    pub(crate) after: Option<Position>,
    pub(crate) end: Option<Position>,
}

/// The first event that cannot be read, and the error.
pub(crate) enum Unread {
    /// The event after a position.
    Store(Option<Position>, StoreError),
    Projection(ProjectionError),
}

impl<P: Projection> Dispatch<P> {
    /// Calls `add` with each change, those of one event and one row one after the other. Returns the
    /// first event that cannot be read.
    ///
    /// # Errors
    ///
    /// [`Unrouted`] if [`route`](Self::route) is needed first. What was added is not complete.
    pub(crate) fn read_page(
        &self,
        page: &FeedPage,
        range: PageRange,
        mut add: impl FnMut(Change<P>),
    ) -> Result<Option<Unread>, Unrouted> {
        self.routes.limit();
        let (mut last, mut unrouted) = (range.after, Unrouted::default());
        let (mut unread, mut changes) = (None, self.changes_of_events());
        for event in page.batches.iter().flat_map(|batch| batch.events()) {
            let event = match event {
                Ok(event) => event,
                Err(error) => {
                    unread = Some(Unread::Store(last, error));
                    break;
                }
            };
            if Some(event.position) <= range.after {
                continue;
            }
            if range.end.is_some_and(|end| event.position >= end) {
                break;
            }
            last = Some(event.position);
            match self.read(&event, &mut changes) {
                Ok(Read::Changes(changes)) => changes.for_each(&mut add),
                Ok(Read::Unrouted(stream)) => unrouted.add(stream, &event),
                Err(error) => {
                    unread = Some(Unread::Projection(error));
                    break;
                }
            }
        }
        if unrouted.is_empty() { Ok(unread) } else { Err(unrouted) }
    }

    /// The changes of those rows that `includes` wants, and the first event that cannot be read. Reads
    /// from the log which rows events concern, if that is needed.
    pub(crate) async fn changes(
        &self,
        store: &(impl EventStore + ?Sized),
        page: &FeedPage,
        range: PageRange,
        includes: impl Fn(&AggregateId) -> bool,
    ) -> Result<(Vec<Change<P>>, Option<Unread>), StoreError> {
        loop {
            let mut changes = Vec::new();
            let read = self.read_page(page, range, |change| {
                if includes(change.key()) {
                    changes.push(change);
                }
            });
            let unrouted = match read {
                Ok(unread) => return Ok((changes, unread)),
                Err(unrouted) => unrouted,
            };
            if let Some((_, error)) = self.route(store, &unrouted).await? {
                return Ok((Vec::new(), Some(Unread::Projection(error))));
            }
        }
    }

    /// Reads from the log which rows the events of some aggregates have named. Returns the first event
    /// for which that fails, because an event before it cannot be read.
    pub(crate) async fn route(
        &self,
        store: &(impl EventStore + ?Sized),
        unrouted: &Unrouted,
    ) -> Result<Option<(Position, ProjectionError)>, StoreError> {
        let mut routes = Vec::with_capacity(unrouted.streams.len());
        for (stream, first) in &unrouted.streams {
            routes.push(self.route_stream(store, stream, first));
        }
        let mut routes = stream::iter(routes).buffer_unordered(AT_ONCE);
        let mut failed: Option<(Position, ProjectionError)> = None;
        while let Some(routed) = routes.next().await {
            if let Err(error) = routed?
                && failed.as_ref().is_none_or(|failed| error.0 < failed.0)
            {
                failed = Some(error);
            }
        }
        Ok(failed)
    }

    async fn route_stream(
        &self,
        store: &(impl EventStore + ?Sized),
        stream: &StreamId,
        first: &FirstUnrouted,
    ) -> Result<Result<(), (Position, ProjectionError)>, StoreError> {
        let range = ReadRange::after(self.routes.until(stream)).until(first.until);
        let (mut batches, mut changes) = (store.read(stream, range), self.changes_of_events());
        while let Some(batch) = next_batch(&mut batches).await {
            for event in batch?.events() {
                // It remembers what it names.
                if let Err(error) = self.read(&event?, &mut changes) {
                    return Ok(Err((first.position, error)));
                }
            }
        }
        Ok(Ok(()))
    }
}
