//! The processes that fold a read model: a document for each, which is deleted when it ends.

use std::time::Duration;

use bson::doc;
use es_core::StoreError;
use es_core::store::ReadModelId;

use super::progress::{documents, is_later, until};
use crate::document::field::ID;
use crate::store::MongoStore;

/// The fields of the document, besides its `_id`, which is `customer_balance@1 <owner>`.
mod field {
    /// The read model, as it is displayed.
    pub(super) const MODEL: &str = "model";
    /// Until when the process is counted, by the clock of the server.
    pub(super) const ANNOUNCED: &str = "announced";
}

/// Announces an owner, or deletes its document if no time is left. Returns the number of owners.
pub(super) async fn announce(
    store: &MongoStore,
    model: &ReadModelId,
    owner: &str,
    lasts: Duration,
) -> Result<u32, StoreError> {
    let patience = &store.collections().patience;
    let model = model.to_string();
    let this = doc! { ID: format!("{model} {owner}") };
    if lasts.is_zero() {
        let deleted = patience.ask(|| {
            let (documents, this) = (documents(store), this.clone());
            async move { documents.delete_one(this).await }
        });
        deleted.await?;
    } else {
        let set = doc! { "$set": { field::MODEL: { "$literal": &model }, field::ANNOUNCED: until(lasts) } };
        let stored = patience.ask(|| {
            let (documents, this, set) = (documents(store), this.clone(), vec![set.clone()]);
            async move { documents.update_one(this, set).upsert(true).await }
        });
        if stored.await?.upserted_id.is_some() {
            // A process that died has left its document.
            let dead = doc! { field::MODEL: &model, "$expr": { "$not": [is_later(field::ANNOUNCED)] } };
            let deleted = patience.ask(|| {
                let (documents, dead) = (documents(store), dead.clone());
                async move { documents.delete_many(dead).await }
            });
            deleted.await?;
        }
    }
    let alive = doc! { field::MODEL: &model, "$expr": is_later(field::ANNOUNCED) };
    let counted = patience.ask(|| {
        let (documents, alive) = (documents(store), alive.clone());
        async move { documents.count_documents(alive).await }
    });
    Ok(u32::try_from(counted.await?).unwrap_or(u32::MAX))
}
