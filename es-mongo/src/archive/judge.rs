//! Decides which events of a batch are moved: those without an earlier event that stays in their
//! stream, and that a usable snapshot covers.

use std::pin::pin;

use bson::raw::RawDocumentBuf;
use es_core::error::ErrorChain;
use es_core::store::{ReadRange, Replay, Snapshot};
use es_core::{Aggregate, Sequence, StoreError, StreamId, Version};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::cover::{self, KnownSnapshots, Missing, Snapshots};
use super::scan::{self, Batch, Candidate, Part};
use super::{ArchiveFailure, ArchiveStep, Run, Stop};
use crate::document::read_event;
use crate::read;
use crate::snapshot::snapshot_document;

/// The number of streams that are checked at the same time.
const IN_FLIGHT: usize = 16;

/// The size of the new snapshots that are written at once in bytes, unless a single one is larger.
const BYTES: usize = 8 * 1024 * 1024;

/// The state of the last stream of a batch, which may continue in the next batch.
pub(super) struct Prefix<A> {
    aggregate_id: String,
    /// The next event that may be moved; `None` after the first event that must stay.
    next: Option<Sequence>,
    /// The state after the last event that is moved, if it was folded.
    state: Option<Snapshot<A>>,
}

/// The part of a batch that is moved.
pub(super) struct Judged<A> {
    pub(super) going: Vec<RawDocumentBuf>,
    pub(super) last: Option<Prefix<A>>,
}

/// A stream of a batch.
struct Case<A> {
    part: Part,
    begun: bool,
    /// The stream, or the reason why the id from another program is invalid.
    stream: Result<StreamId, ArchiveFailure>,
    next: Option<Sequence>,
    state: Option<Snapshot<A>>,
    /// The number of its events that may be moved.
    going: usize,
}

impl<A: Aggregate> Case<A> {
    fn last_going(&self) -> Option<Version> {
        self.part.events[..self.going].last().map(|event| event.sequence.into())
    }

    fn fail(&mut self, error: &StoreError) -> ArchiveFailure {
        (self.going, self.state) = (0, None);
        ArchiveFailure { aggregate_id: self.part.aggregate_id.clone(), reason: ErrorChain::new(error).to_string() }
    }
}

impl<A: Aggregate> Run<'_, A> {
    /// Finds out which events of a batch may be moved, and takes the missing snapshots.
    pub(super) async fn judge(&self, batch: Batch, mut last: Option<Prefix<A>>, below: i64) -> Result<Judged<A>, Stop> {
        let mut cases = self.begin(batch.parts, &mut last).await?;
        for case in &mut cases {
            let mut next = case.next;
            for event in &case.part.events {
                if next != Some(event.sequence) || event.position >= below {
                    break;
                }
                case.going += 1;
                next = Some(event.sequence.next());
            }
        }
        let failures = self.cover(&mut cases).await?;
        let mut judged = Judged { going: Vec::new(), last };
        let mut report = self.report();
        report.streams += cases.iter().filter(|case| !case.begun).count() as u64;
        report.kept += batch.malformed.len() as u64;
        let invalid = cases.iter().filter(|case| !case.begun).filter_map(|case| case.stream.as_ref().err().cloned());
        for failure in batch.malformed.into_iter().chain(invalid).chain(failures) {
            report.fail(failure);
        }
        for Case { part, going, state, .. } in cases {
            let kept = part.events.len() - going;
            report.kept += kept as u64;
            let next = part.events.last().filter(|_| kept == 0).map(|last| last.sequence.next());
            judged.going.extend(part.events.into_iter().take(going).map(|event| event.document));
            judged.last = Some(Prefix { aggregate_id: part.aggregate_id, next, state });
        }
        Ok(judged)
    }

    /// Starts each stream, or continues the stream with which the previous batch ended.
    async fn begin(&self, parts: Vec<Part>, last: &mut Option<Prefix<A>>) -> Result<Vec<Case<A>>, StoreError> {
        let mut cases = Vec::with_capacity(parts.len());
        for part in parts {
            let begun = last.take_if(|last| last.aggregate_id == part.aggregate_id);
            cases.push(self.case(part, begun));
        }
        stream::iter(cases).buffered(IN_FLIGHT).try_collect().await
    }

    /// Starts a stream at its first old event that is not archived. It may be moved only if all
    /// earlier events are archived.
    async fn case(&self, part: Part, begun: Option<Prefix<A>>) -> Result<Case<A>, StoreError> {
        let stream = StreamId::new(A::TYPE, &part.aggregate_id);
        let (begun, next, state) = match (begun, &stream, part.events.first()) {
            (Some(Prefix { next, state, .. }), ..) => (true, next, state),
            (None, Ok(stream), Some(Candidate { sequence, .. })) => {
                let is_next = *sequence == Sequence::FIRST
                    || scan::archived_before(self.archive.store.collections(), stream, *sequence).await?
                        == sequence.get() - 1;
                (false, is_next.then_some(*sequence), None)
            }
            _ => (false, None, None),
        };
        let stream = stream
            .map_err(|error| ArchiveFailure { aggregate_id: part.aggregate_id.clone(), reason: error.to_string() });
        Ok(Case { part, begun, stream, next, state, going: 0 })
    }

    /// Ensures that a usable snapshot covers the events to move. If it is missing, takes one after
    /// the last of these events.
    async fn cover(&self, cases: &mut [Case<A>]) -> Result<Vec<ArchiveFailure>, Stop> {
        let going = cases.iter().filter_map(|case| Some((case.part.aggregate_id.as_str(), case.last_going()?)));
        let mut snapshots = Snapshots::find::<A>(self.archive.store, going.collect()).await?;
        let (mut failures, mut missing, mut bytes) = (Vec::new(), Vec::new(), 0);
        for at in 0..cases.len() {
            let goes_on = at + 1 == cases.len();
            let case = &mut cases[at];
            let (Ok(stream), Some(last)) = (case.stream.clone(), case.last_going()) else { continue };
            let known = snapshots.newest::<A>(&case.part.aggregate_id).await?;
            if let Some(snapshot) = snapshots.known.beyond_head(&case.part.aggregate_id) {
                let head = read::head(self.archive.store.collections(), &stream).await?.version();
                failures.push(case.fail(&StoreError::SnapshotAhead { stream, snapshot, head }));
                continue;
            }
            if known.as_ref().is_some_and(|known| known.version >= last) {
                case.state = None;
                continue;
            }
            let base = case.state.take().or(known);
            let taken = match self.fold(case, &stream, base, last).await {
                Ok(Some(taken)) => taken
                    .encode()
                    .and_then(|stored| snapshot_document(&stream, &stored))
                    .map(|document| (taken, document)),
                // No snapshot is necessary.
                Ok(None) => continue,
                Err(error) => Err(error),
            };
            match taken {
                Ok((taken, document)) => {
                    case.state = Some(taken).filter(|_| goes_on);
                    bytes += document.as_bytes().len();
                    missing.push(Missing { case: at, stream, version: last, document });
                }
                Err(error) if error.concerns_the_store() => return Err(error.into()),
                Err(error) => failures.push(case.fail(&error)),
            }
            if bytes >= BYTES {
                bytes = 0;
                failures.extend(self.take(std::mem::take(&mut missing), &snapshots.known, cases).await?);
            }
        }
        failures.extend(self.take(missing, &snapshots.known, cases).await?);
        Ok(failures)
    }

    /// Folds a stream up to the last event that is moved: the archived events, then the scanned
    /// ones. `None` if the aggregate has no state then, because it has ended or has only retired
    /// events.
    async fn fold(
        &self,
        case: &Case<A>,
        stream: &StreamId,
        base: Option<Snapshot<A>>,
        last: Version,
    ) -> Result<Option<Snapshot<A>>, StoreError> {
        let mut replay = match base {
            Some(snapshot) => Replay::from_snapshot(stream.clone(), snapshot),
            None => Replay::<A>::new(stream.clone()),
        };
        let scanned = &case.part.events[..case.going];
        let archived = scanned.first().map_or(Version::NONE, |first| Version::NONE.plus(first.sequence.get() - 1));
        if replay.version() < archived {
            let range = ReadRange::after(replay.version()).until(archived);
            let collections = self.archive.store.collections().clone();
            let mut batches = pin!(read::stream(collections, stream.clone(), range));
            while let Some(batch) = batches.try_next().await? {
                for event in batch.events() {
                    replay.push(&event?)?;
                }
            }
        }
        for event in scanned {
            if Version::from(event.sequence) > replay.version() {
                replay.push(&read_event(&event.document)?)?;
            }
        }
        Ok(replay.into_state().map(|state| Snapshot::new(last, state)))
    }

    /// Stores snapshots. If the snapshot of a stream is not stored afterwards, none of its events
    /// is moved.
    async fn take(
        &self,
        missing: Vec<Missing>,
        known: &KnownSnapshots,
        cases: &mut [Case<A>],
    ) -> Result<Vec<ArchiveFailure>, Stop> {
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let refused = cover::write::<A>(self.archive.store, &missing).await?;
        let taken: Vec<&Missing> = missing.iter().filter(|missing| !refused.contains_key(&missing.case)).collect();
        known.prune(self.archive.store, &taken).await?;
        for _ in taken {
            self.report().snapshots += 1;
            self.reached(ArchiveStep::SnapshotTaken)?;
        }
        Ok(refused.iter().map(|(case, error)| cases[*case].fail(error)).collect())
    }
}
