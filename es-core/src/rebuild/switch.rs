//! Makes a version of a read model the live one.

use std::time::{Duration, Instant};

use super::{RebuildError, of};
use crate::Position;
use crate::store::{Activity, LiveVersion, MakeLive, PartitionRecord, ReadModelId, ReadModelStore};
use crate::subscription::Taken;

/// For how long the new version may need to reach the old one. It is less than a lease lasts, so that
/// the old version does not move meanwhile.
const WITHIN: Duration = Duration::from_secs(8);

/// The wait before the checkpoints are read again.
const WAIT: Duration = Duration::from_millis(5);

pub(super) async fn make_live(store: &impl ReadModelStore, to: &ReadModelId) -> Result<LiveVersion, RebuildError> {
    let begun = Instant::now();
    loop {
        let live = store.live_version(&to.name).await?;
        let live = live.ok_or_else(|| RebuildError::NeverFolded { projection: to.clone() })?;
        if live.version == to.version {
            return Ok(live);
        }
        can_be_live(to, of(&store.partitions().await?, to))?;
        let old = ReadModelId { version: live.version, ..to.clone() };
        // The old version would move on as long as events are recorded.
        let held = hold(store, &old).await?;
        let made = meet(store, to, &old, begun).await;
        give_back(held).await;
        // If it was not made live, the conditions have changed, and so may the next answer.
        made?;
    }
}

/// Takes the leases of all partitions that are not paused.
async fn hold<'a, S: ReadModelStore>(store: &'a S, old: &ReadModelId) -> Result<Vec<Taken<'a, S>>, RebuildError> {
    let mut held = Vec::new();
    for PartitionRecord { partition, .. } in of(&store.partitions().await?, old) {
        match Taken::take(store, partition.clone()).await {
            Ok(taken) => held.extend(taken),
            Err(error) => {
                give_back(held).await;
                return Err(error.into());
            }
        }
    }
    Ok(held)
}

async fn give_back<S: ReadModelStore>(held: Vec<Taken<'_, S>>) {
    for taken in held {
        taken.give_back().await;
    }
}

/// Waits until the new version has reached the old one, and makes it live. Returns whether the
/// conditions were still met.
async fn meet(
    store: &impl ReadModelStore,
    to: &ReadModelId,
    old: &ReadModelId,
    begun: Instant,
) -> Result<bool, RebuildError> {
    loop {
        let all = store.partitions().await?;
        let reached = of(&all, old).map(position).max().flatten();
        can_be_live(to, of(&all, to))?;
        let Some(behind) = of(&all, to).find(|record| position(record) < reached) else {
            let change = MakeLive { model: to.clone(), instead_of: old.version, reached };
            return Ok(store.make_live(&change).await?);
        };
        if begun.elapsed() >= WITHIN {
            let (partition, position) = (behind.partition.clone(), position(behind));
            return Err(RebuildError::Behind { partition, position, live: reached });
        }
        store.sleep(WAIT).await;
    }
}

fn position(record: &PartitionRecord) -> Option<Position> {
    record.checkpoint.position
}

/// Fails unless there are partitions, and all are built and running, and nothing is parked.
fn can_be_live<'a>(
    model: &ReadModelId,
    partitions: impl Iterator<Item = &'a PartitionRecord>,
) -> Result<(), RebuildError> {
    let mut partitions = partitions.peekable();
    if partitions.peek().is_none() {
        return Err(RebuildError::NeverFolded { projection: model.clone() });
    }
    for PartitionRecord { partition, checkpoint, parked, .. } in partitions {
        let partition = || partition.clone();
        if !checkpoint.is_live {
            return Err(RebuildError::NotBuilt { partition: partition(), position: checkpoint.position });
        }
        if checkpoint.activity != Activity::Running {
            let activity = checkpoint.activity.clone();
            return Err(RebuildError::NotRunning { partition: partition(), activity });
        }
        if *parked > 0 {
            return Err(RebuildError::Parked { partition: partition(), events: *parked });
        }
    }
    Ok(())
}
