//! Which events of a stream may go: those before which nothing stays, and that a snapshot covers.

use bson::oid::ObjectId;
use es_core::{Aggregate, Replay, Sequence, Snapshot, SnapshotStore, StoreError, StreamId, Version};

use super::scan::{self, Candidate};
use super::{Archive, ArchiveStep, Stop};

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
}

/// How far the snapshots of a stream reach.
struct Covered {
    until: Version,
    by_new_snapshot: bool,
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
        let mut snapshots = 0;
        if let (Some(stream), Some(last)) = (&prefix.stream, last)
            && prefix.covered < Version::from(last)
        {
            let covered = self.cover(stream, last).await?;
            (prefix.covered, snapshots) = (covered.until, u64::from(covered.by_new_snapshot));
            let is_covered = |event: &&Candidate| Version::from(event.sequence) <= covered.until;
            ids.truncate(events.iter().take_while(is_covered).count());
        }
        let kept = (events.len() - ids.len()) as u64;
        prefix.next = if kept == 0 { next } else { None };
        Ok(Judged { prefix, ids, kept, snapshots })
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
        let newest = self.store.newest_snapshot::<A>(stream, Version::MAX).await?;
        let until = newest.as_ref().map_or(Version::NONE, |newest| newest.version);
        let is_covered = until >= Version::from(sequence);
        let mut replay = match newest {
            Some(snapshot) => Replay::from_snapshot(stream.clone(), snapshot),
            None => Replay::<A>::new(stream.clone()),
        };
        // A snapshot covers nothing before the stream has shown the event that it was taken at.
        let read = replay.read(self.store, if is_covered { until } else { Version::MAX }).await;
        let was_met = replay.version() >= until;
        let taken = match read {
            Ok(()) if is_covered => return Ok(Covered { until, by_new_snapshot: false }),
            Ok(()) => self.take_snapshot(replay).await,
            Err(error) => Err(error),
        };
        match taken {
            Ok(Some(until)) => {
                self.reached(ArchiveStep::SnapshotTaken)?;
                Ok(Covered { until, by_new_snapshot: true })
            }
            Ok(None) => Ok(Covered { until, by_new_snapshot: false }),
            Err(error) if concerns_the_stream(&error) => {
                tracing::warn!(%stream, %error, "a stream cannot be covered by a snapshot, so its events stay in use");
                let until = if was_met { until } else { Version::NONE };
                Ok(Covered { until, by_new_snapshot: false })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn take_snapshot(&self, replay: Replay<A>) -> Result<Option<Version>, StoreError> {
        let (stream, version) = (replay.stream().clone(), replay.version());
        let Some(state) = replay.into_state() else { return Ok(None) };
        self.store.put_snapshot(&stream, &Snapshot::new(version, state)).await?;
        Ok(Some(version))
    }
}

/// Whether an error would not meet another stream.
fn concerns_the_stream(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Decode { .. }
            | StoreError::Gap { .. }
            | StoreError::SnapshotAhead { .. }
            | StoreError::Fold { .. }
            | StoreError::Malformed { .. }
            | StoreError::Encode { .. }
            | StoreError::TooLarge { .. }
    )
}
