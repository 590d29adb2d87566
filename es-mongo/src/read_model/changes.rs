//! Changes several documents of the collection `subscriptions` in one transaction.

use std::sync::Arc;
use std::time::Instant;

use bson::Document;
use es_core::store::BoxFuture;
use es_core::{RetryPolicy, StoreError};

use super::progress::documents;
use crate::error::{WriteOutcome, store_error};
use crate::sessions::{GivenUp, Lease};
use crate::store::MongoStore;
use crate::transaction;

/// A change of one document.
pub(super) struct Change {
    /// If no document matches it, nothing is changed.
    pub(super) condition: Document,
    pub(super) update: Vec<Document>,
}

/// What became of the changes.
enum Changed {
    Written(WriteOutcome),
    /// One of the conditions was not met.
    NotMet,
}

impl From<WriteOutcome> for Changed {
    fn from(outcome: WriteOutcome) -> Self {
        Self::Written(outcome)
    }
}

/// Changes all documents or none. Returns whether all conditions were met.
///
/// A commit of rows at the same time may be in the way, so it retries.
pub(super) async fn together(store: &MongoStore, changes: Vec<Change>) -> Result<bool, StoreError> {
    let collections = store.collections();
    let limit = store.inner.options.append_deadline;
    let changes = Arc::new(changes);
    let (begun, mut retries) = (Instant::now(), RetryPolicy::default().within(limit).start());
    loop {
        let (own, changes) = (store.clone(), Arc::clone(&changes));
        let left = limit.saturating_sub(begun.elapsed());
        let run = transaction::run(collections, left, move |lease| change_all(own, lease, changes));
        let source = match collections.sessions.clear_the_way(run).await {
            Changed::Written(WriteOutcome::Stored) => return Ok(true),
            Changed::Written(WriteOutcome::NotWritten(source)) => source,
            Changed::Written(WriteOutcome::Unknown(source)) => return Err(StoreError::Unavailable { source }),
            Changed::Written(WriteOutcome::Permanent(error) | WriteOutcome::Refused { error, .. }) => {
                return Err(store_error(error));
            }
            Changed::NotMet | Changed::Written(WriteOutcome::Archived | WriteOutcome::Outdated(_)) => {
                return Ok(false);
            }
        };
        let Some(wait) = retries.wait() else { return Err(StoreError::Unavailable { source }) };
        tokio::time::sleep(wait).await;
    }
}

fn change_all(
    store: MongoStore,
    lease: &mut Lease,
    changes: Arc<Vec<Change>>,
) -> BoxFuture<'_, Result<Option<Changed>, GivenUp>> {
    Box::pin(async move {
        let documents = documents(&store);
        for Change { condition, update } in &*changes {
            match documents.update_one(condition.clone(), update.clone()).session(lease.session()?).await {
                Ok(updated) if updated.matched_count == 1 => {}
                Ok(_) => return Ok(Some(Changed::NotMet)),
                Err(error) => {
                    lease.failed(&error);
                    return Ok(Some(WriteOutcome::of_statement(error).into()));
                }
            }
        }
        Ok(None)
    })
}
