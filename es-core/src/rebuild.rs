//! A new version of a read model: it is built beside the live one, compared with the log, and made
//! live.
//!
//! If a fold, a key or the shape of a row changes, increase the `version` of the projection. A
//! program with the new code folds the new version from the first event on, into its own rows, while
//! the programs with the old code continue to fold and to read the old version. [`Rebuild`] is for
//! the operator who watches this, and who decides which version is live.
//!
//! The *live* version is the one that the store shows under the name of the projection, without a
//! version. The first version of a projection is live from its first start. A program reads the
//! version of its code, live or not, so [`ReadModelStore::live_version`] is for programs that have
//! the code of both.
//!
//! ```
//! # use es_core::{event, Aggregate, Apply, Context, Repository};
//! # use es_core::projection::Projection;
//! # use es_core::subscription::Subscriptions;
//! # #[event(version = 1)]
//! # pub struct Deposited { pub cents: i64 }
//! # #[derive(Aggregate, Default)]
//! # #[aggregate(events(Deposited))]
//! # pub struct Account { cents: i64 }
//! # impl Apply<Deposited> for Account {
//! #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
//! # }
//! # #[derive(Projection, Default)]
//! # #[projection(name = "balance", version = 1, key = aggregate_id, events(Account(Deposited)))]
//! # pub struct OldBalance { cents: i64 }
//! # impl Apply<Deposited> for OldBalance {
//! #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
//! # }
//! /// Version 1 had no number of deposits.
//! #[derive(Projection, Default)]
//! #[projection(version = 2, key = aggregate_id, events(Account(Deposited)))]
//! pub struct Balance { cents: i64, deposits: u64 }
//!
//! impl Apply<Deposited> for Balance {
//!     fn apply(&mut self, event: Deposited, _: &Context) {
//!         self.cents += event.cents;
//!         self.deposits += 1;
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let store = es_core::memory::MemoryStore::new();
//! # Repository::<Account>::new(&store).create("alice", Deposited { cents: 500 }).await?;
//! # Subscriptions::on(&store).project::<OldBalance>().catch_up().await?;
//! # Subscriptions::on(&store).project::<Balance>().catch_up().await?;
//! use es_core::rebuild::Sample;
//!
//! let rebuild = store.rebuild::<Balance>();
//! let progress = rebuild.watch().next().await?;
//! assert!(progress.is_built);
//!
//! let comparison = rebuild.compare(Sample::About(1_000)).await?;
//! assert_eq!(comparison.differences(), []);
//! let live = rebuild.switch(comparison).await?;
//! assert_eq!((live.version, live.previous), (2, Some(1)));
//! # Ok(())
//! # }
//! ```
//!
//! [`switch_back`](Rebuild::switch_back) makes the old version live again, as long as it is folded.
//! [`ReadModelStore::drop_version`] deletes the rows of a version that nobody needs any more.

mod compare;
mod error;
mod progress;
mod sample;
mod switch;

use std::fmt;
use std::marker::PhantomData;

pub use compare::{Comparison, Difference};
pub use error::RebuildError;
pub use progress::{Progress, Watch};
pub use sample::Sample;

use crate::projection::Projection;
use crate::store::{LiveVersion, PartitionRecord, ReadModelId, ReadModelStore};

/// The version of projection `P` that this program has, for those who operate it;
/// `store.rebuild::<P>()` creates it.
pub struct Rebuild<P, S> {
    store: S,
    projection: PhantomData<fn() -> P>,
}

impl<P: Projection, S: ReadModelStore> Rebuild<P, S> {
    pub(crate) fn new(store: S) -> Self {
        Self { store, projection: PhantomData }
    }

    /// Watches how far the version is built.
    pub fn watch(&self) -> Watch<'_, S> {
        Watch::new(&self.store, ReadModelId::of::<P>())
    }

    /// Compares rows with a fold of the log, while both change.
    ///
    /// It reads all events of the aggregates that the projection lists, and changes nothing. A row
    /// that the log has and the store does not is found, too, and the other way round.
    ///
    /// # Errors
    ///
    /// [`RebuildError`] if the version is not built, an event cannot be folded, or the store cannot
    /// be read.
    pub async fn compare(&self, sample: Sample) -> Result<Comparison<P>, RebuildError> {
        compare::compare(&self.store, sample).await
    }

    /// Makes this version the live one, if its rows were equal to the log. If it is live already,
    /// nothing changes.
    ///
    /// For the switch, the old version is not folded, until this one has reached the position of the
    /// old one. So whoever reads the live version never sees an older state than before. The old
    /// version is folded again afterwards, by the programs that have its code.
    ///
    /// # Errors
    ///
    /// [`RebuildError`] if there are differences, or if no process folds this version. Then the old
    /// version is still live.
    pub async fn switch(&self, comparison: Comparison<P>) -> Result<LiveVersion, RebuildError> {
        let model = ReadModelId::of::<P>();
        comparison.passed(&model)?;
        switch::make_live(&self.store, &model).await
    }

    /// Makes the version live that was live before this one. It must still be folded. Its rows are
    /// not compared, because it was live.
    ///
    /// # Errors
    ///
    /// [`RebuildError`]. Then the live version is the same as before.
    pub async fn switch_back(&self) -> Result<LiveVersion, RebuildError> {
        let model = ReadModelId::of::<P>();
        let live = self.store.live_version(&model.name).await?;
        let live = live.ok_or_else(|| RebuildError::NeverFolded { projection: model.clone() })?;
        let Some(version) = live.previous else {
            return Err(RebuildError::NoPrevious { live: ReadModelId { version: live.version, ..model } });
        };
        switch::make_live(&self.store, &ReadModelId { version, ..model }).await
    }
}

/// The partitions of a read model. It fails if there are none.
async fn partitions(store: &impl ReadModelStore, model: &ReadModelId) -> Result<Vec<PartitionRecord>, RebuildError> {
    let partitions: Vec<_> = of(&store.partitions().await?, model).cloned().collect();
    match partitions.first() {
        Some(_) => Ok(partitions),
        None => Err(RebuildError::NeverFolded { projection: model.clone() }),
    }
}

/// Those of a read model.
fn of<'a>(all: &'a [PartitionRecord], model: &ReadModelId) -> impl Iterator<Item = &'a PartitionRecord> {
    all.iter().filter(move |record| record.partition.model == *model)
}

impl<P: Projection, S> fmt::Debug for Rebuild<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rebuild").field("projection", &ReadModelId::of::<P>()).finish_non_exhaustive()
    }
}
