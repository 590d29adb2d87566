//! Read models: a collection of rows for each version of a projection, and one document for each of
//! its partitions.
//!
//! The document of a partition has its checkpoint, its lease and its fence, and changes in the
//! transaction that writes the rows. So the rows are those of the checkpoint at any time, and a
//! process that has lost its lease cannot write any.

mod announced;
mod changes;
mod commit;
mod find;
mod indexes;
mod letters;
mod live;
mod operate;
mod progress;
mod rows;
mod view;

use std::time::Duration;

use es_core::projection::Projection;
use es_core::read_model::ReadModel;
use es_core::rebuild::Rebuild;
use es_core::store::{
    BoxFuture, Checkpoint, Dropped, Failure, Lease, LiveVersion, MakeLive, Partition, PartitionLetters,
    PartitionRecord, Prepare, ReadModelId, ReadModelStore, RowCommit, StoredRows, Take,
};
use es_core::{AggregateId, Position, StoreError};

pub use find::{FindRows, RowsFound};

use crate::metrics::{self, FoldCommit, Timer};
use crate::store::MongoStore;

impl MongoStore {
    /// The rows of a projection: [`ReadModelStore::read_model`], without the import. [`FindRows`]
    /// finds them by filters of MongoDB.
    pub fn read_model<P: Projection>(&self) -> ReadModel<P, Self> {
        ReadModelStore::read_model(self)
    }

    /// The version of a projection that this program has: [`ReadModelStore::rebuild`], without the
    /// import.
    pub fn rebuild<P: Projection>(&self) -> Rebuild<P, Self> {
        ReadModelStore::rebuild(self)
    }

    /// The name of the collection with the rows of a read model.
    fn rows_name(&self, model: &ReadModelId) -> String {
        self.inner.options.names.rows(model)
    }

    /// The name of the view with the rows of the live version.
    fn view_name(&self, name: &str) -> String {
        self.inner.options.names.view(name)
    }
}

impl ReadModelStore for MongoStore {
    fn prepare<'a>(&'a self, prepare: &'a Prepare) -> BoxFuture<'a, Result<Prepare, StoreError>> {
        Box::pin(progress::prepare(self, prepare))
    }

    fn take_lease<'a>(
        &'a self,
        partition: &'a Partition,
        owner: &'a str,
        lasts: Duration,
        take: Take,
    ) -> BoxFuture<'a, Result<Option<Lease>, StoreError>> {
        Box::pin(async move {
            let taken = progress::take_lease(self, partition, owner, lasts, take).await?;
            if taken.is_some() {
                metrics::lease_taken(&partition.model);
            }
            Ok(taken)
        })
    }

    fn release<'a>(
        &'a self,
        partition: &'a Partition,
        fence: u64,
        failure: Option<&'a Failure>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(progress::release(self, partition, fence, failure))
    }

    fn commit_rows(&self, commit: RowCommit) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let (timer, partition, rows, to) = (Timer::start(), commit.partition.clone(), commit.rows.len(), commit.to);
            let committed = commit::commit(self, commit).await;
            let lag = self.collections().known.get().saturating_sub(to.map_or(0, Position::get));
            metrics::rows_committed(timer, &FoldCommit { partition: &partition, rows, lag }, &committed);
            committed
        })
    }

    fn read_rows<'a>(
        &'a self,
        partition: &'a Partition,
        keys: &'a [AggregateId],
    ) -> BoxFuture<'a, Result<Option<(Checkpoint, StoredRows)>, StoreError>> {
        Box::pin(async move {
            let timer = Timer::start();
            let read = rows::read(self, partition, keys).await?;
            metrics::rows_read(timer, &partition.model);
            Ok(read)
        })
    }

    fn letters<'a>(&'a self, partition: &'a Partition) -> BoxFuture<'a, Result<Option<PartitionLetters>, StoreError>> {
        Box::pin(letters::read(self, partition))
    }

    fn announce<'a>(
        &'a self,
        model: &'a ReadModelId,
        owner: &'a str,
        lasts: Duration,
    ) -> BoxFuture<'a, Result<u32, StoreError>> {
        Box::pin(announced::announce(self, model, owner, lasts))
    }

    fn partitions(&self) -> BoxFuture<'_, Result<Vec<PartitionRecord>, StoreError>> {
        Box::pin(operate::partitions(self))
    }

    fn pause<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(operate::pause(self, model))
    }

    fn resume<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(operate::resume(self, model))
    }

    fn reset<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(operate::reset(self, model))
    }

    fn live_version<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<LiveVersion>, StoreError>> {
        Box::pin(live::live_version(self, name))
    }

    fn make_live<'a>(&'a self, change: &'a MakeLive) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(live::make_live(self, change))
    }

    fn row_keys<'a>(
        &'a self,
        model: &'a ReadModelId,
        after: Option<&'a AggregateId>,
    ) -> BoxFuture<'a, Result<Vec<AggregateId>, StoreError>> {
        Box::pin(live::row_keys(self, model, after))
    }

    fn drop_version<'a>(&'a self, model: &'a ReadModelId) -> BoxFuture<'a, Result<Dropped, StoreError>> {
        Box::pin(live::drop_version(self, model))
    }
}
