//! Reads the frontier and a part of the log as of one time.
//!
//! A snapshot that has the recorded frontier has everything up to it, so a page needs no further
//! proof that it is complete.

use bson::raw::RawDocumentBuf;
use bson::{Document, doc};
use futures_util::StreamExt;
use mongodb::error::{Error, Result as DriverResult};
use mongodb::options::{FindOptions, Hint};
use mongodb::raw_batch_cursor::RawBatch;
use mongodb::{ClientSession, Collection};

use super::batch::Prefix;
use crate::collections::Collections;
use crate::document::field::{AGGREGATE_TYPE, ID, POSITION};
use crate::document::{integer_in, position_index};
use crate::positions::frontier;

/// The number of positions that a page covers.
pub(super) const WINDOW: i64 = 20_000;

/// The number of documents that are fetched at once.
pub(super) const BATCH: u32 = 10_000;

/// A page ends with the batch that exceeds this size in bytes.
const ENOUGH_BYTES: usize = 8 * 1024 * 1024;

/// The part of the log that a page covers at most.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub(super) after: i64,
    /// The wanted types of aggregates, or `None` for all.
    pub(super) types: Option<Vec<String>>,
    pub(super) archive_is_present: bool,
    /// Whether the recorded frontier is read first. Otherwise it is read only if it is needed.
    pub(super) with_recorded: bool,
}

/// What a snapshot shows of a window.
pub(super) struct Shown {
    /// The recorded frontier, if it was read.
    pub(super) recorded: Option<i64>,
    /// The wanted events, if the next position is decided.
    pub(super) decided: Option<Decided>,
    /// The positions in use after it, if the next position is open.
    pub(super) beyond: Vec<i64>,
}

/// The wanted events up to a position. Those of the window go on if this is before its end.
pub(super) struct Decided {
    pub(super) in_use: Vec<RawBatch>,
    /// Empty if the archive has none.
    pub(super) archived: Vec<RawBatch>,
    pub(super) until: i64,
}

/// The store as a majority had it at one time.
pub(super) struct Snapshot {
    collections: Collections,
    session: ClientSession,
}

/// A part of one collection, in the order of positions.
struct Part {
    batches: Vec<RawBatch>,
    /// The position up to which it is complete.
    until: i64,
}

impl Snapshot {
    pub(super) async fn open(mut collections: Collections) -> DriverResult<Self> {
        let session = collections.handles.snapshot_session().await?;
        let handles = collections.handles.clone();
        collections.events = handles.of_snapshot(&collections.events);
        collections.archive = handles.of_snapshot(&collections.archive);
        collections.positions = handles.of_snapshot(&collections.positions);
        Ok(Self { collections, session })
    }

    /// The wanted events up to the frontier, or up to the end of the window.
    pub(super) async fn window(&mut self, window: &Window) -> DriverResult<Shown> {
        let after = window.after;
        let mut recorded = if window.with_recorded { Some(self.recorded().await?) } else { None };
        let mut decided = recorded.unwrap_or(0);
        if decided <= after {
            let Prefix { last, beyond, .. } = Prefix::of_positions(self.positions(after).await?, after);
            if last > after {
                let Part { batches: in_use, until } = self.in_use(after, last, window.types.as_deref()).await?;
                let decided = Some(Decided { in_use, archived: Vec::new(), until });
                return Ok(Shown { recorded, decided, beyond: Vec::new() });
            }
            if !beyond.is_empty() {
                // The next event may have been archived since the frontier was read.
                recorded = Some(self.recorded().await?);
                decided = recorded.unwrap_or(0).max(self.newest_archived().await?);
            }
            if decided <= after {
                return Ok(Shown { recorded, decided: None, beyond });
            }
        }
        let end = decided.min(after.saturating_add(WINDOW));
        let Part { batches: in_use, mut until } = self.in_use(after, end, window.types.as_deref()).await?;
        let mut archived = Vec::new();
        if window.archive_is_present {
            let part = self.archived(after, until, window.types.as_deref()).await?;
            (archived, until) = (part.batches, part.until);
        }
        Ok(Shown { recorded, decided: Some(Decided { in_use, archived, until }), beyond: Vec::new() })
    }

    /// The recorded frontier, or 0 if there is none.
    pub(super) async fn recorded(&mut self) -> DriverResult<i64> {
        let recorded = self.collections.positions.find_one(frontier::filter()).session(&mut self.session).await?;
        Ok(recorded.and_then(|recorded| frontier::read(&recorded)).unwrap_or(0))
    }

    /// The highest position in the archive, or 0 if it is empty. Everything up to it is decided:
    /// the archive moves no event beyond the frontier. Earlier versions recorded no frontier, and
    /// had no open positions below an event.
    pub(super) async fn newest_archived(&mut self) -> DriverResult<i64> {
        let newest = self.collections.archive.find_one(doc! {}).sort(doc! { POSITION: -1 }).hint(by_position());
        let newest = newest.projection(doc! { ID: 0, POSITION: 1 }).session(&mut self.session).await?;
        Ok(newest.and_then(|newest| integer_in(&newest, POSITION)).unwrap_or(0))
    }

    /// The positions after this one that are in use: those of events and of skips.
    pub(super) async fn positions(&mut self, after: i64) -> DriverResult<Vec<i64>> {
        let options = FindOptions::builder()
            .sort(position_index())
            .hint(by_position())
            .projection(doc! { ID: 0, POSITION: 1 })
            .limit(-WINDOW)
            .batch_size(u32::try_from(WINDOW).ok())
            .build();
        let mut found = Vec::new();
        let events = self.collections.events.clone();
        let mut cursor =
            events.find(after_position(after)).with_options(options).session(&mut self.session).batch().await?;
        let mut batches = cursor.stream(&mut self.session);
        while let Some(batch) = batches.next().await.transpose()? {
            for entry in batch.doc_slices()? {
                let position = entry?.as_document().and_then(|document| integer_in(document, POSITION));
                found.push(position.ok_or_else(|| Error::custom("the server returned an event without a position"))?);
            }
        }
        Ok(found)
    }

    /// The events in use after one position and up to another, with skips if all types are wanted.
    async fn in_use(&mut self, after: i64, until: i64, types: Option<&[String]>) -> DriverResult<Part> {
        self.part(&self.collections.events.clone(), after, until, types).await
    }

    /// The archived events after one position and up to another.
    async fn archived(&mut self, after: i64, until: i64, types: Option<&[String]>) -> DriverResult<Part> {
        self.part(&self.collections.archive.clone(), after, until, types).await
    }

    /// Whether an event or a skip is at a position.
    pub(super) async fn has(&mut self, position: i64) -> DriverResult<bool> {
        let in_use = self.in_use(position - 1, position, None).await?;
        Ok(!in_use.batches.is_empty() || !self.archived(position - 1, position, None).await?.batches.is_empty())
    }

    async fn part(
        &mut self,
        collection: &Collection<RawDocumentBuf>,
        after: i64,
        until: i64,
        types: Option<&[String]>,
    ) -> DriverResult<Part> {
        let mut filter = doc! { POSITION: { "$gt": after, "$lte": until } };
        if let Some(types) = types {
            filter.insert(AGGREGATE_TYPE, doc! { "$in": types });
        }
        let options = FindOptions::builder().sort(position_index()).hint(by_position()).batch_size(BATCH).build();
        let mut cursor = collection.find(filter).with_options(options).session(&mut self.session).batch().await?;
        let mut batches = cursor.stream(&mut self.session);
        let (mut found, mut bytes) = (Vec::new(), 0);
        while let Some(batch) = batches.next().await.transpose()? {
            bytes += batch.as_raw_document().as_bytes().len();
            let Some(last) = last_position(&batch)? else { continue };
            found.push(batch);
            if bytes > ENOUGH_BYTES {
                return Ok(Part { batches: found, until: last });
            }
        }
        Ok(Part { batches: found, until })
    }
}

fn last_position(batch: &RawBatch) -> DriverResult<Option<i64>> {
    let mut last = None;
    for entry in batch.doc_slices()? {
        last = entry?.as_document();
    }
    Ok(last.and_then(|document| integer_in(document, POSITION)))
}

fn by_position() -> Hint {
    Hint::Keys(position_index())
}

/// The filter for the events after a position.
pub(super) fn after_position(after: i64) -> Document {
    doc! { POSITION: { "$gt": after } }
}
