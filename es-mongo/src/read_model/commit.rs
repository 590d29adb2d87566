//! Commits rows together with the checkpoint.

use bson::{Bson, Document, doc};
use es_core::StoreError;
use es_core::store::{MAX_EVENT_BYTES, Partition, RowCommit};
use mongodb::error::Error;

use super::progress::{self, field};
use super::rows;
use crate::error::{WriteOutcome, store_error};
use crate::sessions::Lease;
use crate::store::MongoStore;

/// The code of a write conflict.
const WRITE_CONFLICT: i32 = 112;

/// Why a transaction does not commit.
enum Ended {
    /// The fence or the checkpoint is a different one.
    Lost,
    Failed(StoreError),
}

pub(super) async fn commit(store: &MongoStore, commit: RowCommit) -> Result<bool, StoreError> {
    for (key, row) in &commit.rows {
        let bytes = row.as_ref().map_or(0, |row| row.as_raw().as_bytes().len());
        if bytes > MAX_EVENT_BYTES {
            let what = format!("row {key} of {}", commit.partition.model);
            return Err(StoreError::TooLarge { what, bytes, limit: MAX_EVENT_BYTES });
        }
    }
    if commit.rows.is_empty() {
        return advance(store, &commit).await;
    }
    let collections = store.collections();
    // A commit that is too slow would be too slow again, so it gets all the time that there is.
    let limit = store.inner.options.append_deadline;
    let mut lease = collections.sessions.take().await.map_err(store_error)?;
    let (own, waiter) = (store.clone(), lease.waiter());
    let transaction = async move { transact(&own, &mut lease, &commit).await };
    match collections.sessions.clear_the_way(collections.patience.once_within(limit, transaction)).await {
        Ok(Ok(())) => Ok(true),
        Ok(Err(Ended::Lost)) => Ok(false),
        Ok(Err(Ended::Failed(error))) => Err(error),
        Err(late) => {
            waiter.abandon();
            Err(StoreError::Unavailable { source: late })
        }
    }
}

/// What a commit changes in the document of its partition.
fn change(commit: &RowCommit) -> (Document, Vec<Document>) {
    let RowCommit { partition, fence, from, to, is_live, lease_lasts, .. } = commit;
    let [from, to] = [from, to].map(|position| position.map_or(0, es_core::Position::as_i64));
    let mut filter = progress::by_id(*partition);
    filter.insert(field::FENCE, i64::try_from(*fence).unwrap_or(i64::MAX));
    filter.insert(field::POSITION, from);
    let mut set = doc! { field::POSITION: to, field::UNTIL: progress::until(*lease_lasts) };
    if *is_live {
        set.insert(field::IS_LIVE, true);
    }
    (filter, vec![doc! { "$set": set }])
}

/// Moves the checkpoint over events that change no row.
async fn advance(store: &MongoStore, commit: &RowCommit) -> Result<bool, StoreError> {
    let (filter, update) = change(commit);
    let documents = progress::documents(store);
    // It is sent once, because after a lost answer the filter would not match a second time.
    let advanced = store.collections().patience.once(async move { documents.update_one(filter, update).await }).await?;
    Ok(advanced.map_err(store_error)?.matched_count == 1)
}

async fn transact(store: &MongoStore, lease: &mut Lease, commit: &RowCommit) -> Result<(), Ended> {
    lease.begin_transaction().await.map_err(failed)?;
    if let Err(ended) = write(store, lease, commit).await {
        // An explicit abort frees the documents at once. If it fails, the server has usually ended
        // the transaction already.
        if let Ok(session) = lease.session() {
            let _ = session.abort_transaction().await;
        }
        return Err(ended);
    }
    let limit = store.inner.options.append_deadline;
    let unavailable = |source| Ended::Failed(StoreError::Unavailable { source });
    match lease.commit(limit).await.map_err(|given_up| unavailable(given_up.into()))? {
        WriteOutcome::Stored => Ok(()),
        WriteOutcome::NotWritten(source) | WriteOutcome::Unknown(source) => Err(unavailable(source)),
        WriteOutcome::Permanent(error) | WriteOutcome::Refused { error, .. } => Err(failed(error)),
        WriteOutcome::Archived | WriteOutcome::Outdated(_) => Err(Ended::Lost),
    }
}

/// Runs the statements of the transaction.
async fn write(store: &MongoStore, lease: &mut Lease, commit: &RowCommit) -> Result<(), Ended> {
    let (filter, update) = change(commit);
    let session = lease.session().map_err(|given_up| failed(Error::custom(given_up)))?;
    let moved = progress::documents(store).update_one(filter, update).session(&mut *session).await;
    match moved {
        Ok(moved) if moved.matched_count == 1 => {}
        Ok(_) => return Err(Ended::Lost),
        Err(error) => return Err(statement_failed(lease, error)),
    }
    let collection = store.rows_name(commit.partition.model);
    for command in rows::commands(&collection, &commit.rows).map_err(failed)? {
        let session = lease.session().map_err(|given_up| failed(Error::custom(given_up)))?;
        match store.collections().handles.command_in(session, command).await {
            Ok(answer) => check(commit.partition, &answer).map_err(Ended::Failed)?,
            Err(error) => return Err(statement_failed(lease, error)),
        }
    }
    Ok(())
}

/// Fails if the answer to a command has an error for one of its rows. The driver does not look for
/// it.
fn check(partition: Partition, answer: &Document) -> Result<(), StoreError> {
    let Some(Bson::Document(first)) = answer.get_array("writeErrors").ok().and_then(|errors| errors.first()) else {
        return Ok(());
    };
    let message = format!("a row of {partition} was refused: {}", first.get_str("errmsg").unwrap_or_default());
    if first.get_i32("code").is_ok_and(|code| code == WRITE_CONFLICT) {
        return Err(StoreError::Unavailable { source: message.into() });
    }
    Err(StoreError::Backend { source: message.into() })
}

fn failed(error: Error) -> Ended {
    Ended::Failed(store_error(error))
}

/// A statement failed, so nothing of the transaction is stored.
fn statement_failed(lease: &Lease, error: Error) -> Ended {
    lease.failed(&error);
    match WriteOutcome::of_statement(error) {
        WriteOutcome::Permanent(error) | WriteOutcome::Refused { error, .. } => failed(error),
        WriteOutcome::NotWritten(source) | WriteOutcome::Unknown(source) => {
            Ended::Failed(StoreError::Unavailable { source })
        }
        _ => Ended::Lost,
    }
}
