//! The indexes and the validator, as data; making what is missing, and refusing what differs.
//!
//! The unique indexes are the concurrency control. Without them two writers could both win, so a store does not run
//! where they are not exactly these.

use bson::{Bson, Document, doc};
use es_core::StoreError;
use futures_util::TryStreamExt;
use mongodb::options::IndexOptions;
use mongodb::{Collection, Database, IndexModel};

use crate::document;
use crate::document::field::{
    AGGREGATE_ID, AGGREGATE_TYPE, APPEND_ID, CORRELATION_ID, EVENT_DATA, EVENT_TYPE, EVENT_VERSION, ID, METADATA,
    POSITION, SEQUENCE, TIMESTAMP, USER_ID, VERSION,
};
use crate::error::{is_index_conflict, is_namespace_exists, store_error};
use crate::options::{CollectionNames, Ordering};

/// One index as it must be.
struct Index {
    keys: Document,
    uniqueness: Uniqueness,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Uniqueness {
    NotUnique,
    Unique,
    /// Unique among the documents that have the field.
    UniqueWhereString(&'static str),
}

use Uniqueness::{NotUnique, Unique, UniqueWhereString};

fn stream_index() -> Index {
    Index { keys: document::stream_index(), uniqueness: Unique }
}

fn query_indexes() -> [Index; 5] {
    [
        Index { keys: doc! { AGGREGATE_ID: 1, EVENT_TYPE: 1 }, uniqueness: NotUnique },
        Index { keys: doc! { TIMESTAMP: 1 }, uniqueness: NotUnique },
        Index { keys: doc! { EVENT_TYPE: 1, TIMESTAMP: 1 }, uniqueness: NotUnique },
        Index { keys: doc! { CORRELATION_ID: 1, TIMESTAMP: 1 }, uniqueness: NotUnique },
        Index { keys: doc! { USER_ID: 1, TIMESTAMP: -1 }, uniqueness: NotUnique },
    ]
}

/// Whether it is unique says which ordering the store has.
fn position_index(ordering: Ordering) -> Index {
    let uniqueness = match ordering {
        Ordering::Global => Unique,
        Ordering::PerAggregate => NotUnique,
    };
    Index { keys: doc! { POSITION: 1 }, uniqueness }
}

fn append_index() -> Index {
    Index { keys: document::append_index(), uniqueness: UniqueWhereString(APPEND_ID) }
}

/// Those of the events in use, and of the archive.
fn event_indexes(ordering: Ordering) -> Vec<Index> {
    let mut indexes = vec![stream_index(), position_index(ordering), append_index()];
    indexes.extend(query_indexes());
    indexes
}

fn snapshot_indexes() -> Vec<Index> {
    vec![Index { keys: doc! { AGGREGATE_ID: 1, AGGREGATE_TYPE: 1, VERSION: -1 }, uniqueness: Unique }]
}

impl Index {
    /// The name that MongoDB itself gives to an index: `aggregateId_1_sequenceNumber_1`.
    fn name(&self) -> String {
        let parts: Vec<String> = self.keys.iter().map(|(key, direction)| format!("{key}_{direction}")).collect();
        parts.join("_")
    }

    fn model(&self) -> IndexModel {
        let partial = match self.uniqueness {
            UniqueWhereString(field) => Some(doc! { field: { "$type": "string" } }),
            NotUnique | Unique => None,
        };
        let options = IndexOptions::builder()
            .name(self.name())
            .unique((self.uniqueness != NotUnique).then_some(true))
            .partial_filter_expression(partial)
            .build();
        IndexModel::builder().keys(self.keys.clone()).options(options).build()
    }

    /// What is different about an index that exists under this name, or `None` where it is this one.
    fn difference(&self, existing: &IndexModel) -> Option<String> {
        let options = existing.options.clone().unwrap_or_default();
        let wanted = self.model();
        let wanted_options = wanted.options.unwrap_or_default();
        if !same_keys(&existing.keys, &wanted.keys) {
            return Some(format!("its keys are {} instead of {}", existing.keys, wanted.keys));
        }
        if options.unique.unwrap_or(false) != wanted_options.unique.unwrap_or(false) {
            if self.keys.keys().eq([POSITION]) {
                let made_with = if self.is_unique() { Ordering::PerAggregate } else { Ordering::Global };
                return Some(format!(
                    "the store was made with `Ordering::{made_with:?}`, so open it with that ordering"
                ));
            }
            return Some(format!("unique is {} instead of {}", !self.is_unique(), self.is_unique()));
        }
        if options.partial_filter_expression != wanted_options.partial_filter_expression {
            return Some("its partialFilterExpression is another one".to_owned());
        }
        if options.sparse == Some(true) || options.collation.is_some() || options.expire_after.is_some() {
            return Some("it is sparse, has a collation or expires documents".to_owned());
        }
        None
    }

    fn is_unique(&self) -> bool {
        self.uniqueness != NotUnique
    }
}

/// Whether keys are the same in order, name and direction; the shell writes directions as doubles.
fn same_keys(left: &Document, right: &Document) -> bool {
    let directions = |document: &Document| -> Vec<(String, Option<i64>)> {
        document
            .iter()
            .map(|(key, value)| {
                let direction = match value {
                    Bson::Int32(number) => Some(i64::from(*number)),
                    Bson::Int64(number) => Some(*number),
                    Bson::Double(number) if number.to_bits() == 1.0_f64.to_bits() => Some(1),
                    Bson::Double(number) if number.to_bits() == (-1.0_f64).to_bits() => Some(-1),
                    _ => None,
                };
                (key.clone(), direction)
            })
            .collect()
    };
    let (left, right) = (directions(left), directions(right));
    left == right && left.iter().all(|(_, direction)| direction.is_some())
}

/// Makes collections, indexes and the validator where they are missing.
///
/// It asks for names only, so its cost does not depend on what is stored.
pub(crate) async fn ensure(database: &Database, names: &CollectionNames, ordering: Ordering) -> Result<(), StoreError> {
    let existing: Vec<_> =
        database.list_collections().await.map_err(store_error)?.try_collect().await.map_err(store_error)?;
    for name in [&names.events, &names.snapshots, &names.archive, &names.sessions] {
        let found = existing.iter().find(|collection| collection.name == *name);
        if found.is_none() {
            create(database, name, (name == &names.events).then(validator)).await?;
        } else if name == &names.events {
            ensure_validator(database, name, found.and_then(|found| found.options.validator.as_ref())).await?;
        }
    }
    ensure_indexes(&database.collection(&names.events), event_indexes(ordering)).await?;
    ensure_indexes(&database.collection(&names.snapshots), snapshot_indexes()).await?;
    ensure_indexes(&database.collection(&names.archive), event_indexes(ordering)).await
}

async fn create(database: &Database, name: &str, validator: Option<Document>) -> Result<(), StoreError> {
    let created = match validator {
        Some(validator) => database.create_collection(name).validator(validator).await,
        None => database.create_collection(name).await,
    };
    match created {
        // Another process opens the same database at the same time.
        Err(error) if is_namespace_exists(&error) => Ok(()),
        other => other.map_err(store_error),
    }
}

async fn ensure_validator(database: &Database, name: &str, existing: Option<&Document>) -> Result<(), StoreError> {
    let wanted = validator();
    match existing {
        Some(existing) if *existing == wanted => Ok(()),
        Some(existing) if !existing.is_empty() && !is_ours(existing) => Err(StoreError::Unsafe {
            reason: format!(
                "the collection `{name}` has a validator of somebody else's; remove it, or choose another name for the collection"
            ),
        }),
        _ => {
            let command = doc! { "collMod": name, "validator": wanted };
            database.run_command(command).await.map(drop).map_err(store_error)
        }
    }
}

fn is_ours(validator: &Document) -> bool {
    let title = validator.get_document("$jsonSchema").and_then(|schema| schema.get_str("title"));
    title.is_ok_and(|title| title == VALIDATOR_TITLE)
}

const VALIDATOR_TITLE: &str = "es-mongo event envelope";

/// What the server checks of every event. The data itself is the domain's.
fn validator() -> Document {
    let whole_number = doc! { "bsonType": ["int", "long"], "minimum": 1 };
    doc! { "$jsonSchema": {
        "title": VALIDATOR_TITLE,
        "bsonType": "object",
        "required": [
            ID, AGGREGATE_ID, AGGREGATE_TYPE, EVENT_TYPE, EVENT_VERSION, EVENT_DATA, METADATA, TIMESTAMP, SEQUENCE, POSITION,
        ],
        "properties": {
            ID: { "bsonType": "objectId" },
            AGGREGATE_ID: { "bsonType": "string", "minLength": 1 },
            AGGREGATE_TYPE: { "bsonType": "string", "minLength": 1 },
            EVENT_TYPE: { "bsonType": "string", "minLength": 1 },
            EVENT_VERSION: whole_number.clone(),
            EVENT_DATA: { "bsonType": "object" },
            METADATA: { "bsonType": "object", "properties": {
                "userId": { "bsonType": "string" },
                "correlationId": { "bsonType": "string" },
                "causationId": { "bsonType": "string" },
            } },
            TIMESTAMP: { "bsonType": "date" },
            SEQUENCE: whole_number.clone(),
            POSITION: whole_number,
            APPEND_ID: { "bsonType": "string", "minLength": 1 },
        },
    } }
}

async fn ensure_indexes(collection: &Collection<Document>, wanted: Vec<Index>) -> Result<(), StoreError> {
    let mut missing = missing_indexes(collection, &wanted).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let models: Vec<IndexModel> = missing.drain(..).map(Index::model).collect();
    match collection.create_indexes(models).await {
        Ok(_) => {}
        Err(error) if is_index_conflict(&error) => {
            return Err(StoreError::Unsafe {
                reason: format!(
                    "an index on `{}` has the keys of one that this library needs, but another name or other options: {error}; drop it, so that the right one can be made",
                    collection.name()
                ),
            });
        }
        Err(error) => return Err(store_error(error)),
    }
    // Another process may have made an index of one of these names in between, with other options.
    let missing = missing_indexes(collection, &wanted).await?;
    match missing.first() {
        None => Ok(()),
        Some(index) => Err(StoreError::Unsafe {
            reason: format!("the index `{}` of `{}` could not be made", index.name(), collection.name()),
        }),
    }
}

async fn missing_indexes<'a>(
    collection: &Collection<Document>,
    wanted: &'a [Index],
) -> Result<Vec<&'a Index>, StoreError> {
    let existing: Vec<IndexModel> =
        collection.list_indexes().await.map_err(store_error)?.try_collect().await.map_err(store_error)?;
    let mut missing = Vec::new();
    for index in wanted {
        let name = index.name();
        let found = existing.iter().find(|existing| {
            existing.options.as_ref().and_then(|options| options.name.as_deref()) == Some(name.as_str())
        });
        match found.map(|found| index.difference(found)) {
            None => missing.push(index),
            Some(None) => {}
            Some(Some(difference)) => {
                return Err(StoreError::Unsafe {
                    reason: format!(
                        "the index `{name}` of `{}` is another one: {difference}; or drop it, so that the right one can be made",
                        collection.name()
                    ),
                });
            }
        }
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_named_as_the_server_would_name_it() {
        assert_eq!(stream_index().name(), "aggregateId_1_sequenceNumber_1_aggregateType_1");
        assert_eq!(snapshot_indexes()[0].name(), "aggregateId_1_aggregateType_1_version_-1");
    }

    #[test]
    fn an_index_that_the_shell_made_is_the_same_one() {
        assert!(same_keys(&doc! { "a": 1.0, "b": -1.0 }, &doc! { "a": 1, "b": -1 }));
        assert!(!same_keys(&doc! { "b": 1, "a": 1 }, &doc! { "a": 1, "b": 1 }));
        assert!(!same_keys(&doc! { "a": "hashed" }, &doc! { "a": 1 }));
    }

    #[test]
    fn an_index_that_is_not_unique_is_another_one() {
        let other = Index { keys: stream_index().keys, uniqueness: NotUnique };
        assert!(stream_index().difference(&other.model()).is_some());
        assert!(stream_index().difference(&stream_index().model()).is_none());
    }
}
