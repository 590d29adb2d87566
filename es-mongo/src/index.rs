//! The indexes and the validator as data. Creates missing ones, and refuses existing ones that
//! differ.
//!
//! The unique indexes are the concurrency control: without them two writers could both win. So a
//! store opens only if the indexes are exactly these.

use bson::{Bson, Document, doc};
use es_core::StoreError;
use es_core::projection::RowName;
use es_core::store::Ordering;
use mongodb::IndexModel;
use mongodb::error::Error;
use mongodb::options::IndexOptions;

use crate::collections::ensure::{self, VALIDATOR_TITLE, is_simple};
use crate::document;
use crate::document::field::{
    AGGREGATE_ID, AGGREGATE_TYPE, APPEND_ID, CORRELATION_ID, EVENT_DATA, EVENT_TYPE, EVENT_VERSION, ID, METADATA,
    POSITION, SEQUENCE, TIMESTAMP, USER_ID,
};
use crate::error::{DriverError, is_index_conflict, store_error};
use crate::handles::Handles;
use crate::options::CollectionNames;
use crate::patience::Patience;

/// A required index.
pub(crate) struct Index {
    pub(crate) keys: Document,
    pub(crate) uniqueness: Uniqueness,
    /// The type of the rows that it has. `None` if it has all documents of the collection.
    pub(crate) rows: Option<RowName>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uniqueness {
    NotUnique,
    Unique,
    /// Unique among the documents in which the field is a string.
    UniqueWhereString(&'static str),
}

/// The index option with which the server deletes documents.
const EXPIRE: &str = "expireAfterSeconds";

use Uniqueness::{NotUnique, Unique, UniqueWhereString};

fn stream_index() -> Index {
    Index::new(document::stream_index(), Unique)
}

fn query_indexes() -> [Index; 5] {
    [
        Index::new(doc! { AGGREGATE_ID: 1, EVENT_TYPE: 1 }, NotUnique),
        Index::new(doc! { TIMESTAMP: 1 }, NotUnique),
        Index::new(document::type_index(), NotUnique),
        Index::new(doc! { CORRELATION_ID: 1, TIMESTAMP: 1 }, NotUnique),
        Index::new(doc! { USER_ID: 1, TIMESTAMP: -1 }, NotUnique),
    ]
}

/// The index on positions. Whether it is unique depends on the ordering of the store.
fn position_index(ordering: Ordering) -> Index {
    let uniqueness = match ordering {
        Ordering::Global => Unique,
        Ordering::PerAggregate => NotUnique,
    };
    Index::new(document::position_index(), uniqueness)
}

fn append_index() -> Index {
    Index::new(document::append_index(), UniqueWhereString(APPEND_ID))
}

/// The indexes of the events and of the archive.
fn event_indexes(ordering: Ordering) -> Vec<Index> {
    let mut indexes = vec![stream_index(), position_index(ordering), append_index()];
    indexes.extend(query_indexes());
    indexes
}

fn snapshot_indexes() -> Vec<Index> {
    vec![Index::new(document::snapshot_index(), Unique)]
}

impl Index {
    /// An index on all documents of a collection.
    pub(crate) const fn new(keys: Document, uniqueness: Uniqueness) -> Self {
        Self { keys, uniqueness, rows: None }
    }

    /// The name that MongoDB gives to the index by default: `aggregateId_1_sequenceNumber_1`. If it
    /// has the rows of one type, after the name of the type, because others may have the same keys:
    /// `daily_total/cents_-1`.
    pub(crate) fn name(&self) -> String {
        let parts: Vec<String> = self.keys.iter().map(|(key, direction)| format!("{key}_{direction}")).collect();
        let name = parts.join("_");
        match self.rows {
            None => name,
            Some(rows) => format!("{}/{name}", rows.as_str()),
        }
    }

    pub(crate) fn model(&self) -> IndexModel {
        let options = IndexOptions::builder()
            .name(self.name())
            .unique(self.is_unique().then_some(true))
            .partial_filter_expression(self.partial_filter())
            .build();
        IndexModel::builder().keys(self.keys.clone()).options(options).build()
    }

    fn partial_filter(&self) -> Option<Document> {
        match self.uniqueness {
            UniqueWhereString(field) => Some(doc! { field: { "$type": "string" } }),
            NotUnique | Unique => self.rows.map(of_type),
        }
    }

    /// The difference between this index and an existing one with its name, or `None` if they are
    /// equal. `existing` is the description by `listIndexes`.
    fn difference(&self, collection: &str, existing: &Document) -> Option<String> {
        let keys = existing.get_document("key").cloned().unwrap_or_default();
        if !same_keys(&keys, &self.keys) {
            return Some(format!("its keys are {keys} instead of {}", self.keys));
        }
        if existing.get_bool("unique").unwrap_or(false) != self.is_unique() {
            if self.keys.keys().eq([POSITION]) {
                let made_with = if self.is_unique() { Ordering::PerAggregate } else { Ordering::Global };
                return Some(format!(
                    "the store was created with `Ordering::{made_with:?}`, so open it with that ordering"
                ));
            }
            return Some(format!("unique is {} instead of {}", !self.is_unique(), self.is_unique()));
        }
        if existing.get_document("partialFilterExpression").ok() != self.partial_filter().as_ref() {
            return Some("its partialFilterExpression differs".to_owned());
        }
        existing.iter().find_map(|(option, value)| match (option.as_str(), value) {
            // Options that every index has, that were compared above, or that are off.
            ("v" | "key" | "name" | "ns" | "background" | "unique" | "partialFilterExpression", _)
            | (_, Bson::Boolean(false)) => None,
            ("collation", collation) if is_simple(collation) => None,
            ("hidden", _) => Some(format!(
                "it is hidden, so the server does not use it; run `db.runCommand({{ collMod: \"{collection}\", index: {{ name: \"{}\", hidden: false }} }})`",
                self.name()
            )),
            (option, value) => Some(format!("it has the option `{option}: {value}`")),
        })
    }

    pub(crate) fn is_unique(&self) -> bool {
        self.uniqueness != NotUnique
    }
}

/// The rows of one type, by the beginning of their keys.
pub(crate) fn of_type(rows: RowName) -> Document {
    let range = rows.range();
    doc! { ID: { "$gte": range.start, "$lt": range.end } }
}

/// Whether keys are equal in order, name and direction. The shell writes directions as doubles.
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

/// Creates missing collections, indexes and validators.
///
/// This reads only names and options, so its cost does not depend on the stored documents.
pub(crate) async fn ensure(
    handles: &Handles,
    names: &CollectionNames,
    ordering: Ordering,
    patience: &Patience,
) -> Result<(), StoreError> {
    let CollectionNames { events, snapshots, archive, sessions, positions, .. } = names;
    ensure::ensure(handles, [events, snapshots, archive, sessions, positions], validator(), patience).await?;
    ensure_indexes(handles, events, &event_indexes(ordering), patience).await?;
    ensure_indexes(handles, snapshots, &snapshot_indexes(), patience).await?;
    ensure_indexes(handles, archive, &event_indexes(ordering), patience).await
}

/// The server checks every event with this validator. It does not check the data, which belong to
/// the domain.
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

async fn ensure_indexes(
    handles: &Handles,
    name: &str,
    wanted: &[Index],
    patience: &Patience,
) -> Result<(), StoreError> {
    let missing = missing_indexes(handles, name, wanted, patience).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let models: Vec<IndexModel> = missing.into_iter().map(Index::model).collect();
    match handles.collection(name).create_indexes(models).await {
        Ok(_) => {}
        Err(error) if is_index_conflict(&error) => return Err(conflicting(name, error)),
        Err(error) => return Err(store_error(error)),
    }
    // Another process may have created an index with one of these names in between, with different
    // options.
    let missing = missing_indexes(handles, name, wanted, patience).await?;
    match missing.first() {
        None => Ok(()),
        Some(index) => Err(StoreError::Unsafe {
            reason: format!("the index `{}` of `{name}` could not be created; open the store again", index.name()),
        }),
    }
}

/// An index could not be created, because a similar one exists.
pub(crate) fn conflicting(collection: &str, error: Error) -> StoreError {
    StoreError::Unsafe {
        reason: format!(
            "an index on `{collection}` has the same keys as a required one, but a different name or different options: {}; drop it and open the store again to create the required one",
            DriverError::new(error)
        ),
    }
}

/// The missing indexes. Fails if an existing one differs.
pub(crate) async fn missing_indexes<'a>(
    handles: &Handles,
    collection: &str,
    wanted: &'a [Index],
    patience: &Patience,
) -> Result<Vec<&'a Index>, StoreError> {
    // A collection has at most 64 indexes.
    let question = doc! { "listIndexes": collection, "cursor": { "batchSize": 1000 } };
    let existing = ensure::first_batch(handles, question, patience).await?;
    for index in &existing {
        let name = index.get_str("name").unwrap_or_default();
        if index.contains_key(EXPIRE) {
            return Err(StoreError::Unsafe {
                reason: format!(
                    "the index `{name}` of `{collection}` has `{EXPIRE}`, so the server deletes old documents; drop the index with `db.getCollection(\"{collection}\").dropIndex(\"{name}\")`"
                ),
            });
        }
    }
    let mut missing = Vec::new();
    for index in wanted {
        let name = index.name();
        let found = existing.iter().find(|existing| existing.get_str("name").is_ok_and(|existing| existing == name));
        match found.map(|found| index.difference(collection, found)) {
            None => missing.push(index),
            Some(None) => {}
            Some(Some(difference)) => {
                return Err(StoreError::Unsafe {
                    reason: format!(
                        "the index `{name}` on `{collection}` differs from the required one: {difference}; to recreate it, drop it and open the store again"
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
    fn an_index_that_is_not_unique_differs() {
        let mut listed = doc! { "v": 2, "key": stream_index().keys, "name": stream_index().name(), "unique": true };
        assert_eq!(stream_index().difference("events", &listed), None);
        listed.insert("unique", false);
        assert!(stream_index().difference("events", &listed).is_some());
    }
}
