//! The lease of a partition, taken from its owner for a short time.

use super::{DeadLettersError, NotCommitted};
use crate::error::ErrorChain;
use crate::store::{
    EventData, Lease, LetterChanges, Partition, PartitionLetters, ReadModelStore, RowCommit, StoredRows, Take,
};
use crate::subscription::LEASE;
use crate::{AggregateId, EventId, StoreError};

/// A partition whose lease is taken.
pub(super) struct Taken<'a, S> {
    store: &'a S,
    partition: &'a Partition,
    lease: Lease,
}

impl<'a, S: ReadModelStore> Taken<'a, S> {
    pub(super) async fn take(store: &'a S, partition: &'a Partition) -> Result<Self, DeadLettersError> {
        let owner = EventId::new().to_string();
        let lease = store.take_lease(partition, &owner, LEASE, Take::FromOwner).await?;
        let lease = lease.ok_or_else(|| DeadLettersError::Interrupted { partition: partition.clone() })?;
        Ok(Self { store, partition, lease })
    }

    /// Gives the lease back. If that fails, it ends by itself.
    pub(super) async fn give_back(self) {
        if let Err(problem) = self.store.release(self.partition, self.lease.fence, None).await {
            tracing::warn!(error = %ErrorChain::new(&problem), "a lease could not be given back");
        }
    }

    /// The letters as of the lease.
    pub(super) async fn letters(&self) -> Result<PartitionLetters, DeadLettersError> {
        let letters = self.store.letters(self.partition).await?;
        letters.filter(|letters| letters.fence == self.lease.fence).ok_or_else(|| self.lost())
    }

    /// The row with a key as of the lease.
    pub(super) async fn row(&self, key: &AggregateId) -> Result<Option<EventData>, DeadLettersError> {
        let read = self.store.read_rows(self.partition, std::slice::from_ref(key)).await?;
        match read {
            Some((_, StoredRows { rows, fence, .. })) if fence == self.lease.fence => {
                Ok(rows.into_iter().next().map(|(_, row)| row))
            }
            _ => Err(self.lost()),
        }
    }

    /// Changes rows and letters. The checkpoint stays.
    pub(super) async fn commit(
        &self,
        rows: Vec<(AggregateId, Option<EventData>)>,
        letters: LetterChanges,
    ) -> Result<(), NotCommitted> {
        let (partition, Lease { fence, position }) = (self.partition.clone(), self.lease);
        let (from, to, lease_lasts) = (position, position, LEASE);
        let commit = RowCommit { partition, fence, from, to, rows, letters, is_live: false, lease_lasts };
        match self.store.commit_rows(commit).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(NotCommitted::Lost),
            Err(error) => Err(NotCommitted::Failed(error)),
        }
    }

    pub(super) fn failed(&self, error: NotCommitted) -> DeadLettersError {
        match error {
            NotCommitted::Lost => self.lost(),
            NotCommitted::Failed(error) => error.into(),
        }
    }

    fn lost(&self) -> DeadLettersError {
        DeadLettersError::Lost { partition: self.partition.clone() }
    }

    pub(super) fn store(&self) -> &'a S {
        self.store
    }
}

impl NotCommitted {
    /// Whether the store has refused the row, so that it is the same if it is asked again.
    pub(super) fn refused(self) -> Result<StoreError, Self> {
        match self {
            Self::Failed(error @ (StoreError::NotUnique { .. } | StoreError::TooLarge { .. })) => Ok(error),
            other => Err(other),
        }
    }
}
