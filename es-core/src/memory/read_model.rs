//! The read models of a store in memory.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::letters::Letters;
use super::table::Table;
use super::{Inner, MemoryStore};
use crate::projection::Projection;
use crate::read_model::ReadModel;
use crate::rebuild::Rebuild;
use crate::store::{
    Activity, BoxFuture, Checkpoint, Dropped, Failure, Lease, LetterChanges, LiveVersion, MakeLive, Output, Partition,
    PartitionLetters, PartitionRecord, Prepare, ReadModelId, ReadModelStore, RowCommit, SkippedEvent, StoredRows, Take,
};
use crate::{AggregateId, StoreError};

/// The rows of one read model, and its partitions.
#[derive(Debug)]
pub(super) struct Kept {
    declared: String,
    partitions: Vec<Progress>,
    rows: Table,
    /// Until when each owner folds it.
    announced: HashMap<String, Instant>,
}

/// How far one partition has come, and who folds it.
#[derive(Debug, Clone)]
struct Progress {
    checkpoint: Checkpoint,
    fence: u64,
    owner: Option<(String, Instant)>,
    letters: Letters,
}

pub(super) type ReadModels = BTreeMap<ReadModelId, Kept>;

impl MemoryStore {
    /// The rows of a projection: [`ReadModelStore::read_model`], without the import.
    pub fn read_model<P: Projection>(&self) -> ReadModel<P, Self> {
        ReadModelStore::read_model(self)
    }

    /// The version of a projection that this program has: [`ReadModelStore::rebuild`], without the
    /// import.
    pub fn rebuild<P: Projection>(&self) -> Rebuild<P, Self> {
        ReadModelStore::rebuild(self)
    }
}

impl ReadModelStore for MemoryStore {
    fn prepare<'a>(&'a self, prepare: &'a Prepare) -> BoxFuture<'a, Result<Prepare, StoreError>> {
        Box::pin(async move {
            let mut inner = self.lock();
            let Inner { read_models, live, .. } = &mut *inner;
            let begin = || Kept::new(prepare, live.first_fence(), live.take_skipped(&prepare.model));
            let kept = read_models.entry(prepare.model.clone()).or_insert_with(begin);
            kept.rows.add_indexes(&prepare.model, prepare.indexes)?;
            let partitions = u32::try_from(kept.partitions.len()).unwrap_or(u32::MAX);
            let declared = kept.declared.clone();
            if prepare.output == Output::Rows {
                inner.live.prepared(&prepare.model);
            }
            Ok(Prepare { declared, partitions, ..prepare.clone() })
        })
    }

    fn take_lease<'a>(
        &'a self,
        partition: &'a Partition,
        owner: &'a str,
        lasts: Duration,
        take: Take,
    ) -> BoxFuture<'a, Result<Option<Lease>, StoreError>> {
        Box::pin(async move {
            let mut inner = self.lock();
            let Some(progress) = inner.progress(partition) else { return Ok(None) };
            let now = Instant::now();
            let is_held = progress.owner.as_ref().is_some_and(|(current, until)| current != owner && *until > now);
            if (is_held && take == Take::IfFree) || progress.checkpoint.activity == Activity::Paused {
                return Ok(None);
            }
            progress.owner = Some((owner.to_owned(), now + lasts));
            progress.fence += 1;
            if take == Take::IfFree {
                progress.checkpoint.activity = Activity::Running;
            }
            Ok(Some(Lease { fence: progress.fence, position: progress.checkpoint.position }))
        })
    }

    fn release<'a>(
        &'a self,
        partition: &'a Partition,
        fence: u64,
        failure: Option<&'a Failure>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut inner = self.lock();
            if let Some(progress) = inner.progress(partition).filter(|progress| progress.fence == fence) {
                progress.owner = None;
                if let Some(failure) = failure {
                    progress.checkpoint.activity = Activity::Stopped(failure.clone());
                }
            }
            Ok(())
        })
    }

    fn commit_rows(&self, commit: RowCommit) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut inner = self.lock();
            let Partition { model, number } = &commit.partition;
            let Some(kept) = inner.read_models.get_mut(model) else { return Ok(false) };
            let Some(progress) = progress(&mut kept.partitions, *number) else { return Ok(false) };
            if progress.fence != commit.fence || progress.checkpoint.position != commit.from {
                return Ok(false);
            }
            kept.rows.write(model, commit.rows)?;
            progress.letters.change(commit.letters);
            progress.checkpoint.position = commit.to;
            progress.checkpoint.is_live |= commit.is_live;
            if let Some((_, until)) = &mut progress.owner {
                *until = Instant::now() + commit.lease_lasts;
            }
            Ok(true)
        })
    }

    fn read_rows<'a>(
        &'a self,
        partition: &'a Partition,
        keys: &'a [AggregateId],
    ) -> BoxFuture<'a, Result<Option<(Checkpoint, StoredRows)>, StoreError>> {
        Box::pin(async move {
            let mut inner = self.lock();
            let Some(progress) = inner.progress(partition) else { return Ok(None) };
            let (checkpoint, fence) = (progress.checkpoint.clone(), progress.fence);
            let parked = progress.letters.parked(keys);
            let rows = inner.read_models.get(&partition.model).map(|kept| &kept.rows);
            let row = |key: &AggregateId| Some((key.clone(), rows?.get(key)?.clone()));
            let rows = keys.iter().filter_map(row).collect();
            Ok(Some((checkpoint, StoredRows { rows, parked, fence })))
        })
    }

    fn letters<'a>(&'a self, partition: &'a Partition) -> BoxFuture<'a, Result<Option<PartitionLetters>, StoreError>> {
        Box::pin(
            async move { Ok(self.lock().progress(partition).map(|progress| progress.letters.listed(progress.fence))) },
        )
    }

    fn announce<'a>(
        &'a self,
        model: &'a ReadModelId,
        owner: &'a str,
        lasts: Duration,
    ) -> BoxFuture<'a, Result<u32, StoreError>> {
        Box::pin(async move {
            let mut inner = self.lock();
            let Some(kept) = inner.read_models.get_mut(model) else { return Ok(0) };
            let now = Instant::now();
            kept.announced.insert(owner.to_owned(), now + lasts);
            kept.announced.retain(|_, until| *until > now);
            Ok(u32::try_from(kept.announced.len()).unwrap_or(u32::MAX))
        })
    }

    fn partitions(&self) -> BoxFuture<'_, Result<Vec<PartitionRecord>, StoreError>> {
        Box::pin(async move {
            let inner = self.lock();
            let records = inner.read_models.iter().flat_map(|(model, kept)| {
                (0..).zip(&kept.partitions).map(|(number, progress)| progress.record(model.partition(number)))
            });
            Ok(records.collect())
        })
    }

    fn pause<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(
            async move { Ok(self.lock().change_partitions(model, |progress| progress.interrupt(Activity::Paused))) },
        )
    }

    fn resume<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            Ok(self.lock().change_partitions(model, |progress| {
                if progress.checkpoint.activity == Activity::Paused {
                    progress.checkpoint.activity = Activity::Running;
                }
            }))
        })
    }

    fn reset<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut inner = self.lock();
            let exists = inner.change_partitions(model, |progress| {
                let is_paused = progress.checkpoint.activity == Activity::Paused;
                progress.interrupt(if is_paused { Activity::Paused } else { Activity::Running });
                progress.checkpoint.position = None;
                progress.checkpoint.is_live = false;
                progress.letters.reset();
            });
            if let Some(kept) = inner.read_models.get_mut(model) {
                kept.rows.clear();
            }
            Ok(exists)
        })
    }

    fn live_version<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<LiveVersion>, StoreError>> {
        Box::pin(async move { Ok(self.lock().live.of(name)) })
    }

    fn make_live<'a>(&'a self, change: &'a MakeLive) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { Ok(self.lock().make_live(change)) })
    }

    fn row_keys<'a>(
        &'a self,
        model: &'a ReadModelId,
        after: Option<&'a AggregateId>,
    ) -> BoxFuture<'a, Result<Vec<AggregateId>, StoreError>> {
        Box::pin(async move { Ok(self.lock().row_keys(model, after)) })
    }

    fn drop_version<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<Dropped, StoreError>> {
        Box::pin(async move { Ok(self.lock().drop_version(model)) })
    }
}

impl Progress {
    /// Ends the lease, so that nothing is committed under it.
    fn interrupt(&mut self, activity: Activity) {
        self.fence += 1;
        self.owner = None;
        self.checkpoint.activity = activity;
    }

    fn record(&self, partition: Partition) -> PartitionRecord {
        let owner = self.owner.as_ref().filter(|(_, until)| *until > Instant::now());
        let owner = owner.map(|(owner, _)| owner.clone());
        let parked = self.letters.count();
        PartitionRecord { partition, checkpoint: self.checkpoint.clone(), owner, parked }
    }
}

impl Kept {
    fn new(prepare: &Prepare, fence: u64, skipped: Vec<SkippedEvent>) -> Self {
        let partitions = prepare.partitions.max(1);
        let checkpoint =
            Checkpoint { position: prepare.begins_after, partitions, is_live: false, activity: Activity::Running };
        let progress = Progress { checkpoint, fence, owner: None, letters: Letters::default() };
        let mut partitions: Vec<_> = (0..partitions).map(|_| progress.clone()).collect();
        for event in skipped {
            let of_key = prepare.model.partition_of(&event.key, prepare.partitions);
            if let Some(progress) = self::progress(&mut partitions, of_key.number) {
                progress.letters.change(LetterChanges { skipped: vec![event], ..LetterChanges::default() });
            }
        }
        Self { declared: prepare.declared.clone(), partitions, rows: Table::default(), announced: HashMap::new() }
    }

    pub(super) fn checkpoints(&self) -> impl Iterator<Item = &Checkpoint> {
        self.partitions.iter().map(|progress| &progress.checkpoint)
    }

    /// What is skipped in all partitions.
    pub(super) fn skipped(&self) -> Vec<SkippedEvent> {
        self.partitions.iter().flat_map(|progress| progress.letters.listed(progress.fence).skipped).collect()
    }

    pub(super) fn highest_fence(&self) -> u64 {
        self.partitions.iter().map(|progress| progress.fence).max().unwrap_or(0)
    }

    /// The keys of the rows after a key, in order.
    pub(super) fn keys_after<'a>(&'a self, after: Option<&'a AggregateId>) -> impl Iterator<Item = &'a AggregateId> {
        self.rows.keys_after(after)
    }
}

fn progress(partitions: &mut [Progress], number: u32) -> Option<&mut Progress> {
    partitions.get_mut(usize::try_from(number).ok()?)
}

impl Inner {
    fn progress(&mut self, partition: &Partition) -> Option<&mut Progress> {
        progress(&mut self.read_models.get_mut(&partition.model)?.partitions, partition.number)
    }

    /// Changes the partitions of a read model. Returns whether there is one.
    fn change_partitions(&mut self, model: &ReadModelId, change: impl FnMut(&mut Progress)) -> bool {
        let kept = self.read_models.get_mut(model);
        kept.map(|kept| kept.partitions.iter_mut().for_each(change)).is_some()
    }
}
