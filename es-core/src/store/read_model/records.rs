//! What is stored about read models.

use std::time::Duration;

use super::{LetterChanges, Partition, ReadModelId};
use crate::projection::{Dispatch, Projection, RowIndex};
use crate::store::EventData;
use crate::{AggregateId, Position};

/// Some of the rows of a partition.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRows {
    /// The rows that exist, by their keys.
    pub rows: Vec<(AggregateId, EventData)>,
    /// The keys among those asked for whose events are parked, and the first position of each.
    pub parked: Vec<(AggregateId, Position)>,
    /// The fence of the partition at that time.
    pub fence: u64,
}

/// How a subscription is prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepare {
    /// The read model.
    pub model: ReadModelId,
    /// What it reads, as [`Dispatch::declared`](crate::projection::Dispatch::declared) writes it.
    pub declared: String,
    /// The number of its partitions, at least 1.
    pub partitions: u32,
    /// The indexes on its rows.
    pub indexes: &'static [RowIndex],
    /// Its checkpoint at first: what is recorded up to there is left out.
    pub begins_after: Option<Position>,
    /// What it changes.
    pub output: Output,
}

impl Prepare {
    /// How the read model of projection `P` is prepared.
    pub fn of<P: Projection>(partitions: u32) -> Self {
        Self {
            model: ReadModelId::of::<P>(),
            declared: Dispatch::<P>::new().declared(),
            partitions,
            indexes: P::INDEXES,
            begins_after: None,
            output: Output::Rows,
        }
    }
}

/// What a subscription changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// The rows of a projection, in the store.
    Rows,
    /// Something outside the store, by a [`Handler`](crate::subscription::Handler).
    Effects,
}

/// The right to fold a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The number that every commit under this lease has to name.
    pub fence: u64,
    /// The checkpoint, or `None` if no event is folded yet.
    pub position: Option<Position>,
}

/// Which leases are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Only one that nobody has. The failure of a partition that has stopped is removed.
    IfFree,
    /// Also that of a different owner, who can commit nothing from then on. The failure stays. For
    /// those who operate a read model, for a short time.
    FromOwner,
}

/// How far a partition has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The position up to which every event is folded, or `None` if there is none.
    pub position: Option<Position>,
    /// The number of partitions of the read model.
    pub partitions: u32,
    /// Whether it has reached the end of the log once, so that its rows can be read.
    pub is_live: bool,
    /// Whether events are folded.
    pub activity: Activity,
}

/// Whether the events of a partition are folded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// A process folds them, or one may begin to.
    Running,
    /// They are not folded until the read model is resumed.
    Paused,
    /// The rows are being deleted.
    Resetting,
    /// No event is folded until a process begins again with the one that failed.
    Stopped(Failure),
}

/// Which version of a read model is live: the one that its public name shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveVersion {
    /// The version.
    pub version: u32,
    /// The version that was live before, unless it was dropped.
    pub previous: Option<u32>,
}

/// How a version of a read model becomes the live one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakeLive {
    /// The read model, with the version that becomes live.
    pub model: ReadModelId,
    /// The version that is live until then.
    pub instead_of: u32,
    /// The position that no partition of the old version has passed, and that each of the new one
    /// has reached.
    pub reached: Option<Position>,
}

/// What became of a version that was to be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// Its rows are deleted.
    Done,
    /// It is the live version, so nothing was changed.
    IsLive,
    /// There is no such version.
    Unknown,
}

/// A partition as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionRecord {
    /// The partition.
    pub partition: Partition,
    /// How far it has come.
    pub checkpoint: Checkpoint,
    /// Who has its lease now.
    pub owner: Option<String>,
    /// The number of its events that are parked.
    pub parked: u64,
}

/// Why a partition has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The position of the event that could not be folded, or of the first event of the batch that
    /// could not be stored.
    pub position: Position,
    /// The error with its causes.
    pub error: String,
}

/// One commit of a partition.
#[derive(Debug, Clone, PartialEq)]
pub struct RowCommit {
    /// The partition.
    pub partition: Partition,
    /// The fence of the lease.
    pub fence: u64,
    /// The checkpoint before the commit.
    pub from: Option<Position>,
    /// The checkpoint after it.
    pub to: Option<Position>,
    /// The rows by their keys, each at most once. `None` removes a row.
    pub rows: Vec<(AggregateId, Option<EventData>)>,
    /// What is parked or skipped, or no longer.
    pub letters: LetterChanges,
    /// Whether the end of the log is reached.
    pub is_live: bool,
    /// For how long the lease is renewed.
    pub lease_lasts: Duration,
}
