//! Checks the streams of one type of aggregate: complete, decodable, foldable, and with snapshots
//! that a replay confirms.

use std::collections::VecDeque;
use std::pin::pin;

use bson::raw::{RawDocument, RawDocumentBuf};
use es_core::error::{DecodeError, ErrorChain};
use es_core::store::{ReadRange, Replay, StoredEvent};
use es_core::{Aggregate, Position, Sequence, StoreError, StreamId, Version};
use futures_util::TryStreamExt;

use super::order::ByStream;
use super::snapshots::{Kept, Snapshots};
use super::{Finding, TELL_EVERY, VerificationReport};
use crate::collections::Collections;
use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, ID, SEQUENCE};
use crate::document::{integer_in, read_event};
use crate::merge::{Found, Merge};
use crate::positions::skip::is_skip;
use crate::progress::Progress;
use crate::read;

pub(super) async fn check<A: Aggregate>(
    collections: &Collections,
    report: &mut VerificationReport,
    progress: &Progress<VerificationReport>,
) -> Result<(), StoreError> {
    let mut merge = Merge::new(collections.clone(), ByStream);
    let mut snapshots = Snapshots::of::<A>(collections.clone());
    let mut current: Option<Check<A>> = None;
    while let Some(found) = merge.next().await? {
        let (in_use, archived) = match found {
            Found::Same { in_use, archived } => (in_use, archived),
            Found::Malformed(document) => {
                report.found(malformed(&document));
                continue;
            }
        };
        let Some(document) = in_use.first().or(archived.first()) else { continue };
        if document.get_str(AGGREGATE_TYPE).ok() != Some(A::TYPE) {
            let count = if is_skip(document) { &mut report.skips } else { &mut report.other_events };
            *count += 1;
            continue;
        }
        report.events += 1;
        if report.events.is_multiple_of(TELL_EVERY) {
            progress.tell(report);
        }
        let id = document.get_str(AGGREGATE_ID).unwrap_or_default();
        let Ok(stream) = StreamId::new(A::TYPE, id) else {
            report.found(malformed(document));
            continue;
        };
        let check = match &mut current {
            Some(check) if check.replay.stream() == &stream => check,
            other => {
                if let Some(done) = other.take() {
                    done.finish(collections, report).await?;
                }
                other.insert(Check::begin(stream, &mut snapshots, collections, report).await?)
            }
        };
        check.compare_copies(&in_use, &archived, report);
        check.event(document, report);
    }
    if let Some(done) = current {
        done.finish(collections, report).await?;
    }
    while let Some(orphan) = snapshots.next(None).await? {
        check_orphan::<A>(&orphan, collections, report).await?;
    }
    Ok(())
}

/// A stream that is being checked.
struct Check<A> {
    replay: Replay<A>,
    /// The last sequence that was seen, whether or not it could be folded.
    seen: Version,
    /// The position of the last event that was seen.
    position: Option<Position>,
    /// After the first problem in the stream, further events are not folded.
    is_foldable: bool,
    /// The snapshots that were not compared yet, in the order of their versions.
    snapshots: VecDeque<Kept>,
}

impl<A: Aggregate> Check<A> {
    async fn begin(
        stream: StreamId,
        snapshots: &mut Snapshots,
        collections: &Collections,
        report: &mut VerificationReport,
    ) -> Result<Self, StoreError> {
        let mut kept = VecDeque::new();
        while let Some(snapshot) = snapshots.next(Some(stream.aggregate_id().as_str())).await? {
            if snapshot.get_str(AGGREGATE_ID).ok() == Some(stream.aggregate_id().as_str()) {
                report.snapshots += 1;
                // They are sorted with the newest first.
                kept.extend(Kept::read::<A>(&snapshot, report));
            } else {
                check_orphan::<A>(&snapshot, collections, report).await?;
            }
        }
        kept.make_contiguous().sort_by_key(|kept| kept.version);
        report.streams += 1;
        Ok(Self {
            replay: Replay::new(stream),
            seen: Version::NONE,
            position: None,
            is_foldable: true,
            snapshots: kept,
        })
    }

    /// An event that is in both collections must be identical in both.
    fn compare_copies(&self, in_use: &[RawDocumentBuf], archived: &[RawDocumentBuf], report: &mut VerificationReport) {
        let Some(event) = in_use.first().or(archived.first()).and_then(|document| read_event(document).ok()) else {
            return;
        };
        let (stream, sequence, event_type) =
            (self.replay.stream().clone(), event.sequence, event.event_type.to_owned());
        let (one, other) = match (in_use, archived) {
            ([_], []) | ([], [_]) => return,
            ([one], [other]) => (one, other),
            _ => return report.found(Finding::DuplicateSequence { stream, sequence, event_type }),
        };
        if one.as_bytes() == other.as_bytes() {
            report.unfinished += 1;
        } else if one.get(ID).ok() == other.get(ID).ok() {
            report.found(Finding::DiffersFromArchive { stream, sequence, event_type });
        } else {
            report.found(Finding::DuplicateSequence { stream, sequence, event_type });
        }
    }

    fn event(&mut self, document: &RawDocument, report: &mut VerificationReport) {
        let event = match read_event(document) {
            Ok(event) => event,
            Err(error) => {
                self.is_foldable = false;
                // The event exists, whatever else is wrong with it, so the next one does not follow
                // a gap.
                self.seen = sequence_of(document).map_or(self.seen, Version::from);
                return report.found(from_malformed(error));
            }
        };
        if event.sequence != self.seen.next() {
            let (stream, event_type) = (self.replay.stream().clone(), event.event_type.to_owned());
            report.found(Finding::Gap { stream, expected: self.seen.next(), found: event.sequence, event_type });
            self.is_foldable = false;
        }
        self.seen = event.sequence.into();
        if self.position.is_some_and(|before| event.position < before) {
            let (stream, sequence, position) = (self.replay.stream().clone(), event.sequence, event.position);
            report.found(Finding::OutOfOrder { stream, sequence, position });
        }
        self.position = Some(event.position);
        let understood = if self.is_foldable { self.replay.push(&event) } else { event.decode::<A::Event>().map(drop) };
        match understood {
            Ok(()) if self.is_foldable => self.compare_snapshots(report),
            Ok(()) => {}
            Err(error) => {
                self.is_foldable = false;
                report.found(self.not_understood(&event, error));
            }
        }
    }

    fn not_understood(&self, event: &StoredEvent<'_>, error: StoreError) -> Finding {
        let (stream, event_type) = (self.replay.stream().clone(), event.event_type.to_owned());
        let sequence: Sequence = event.sequence;
        match error {
            StoreError::Decode { source: DecodeError::UnknownType, .. } => {
                Finding::ForeignType { stream, sequence, event_type }
            }
            StoreError::Decode { source, .. } => {
                Finding::Undecodable { stream, sequence, event_type, reason: ErrorChain::new(&source).to_string() }
            }
            StoreError::Fold { source, .. } => {
                Finding::CannotFold { stream, sequence, event_type, reason: ErrorChain::new(&source).to_string() }
            }
            error => from_malformed(error),
        }
    }

    /// Compares the snapshots of the version that was just reached.
    fn compare_snapshots(&mut self, report: &mut VerificationReport) {
        let version = self.replay.version();
        while self.snapshots.front().is_some_and(|kept| kept.version <= version) {
            let Some(kept) = self.snapshots.pop_front() else { return };
            if kept.version < version || !kept.is(self.replay.state()) {
                report.found(Finding::SnapshotDiffers { stream: self.replay.stream().clone(), version: kept.version });
            }
        }
    }

    /// Checks the remaining snapshots. The stream may have grown since its events were read.
    async fn finish(mut self, collections: &Collections, report: &mut VerificationReport) -> Result<(), StoreError> {
        let stream = self.replay.stream().clone();
        let Some(newest) = self.snapshots.back().map(|kept| kept.version) else { return Ok(()) };
        let mut head = self.seen;
        if newest > head {
            head = read::head(collections, &stream).await?.version().max(head);
        }
        if self.is_foldable && head > self.seen {
            let tail = ReadRange::after(self.seen).until(newest);
            let mut batches = pin!(read::stream(collections.clone(), stream.clone(), tail));
            while let Some(batch) = batches.try_next().await? {
                for event in batch.events() {
                    match event.and_then(|event| self.replay.push(&event)) {
                        Ok(()) => self.compare_snapshots(report),
                        // Newer events are checked by the next run.
                        Err(_) => return Ok(()),
                    }
                }
            }
        }
        // If the stream cannot be folded, the other snapshots cannot be compared.
        for beyond in self.snapshots.iter().filter(|kept| kept.version > head) {
            report.found(Finding::SnapshotBeyondHead { stream: stream.clone(), version: beyond.version, head });
        }
        Ok(())
    }
}

/// A snapshot of an aggregate without a known event. The aggregate may have been created in the
/// meantime.
async fn check_orphan<A: Aggregate>(
    snapshot: &RawDocument,
    collections: &Collections,
    report: &mut VerificationReport,
) -> Result<(), StoreError> {
    report.snapshots += 1;
    let Some(kept) = Kept::read::<A>(snapshot, report) else { return Ok(()) };
    let Ok(stream) = StreamId::new(A::TYPE, snapshot.get_str(AGGREGATE_ID).unwrap_or_default()) else { return Ok(()) };
    let head = read::head(collections, &stream).await?.version();
    if kept.version > head {
        report.found(Finding::SnapshotBeyondHead { stream, version: kept.version, head });
    }
    Ok(())
}

fn sequence_of(document: &RawDocument) -> Option<Sequence> {
    Sequence::try_from(integer_in(document, SEQUENCE)?).ok()
}

fn malformed(document: &RawDocument) -> Finding {
    match read_event(document) {
        Err(error) => from_malformed(error),
        Ok(event) => Finding::Malformed {
            what: format!("the event document with _id {}", event.id),
            reason: "its aggregate id is one that this library would have refused".to_owned(),
        },
    }
}

fn from_malformed(error: StoreError) -> Finding {
    match error {
        StoreError::Malformed { what, source } => {
            Finding::Malformed { what, reason: ErrorChain::new(source.as_error()).to_string() }
        }
        error => {
            Finding::Malformed { what: "an event document".to_owned(), reason: ErrorChain::new(&error).to_string() }
        }
    }
}
