//! What those who operate read models do: list, pause, resume and reset them.

use bson::raw::RawDocumentBuf;
use bson::{Document, doc};
use es_core::StoreError;
use es_core::store::{PartitionRecord, ReadModelId};
use futures_util::TryStreamExt;

use super::commit::{self, RowChange};
use super::progress::{self, documents, field, is_set};
use super::{letters, rows};
use crate::document::field::ID;
use crate::store::MongoStore;

/// The number of rows that a reset deletes in one transaction.
const DELETED_AT_ONCE: i64 = 1_000;

/// Every partition, in order.
pub(super) async fn partitions(store: &MongoStore) -> Result<Vec<PartitionRecord>, StoreError> {
    /// The name of a computed field.
    const IS_OWNED: &str = "isOwned";
    let found = store.collections().patience.ask(|| {
        let documents = documents(store);
        let is_partition = doc! { field::PARTITIONS: { "$exists": true } };
        let stages = [doc! { "$match": is_partition }, doc! { "$set": { IS_OWNED: progress::is_later(field::UNTIL) } }];
        async move { documents.aggregate(stages).await?.try_collect::<Vec<Document>>().await }
    });
    let records = found.await?.into_iter().map(|stored| {
        let partition = progress::partition(&stored)?;
        let owner = stored.get_str(field::OWNER).ok().filter(|_| stored.get_bool(IS_OWNED).unwrap_or(false));
        let checkpoint = progress::checkpoint(&partition, &stored)?;
        let parked = progress::parked(&stored);
        Ok(PartitionRecord { partition, checkpoint, owner: owner.map(str::to_owned), parked })
    });
    let mut records = records.collect::<Result<Vec<_>, StoreError>>()?;
    records.sort_by(|a, b| a.partition.cmp(&b.partition));
    Ok(records)
}

pub(super) async fn pause(store: &MongoStore, model: &ReadModelId) -> Result<bool, StoreError> {
    let pause = doc! {
        "$set": { field::IS_PAUSED: true }, "$inc": { field::FENCE: 1_i64 },
        "$unset": { field::OWNER: "", field::UNTIL: "", field::FAILURE: "" },
    };
    change(store, model, |stored| !is_set(stored, field::IS_PAUSED), &pause).await
}

pub(super) async fn resume(store: &MongoStore, model: &ReadModelId) -> Result<bool, StoreError> {
    let resume = doc! { "$unset": { field::IS_PAUSED: "" }, "$inc": { field::FENCE: 1_i64 } };
    change(store, model, |stored| is_set(stored, field::IS_PAUSED), &resume).await
}

pub(super) async fn reset(store: &MongoStore, model: &ReadModelId) -> Result<bool, StoreError> {
    let mut begin = begin_reset();
    begin.insert("$inc", doc! { field::FENCE: 1_i64 });
    let removed = doc! { field::OWNER: "", field::UNTIL: "", field::FAILURE: "", field::PARKED: "" };
    begin.insert("$unset", removed);
    if !change(store, model, |stored| !is_set(stored, field::IS_RESETTING), &begin).await? {
        return Ok(false);
    }
    if delete_rows(store, model).await? {
        let end = doc! { "$unset": { field::IS_RESETTING: "" }, "$inc": { field::FENCE: 1_i64 } };
        change(store, model, |stored| is_set(stored, field::IS_RESETTING), &end).await?;
    }
    Ok(true)
}

/// What begins a reset: no process gets the lease, and nobody reads the rows.
pub(super) fn begin_reset() -> Document {
    doc! { "$set": { field::IS_RESETTING: true, field::IS_LIVE: false, field::POSITION: 0_i64 } }
}

/// Changes the documents of all partitions that need it, the first partition first. Returns whether
/// there are some.
///
/// `update` increases the fence, and each document is changed only if its fence is the one that was
/// read. So if a change is sent a second time because its answer was lost, the second one changes
/// nothing.
async fn change(
    store: &MongoStore,
    model: &ReadModelId,
    needs: fn(&Document) -> bool,
    update: &Document,
) -> Result<bool, StoreError> {
    let collections = store.collections();
    loop {
        let mut stored = of_model(store, model).await?;
        let exists = !stored.is_empty();
        stored.retain(needs);
        if stored.is_empty() {
            return Ok(exists);
        }
        for stored in stored {
            let condition = doc! { ID: stored.get(ID), field::FENCE: stored.get(field::FENCE) };
            let changed = collections.patience.ask(|| {
                let (documents, condition, update) = (documents(store), condition.clone(), update.clone());
                async move { documents.update_one(condition, update).await }
            });
            // The last commit of a process that died may still hold the document.
            collections.sessions.clear_the_way(changed).await?;
        }
    }
}

/// The documents of all partitions of a read model, in order. There are none until the first one is
/// prepared, which is prepared last.
pub(super) async fn of_model(store: &MongoStore, model: &ReadModelId) -> Result<Vec<Document>, StoreError> {
    let found = store.collections().patience.ask(|| {
        let (documents, filter) = (documents(store), progress::by_model(model));
        async move { documents.find(filter).await?.try_collect::<Vec<Document>>().await }
    });
    let stored = progress::of_model(model, found.await?)?;
    let is_prepared = stored.first().is_some_and(|(partition, _)| partition.number == 0);
    Ok(stored.into_iter().filter(|_| is_prepared).map(|(_, stored)| stored).collect())
}

/// Deletes the rows of a read model that is being reset, and what is parked. Returns `false` if a
/// different process has completed the reset meanwhile.
pub(super) async fn delete_rows(store: &MongoStore, model: &ReadModelId) -> Result<bool, StoreError> {
    let name = store.rows_name(model);
    // The end of a reset begins with the first partition. As long as that one is being reset, no
    // process writes rows.
    let partition = model.partition(0);
    loop {
        let found = store.collections().patience.ask(|| {
            let rows = store.collections().handles.collection(&name);
            async move {
                let found = rows.find(doc! {}).projection(doc! { ID: 1 }).limit(DELETED_AT_ONCE).await?;
                found.try_collect::<Vec<RawDocumentBuf>>().await
            }
        });
        let removed = found
            .await?
            .iter()
            .map(|row| Ok((rows::key_and_row(row)?.0, None)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        let parked = letters::some_ids(store, model).await?;
        if removed.is_empty() && parked.is_empty() {
            return Ok(true);
        }
        let mut condition = progress::by_id(&partition);
        condition.insert(field::IS_RESETTING, true);
        let update = vec![doc! { "$set": { field::FENCE: { "$add": [format!("${}", field::FENCE), 1_i64] } } }];
        let change = RowChange {
            partition: partition.clone(),
            condition,
            update,
            rows: removed,
            letters: letters::Writes::removal(parked),
        };
        if !commit::together(store, change).await? {
            return Ok(false);
        }
    }
}
