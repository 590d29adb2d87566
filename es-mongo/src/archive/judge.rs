//! Which events of a stream may go: those before which nothing stays, and that a snapshot covers.

use std::pin::pin;

use bson::oid::ObjectId;
use es_core::{
    Aggregate, EventBatch, ReadRange, Replay, Sequence, Snapshot, SnapshotStore, StoreError, StreamId, Version,
};
use futures_util::TryStreamExt;

use super::scan::{self, Candidate};
use super::{Archive, ArchiveFailure, ArchiveStep, Stop};
use crate::read;

/// Old events of one stream.
pub(super) struct Part {
    pub(super) aggregate_id: String,
    /// What is known of the stream, where events of it were looked at before.
    pub(super) begun: Option<Prefix>,
    pub(super) events: Vec<Candidate>,
}

/// What is known of a stream.
pub(super) struct Prefix {
    pub(super) aggregate_id: String,
    /// `None` where another program wrote an id that this library would have refused.
    stream: Option<StreamId>,
    /// The event that may go next; `None` once one has to stay.
    next: Option<Sequence>,
    /// The version of the newest usable snapshot, once it was asked for.
    covered: Version,
}

/// What goes of one part.
pub(super) struct Judged {
    pub(super) prefix: Prefix,
    pub(super) ids: Vec<ObjectId>,
    pub(super) kept: u64,
    pub(super) snapshots: u64,
    /// Why what could go cannot be covered by a snapshot.
    pub(super) failure: Option<ArchiveFailure>,
}

/// How far the snapshots of a stream reach.
struct Covered {
    until: Version,
    by_new_snapshot: bool,
    /// Why no further.
    failure: Option<StoreError>,
}

impl<A: Aggregate> Archive<'_, A> {
    /// Finds out which events of a stream may go: those before which nothing stays, and that a snapshot covers.
    pub(super) async fn judge(&self, part: Part, newest: i64) -> Result<Judged, Stop> {
        let Part { aggregate_id, begun, events } = part;
        let mut prefix = match begun {
            Some(prefix) => prefix,
            None => self.begin(aggregate_id, events.first()).await?,
        };
        let mut ids = Vec::with_capacity(events.len());
        let (mut next, mut last) = (prefix.next, None);
        for event in &events {
            if next != Some(event.sequence) || event.position >= newest {
                break;
            }
            ids.push(event.id);
            (next, last) = (Some(event.sequence.next()), Some(event.sequence));
        }
        let (mut snapshots, mut failure) = (0, None);
        if let (Some(stream), Some(last)) = (&prefix.stream, last)
            && prefix.covered < Version::from(last)
        {
            let covered = self.cover(stream, last).await?;
            (prefix.covered, snapshots) = (covered.until, u64::from(covered.by_new_snapshot));
            let is_covered = |event: &&Candidate| Version::from(event.sequence) <= covered.until;
            ids.truncate(events.iter().take_while(is_covered).count());
            failure = covered
                .failure
                .map(|error| ArchiveFailure { aggregate_id: prefix.aggregate_id.clone(), reason: error.to_string() });
        }
        let kept = (events.len() - ids.len()) as u64;
        prefix.next = if kept == 0 { next } else { None };
        Ok(Judged { prefix, ids, kept, snapshots, failure })
    }

    /// Begins a stream at the first of its old events in use. It may go only where all before it are archived.
    async fn begin(&self, aggregate_id: String, first: Option<&Candidate>) -> Result<Prefix, StoreError> {
        let stream = StreamId::of::<A>(&aggregate_id).ok();
        let mut prefix = Prefix { aggregate_id, stream, next: None, covered: Version::NONE };
        if let (Some(stream), Some(Candidate { sequence, .. })) = (&prefix.stream, first) {
            let is_next = *sequence == Sequence::FIRST
                || scan::archived_before(self.store.collections(), stream, *sequence).await? == sequence.get() - 1;
            prefix.next = is_next.then_some(*sequence);
        }
        Ok(prefix)
    }

    /// Makes sure that a usable snapshot covers an event: takes one at the head of the stream where it is missing and can be taken.
    async fn cover(&self, stream: &StreamId, sequence: Sequence) -> Result<Covered, Stop> {
        let head = read::head(self.store.collections(), stream).await?;
        let newest = self.store.newest_snapshot::<A>(stream, head).await?;
        let until = newest.as_ref().map_or(Version::NONE, |newest| newest.version);
        if until >= Version::from(sequence) {
            return Ok(Covered { until, by_new_snapshot: false, failure: None });
        }
        match self.take_snapshot(stream, newest).await {
            Ok(until) => {
                self.reached(ArchiveStep::SnapshotTaken)?;
                Ok(Covered { until, by_new_snapshot: true, failure: None })
            }
            Err(error) if error.concerns_the_store() => Err(error.into()),
            Err(error) => Ok(Covered { until, by_new_snapshot: false, failure: Some(error) }),
        }
    }

    async fn take_snapshot(&self, stream: &StreamId, newest: Option<Snapshot<A>>) -> Result<Version, StoreError> {
        let mut replay = match newest {
            Some(snapshot) => Replay::from_snapshot(stream.clone(), snapshot),
            None => Replay::<A>::new(stream.clone()),
        };
        let tail = ReadRange::after(replay.version());
        let mut batches = pin!(read::stream(self.store.collections().clone(), stream.clone(), tail));
        while let Some(batch) = batches.try_next().await? {
            for event in batch.events() {
                replay.push(&event?)?;
            }
        }
        let version = replay.version();
        let unusable =
            |reason: &str| StoreError::UnusableSnapshot { stream: stream.clone(), version, source: reason.into() };
        let state = replay.into_state().ok_or_else(|| unusable("its events make no state"))?;
        self.store.put_snapshot(stream, &Snapshot::new(version, state)).await?;
        // What was not read back covers nothing.
        match self.store.newest_snapshot::<A>(stream, version).await? {
            Some(kept) if kept.version == version => Ok(version),
            _ => Err(unusable("it was written and is not there")),
        }
    }
}
