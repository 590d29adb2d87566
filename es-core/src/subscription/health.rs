//! How far subscriptions are behind, computed from what is stored.

use std::collections::HashMap;
use std::fmt;

use crate::store::{Activity, Checkpoint, Failure, FeedFilter, Partition, PartitionRecord, ReadModelStore};
use crate::{Position, StoreError, Timestamp};

/// How far the read models of a store are behind; [`ReadModelStore::health`] computes it from what
/// is stored, and not from what the processes that fold them know.
///
/// ```
/// # use es_core::{event, Aggregate, Apply, Context, Repository};
/// # use es_core::projection::Projection;
/// # use es_core::subscription::Subscriptions;
/// # #[event(version = 1)]
/// # pub struct Deposited { pub cents: i64 }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(Deposited))]
/// # pub struct Account { cents: i64 }
/// # impl Apply<Deposited> for Account {
/// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
/// # }
/// # #[derive(Projection, Default)]
/// # #[projection(version = 1, key = aggregate_id, events(Account(Deposited)))]
/// # pub struct Balance { cents: i64 }
/// # impl Apply<Deposited> for Balance {
/// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let store = es_core::memory::MemoryStore::new();
/// use es_core::store::ReadModelStore;
/// use es_core::subscription::Problem;
///
/// Subscriptions::on(&store).project::<Balance>().catch_up().await?;
/// Repository::<Account>::new(&store).create("alice", Deposited { cents: 500 }).await?;
///
/// let health = store.health().await?;
/// let [balance] = health.partitions.as_slice() else { panic!("there is one partition") };
/// assert_eq!(balance.partition.to_string(), "balance@1/0");
/// assert_eq!(balance.lag.positions, 1);
/// assert_eq!(balance.problem(), Some(Problem::Unowned)); // nobody folds it now
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Health {
    /// The position up to which events could be folded.
    pub frontier: Option<Position>,
    /// Every partition that was ever folded.
    pub partitions: Vec<PartitionHealth>,
}

/// How far one partition is behind.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PartitionHealth {
    /// The partition.
    pub partition: Partition,
    /// How far it has come.
    pub checkpoint: Checkpoint,
    /// Who folds it now.
    pub owner: Option<String>,
    /// What is not folded yet.
    pub lag: Lag,
    /// The number of its events that are [parked](crate::dead_letters).
    pub parked: u64,
}

/// What a partition has not folded yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lag {
    /// The number of positions between the checkpoint and the frontier: at least as many as events.
    pub positions: u64,
    /// When the first event after the checkpoint was recorded. The time since then is the lag in
    /// seconds.
    pub since: Option<Timestamp>,
}

/// Why a partition needs attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// An event could not be folded.
    Stopped,
    /// An operator has paused it.
    Paused,
    /// Its rows are being deleted, or the process that did it has died.
    Resetting,
    /// It is behind, and no process folds it.
    Unowned,
    /// Some of its events are [parked](crate::dead_letters).
    Parked {
        /// Their number.
        events: u64,
    },
}

impl Health {
    pub(crate) async fn of(store: &impl ReadModelStore) -> Result<Self, StoreError> {
        let records = store.partitions().await?;
        let frontier = if records.is_empty() { None } else { store.frontier().await? };
        let mut recorded = HashMap::new();
        let mut partitions = Vec::with_capacity(records.len());
        for PartitionRecord { partition, checkpoint, owner, parked } in records {
            let after = checkpoint.position;
            let positions = frontier.map_or(0, Position::get).saturating_sub(after.map_or(0, Position::get));
            if positions > 0 && !recorded.contains_key(&after) {
                recorded.insert(after, first_after(store, after).await?);
            }
            let since = if positions > 0 { recorded.get(&after).copied().flatten() } else { None };
            partitions.push(PartitionHealth { partition, checkpoint, owner, lag: Lag { positions, since }, parked });
        }
        Ok(Self { frontier, partitions })
    }

    /// The partitions that need attention, and why. A readiness probe fails if there are some.
    pub fn problems(&self) -> impl Iterator<Item = (&PartitionHealth, Problem)> {
        self.partitions.iter().filter_map(|partition| Some((partition, partition.problem()?)))
    }
}

/// When the first event after a position was recorded.
async fn first_after(
    store: &impl ReadModelStore,
    mut after: Option<Position>,
) -> Result<Option<Timestamp>, StoreError> {
    loop {
        let page = store.page(after, &FeedFilter::All).await?;
        // An event that cannot be read has no time that can be read.
        let mut events = page.batches.iter().flat_map(|batch| batch.events()).filter_map(Result::ok);
        if let Some(event) = events.next() {
            return Ok(Some(event.timestamp));
        }
        if page.reaches <= after {
            return Ok(None);
        }
        after = page.reaches;
    }
}

impl PartitionHealth {
    /// Why the partition has stopped, if it has.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.checkpoint.activity {
            Activity::Stopped(failure) => Some(failure),
            _ => None,
        }
    }

    /// Why the partition needs attention, if it does.
    pub fn problem(&self) -> Option<Problem> {
        match self.checkpoint.activity {
            Activity::Stopped(_) => Some(Problem::Stopped),
            Activity::Paused => Some(Problem::Paused),
            Activity::Resetting => Some(Problem::Resetting),
            Activity::Running if self.owner.is_none() && self.lag.positions > 0 => Some(Problem::Unowned),
            Activity::Running => (self.parked > 0).then_some(Problem::Parked { events: self.parked }),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::Paused => f.write_str("paused"),
            Self::Resetting => f.write_str("is being reset"),
            Self::Unowned => f.write_str("no process folds it"),
            Self::Parked { events: 1 } => f.write_str("1 event is parked"),
            Self::Parked { events } => write!(f, "{events} events are parked"),
        }
    }
}
