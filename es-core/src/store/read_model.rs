//! The contract of a store that keeps read models.

mod id;
mod letters;
mod records;

use std::sync::Arc;
use std::time::Duration;

pub use id::{ParseReadModelError, Partition, ReadModelId};
pub use letters::{DeadLetter, LetterChanges, ParkReason, PartitionLetters, SkippedEvent};
pub use records::{
    Activity, Checkpoint, Dropped, Failure, Lease, LiveVersion, MakeLive, Output, PartitionRecord, Prepare, RowCommit,
    StoredRows, Take,
};

use super::{BoxFuture, EventStore, FeedStore};
use crate::dead_letters::DeadLetters;
use crate::projection::Projection;
use crate::read_model::ReadModel;
use crate::rebuild::Rebuild;
use crate::subscription::Health;
use crate::{AggregateId, StoreError};

/// A store that keeps read models: the rows of projections, and how far each of them has come.
///
/// [`read_model`](Self::read_model) is for users. [`rebuild`](Self::rebuild),
/// [`health`](Self::health), [`pause`](Self::pause), [`resume`](Self::resume),
/// [`reset`](Self::reset) and [`drop_version`](Self::drop_version) are for those who operate them.
/// The other methods are for [`Subscriptions`](crate::subscription::Subscriptions) and
/// [`Rebuild`].
///
/// # Contract
///
/// The *checkpoint* of a partition is the position up to which its rows are folded. The *lease*
/// determines which process folds it, and the *fence* is a number that grows each time the lease is
/// taken. All three are one record, which is never deleted. An implementation
///
/// - MUST change the rows and the checkpoint together, completely or not at all, and only if the
///   fence and the position are those that the commit expects. So an event counts once, whatever
///   fails, and a process that has lost its lease changes nothing.
/// - MUST measure the time of a lease by one clock for all processes, that of the storage.
/// - MUST return from [`commit_rows`](Self::commit_rows) only when the commit is durable.
/// - MUST read the checkpoint, the rows, the parked keys and the fence of
///   [`read_rows`](Self::read_rows) as of one time, and MUST do the same in
///   [`letters`](Self::letters). Otherwise an owner may fold onto rows from before its lease.
/// - MUST change the letters of a commit together with its rows and its checkpoint. A reset and
///   a drop MUST delete those that are parked, and MUST keep those that are skipped. What is skipped
///   belongs to the [partition of its key](ReadModelId::partition_of), whose number may be different
///   after a drop.
/// - MUST give no lease of a partition that is paused or being reset, and MUST make the fence grow
///   when it begins to be, so that no commit under an earlier lease succeeds after it.
/// - MUST have every index of [`Prepare::indexes`] when [`prepare`](Self::prepare) returns, also if
///   the read model was prepared before without it. It SHOULD not remove any other index, because
///   a program of a different release may need it.
/// - MUST make a version live when it is [prepared](Self::prepare) with [`Output::Rows`], if no
///   version of this name is live and none was prepared before.
/// - MUST change nothing in [`make_live`](Self::make_live) unless all of this is true at the time
///   of the change: the old version is live, each partition of the new one is running, has reached
///   the end of the log once, and has reached the given position, and no partition of the old one
///   has passed that position. A commit of either version comes before the change or after it.
/// - MUST refuse a commit with [`StoreError::NotUnique`], and write nothing, if two rows would have
///   the same values in a unique index afterwards. Only the rows after the commit matter, not their
///   order in it: two rows may exchange their values, and a row may take those of one that the
///   commit removes. A field that is missing counts as null, and of an array, each element counts.
/// - MUST return all other failures as an [`EventStore`](super::EventStore) does. After an error of
///   [`commit_rows`](Self::commit_rows) the caller takes the lease again and reads the checkpoint,
///   so the outcome may be unknown.
pub trait ReadModelStore: EventStore + FeedStore {
    /// Prepares the rows and the partitions of a read model. `declared` describes what is read.
    /// Returns the description and the number of partitions with which it was prepared first, and
    /// the given indexes.
    ///
    /// # Errors
    ///
    /// As the contract describes, and [`StoreError::NotUnique`] without a key if stored rows have
    /// the same values in a unique index.
    fn prepare<'a>(&'a self, prepare: &'a Prepare) -> BoxFuture<'a, Result<Prepare, StoreError>>;

    /// Takes or keeps the lease of a partition, if [`Take`] allows it. The fence grows.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn take_lease<'a>(
        &'a self,
        partition: &'a Partition,
        owner: &'a str,
        lasts: Duration,
        take: Take,
    ) -> BoxFuture<'a, Result<Option<Lease>, StoreError>>;

    /// Gives a lease back, with the failure that stopped the partition, unless it was lost.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn release<'a>(
        &'a self,
        partition: &'a Partition,
        fence: u64,
        failure: Option<&'a Failure>,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Writes rows and letters, moves the checkpoint and renews the lease. Returns whether the lease still
    /// belongs to the caller; otherwise nothing was written.
    ///
    /// # Errors
    ///
    /// As the contract describes, [`StoreError::TooLarge`] if a row is too large, and
    /// [`StoreError::NotUnique`] if a unique index refuses one.
    fn commit_rows(&self, commit: RowCommit) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// The checkpoint of a partition, those of the rows with these keys that exist, and which of the
    /// keys are parked. `None` if the read model was never prepared.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn read_rows<'a>(
        &'a self,
        partition: &'a Partition,
        keys: &'a [AggregateId],
    ) -> BoxFuture<'a, Result<Option<(Checkpoint, StoredRows)>, StoreError>>;

    /// What is parked in a partition, and what is skipped. `None` if the read model was never
    /// prepared.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn letters<'a>(&'a self, partition: &'a Partition) -> BoxFuture<'a, Result<Option<PartitionLetters>, StoreError>>;

    /// Announces that an owner folds a read model for a time, or no longer if the time is zero.
    /// Returns the number of owners that fold it now.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn announce<'a>(
        &'a self,
        model: &'a ReadModelId,
        owner: &'a str,
        lasts: Duration,
    ) -> BoxFuture<'a, Result<u32, StoreError>>;

    /// Every partition that was ever prepared, in the order of names, versions and numbers.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn partitions(&self) -> BoxFuture<'_, Result<Vec<PartitionRecord>, StoreError>>;

    /// Pauses the partitions of a read model until they are resumed, also if the programs that fold
    /// them are started again. Returns whether there is such a read model.
    ///
    /// When it returns, no row changes any more. The rows stay readable. A read that waits for a
    /// later position fails with [`Paused`](crate::read_model::ReadModelError::Paused).
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn pause<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Lets the partitions of a read model be folded again after [`pause`](Self::pause). Returns
    /// whether there is such a read model.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn resume<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Deletes the rows of a read model and what is parked, so that all events are folded again,
    /// except those that are skipped. Returns whether there is such a read model.
    ///
    /// From its begin until the end of the log is reached again, every read fails with
    /// [`Building`](crate::read_model::ReadModelError::Building). To keep the old rows readable
    /// meanwhile, increase the `version` of the projection instead. A read model that is paused
    /// stays paused. If this process dies meanwhile, call it once more.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn reset<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Which version of the read model with this name is live, or `None` if none was ever prepared.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn live_version<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<LiveVersion>, StoreError>>;

    /// Makes a version live. Returns whether the conditions were met; otherwise nothing was changed.
    /// [`Rebuild::switch`] meets them.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn make_live<'a>(&'a self, change: &'a MakeLive) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Some of the keys of the rows of a read model, in order, after a key. There are none after the
    /// last one.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn row_keys<'a>(
        &'a self,
        model: &'a ReadModelId,
        after: Option<&'a AggregateId>,
    ) -> BoxFuture<'a, Result<Vec<AggregateId>, StoreError>>;

    /// Deletes the rows and the partitions of a version that is not live. If a process folds it
    /// later, it begins with the first event. If this process dies meanwhile, call it once more.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn drop_version<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<Dropped, StoreError>>;

    /// How far the partitions of all read models are behind, and which of them need attention. It
    /// is computed from what is stored, so a process that folds nothing can ask too.
    ///
    /// # Errors
    ///
    /// As the contract describes.
    fn health(&self) -> BoxFuture<'_, Result<Health, StoreError>>
    where
        Self: Sized,
    {
        Box::pin(Health::of(self))
    }

    /// The version of a projection that this program has: how far it is built, whether it equals
    /// the log, and the switch to it.
    fn rebuild<P: Projection>(&self) -> Rebuild<P, Self>
    where
        Self: Clone + Sized,
    {
        Rebuild::new(self.clone())
    }

    /// The events of a projection that are parked or skipped.
    fn dead_letters<P: Projection>(&self) -> DeadLetters<P, Self>
    where
        Self: Clone + Sized,
    {
        DeadLetters::new(self.clone(), ReadModelId::of::<P>())
    }

    /// The same for a program that does not have the code of the projection, so it cannot retry.
    fn dead_letters_of(&self, model: &ReadModelId) -> DeadLetters<(), Self>
    where
        Self: Clone + Sized,
    {
        DeadLetters::new(self.clone(), model.clone())
    }

    /// The rows of a projection, for reading.
    fn read_model<P: Projection>(&self) -> ReadModel<P, Self>
    where
        Self: Clone + Sized,
    {
        ReadModel::new(self.clone())
    }
}

impl<S: ReadModelStore + ?Sized> ReadModelStore for Arc<S> {
    fn prepare<'a>(&'a self, prepare: &'a Prepare) -> BoxFuture<'a, Result<Prepare, StoreError>> {
        (**self).prepare(prepare)
    }

    fn take_lease<'a>(
        &'a self,
        partition: &'a Partition,
        owner: &'a str,
        lasts: Duration,
        take: Take,
    ) -> BoxFuture<'a, Result<Option<Lease>, StoreError>> {
        (**self).take_lease(partition, owner, lasts, take)
    }

    fn release<'a>(
        &'a self,
        partition: &'a Partition,
        fence: u64,
        failure: Option<&'a Failure>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        (**self).release(partition, fence, failure)
    }

    fn commit_rows(&self, commit: RowCommit) -> BoxFuture<'_, Result<bool, StoreError>> {
        (**self).commit_rows(commit)
    }

    fn read_rows<'a>(
        &'a self,
        partition: &'a Partition,
        keys: &'a [AggregateId],
    ) -> BoxFuture<'a, Result<Option<(Checkpoint, StoredRows)>, StoreError>> {
        (**self).read_rows(partition, keys)
    }

    fn letters<'a>(&'a self, partition: &'a Partition) -> BoxFuture<'a, Result<Option<PartitionLetters>, StoreError>> {
        (**self).letters(partition)
    }

    fn announce<'a>(
        &'a self,
        model: &'a ReadModelId,
        owner: &'a str,
        lasts: Duration,
    ) -> BoxFuture<'a, Result<u32, StoreError>> {
        (**self).announce(model, owner, lasts)
    }

    fn partitions(&self) -> BoxFuture<'_, Result<Vec<PartitionRecord>, StoreError>> {
        (**self).partitions()
    }

    fn pause<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        (**self).pause(model)
    }

    fn resume<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        (**self).resume(model)
    }

    fn reset<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        (**self).reset(model)
    }

    fn live_version<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<LiveVersion>, StoreError>> {
        (**self).live_version(name)
    }

    fn make_live<'a>(&'a self, change: &'a MakeLive) -> BoxFuture<'a, Result<bool, StoreError>> {
        (**self).make_live(change)
    }

    fn row_keys<'a>(
        &'a self,
        model: &'a ReadModelId,
        after: Option<&'a AggregateId>,
    ) -> BoxFuture<'a, Result<Vec<AggregateId>, StoreError>> {
        (**self).row_keys(model, after)
    }

    fn drop_version<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<Dropped, StoreError>> {
        (**self).drop_version(model)
    }
}
