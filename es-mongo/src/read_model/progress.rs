//! The document of a partition: its checkpoint, its lease and its fence.

use std::time::Duration;

use bson::{Bson, Document, doc};
use es_core::store::{Activity, Checkpoint, Failure, Lease, Output, Partition, Prepare, ReadModelId, Take};
use es_core::{Position, StoreError};
use mongodb::Collection;

use super::{indexes, letters, live, view};
use crate::document::field::ID;
use crate::error::{is_namespace_exists, is_unauthorized, malformed};
use crate::store::MongoStore;

/// The fields of the document, besides its `_id`, which is `customer_balance@1/0`.
pub(super) mod field {
    /// The position up to which every event is folded, or 0.
    pub(in super::super) const POSITION: &str = "position";
    /// The number of partitions of the read model.
    pub(in super::super) const PARTITIONS: &str = "partitions";
    /// How keys are divided into partitions.
    pub(super) const HASH: &str = "hash";
    /// What is read: each aggregate type with the names of its events.
    pub(super) const DECLARED: &str = "declared";
    /// How often the lease was taken. Each commit names it.
    pub(in super::super) const FENCE: &str = "fence";
    /// Who has the lease.
    pub(in super::super) const OWNER: &str = "owner";
    /// When the lease ends, by the clock of the server.
    pub(in super::super) const UNTIL: &str = "until";
    /// Whether the end of the log was reached once.
    pub(in super::super) const IS_LIVE: &str = "isLive";
    /// Whether it is paused.
    pub(in super::super) const IS_PAUSED: &str = "isPaused";
    /// Whether its rows are being deleted.
    pub(in super::super) const IS_RESETTING: &str = "isResetting";
    /// When the version became live.
    pub(in super::super) const LIVE_SINCE: &str = "liveSince";
    /// When a different version became live instead.
    pub(in super::super) const LIVE_UNTIL: &str = "liveUntil";
    /// The number of its events that are parked, unless there never was one.
    pub(in super::super) const PARKED: &str = "parked";
    /// Why the partition has stopped.
    pub(in super::super) const FAILURE: &str = "failure";
}

/// The name of the hash that divides keys, as it is stored.
const HASH: &str = "xxh64";

/// The documents of all partitions.
pub(super) fn documents(store: &MongoStore) -> Collection<Document> {
    store.collections().handles.collection(&store.inner.options.names.subscriptions).clone_with_type()
}

/// The filter for the document of a partition. Of a partition that was dropped, only the fence is
/// left.
pub(super) fn by_id(partition: &Partition) -> Document {
    doc! { ID: partition.to_string(), field::PARTITIONS: { "$exists": true } }
}

/// Whether a time in a field is later than the clock of the server.
pub(super) fn is_later(field: &str) -> Document {
    doc! { "$gt": [format!("${field}"), "$$NOW"] }
}

/// The filter for the documents of all partitions of a read model, and perhaps of others, which
/// [`of_model`] leaves out.
pub(super) fn by_model(model: &ReadModelId) -> Document {
    // `0` is the character after `/`.
    let range = doc! { "$gte": format!("{model}/"), "$lt": format!("{model}0") };
    doc! { ID: range, field::PARTITIONS: { "$exists": true } }
}

/// The partitions of a read model among stored documents, in order.
pub(super) fn of_model(model: &ReadModelId, stored: Vec<Document>) -> Result<Vec<(Partition, Document)>, StoreError> {
    let stored = stored.into_iter().map(|stored| Ok((partition(&stored)?, stored)));
    let mut stored = stored.collect::<Result<Vec<_>, StoreError>>()?;
    stored.retain(|(partition, _)| partition.model == *model);
    stored.sort_by_key(|(partition, _)| partition.number);
    Ok(stored)
}

/// The partition of a document.
pub(super) fn partition(stored: &Document) -> Result<Partition, StoreError> {
    let id = stored.get_str(ID).map_err(|error| malformed("a partition", error))?;
    id.parse().map_err(|error| malformed(format!("partition `{id}`"), error))
}

/// The time at which a lease ends that begins now, by the clock of the server.
pub(super) fn until(lasts: Duration) -> Document {
    doc! { "$add": ["$$NOW", i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX)] }
}

pub(super) async fn prepare(store: &MongoStore, prepare: &Prepare) -> Result<Prepare, StoreError> {
    create(store, store.inner.options.names.subscriptions.clone()).await?;
    if prepare.output == Output::Rows {
        create(store, store.rows_name(&prepare.model)).await?;
        indexes::ensure(store, prepare).await?;
        live::prepare(store, &prepare.model).await?;
        letters::prepare(store, &prepare.model).await?;
    }
    // The first partition comes last, so if its document exists, all others do.
    let first = &prepare.model.partition(0);
    if find(store, first).await?.is_none() {
        for number in (0..prepare.partitions).rev() {
            let partition = doc! { ID: prepare.model.partition(number).to_string() };
            let position = prepare.begins_after.map_or(0, Position::as_i64);
            // Of a version that was dropped, the fence is left.
            let begin = doc! {
                ID: format!("${ID}"), field::POSITION: position, field::PARTITIONS: i64::from(prepare.partitions),
                field::HASH: HASH, field::DECLARED: { "$literal": &prepare.declared },
                field::FENCE: { "$ifNull": [format!("${}", field::FENCE), 0_i64] }, field::IS_LIVE: false,
            };
            let is_prepared = doc! { "$gt": [format!("${}", field::PARTITIONS), Bson::Null] };
            let update = vec![doc! { "$replaceWith": { "$cond": [is_prepared, "$$ROOT", begin] } }];
            let prepared = store.collections().patience.ask(|| {
                let (documents, partition, update) = (documents(store), partition.clone(), update.clone());
                async move { documents.update_one(partition, update).upsert(true).await }
            });
            prepared.await?;
        }
    }
    let stored = find(store, first).await?.ok_or_else(|| malformed(first.to_string(), "it was deleted"))?;
    let declared = stored.get_str(field::DECLARED).map_err(|error| malformed(first.to_string(), error))?;
    let partitions = checkpoint(first, &stored)?.partitions;
    if prepare.output == Output::Rows {
        view::follow(store, &prepare.model.name).await;
    }
    Ok(Prepare { declared: declared.to_owned(), partitions, ..prepare.clone() })
}

/// Creates a collection. If the user has no right to, somebody else has created it, or the first
/// write fails.
pub(super) async fn create(store: &MongoStore, name: String) -> Result<(), StoreError> {
    let created = store.collections().patience.ask(|| {
        let (database, name) = (store.database().clone(), name.clone());
        async move {
            match database.create_collection(name).await {
                Err(error) if is_namespace_exists(&error) || is_unauthorized(&error) => Ok(()),
                created => created,
            }
        }
    });
    created.await
}

async fn find(store: &MongoStore, partition: &Partition) -> Result<Option<Document>, StoreError> {
    let found = store.collections().patience.ask(|| {
        let (documents, partition) = (documents(store), by_id(partition));
        async move { documents.find_one(partition).await }
    });
    found.await
}

pub(super) async fn take_lease(
    store: &MongoStore,
    partition: &Partition,
    owner: &str,
    lasts: Duration,
    take: Take,
) -> Result<Option<Lease>, StoreError> {
    let is_free = doc! { "$or": [
        { "$eq": [format!("${}", field::OWNER), { "$literal": owner }] },
        { "$not": [is_later(field::UNTIL)] },
    ] };
    let mut filter = by_id(partition);
    filter.extend(doc! { field::IS_PAUSED: { "$ne": true }, field::IS_RESETTING: { "$ne": true } });
    let mut set = doc! {
        field::OWNER: { "$literal": owner },
        field::UNTIL: until(lasts),
        field::FENCE: { "$add": [format!("${}", field::FENCE), 1_i64] },
    };
    if take == Take::IfFree {
        filter.insert("$expr", is_free);
        set.insert(field::FAILURE, "$$REMOVE");
    }
    let command = doc! {
        "findAndModify": &store.inner.options.names.subscriptions,
        "query": filter,
        "update": [{ "$set": set }],
        "new": true,
    };
    let collections = store.collections();
    // The last commit of a process that died may still hold the document.
    let taken = collections.sessions.clear_the_way(collections.patience.ask(|| {
        let (handles, command) = (collections.handles.clone(), command.clone());
        async move { handles.write_command(command).await }
    }));
    let Some(Bson::Document(taken)) = taken.await?.remove("value") else { return Ok(None) };
    let fence = fence(partition, &taken)?;
    Ok(Some(Lease { fence, position: checkpoint(partition, &taken)?.position }))
}

pub(super) async fn release(
    store: &MongoStore,
    partition: &Partition,
    fence: u64,
    failure: Option<&Failure>,
) -> Result<(), StoreError> {
    let mut filter = by_id(partition);
    filter.insert(field::FENCE, i64::try_from(fence).unwrap_or(i64::MAX));
    let mut update = doc! { "$unset": { field::OWNER: "", field::UNTIL: "" } };
    if let Some(Failure { position, error }) = failure {
        update.insert(
            "$set",
            doc! { field::FAILURE: {
                "position": position.as_i64(), "error": error, "at": bson::DateTime::now(),
            } },
        );
    }
    let released = store.collections().patience.ask(|| {
        let (documents, filter, update) = (documents(store), filter.clone(), update.clone());
        async move { documents.update_one(filter, update).await }
    });
    released.await.map(drop)
}

/// Reads the document of a partition.
pub(super) fn checkpoint(partition: &Partition, stored: &Document) -> Result<Checkpoint, StoreError> {
    let invalid = |what: &str| malformed(partition.to_string(), format!("its `{what}` is invalid"));
    let position = stored.get_i64(field::POSITION).map_err(|_| invalid(field::POSITION))?;
    let partitions = stored.get_i64(field::PARTITIONS).ok().and_then(|number| u32::try_from(number).ok());
    Ok(Checkpoint {
        position: Position::try_from(position).ok(),
        partitions: partitions.filter(|number| *number > 0).ok_or_else(|| invalid(field::PARTITIONS))?,
        is_live: stored.get_bool(field::IS_LIVE).map_err(|_| invalid(field::IS_LIVE))?,
        activity: activity(stored),
    })
}

/// The fence in the document of a partition.
pub(super) fn fence(partition: &Partition, stored: &Document) -> Result<u64, StoreError> {
    let fence = stored.get_i64(field::FENCE).ok().and_then(|fence| u64::try_from(fence).ok());
    fence.ok_or_else(|| malformed(partition.to_string(), "it has no valid fence"))
}

/// The number of events of a partition that are parked.
pub(super) fn parked(stored: &Document) -> u64 {
    stored.get_i64(field::PARKED).ok().and_then(|parked| u64::try_from(parked).ok()).unwrap_or(0)
}

pub(super) fn is_set(stored: &Document, field: &str) -> bool {
    stored.get_bool(field).unwrap_or(false)
}

fn activity(stored: &Document) -> Activity {
    if is_set(stored, field::IS_RESETTING) {
        return Activity::Resetting;
    }
    if is_set(stored, field::IS_PAUSED) {
        return Activity::Paused;
    }
    let failure = stored.get_document(field::FAILURE).ok().and_then(failure);
    failure.map_or(Activity::Running, Activity::Stopped)
}

fn failure(stored: &Document) -> Option<Failure> {
    let position = Position::try_from(stored.get_i64("position").ok()?).ok()?;
    Some(Failure { position, error: stored.get_str("error").ok()?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_was_changed_by_hand_is_an_error_that_names_the_field() {
        let model = ReadModelId { name: "balance".into(), version: 1 };
        let stored = doc! { "position": "seven", "partitions": 1_i64, "isLive": true };
        let error = checkpoint(&model.partition(0), &stored).unwrap_err();
        assert!(error.to_string().contains("balance@1/0"), "{error}");
    }
}
