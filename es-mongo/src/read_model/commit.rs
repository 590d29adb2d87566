//! Commits rows together with the checkpoint.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use es_core::store::{EventData, MAX_EVENT_BYTES, Partition, RowCommit};
use es_core::{AggregateId, StoreError};
use mongodb::error::Error;

use super::letters;
use super::progress::{self, field};
use super::rows::{self, Writing};
use crate::error::{Objection, WriteOutcome, index_or_unnamed, store_error};
use crate::sessions::{GivenUp, Lease};
use crate::store::MongoStore;
use crate::transaction;

/// The answer to a commit.
enum Answer {
    Committed,
    /// The fence or the checkpoint is a different one.
    Lost,
    Failed(StoreError),
}

impl From<WriteOutcome> for Answer {
    fn from(outcome: WriteOutcome) -> Self {
        match outcome {
            WriteOutcome::Stored => Self::Committed,
            WriteOutcome::NotWritten(source) | WriteOutcome::Unknown(source) => {
                Self::Failed(StoreError::Unavailable { source })
            }
            WriteOutcome::Permanent(error) | WriteOutcome::Refused { error, .. } => Self::Failed(store_error(error)),
            WriteOutcome::Archived | WriteOutcome::Outdated(_) => Self::Lost,
        }
    }
}

pub(super) async fn commit(store: &MongoStore, commit: RowCommit) -> Result<bool, StoreError> {
    for (key, row) in &commit.rows {
        let bytes = row.as_ref().map_or(0, |row| row.as_raw().as_bytes().len());
        if bytes > MAX_EVENT_BYTES {
            let what = format!("row {key} of {}", commit.partition.model);
            return Err(StoreError::TooLarge { what, bytes, limit: MAX_EVENT_BYTES });
        }
    }
    if commit.rows.is_empty() && commit.letters.is_empty() {
        return advance(store, &commit).await;
    }
    let (condition, update) = change(&commit);
    let RowCommit { partition, rows, letters, .. } = commit;
    let letters = letters::Writes::new(&partition, &letters);
    together(store, RowChange { partition, condition, update, rows, letters }).await
}

/// A change of rows together with the document of a partition.
pub(super) struct RowChange {
    pub(super) partition: Partition,
    /// The filter for the document. If it does not match, nothing is changed.
    pub(super) condition: Document,
    /// What changes in the document.
    pub(super) update: Vec<Document>,
    /// The rows by their keys. `None` removes a row.
    pub(super) rows: Vec<(AggregateId, Option<EventData>)>,
    pub(super) letters: letters::Writes,
}

/// Changes rows and the document in one transaction. Returns whether the condition was met.
pub(super) async fn together(store: &MongoStore, change: RowChange) -> Result<bool, StoreError> {
    let collections = store.collections();
    // A commit that is too slow would be too slow again, so it gets all the time that there is.
    let limit = store.inner.options.append_deadline;
    let change = Arc::new(change);
    let run = async |writing| {
        let (own, change) = (store.clone(), Arc::clone(&change));
        let committed = transaction::run(collections, limit, move |lease| Box::pin(write(own, lease, change, writing)));
        collections.sessions.clear_the_way(committed).await
    };
    let mut answer = run(Writing::Changed).await;
    if let Answer::Failed(StoreError::NotUnique { .. }) = answer
        && change.rows.len() > 1
    {
        // A row may be in the way only until its turn comes.
        answer = run(Writing::Replaced).await;
    }
    match answer {
        Answer::Committed => Ok(true),
        Answer::Lost => Ok(false),
        Answer::Failed(error) => Err(error),
    }
}

/// What a commit changes in the document of its partition.
fn change(commit: &RowCommit) -> (Document, Vec<Document>) {
    let RowCommit { partition, fence, from, to, letters, is_live, lease_lasts, .. } = commit;
    let [from, to] = [from, to].map(|position| position.map_or(0, es_core::Position::as_i64));
    let mut filter = progress::by_id(partition);
    filter.insert(field::FENCE, i64::try_from(*fence).unwrap_or(i64::MAX));
    filter.insert(field::POSITION, from);
    let mut set = doc! { field::POSITION: to, field::UNTIL: progress::until(*lease_lasts) };
    if *is_live {
        set.insert(field::IS_LIVE, true);
    }
    let more = letters::more(letters);
    if more != 0 {
        set.insert(field::PARKED, doc! { "$add": [{ "$ifNull": [format!("${}", field::PARKED), 0_i64] }, more] });
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

/// Runs the statements of the transaction. Returns `None` if it is ready to commit.
async fn write(
    store: MongoStore,
    lease: &mut Lease,
    change: Arc<RowChange>,
    writing: Writing,
) -> Result<Option<Answer>, GivenUp> {
    let RowChange { partition, condition, update, rows, letters } = &*change;
    let documents = progress::documents(&store);
    match documents.update_one(condition.clone(), update.clone()).session(lease.session()?).await {
        Ok(moved) if moved.matched_count == 1 => {}
        Ok(_) => return Ok(Some(Answer::Lost)),
        Err(error) => return Ok(Some(statement_failed(lease, error))),
    }
    let commands = match rows::commands(&store.rows_name(&partition.model), rows, writing) {
        Ok(commands) => commands,
        Err(error) => return Ok(Some(Answer::Failed(store_error(error)))),
    };
    for command in commands {
        match store.collections().handles.command_in(lease.session()?, command).await {
            Ok(answer) => {
                if let Err(error) = check(&change, &answer) {
                    return Ok(Some(Answer::Failed(error)));
                }
            }
            Err(error) => return Ok(Some(statement_failed(lease, error))),
        }
    }
    match letters.run(&store, lease.session()?).await {
        Ok(()) => Ok(None),
        Err(error) => Ok(Some(statement_failed(lease, error))),
    }
}

/// Fails if the answer to a command has an error for one of its rows. The driver does not look for
/// it.
fn check(change: &RowChange, answer: &Document) -> Result<(), StoreError> {
    let Some(Bson::Document(first)) = answer.get_array("writeErrors").ok().and_then(|errors| errors.first()) else {
        return Ok(());
    };
    let reason = first.get_str("errmsg").unwrap_or_default();
    let message = format!("a row of {} was refused: {reason}", change.partition);
    match first.get_i32("code").map(Objection::of_code) {
        Ok(Objection::Transient) => Err(StoreError::Unavailable { source: message.into() }),
        Ok(Objection::DuplicateKey) => {
            let at = first.get_i32("index").ok().and_then(|at| usize::try_from(at).ok());
            let written = change.rows.iter().filter(|(_, row)| row.is_some()).map(|(key, _)| key);
            let key = at.and_then(|at| written.clone().nth(at)).cloned();
            let index = index_or_unnamed(reason);
            Err(StoreError::NotUnique { read_model: change.partition.model.clone(), key, index })
        }
        _ => Err(StoreError::Backend { source: message.into() }),
    }
}

/// A statement failed, so nothing of the transaction is stored.
fn statement_failed(lease: &Lease, error: Error) -> Answer {
    lease.failed(&error);
    WriteOutcome::of_statement(error).into()
}
