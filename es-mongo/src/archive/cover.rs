//! Finds, writes, reads back and prunes the snapshots of many streams at once.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use bson::doc;
use bson::raw::{RawDocument, RawDocumentBuf};
use es_core::store::Snapshot;
use es_core::{Aggregate, StoreError, StreamId, Version};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::collections::Collections;
use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, ID, SEQUENCE, STATE_VERSION, VERSION};
use crate::document::{documents, integer_in, snapshot_index, stream_index};
use crate::error::{duplicates, store_error};
use crate::metrics;
use crate::read;
use crate::read_ahead::ReadAhead;
use crate::snapshot::{self, usable, version_of};
use crate::store::MongoStore;

/// The number of events in one query. The server searches each id with each sequence, so small
/// queries are faster.
const ASKED: usize = 16;

/// The number of such queries at the same time.
const IN_FLIGHT: usize = 8;

/// A missing snapshot that is necessary to cover the events to move.
pub(super) struct Missing {
    /// The index of its stream in the batch.
    pub(super) case: usize,
    pub(super) stream: StreamId,
    pub(super) version: Version,
    pub(super) document: RawDocumentBuf,
}

/// The snapshots of some streams, read in the order of the streams.
pub(super) struct Snapshots {
    pub(super) known: KnownSnapshots,
    /// Only snapshots with this program's state version.
    cursor: Option<ReadAhead>,
    ready: VecDeque<RawDocumentBuf>,
}

/// The snapshots of each stream without their states, the newest first.
#[derive(Default)]
pub(super) struct KnownSnapshots(HashMap<String, Vec<Known>>);

/// The stored data of a snapshot without its state.
struct Known {
    id: String,
    version: i64,
    /// Whether it has the state version of this program.
    is_ours: bool,
    /// Whether it is above the events to move and its own event is missing.
    is_beyond_head: bool,
}

impl Snapshots {
    /// Finds the snapshots of the streams whose events are moved, up to these versions.
    pub(super) async fn find<A: Aggregate>(
        store: &MongoStore,
        going: Vec<(&str, Version)>,
    ) -> Result<Self, StoreError> {
        if going.is_empty() {
            return Ok(Self { known: KnownSnapshots::default(), cursor: None, ready: VecDeque::new() });
        }
        let collections = store.collections();
        let going: HashMap<&str, i64> = going.into_iter().map(|(id, last)| (id, last.as_i64())).collect();
        let ids: Vec<&str> = going.keys().copied().collect();
        let KnownSnapshots(mut known) = KnownSnapshots::default();
        let index = snapshot_index();
        let filter = doc! { AGGREGATE_TYPE: A::TYPE, AGGREGATE_ID: { "$in": ids } };
        let all = collections.find(&collections.snapshots, filter).sort(index.clone()).on_index(index.clone());
        let fields = doc! { AGGREGATE_ID: 1, VERSION: 1, STATE_VERSION: 1 };
        for document in all.projection(fields).all().await? {
            let (Ok(id), Ok(aggregate_id), Some(version)) =
                (document.get_str(ID), document.get_str(AGGREGATE_ID), version_of(&document))
            else {
                continue;
            };
            let state_version = integer_in(&document, STATE_VERSION);
            let is_ours = state_version == Some(i64::from(A::STATE_VERSION));
            let snapshot = Known { id: id.to_owned(), version, is_ours, is_beyond_head: false };
            known.entry(aggregate_id.to_owned()).or_default().push(snapshot);
        }
        // The events to move are known to exist. A snapshot above them is used only if its own
        // event exists too.
        let mut above: Vec<(&str, i64)> = Vec::new();
        for (id, snapshots) in &known {
            let last = going.get(id.as_str()).copied().unwrap_or_default();
            let is_above = |snapshot: &&Known| snapshot.is_ours && snapshot.version > last;
            above.extend(snapshots.iter().filter(is_above).map(|snapshot| (id.as_str(), snapshot.version)));
        }
        let beyond = beyond_head::<A>(collections, above).await?;
        for (id, version) in beyond {
            for snapshot in known.get_mut(&id).into_iter().flatten() {
                snapshot.is_beyond_head |= snapshot.version == version;
            }
        }
        let with_ours: Vec<&str> =
            known.iter().filter(|(_, known)| known.iter().any(|one| one.is_ours)).map(|(id, _)| id.as_str()).collect();
        let cursor = if with_ours.is_empty() {
            None
        } else {
            let mut ours = doc! { AGGREGATE_TYPE: A::TYPE, AGGREGATE_ID: { "$in": with_ours } };
            ours.insert(STATE_VERSION, i64::from(A::STATE_VERSION));
            let ours = collections.find(&collections.snapshots, ours).sort(index.clone()).on_index(index);
            Some(ours.batches().await?)
        };
        Ok(Self { known: KnownSnapshots(known), cursor, ready: VecDeque::new() })
    }

    /// The newest usable snapshot of a stream. This must be called for the streams in the order in
    /// which they were scanned.
    pub(super) async fn newest<A: Aggregate>(&mut self, aggregate_id: &str) -> Result<Option<Snapshot<A>>, StoreError> {
        let mut newest = None;
        if !self.known.of(aggregate_id).iter().any(|known| known.is_ours) {
            return Ok(newest);
        }
        while let Some(document) = self.next_of(aggregate_id).await? {
            let version = version_of(&document);
            let mut known = self.known.of(aggregate_id).iter();
            let is_beyond_head = known.any(|known| known.is_beyond_head && Some(known.version) == version);
            if newest.is_some() || is_beyond_head {
                continue;
            }
            newest = usable::<A>(&document);
            if newest.is_none() {
                let id = document.get(ID).ok().flatten();
                tracing::warn!(aggregate_id, ?id, "a snapshot cannot be decoded and is ignored");
                metrics::snapshot_passed_over(A::TYPE);
            }
        }
        Ok(newest)
    }

    async fn next_of(&mut self, aggregate_id: &str) -> Result<Option<RawDocumentBuf>, StoreError> {
        while self.ready.is_empty() {
            let Some(cursor) = &mut self.cursor else { return Ok(None) };
            let Some(batch) = cursor.next().await? else {
                self.cursor = None;
                return Ok(None);
            };
            for document in documents(batch.doc_slices().map_err(store_error)?) {
                self.ready.push_back(document?.to_owned());
            }
        }
        let is_of = |document: &RawDocumentBuf| document.get_str(AGGREGATE_ID).is_ok_and(|id| id == aggregate_id);
        Ok(if self.ready.front().is_some_and(is_of) { self.ready.pop_front() } else { None })
    }
}

impl KnownSnapshots {
    /// The version of a snapshot that has this program's state version and is beyond the head of
    /// its stream.
    pub(super) fn beyond_head(&self, aggregate_id: &str) -> Option<Version> {
        let beyond = self.of(aggregate_id).iter().find(|known| known.is_ours && known.is_beyond_head)?;
        Version::try_from(beyond.version).ok()
    }

    fn of(&self, aggregate_id: &str) -> &[Known] {
        self.0.get(aggregate_id).map(Vec::as_slice).unwrap_or_default()
    }

    /// Deletes superfluous snapshots below those that were taken. `snapshot::prune` describes
    /// which ones count.
    pub(super) async fn prune(&self, store: &MongoStore, taken: &[&Missing]) -> Result<(), StoreError> {
        let keep = store.inner.options.keep_snapshots.max(1) as usize;
        let mut dropped: Vec<&str> = Vec::new();
        for Missing { stream, version, .. } in taken {
            let known = self.of(stream.aggregate_id().as_str());
            let counted = known.iter().filter(|known| known.is_ours && known.version < version.as_i64());
            let oldest_kept = std::iter::once(version.as_i64()).chain(counted.map(|known| known.version)).nth(keep - 1);
            let Some(oldest_kept) = oldest_kept else { continue };
            dropped.extend(known.iter().filter(|known| known.version < oldest_kept).map(|known| known.id.as_str()));
        }
        if dropped.is_empty() {
            return Ok(());
        }
        let ask = || {
            let (snapshots, filter) = (store.collections().snapshots.clone(), doc! { ID: { "$in": &dropped } });
            async move { snapshots.delete_many(filter).await }
        };
        store.collections().patience.ask(ask).await.map(drop)
    }
}

/// The given places in streams at which no event is in the events collection.
async fn beyond_head<A: Aggregate>(
    collections: &Collections,
    places: Vec<(&str, i64)>,
) -> Result<HashSet<(String, i64)>, StoreError> {
    let mut beyond: HashSet<(String, i64)> =
        places.iter().map(|(id, sequence)| ((*id).to_owned(), *sequence)).collect();
    let mut questions = Vec::new();
    for places in places.chunks(ASKED) {
        let (ids, sequences): (Vec<&str>, Vec<i64>) = places.iter().copied().unzip();
        let filter = doc! { AGGREGATE_ID: { "$in": ids }, SEQUENCE: { "$in": sequences }, AGGREGATE_TYPE: A::TYPE };
        let found = collections.find(&collections.events, filter).on_index(stream_index());
        questions.push(found.projection(doc! { ID: 0, AGGREGATE_ID: 1, SEQUENCE: 1 }).all());
    }
    let mut answers = stream::iter(questions).buffered(IN_FLIGHT);
    while let Some(found) = answers.try_next().await? {
        for event in found {
            let sequence = integer_in(&event, SEQUENCE);
            if let (Ok(id), Some(sequence)) = (event.get_str(AGGREGATE_ID), sequence) {
                beyond.remove(&(id.to_owned(), sequence));
            }
        }
    }
    Ok(beyond)
}

/// Writes snapshots and reads them back. Returns the streams whose snapshots are not stored, with
/// the reasons.
///
/// # Errors
///
/// Errors that concern the whole store.
pub(super) async fn write<A: Aggregate>(
    store: &MongoStore,
    missing: &[Missing],
) -> Result<BTreeMap<usize, StoreError>, StoreError> {
    let timer = metrics::Timer::start();
    let collections = store.collections();
    let written: Vec<RawDocumentBuf> = missing.iter().map(|missing| missing.document.clone()).collect();
    let snapshots = collections.snapshots.clone();
    let inserting = async move { snapshots.insert_many(&written).ordered(false).await };
    let refused_at = match collections.patience.once(inserting).await? {
        Ok(_) => HashSet::new(),
        // Other problems are found by writing the snapshots one by one.
        Err(error) => duplicates(&error).unwrap_or_else(|| (0..missing.len()).collect()),
    };
    let mut refused = BTreeMap::new();
    for at in refused_at {
        let Some(Missing { case, stream, document, .. }) = missing.get(at) else { continue };
        match snapshot::write(collections, stream, document).await {
            Err(error) if error.concerns_the_store() => return Err(error),
            Err(error) => drop(refused.insert(*case, error)),
            Ok(()) => {}
        }
    }
    let mut unconfirmed: HashMap<&str, &Missing> = HashMap::with_capacity(missing.len());
    for missing in missing.iter().filter(|missing| !refused.contains_key(&missing.case)) {
        unconfirmed.extend(missing.document.get_str(ID).map(|id| (id, missing)));
    }
    let ids: Vec<&str> = unconfirmed.keys().copied().collect();
    let mut kept = collections.find(&collections.snapshots, doc! { ID: { "$in": ids } }).batches().await?;
    while let Some(batch) = kept.next().await? {
        for kept in documents(batch.doc_slices().map_err(store_error)?) {
            let kept = kept?;
            let id = kept.get_str(ID).unwrap_or_default();
            if unconfirmed.get(id).is_some_and(|missing| covers::<A>(kept, missing)) {
                unconfirmed.remove(id);
            }
        }
    }
    for Missing { case, stream, version, .. } in unconfirmed.into_values() {
        // Another process may have taken a newer snapshot in the meantime and deleted this one.
        let head = read::head(collections, stream).await?.version();
        let newest = Snapshot::<A>::newest(store, stream, head).await?;
        if newest.is_none_or(|newest| newest.version < *version) {
            let reason = "it was written, but it is not stored".to_owned();
            refused.insert(*case, StoreError::NoSnapshot { stream: stream.clone(), version: *version, reason });
        }
    }
    for Missing { case, .. } in missing {
        metrics::snapshot_taken(A::TYPE, timer, !refused.contains_key(case));
    }
    Ok(refused)
}

/// Whether the stored snapshot is the written one, or one that another run has written in the
/// meantime and that is equally usable.
fn covers<A: Aggregate>(kept: &RawDocument, missing: &Missing) -> bool {
    let is_of_stream = kept.get_str(AGGREGATE_ID).is_ok_and(|id| id == missing.stream.aggregate_id().as_str())
        && kept.get_str(AGGREGATE_TYPE).is_ok_and(|name| name == A::TYPE)
        && integer_in(kept, STATE_VERSION) == Some(i64::from(A::STATE_VERSION));
    kept.as_bytes() == missing.document.as_bytes()
        || is_of_stream && usable::<A>(kept).is_some_and(|snapshot| snapshot.version == missing.version)
}
