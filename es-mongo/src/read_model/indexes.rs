//! The indexes on the rows of a read model.

use bson::Document;
use es_core::StoreError;
use es_core::projection::RowIndex;
use es_core::store::{Prepare, ReadModelId};

use crate::error::{is_duplicate_key, is_index_conflict, is_unauthorized, store_error};
use crate::index::{Index, Uniqueness, conflicting, missing_indexes};
use crate::store::MongoStore;

/// Creates the indexes that are missing, also on rows that exist.
///
/// If the user may not create an index, somebody else has to. Rows can be folded without an index
/// that is only for reading, but not without one that keeps them unique.
pub(super) async fn ensure(store: &MongoStore, prepare: &Prepare) -> Result<(), StoreError> {
    let wanted: Vec<Index> = prepare.indexes.iter().map(index).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    create(store, &prepare.model, &store.rows_name(&prepare.model), &wanted).await
}

/// Creates those of the indexes on a collection that are missing.
pub(super) async fn create(
    store: &MongoStore,
    model: &ReadModelId,
    name: &str,
    wanted: &[Index],
) -> Result<(), StoreError> {
    let (handles, patience) = (&store.collections().handles, &store.collections().patience);
    let missing = match missing_indexes(handles, name, wanted, patience).await {
        // To create an index that exists changes nothing.
        Err(StoreError::Unauthorized { .. }) => wanted.iter().collect(),
        missing => missing?,
    };
    for index in missing {
        match handles.collection(name).create_index(index.model()).await {
            Ok(_) => {}
            Err(error) if is_index_conflict(&error) => return Err(conflicting(name, error)),
            Err(error) if is_duplicate_key(&error) => {
                return Err(StoreError::NotUnique { read_model: model.clone(), key: None, index: index.name() });
            }
            Err(error) if is_unauthorized(&error) && !index.is_unique() => {
                let index = index.name();
                tracing::warn!(read_model = %model, index, "the user has no right to create an index");
            }
            Err(error) => return Err(store_error(error)),
        }
    }
    Ok(())
}

fn index(declared: &RowIndex) -> Index {
    let keys: Document =
        declared.fields.iter().map(|(field, direction)| ((*field).to_owned(), direction.sign().into())).collect();
    let uniqueness = if declared.is_unique() { Uniqueness::Unique } else { Uniqueness::NotUnique };
    Index { keys, uniqueness, rows: declared.rows }
}
