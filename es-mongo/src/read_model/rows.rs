//! The documents of rows: the fields of the row, and the key as `_id`.

use bson::raw::{RawArrayBuf, RawDocument, RawDocumentBuf, cstr};
use bson::{Document, doc, rawdoc};
use es_core::store::{Checkpoint, EventData, Partition, ReadModelId, StoredRows};
use es_core::{AggregateId, StoreError};
use futures_util::TryStreamExt;
use mongodb::error::{Error, Result as DriverResult};
use mongodb::options::FindOptions;
use mongodb::{ClientSession, Collection};
use serde::de::DeserializeOwned;

use super::{letters, progress};
use crate::document::field::ID;
use crate::error::malformed;
use crate::store::MongoStore;

/// The checkpoint of a partition, and some of its rows, as a majority had them at one time.
pub(super) async fn read(
    store: &MongoStore,
    partition: &Partition,
    keys: &[AggregateId],
) -> Result<Option<(Checkpoint, StoredRows)>, StoreError> {
    let wanted: Vec<String> = keys.iter().map(|key| key.as_str().to_owned()).collect();
    let found = store.collections().patience.ask(|| {
        let (store, partition, wanted) = (store.clone(), partition.clone(), wanted.clone());
        async move { find(&store, &partition, wanted).await }
    });
    let Some(Found { progress, rows, letters }) = found.await? else { return Ok(None) };
    let (checkpoint, fence) = (progress::checkpoint(partition, &progress)?, progress::fence(partition, &progress)?);
    let rows = rows.iter().map(|row| key_and_row(row)).collect::<Result<_, _>>()?;
    let parked = letters::first_of_each(&letters)?;
    Ok(Some((checkpoint, StoredRows { rows, parked, fence })))
}

/// The documents of a partition, of rows, and of letters.
struct Found {
    progress: Document,
    rows: Vec<RawDocumentBuf>,
    letters: Vec<Document>,
}

async fn find(store: &MongoStore, partition: &Partition, keys: Vec<String>) -> DriverResult<Option<Found>> {
    let handles = &store.collections().handles;
    let mut session = handles.snapshot_session().await?;
    let documents = handles.of_snapshot(&progress::documents(store));
    let progress = documents.find_one(progress::by_id(partition)).session(&mut session).await?;
    let Some(progress) = progress else { return Ok(None) };
    if keys.is_empty() {
        return Ok(Some(Found { progress, rows: Vec::new(), letters: Vec::new() }));
    }
    let letters = match progress::parked(&progress) {
        0 => Vec::new(),
        _ => letters::of_keys(store, partition, &keys, &mut session).await?,
    };
    let rows = handles.of_snapshot(&handles.collection(&store.rows_name(&partition.model)));
    let filter = match keys.as_slice() {
        [key] => doc! { ID: key },
        keys => doc! { ID: { "$in": keys } },
    };
    let rows = all(&rows, filter, FindOptions::default(), &mut session).await?;
    Ok(Some(Found { progress, rows, letters }))
}

/// The documents of all partitions, and the rows that a filter matches, as a majority had them at
/// one time. No rows if there are no partitions.
pub(super) async fn matching(
    store: &MongoStore,
    model: &ReadModelId,
    filter: Document,
    options: FindOptions,
) -> DriverResult<(Vec<Document>, Vec<RawDocumentBuf>)> {
    let handles = &store.collections().handles;
    let mut session = handles.snapshot_session().await?;
    let documents = handles.of_snapshot(&progress::documents(store));
    let partitions = all(&documents, progress::by_model(model), FindOptions::default(), &mut session).await?;
    if partitions.is_empty() {
        return Ok((partitions, Vec::new()));
    }
    let rows = handles.of_snapshot(&handles.collection(&store.rows_name(model)));
    Ok((partitions, all(&rows, filter, options, &mut session).await?))
}

pub(super) async fn all<T: DeserializeOwned + Send + Sync>(
    collection: &Collection<T>,
    filter: Document,
    options: FindOptions,
    session: &mut ClientSession,
) -> DriverResult<Vec<T>> {
    let mut cursor = collection.find(filter).with_options(options).session(&mut *session).await?;
    cursor.stream(session).try_collect().await
}

/// The key and the row of a document.
pub(super) fn key_and_row(document: &RawDocument) -> Result<(AggregateId, EventData), StoreError> {
    let unreadable = |error: bson::error::Error| malformed("a row", error);
    let key = document.get_str(ID).map_err(|error| malformed("a row", error))?;
    let key = AggregateId::new(key)?;
    let mut row = RawDocumentBuf::new();
    for element in document.iter_elements() {
        let element = element.map_err(unreadable)?;
        if element.key().as_str() != ID {
            row.append(element.key(), element.value().map_err(unreadable)?);
        }
    }
    Ok((key, EventData::from(row)))
}

/// The document of a row.
fn document(key: &AggregateId, row: &EventData) -> Result<RawDocumentBuf, Error> {
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("_id"), key.as_str());
    for element in row.as_raw().iter_elements() {
        let element = element.map_err(Error::custom)?;
        document.append(element.key(), element.value().map_err(Error::custom)?);
    }
    Ok(document)
}

/// How rows that exist are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// In their places.
    Changed,
    /// All of them are removed first, so that they can exchange what is unique.
    Replaced,
}

/// The commands that write rows: those that are removed, and then each of the others with a
/// statement, in order.
pub(super) fn commands(
    collection: &str,
    rows: &[(AggregateId, Option<EventData>)],
    writing: Writing,
) -> Result<Vec<RawDocumentBuf>, Error> {
    let (mut deletes, mut updates) = (RawArrayBuf::new(), RawArrayBuf::new());
    for (key, row) in rows {
        let mut statement = RawDocumentBuf::new();
        statement.append(cstr!("q"), rawdoc! { "_id": key.as_str() });
        if row.is_none() || writing == Writing::Replaced {
            let mut delete = statement.clone();
            delete.append(cstr!("limit"), 1_i32);
            deletes.push(delete);
        }
        if let Some(row) = row {
            statement.append(cstr!("u"), document(key, row)?);
            statement.append(cstr!("upsert"), true);
            updates.push(statement);
        }
    }
    let mut commands = Vec::new();
    let (delete, update) = ((cstr!("delete"), cstr!("deletes"), deletes), (cstr!("update"), cstr!("updates"), updates));
    for (command, field, statements) in [delete, update] {
        if !statements.is_empty() {
            let mut document = RawDocumentBuf::new();
            document.append(command, collection);
            document.append(field, statements);
            commands.push(document);
        }
    }
    Ok(commands)
}
