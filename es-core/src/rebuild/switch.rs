//! Makes a version of a read model the live one.

use std::time::{Duration, Instant};

use super::{RebuildError, partitions};
use crate::error::ErrorChain;
use crate::store::{Activity, LiveVersion, MakeLive, Partition, PartitionRecord, ReadModelId, ReadModelStore, Take};
use crate::{EventId, Position};

/// For how long the leases of the old version are taken. If this process dies, they end.
const HELD: Duration = Duration::from_secs(10);

/// For how long the new version may need to reach the old one. It is less than [`HELD`], so that
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
        can_be_live(&partitions(store, to).await?)?;
        let old = ReadModelId { version: live.version, ..to.clone() };
        // The old version would move on as long as events are recorded.
        let held = hold(store, &old).await?;
        let made = meet(store, to, &old, begun).await;
        release(store, held).await;
        // If it was not made live, the conditions have changed, and so may the next answer.
        made?;
    }
}

/// Takes the leases of all partitions that are not paused.
async fn hold(store: &impl ReadModelStore, old: &ReadModelId) -> Result<Vec<(Partition, u64)>, RebuildError> {
    let owner = EventId::new().to_string();
    let mut held = Vec::new();
    for PartitionRecord { partition, .. } in of(store, old).await? {
        match store.take_lease(&partition, &owner, HELD, Take::FromOwner).await {
            Ok(lease) => held.extend(lease.map(|lease| (partition, lease.fence))),
            Err(error) => {
                release(store, held).await;
                return Err(error.into());
            }
        }
    }
    Ok(held)
}

/// Gives leases back. They end by themselves if that fails.
async fn release(store: &impl ReadModelStore, held: Vec<(Partition, u64)>) {
    for (partition, fence) in held {
        if let Err(problem) = store.release(&partition, fence, None).await {
            tracing::warn!(%partition, error = %ErrorChain::new(&problem), "a lease could not be given back");
        }
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
        let reached = of(store, old).await?.iter().map(position).max().flatten();
        let new = partitions(store, to).await?;
        can_be_live(&new)?;
        let Some(behind) = new.iter().find(|record| position(record) < reached) else {
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

/// The partitions of a version, of which there may be none.
async fn of(store: &impl ReadModelStore, model: &ReadModelId) -> Result<Vec<PartitionRecord>, RebuildError> {
    let mut all = store.partitions().await?;
    all.retain(|record| record.partition.model == *model);
    Ok(all)
}

fn position(record: &PartitionRecord) -> Option<Position> {
    record.checkpoint.position
}

/// Fails unless all partitions are built and running, and nothing is parked.
fn can_be_live(partitions: &[PartitionRecord]) -> Result<(), RebuildError> {
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
