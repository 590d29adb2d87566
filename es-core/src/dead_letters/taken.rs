//! What is read and changed under a lease that is taken from its owner.

use super::{DeadLettersError, NotCommitted};
use crate::store::{EventData, Lease, LetterChanges, PartitionLetters, ReadModelStore, RowCommit, StoredRows};
use crate::subscription::{LEASE, Taken};
use crate::{AggregateId, StoreError};

impl<S: ReadModelStore> Taken<'_, S> {
    /// The letters as of the lease.
    pub(super) async fn letters(&self) -> Result<PartitionLetters, DeadLettersError> {
        let letters = self.store.letters(&self.partition).await?;
        letters.filter(|letters| letters.fence == self.lease.fence).ok_or_else(|| self.lost())
    }

    /// The row with a key as of the lease.
    pub(super) async fn row(&self, key: &AggregateId) -> Result<Option<EventData>, DeadLettersError> {
        let read = self.store.read_rows(&self.partition, std::slice::from_ref(key)).await?;
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
