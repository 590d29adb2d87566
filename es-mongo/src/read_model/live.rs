//! Which version of a read model is live: a document for each name.

use bson::{Bson, Document, doc};
use es_core::store::{Dropped, LiveVersion, MakeLive, ReadModelId};
use es_core::{AggregateId, Position, StoreError};
use futures_util::TryStreamExt;

use super::changes::{Change, together};
use super::operate::{self, of_model};
use super::progress::{documents, field};
use super::{rows, view};
use crate::document::field::ID;
use crate::error::malformed;
use crate::store::MongoStore;

/// The fields of the document, besides its `_id`, which is the name of the read model.
mod live_field {
    /// The live version.
    pub(super) const LIVE: &str = "live";
    /// The version that was live before.
    pub(super) const PREVIOUS: &str = "previous";
    /// How often the document was changed, so that each change conflicts with the others.
    pub(super) const CHANGES: &str = "changes";
}

/// The number of keys that are listed at once.
const KEYS: i64 = 10_000;

pub(super) async fn live_version(store: &MongoStore, name: &str) -> Result<Option<LiveVersion>, StoreError> {
    let found = store.collections().patience.ask(|| {
        let (documents, this) = (documents(store), doc! { ID: name });
        async move { documents.find_one(this).await }
    });
    let Some(stored) = found.await? else { return Ok(None) };
    let version = |field| stored.get_i64(field).ok().and_then(|version| u32::try_from(version).ok());
    let live = version(live_field::LIVE).ok_or_else(|| malformed(format!("`{name}`"), "its `live` is invalid"))?;
    Ok(Some(LiveVersion { version: live, previous: version(live_field::PREVIOUS) }))
}

/// Makes a version live if none of this name is. The store may have older versions that were
/// prepared before there was this document.
pub(super) async fn prepare(store: &MongoStore, model: &ReadModelId) -> Result<(), StoreError> {
    if live_version(store, &model.name).await?.is_some() {
        return Ok(());
    }
    let mut live = model.version;
    for version in (1..model.version).rev() {
        if !of_model(store, &ReadModelId { version, ..model.clone() }).await?.is_empty() {
            live = version;
            break;
        }
    }
    let begin = doc! { "$setOnInsert": { live_field::LIVE: i64::from(live), live_field::CHANGES: 0_i64 } };
    let prepared = store.collections().patience.ask(|| {
        let (documents, this, begin) = (documents(store), doc! { ID: &*model.name }, begin.clone());
        async move { documents.update_one(this, begin).upsert(true).await }
    });
    prepared.await.map(drop)
}

pub(super) async fn make_live(store: &MongoStore, change: &MakeLive) -> Result<bool, StoreError> {
    let MakeLive { model, instead_of, reached } = change;
    let old = ReadModelId { version: *instead_of, ..model.clone() };
    let new_partitions = of_model(store, model).await?;
    if new_partitions.is_empty() {
        return Ok(false);
    }
    let reached = reached.map_or(0, Position::as_i64);
    let mut changes = vec![Change {
        condition: doc! { ID: &*model.name, live_field::LIVE: i64::from(*instead_of) },
        update: vec![doc! { "$set": {
            live_field::LIVE: i64::from(model.version),
            live_field::PREVIOUS: i64::from(*instead_of),
            live_field::CHANGES: one_more(live_field::CHANGES),
        } }],
    }];
    for stored in of_model(store, &old).await? {
        // The documents must change, so that a commit or a reset at the same time conflicts with it.
        let condition =
            doc! { ID: stored.get(ID), field::PARTITIONS: { "$exists": true }, field::POSITION: { "$lte": reached } };
        changes.push(Change { condition, update: vec![doc! { "$set": { field::LIVE_UNTIL: "$$NOW" } }] });
    }
    for stored in new_partitions {
        let condition = doc! {
            ID: stored.get(ID), field::IS_LIVE: true, field::POSITION: { "$gte": reached },
            field::IS_PAUSED: { "$ne": true }, field::IS_RESETTING: { "$ne": true },
            field::FAILURE: { "$exists": false },
        };
        let update = doc! { "$set": { field::LIVE_SINCE: "$$NOW", field::LIVE_UNTIL: "$$REMOVE" } };
        changes.push(Change { condition, update: vec![update] });
    }
    let is_made = together(store, changes).await?;
    if is_made {
        view::follow(store, &model.name).await;
    }
    Ok(is_made)
}

pub(super) async fn drop_version(store: &MongoStore, model: &ReadModelId) -> Result<Dropped, StoreError> {
    loop {
        let live = live_version(store, &model.name).await?;
        if live.is_some_and(|live| live.version == model.version) {
            return Ok(Dropped::IsLive);
        }
        let partitions = of_model(store, model).await?;
        if partitions.is_empty() {
            return Ok(Dropped::Unknown);
        }
        // No process folds it, and nobody can make it live.
        let begin = partitions.iter().map(|stored| Change {
            condition: doc! { ID: stored.get(ID), field::FENCE: stored.get(field::FENCE) },
            update: vec![
                operate::begin_reset(),
                doc! { "$set": { field::FENCE: one_more(field::FENCE) } },
                doc! { "$unset": [field::OWNER, field::UNTIL, field::FAILURE, field::PARKED] },
            ],
        });
        let is_not_live = live.map(|_| Change {
            condition: doc! { ID: &*model.name, live_field::LIVE: { "$ne": i64::from(model.version) } },
            update: vec![doc! { "$set": { live_field::CHANGES: one_more(live_field::CHANGES) } }],
        });
        if !together(store, begin.chain(is_not_live).collect()).await? {
            continue;
        }
        if !operate::delete_rows(store, model).await? {
            continue;
        }
        let end = partitions.iter().map(|stored| Change {
            condition: doc! { ID: stored.get(ID), field::IS_RESETTING: true },
            // The fence stays, so that no process commits that had the lease once.
            update: vec![doc! { "$replaceWith": { ID: format!("${ID}"), field::FENCE: one_more(field::FENCE) } }],
        });
        let previous = format!("${}", live_field::PREVIOUS);
        let is_previous = doc! { "$eq": [&previous, i64::from(model.version)] };
        let forget = live.map(|_| Change {
            condition: doc! { ID: &*model.name },
            update: vec![doc! { "$set": {
                live_field::PREVIOUS: { "$cond": [is_previous, "$$REMOVE", previous] },
                live_field::CHANGES: one_more(live_field::CHANGES),
            } }],
        });
        if together(store, end.chain(forget).collect()).await? {
            return Ok(Dropped::Done);
        }
    }
}

/// Some of the keys of the rows after a key, in order.
pub(super) async fn row_keys(
    store: &MongoStore,
    model: &ReadModelId,
    after: Option<&AggregateId>,
) -> Result<Vec<AggregateId>, StoreError> {
    let filter = after.map_or_else(Document::new, |after| doc! { ID: { "$gt": after.as_str() } });
    let found = store.collections().patience.ask(|| {
        let (rows, filter) = (store.collections().handles.collection(&store.rows_name(model)), filter.clone());
        async move {
            let found = rows.find(filter).sort(doc! { ID: 1 }).projection(doc! { ID: 1 }).limit(KEYS);
            found.await?.try_collect::<Vec<_>>().await
        }
    });
    found.await?.iter().map(|row| Ok(rows::key_and_row(row)?.0)).collect()
}

fn one_more(field: &str) -> Bson {
    doc! { "$add": [format!("${field}"), 1_i64] }.into()
}
