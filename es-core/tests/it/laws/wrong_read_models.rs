//! A store with one mistake about read models on purpose, so that each law of them is seen to fail.

mod mistakes;

use std::time::Duration;

use es_core::bson::doc;
use es_core::memory::MemoryStore;
use es_core::projection::RowIndex;
use es_core::store::{
    Activity, BoxFuture, Checkpoint, Dropped, EventData, Failure, FeedFilter, FeedPage, FeedStore, Lease,
    LetterChanges, LiveVersion, MakeLive, Partition, PartitionLetters, PartitionRecord, Prepare, ReadModelId,
    ReadModelStore, RowCommit, Runtime, StoredRows, Take,
};
use es_core::{AggregateId, Position, StoreError};

pub(crate) use mistakes::Mistake;

/// [`MemoryStore`], whose read models have a mistake, or none.
#[derive(Debug, Clone)]
pub(crate) struct WrongStore {
    right: MemoryStore,
    mistake: Option<Mistake>,
}

impl WrongStore {
    pub(crate) fn new(mistake: impl Into<Option<Mistake>>) -> Self {
        Self { right: MemoryStore::new(), mistake: mistake.into() }
    }

    fn has(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    fn model(&self, model: &ReadModelId) -> ReadModelId {
        if self.has(Mistake::VersionsMixed) { first(model) } else { model.clone() }
    }

    fn partition(&self, partition: &Partition) -> Partition {
        self.model(&partition.model).partition(partition.number)
    }

    fn key(&self, key: &AggregateId) -> AggregateId {
        if self.has(Mistake::KeysTrimmed) { AggregateId::new(key.as_str().trim()).unwrap() } else { key.clone() }
    }

    /// Changes letters, whoever has the lease.
    async fn change_letters(&self, partition: &Partition, letters: LetterChanges) -> Result<(), StoreError> {
        let Some((checkpoint, StoredRows { fence, .. })) = self.right.read_rows(partition, &[]).await? else {
            return Ok(());
        };
        let (from, lease_lasts) = (checkpoint.position, Duration::from_secs(600));
        let (partition, rows, is_live) = (partition.clone(), Vec::new(), false);
        let commit = RowCommit { partition, fence, from, to: from, rows, letters, is_live, lease_lasts };
        self.right.commit_rows(commit).await.map(drop)
    }

    /// The checkpoint that is stored now.
    async fn now(&self, partition: &Partition) -> Result<Option<Position>, StoreError> {
        let read = self.right.read_rows(partition, &[]).await?;
        Ok(read.and_then(|(checkpoint, _)| checkpoint.position))
    }
}

/// The row with its key as the number if it has none.
fn not_null(key: &AggregateId, row: &EventData) -> EventData {
    if matches!(row.as_raw().get("number"), Ok(Some(number)) if number.as_null().is_none()) {
        return row.clone();
    }
    EventData::encode("row", &doc! { "number": key.as_str() }).unwrap()
}

impl ReadModelStore for WrongStore {
    fn prepare<'a>(&'a self, prepare: &'a Prepare) -> BoxFuture<'a, Result<Prepare, StoreError>> {
        Box::pin(async move {
            let mut prepare = Prepare { model: self.model(&prepare.model), ..prepare.clone() };
            let wanted = prepare.indexes;
            if self.has(Mistake::BeginsBeforeTheFirst) {
                prepare.begins_after = None;
            }
            let is_prepared = self.right.read_rows(&prepare.model.partition(0), &[]).await?.is_some();
            if self.has(Mistake::NothingIsUnique) || is_prepared && self.has(Mistake::IndexesOfTheFirst) {
                prepare.indexes = &[];
            }
            if self.has(Mistake::IndexesOfAllRows) {
                let of_all = prepare.indexes.iter().map(|index| RowIndex { rows: None, ..*index });
                prepare.indexes = of_all.collect::<Vec<_>>().leak();
            }
            if self.has(Mistake::IndexesOfNoRows) {
                let of_all = prepare.indexes.iter().copied().filter(|index| index.rows.is_none());
                prepare.indexes = of_all.collect::<Vec<_>>().leak();
            }
            let prepared = self.right.prepare(&prepare).await?;
            Ok(if self.has(Mistake::LastDeclarationIsKept) { prepare } else { Prepare { indexes: wanted, ..prepared } })
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
            let owner = if self.has(Mistake::LeaseForEverybody) { "everybody" } else { owner };
            let partition = &self.partition(partition);
            let take = if self.has(Mistake::OwnerKeepsTheLease) { Take::IfFree } else { take };
            let lease = self.right.take_lease(partition, owner, lasts, take).await?;
            if lease.is_some() && self.has(Mistake::FailureTakenToo) {
                return self.right.take_lease(partition, owner, lasts, Take::IfFree).await;
            }
            Ok(lease)
        })
    }

    fn release<'a>(
        &'a self,
        partition: &'a Partition,
        fence: u64,
        failure: Option<&'a Failure>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let partition = &self.partition(partition);
            let failure = failure.filter(|_| !self.has(Mistake::FailureForgotten));
            if self.has(Mistake::LeaseIsKept) {
                return Ok(());
            }
            self.right.release(partition, fence, failure).await?;
            if self.has(Mistake::FailureGivenBack) && failure.is_none() {
                self.right.take_lease(partition, "somebody", Duration::ZERO, Take::IfFree).await?;
            }
            if self.has(Mistake::ReleasedByAnybody) {
                self.right.release(partition, fence + 1, failure).await?;
            }
            Ok(())
        })
    }

    fn commit_rows(&self, mut commit: RowCommit) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            commit.partition = self.partition(&commit.partition);
            match self.mistake {
                Some(Mistake::CheckpointWithoutRows) => commit.rows.clear(),
                Some(Mistake::RowsWithoutCheckpoint) => commit.to = commit.from,
                Some(Mistake::RemovedRowStays) => commit.rows.retain(|(_, row)| row.is_some()),
                Some(Mistake::CheckpointNotCompared) => commit.from = self.now(&commit.partition).await?,
                Some(Mistake::NeverLive) => commit.is_live = false,
                Some(Mistake::KeysTrimmed) => {
                    commit.rows = commit.rows.iter().map(|(key, row)| (self.key(key), row.clone())).collect();
                }
                Some(Mistake::NullIsUnique) => {
                    let rows = commit.rows.iter();
                    commit.rows =
                        rows.map(|(key, row)| (key.clone(), row.as_ref().map(|row| not_null(key, row)))).collect();
                }
                Some(Mistake::RowsOneByOne) => {
                    for row in std::mem::take(&mut commit.rows) {
                        let one = RowCommit { rows: vec![row], to: commit.from, ..commit.clone() };
                        self.right.commit_rows(one).await?;
                    }
                }
                Some(Mistake::NotParkedWithoutRows) if commit.rows.is_empty() => commit.letters.parked.clear(),
                Some(Mistake::PartitionsOfLettersMixed) => {
                    let letters = std::mem::take(&mut commit.letters);
                    self.change_letters(&commit.partition.model.partition(0), letters).await?;
                }
                Some(Mistake::LettersStay) => commit.letters.removed.clear(),
                Some(Mistake::SkippedNotRecorded) => commit.letters.skipped.clear(),
                Some(Mistake::ReplacedIsRemoved) => {
                    let LetterChanges { removed, parked, .. } = &mut commit.letters;
                    parked.retain(|letter| !removed.contains(&(letter.key.clone(), letter.position)));
                }
                Some(Mistake::KeysOfLettersTrimmed) => {
                    for letter in &mut commit.letters.parked {
                        letter.key = AggregateId::new(letter.key.as_str().trim()).unwrap();
                    }
                }
                _ => {}
            }
            let letters = commit.letters.clone();
            let done = match self.right.commit_rows(commit.clone()).await {
                Err(refused @ StoreError::NotUnique { .. }) => {
                    commit.rows.truncate(1);
                    if self.has(Mistake::RefusedCommitParks) {
                        self.change_letters(&commit.partition, letters).await?;
                    } else if self.has(Mistake::RefusedCommitMoves) {
                        self.right.commit_rows(RowCommit { rows: Vec::new(), ..commit }).await?;
                    } else if self.has(Mistake::RefusedCommitIsDivided) {
                        self.right.commit_rows(RowCommit { to: commit.from, ..commit }).await?;
                    }
                    return Err(refused);
                }
                done => done?,
            };
            if !done && self.has(Mistake::LettersWithoutFence) {
                self.change_letters(&commit.partition, letters).await?;
            }
            let ignore_fence = [Mistake::FenceNotCompared, Mistake::PauseKeepsFence, Mistake::FencesUsedAgain];
            if done || !ignore_fence.iter().any(|mistake| self.has(*mistake)) {
                return Ok(done);
            }
            let fence = commit.fence + 1;
            self.right.commit_rows(RowCommit { fence, ..commit }).await
        })
    }

    fn read_rows<'a>(
        &'a self,
        partition: &'a Partition,
        keys: &'a [AggregateId],
    ) -> BoxFuture<'a, Result<Option<(Checkpoint, StoredRows)>, StoreError>> {
        Box::pin(async move {
            if self.has(Mistake::OnePartitionOnly) && partition.number > 0 {
                return Ok(None);
            }
            let wanted: Vec<_> = keys.iter().map(|key| self.key(key)).collect();
            let read = self.right.read_rows(&self.partition(partition), &wanted).await?;
            if read.is_none() && self.has(Mistake::NeverPreparedIsPrepared) {
                let begun = Checkpoint { position: None, partitions: 1, is_live: false, activity: Activity::Running };
                let nothing = StoredRows { rows: Vec::new(), parked: Vec::new(), fence: 0 };
                return Ok(Some((begun, nothing)));
            }
            let asked = |row: &AggregateId| {
                keys.iter().zip(&wanted).find(|(_, wanted)| *wanted == row).map(|(key, _)| key.clone())
            };
            let Some((checkpoint, mut read)) = read else { return Ok(None) };
            read.rows = read.rows.into_iter().filter_map(|(key, row)| Some((asked(&key)?, row))).collect();
            match self.mistake {
                Some(Mistake::KeysAreOpen) => read.parked.clear(),
                Some(Mistake::FenceOfTheRowsIsNext) => read.fence += 1,
                Some(Mistake::LastPositionIsNamed) => {
                    let letters = self.right.letters(partition).await?.unwrap().parked;
                    for (key, position) in &mut read.parked {
                        *position = letters.iter().rfind(|letter| letter.key == *key).unwrap().position;
                    }
                }
                _ => {}
            }
            Ok(Some((checkpoint, read)))
        })
    }

    fn letters<'a>(&'a self, partition: &'a Partition) -> BoxFuture<'a, Result<Option<PartitionLetters>, StoreError>> {
        Box::pin(async move {
            let mut letters = self.right.letters(&self.partition(partition)).await?;
            match (&mut letters, self.mistake) {
                (Some(letters), Some(Mistake::FenceOfTheLettersIsLast)) => letters.fence -= 1,
                (Some(letters), Some(Mistake::LettersListedByKey)) => {
                    letters.parked.sort_by(|a, b| a.key.cmp(&b.key));
                }
                (Some(letters), Some(Mistake::ResetForgetsSkipped)) if letters.parked.is_empty() => {
                    letters.skipped.clear();
                }
                _ => {}
            }
            Ok(letters)
        })
    }

    fn announce<'a>(
        &'a self,
        model: &'a ReadModelId,
        owner: &'a str,
        lasts: Duration,
    ) -> BoxFuture<'a, Result<u32, StoreError>> {
        Box::pin(async move {
            let model = if self.has(Mistake::VersionsCountedTogether) { &first(model) } else { model };
            let lasts = if self.has(Mistake::CountedForever) { Duration::from_secs(600) } else { lasts };
            self.right.announce(model, owner, lasts).await
        })
    }

    fn partitions(&self) -> BoxFuture<'_, Result<Vec<PartitionRecord>, StoreError>> {
        Box::pin(async move {
            let mut partitions = self.right.partitions().await?;
            if self.has(Mistake::ListedAsText) {
                partitions.sort_by_key(|record| record.partition.to_string());
            }
            if self.has(Mistake::LettersNotCounted) {
                for record in &mut partitions {
                    record.parked = 0;
                }
            }
            if self.has(Mistake::OwnerListedForever) {
                for record in &mut partitions {
                    record.owner = Some("somebody else".to_owned());
                }
            }
            Ok(partitions)
        })
    }

    fn pause<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        if self.has(Mistake::PauseForgotten) {
            return Box::pin(async move { Ok(true) });
        }
        self.right.pause(model)
    }

    fn resume<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            if self.has(Mistake::ResumesTheStopped) {
                self.right.pause(model).await?;
            }
            self.right.resume(model).await
        })
    }

    fn reset<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            if self.has(Mistake::ResetOnlyInterrupts) {
                self.right.pause(model).await?;
                return self.right.resume(model).await;
            }
            if self.has(Mistake::ResetOfAllVersions) {
                self.right.reset(&ReadModelId { version: 2, ..model.clone() }).await?;
            }
            let kept = self.right.letters(&model.partition(0)).await?;
            let exists = self.right.reset(model).await?;
            if let Some(kept) = kept.filter(|_| self.has(Mistake::ResetKeepsLetters)) {
                let letters = LetterChanges { parked: kept.parked, ..LetterChanges::default() };
                self.change_letters(&model.partition(0), letters).await?;
            }
            if self.has(Mistake::ResetResumes) {
                self.right.resume(model).await?;
            }
            Ok(exists)
        })
    }

    fn live_version<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<LiveVersion>, StoreError>> {
        Box::pin(async move {
            let live = self.right.live_version(name).await?;
            let of_name = self.right.partitions().await?.into_iter().map(|record| record.partition.model);
            let last = of_name.filter(|model| model.name == name).map(|model| model.version).next_back();
            match last {
                Some(version)
                    if live.is_none() && self.has(Mistake::HandlerIsLive) || self.has(Mistake::LastIsLive) =>
                {
                    Ok(Some(LiveVersion { version, previous: None }))
                }
                _ => Ok(live),
            }
        })
    }

    fn make_live<'a>(&'a self, change: &'a MakeLive) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            if self.has(Mistake::NotSwitched) {
                return Ok(true);
            }
            let mut change = change.clone();
            if self.has(Mistake::SwitchedWithoutPosition) {
                let old = ReadModelId { version: change.instead_of, ..change.model.clone() };
                let all = self.right.partitions().await?;
                let of_old = all.iter().filter(|record| record.partition.model == old);
                change.reached = of_old.map(|record| record.checkpoint.position).max().flatten();
            }
            self.right.make_live(&change).await
        })
    }

    fn row_keys<'a>(
        &'a self,
        model: &'a ReadModelId,
        after: Option<&'a AggregateId>,
    ) -> BoxFuture<'a, Result<Vec<AggregateId>, StoreError>> {
        Box::pin(async move {
            let mut keys = self.right.row_keys(model, after).await?;
            if self.has(Mistake::KeyListedTwice) && !keys.is_empty() {
                keys.splice(0..0, after.cloned());
            }
            if self.has(Mistake::KeysOfAllVersions) {
                keys.extend(self.right.row_keys(&ReadModelId { version: 2, ..model.clone() }, after).await?);
            }
            Ok(keys)
        })
    }

    fn drop_version<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<Dropped, StoreError>> {
        Box::pin(async move {
            if self.has(Mistake::DropForgotten) {
                return Ok(Dropped::Done);
            }
            match self.right.drop_version(model).await? {
                Dropped::IsLive if self.has(Mistake::LiveIsDropped) => {
                    self.right.reset(model).await?;
                    Ok(Dropped::Done)
                }
                dropped => Ok(dropped),
            }
        })
    }
}

/// Version 1 of a read model.
fn first(model: &ReadModelId) -> ReadModelId {
    ReadModelId { version: 1, ..model.clone() }
}

impl FeedStore for WrongStore {
    fn page<'a>(
        &'a self,
        after: Option<Position>,
        filter: &'a FeedFilter,
    ) -> BoxFuture<'a, Result<FeedPage, StoreError>> {
        self.right.page(after, filter)
    }

    fn frontier(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        self.right.frontier()
    }

    fn wake(&self, after: Option<Position>) -> BoxFuture<'_, ()> {
        self.right.wake(after)
    }
}

events_of!(right, WrongStore);

impl Runtime for WrongStore {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.right.sleep(duration)
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.right.spawn(work);
    }
}
