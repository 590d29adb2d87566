//! Reads one page.

use std::sync::Arc;

use es_core::store::{EventBatch, FeedFilter, FeedPage};
use es_core::{Position, StoreError};

use super::batch::{InUse, Merged, Prefix};
use super::snapshot::{BATCH, Decided, Shown, Snapshot, Window, after_position};
use super::{Feed, Hole};
use crate::collections::Collections;
use crate::document::position_index;
use crate::error::malformed;

/// Reads pages of one store.
pub(super) struct Reader {
    pub(super) collections: Collections,
    pub(super) feed: Feed,
}

/// What is after a position.
enum Found {
    /// Events up to a position.
    Page(Vec<Box<dyn EventBatch>>, i64),
    /// Nothing yet.
    Nothing,
    /// The next position is open, and a later one is not.
    Open(Hole),
}

impl Reader {
    pub(super) fn new(collections: Collections, feed: Feed) -> Self {
        Self { collections, feed }
    }

    pub(super) async fn page(&self, after: Option<Position>, filter: &FeedFilter) -> Result<FeedPage, StoreError> {
        let from = after.map_or(0, Position::as_i64);
        loop {
            match self.read(from, filter).await? {
                Found::Page(batches, until) => {
                    self.collections.wakes.found();
                    let until = self.reached(from, until)?;
                    return Ok(FeedPage { batches, reaches: Some(until) });
                }
                Found::Open(hole) if self.decide(&hole).await? => {}
                Found::Nothing | Found::Open(_) => return Ok(FeedPage::empty(after)),
            }
        }
    }

    /// The highest position up to which all are decided.
    pub(super) async fn frontier(&self) -> Result<Option<Position>, StoreError> {
        loop {
            let (frontier, hole) = self.lowest_hole().await?;
            if let Some(hole) = hole
                && self.decide(&hole).await?
            {
                continue;
            }
            return if frontier == 0 { Ok(None) } else { self.reached(frontier, frontier).map(Some) };
        }
    }

    /// The frontier, and the open positions after it, if later ones are not open.
    pub(super) async fn lowest_hole(&self) -> Result<(i64, Option<Hole>), StoreError> {
        let recorded = self.in_snapshot(|mut snapshot| async move {
            Ok(snapshot.recorded().await?.max(snapshot.newest_archived().await?))
        });
        let mut frontier = recorded.await?.max(self.feed.proven());
        loop {
            let read = move |mut snapshot: Snapshot| async move { snapshot.positions(frontier).await };
            let prefix = Prefix::of_positions(self.in_snapshot(read).await?, frontier);
            self.feed.prove(frontier);
            if prefix.last == frontier {
                return Ok((frontier, self.hole(&prefix, frontier)));
            }
            frontier = prefix.last;
        }
    }

    /// Everything after one position and up to another was read.
    fn reached(&self, after: i64, until: i64) -> Result<Position, StoreError> {
        let position = Position::try_from(until).map_err(|error| malformed("an event", error))?;
        self.collections.known.raise(position);
        self.feed.reached(&self.collections, after, position);
        Ok(position)
    }

    async fn read(&self, after: i64, filter: &FeedFilter) -> Result<Found, StoreError> {
        let archive_is_present = self.collections.archive_is_present().await?;
        let recorded = self.feed.recorded();
        let is_beyond_recorded = recorded.is_some_and(|recorded| after >= recorded);
        let types = match filter {
            FeedFilter::All => None,
            FeedFilter::OfTypes(types) => Some(types.clone()),
        };
        // The archive has nothing beyond the frontier.
        if types.is_none() && (is_beyond_recorded || (recorded.is_some() && !archive_is_present)) {
            let found = self.by_count(after).await?;
            if !matches!(found, Found::Open(_)) {
                return Ok(found);
            }
        }
        let with_recorded = types.is_none() || !is_beyond_recorded;
        self.by_snapshot(Window { after, types, archive_is_present, with_recorded }).await
    }

    /// All events after a position, as long as there is no gap.
    async fn by_count(&self, after: i64) -> Result<Found, StoreError> {
        let find = self.collections.find(&self.collections.events, after_position(after)).sort(position_index());
        let find = find.on_index(position_index()).limit(-i64::from(BATCH)).batch_size(BATCH);
        let Some(batch) = find.batches().await?.next().await? else { return Ok(Found::Nothing) };
        let prefix = Prefix::of(&batch, after)?;
        if prefix.documents == 0 {
            return Ok(self.hole(&prefix, after).map_or(Found::Nothing, Found::Open));
        }
        self.note(&prefix, after);
        Ok(Found::Page(vec![Box::new(InUse::first(batch, prefix.documents))], prefix.last))
    }

    /// The wanted events after a position, up to the frontier as of the same time.
    async fn by_snapshot(&self, mut window: Window) -> Result<Found, StoreError> {
        let (after, all) = (window.after, window.types.is_none());
        let mut shown = self.show(&window).await?;
        if !window.archive_is_present && self.collections.archive_is_present().await? {
            // An archive run may have moved events of the window before it was read.
            window.archive_is_present = true;
            shown = self.show(&window).await?;
        }
        let Shown { recorded, decided, beyond } = shown;
        if let Some(recorded) = recorded {
            self.feed.saw_recorded(recorded);
        }
        let Some(Decided { in_use, archived, until }) = decided else {
            let hole = self.hole(&Prefix::of_positions(beyond, after), after);
            return Ok(hole.map_or(Found::Nothing, Found::Open));
        };
        if archived.is_empty() && !all {
            let batches = in_use.into_iter().map(|batch| -> Box<dyn EventBatch> { Box::new(InUse::all(batch)) });
            return Ok(Found::Page(batches.collect(), until));
        }
        let merged = Merged::new(in_use, archived, until)?;
        if all {
            require_all(&merged, after, until)?;
        }
        Ok(Found::Page(vec![Box::new(merged)], until))
    }

    async fn show(&self, window: &Window) -> Result<Shown, StoreError> {
        let window = Arc::new(window.clone());
        let read = move |mut snapshot: Snapshot| {
            let window = Arc::clone(&window);
            async move { snapshot.window(&window).await }
        };
        self.in_snapshot(read).await
    }

    /// The open positions directly after a position, if later ones are not open.
    fn hole(&self, prefix: &Prefix, after: i64) -> Option<Hole> {
        self.note(prefix, after);
        self.feed.hole_after(after)
    }

    fn note(&self, prefix: &Prefix, after: i64) {
        let until = prefix.beyond.last().copied().unwrap_or(prefix.last);
        self.feed.note(after, until, prefix.gaps());
    }

    /// Reads as of one time.
    pub(super) async fn in_snapshot<T, Q>(
        &self,
        read: impl Fn(Snapshot) -> Q + Clone + Send + Sync + 'static,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Q: Future<Output = mongodb::error::Result<T>> + Send + 'static,
    {
        let question = || {
            let (collections, read) = (self.collections.clone(), read.clone());
            async move { read(Snapshot::open(collections).await?).await }
        };
        self.collections.patience.ask(question).await
    }
}

/// All positions up to the frontier are decided, so each has an event or a skip.
fn require_all(merged: &Merged, after: i64, until: i64) -> Result<(), StoreError> {
    let missing = merged
        .positions()
        .zip(after.saturating_add(1)..)
        .find(|(found, wanted)| found != wanted)
        .map(|(_, wanted)| wanted);
    let found = i64::try_from(merged.positions().count()).unwrap_or(i64::MAX);
    match missing.or_else(|| (found < until - after).then_some(after + found + 1)) {
        None => Ok(()),
        Some(missing) => {
            let position = Position::try_from(missing).map_err(|error| malformed("an event", error))?;
            Err(StoreError::MissingPosition { position })
        }
    }
}
