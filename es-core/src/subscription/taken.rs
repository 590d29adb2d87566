//! The lease of a partition, taken from its owner for a short time by an operator.

use super::LEASE;
use crate::error::ErrorChain;
use crate::store::{Failure, Lease, Partition, ReadModelStore, Take};
use crate::{EventId, StoreError};

/// A partition whose lease is taken.
pub(crate) struct Taken<'a, S> {
    pub(crate) store: &'a S,
    pub(crate) partition: Partition,
    pub(crate) lease: Lease,
}

impl<'a, S: ReadModelStore> Taken<'a, S> {
    /// Takes the lease. `None` if the partition is paused or being reset.
    pub(crate) async fn take(store: &'a S, partition: Partition) -> Result<Option<Self>, StoreError> {
        let owner = EventId::new().to_string();
        let lease = store.take_lease(&partition, &owner, LEASE, Take::FromOwner).await?;
        Ok(lease.map(|lease| Self { store, partition, lease }))
    }

    pub(crate) async fn give_back(self) {
        give_back(self.store, &self.partition, self.lease, None).await;
    }
}

/// Gives a lease back. If that fails, it ends by itself.
pub(super) async fn give_back(
    store: &(impl ReadModelStore + ?Sized),
    partition: &Partition,
    lease: Lease,
    failure: Option<&Failure>,
) {
    if let Err(problem) = store.release(partition, lease.fence, failure).await {
        tracing::warn!(%partition, error = %ErrorChain::new(&problem), "a lease could not be given back");
    }
}
