//! One attempt to write documents to the server.

use std::time::Duration;

use bson::doc;
use es_core::Position;
use mongodb::ClientSession;
use mongodb::error::Error;
use mongodb::options::Hint;

use crate::append::prepared::Written;
use crate::append::slots::{Lookup, Slots};
use crate::collections::Collections;
use crate::document::field::{ID, POSITION};
use crate::document::{position_in, position_index};
use crate::error::{DriverError, WriteOutcome};
use crate::sessions::{GivenUp, Lease};
use crate::transaction;

/// Writes documents with one ordered command. It stops at the first document that is refused, so
/// the stored documents are a prefix.
pub(crate) async fn insert(collections: &Collections, documents: Vec<Written>, limit: Duration) -> WriteOutcome {
    let mut lease = match collections.sessions.take().await {
        Ok(lease) => lease,
        Err(error) => return WriteOutcome::NotWritten(DriverError::new(error).into()),
    };
    let (events, waiter) = (collections.events.clone_with_type(), lease.waiter());
    let insert = async move {
        let session = lease.begin().map_err(Error::custom)?;
        let inserted = events.insert_many(documents).ordered(true).session(session).await;
        match &inserted {
            Ok(_) => lease.over(),
            Err(error) => lease.failed(error),
        }
        inserted
    };
    match collections.patience.once_within(limit, insert).await {
        Ok(Ok(_)) => WriteOutcome::Stored,
        Ok(Err(error)) => WriteOutcome::of_insert(error),
        Err(late) => {
            // The insert may still wait on the server for a locked key. It would keep waiting there
            // during every later attempt.
            waiter.abandon();
            WriteOutcome::Unknown(late)
        }
    }
}

/// Writes documents in one transaction: all or none of them.
///
/// The transaction first checks the archive for the slots in `archived`. It reads the archive and
/// the events as of the same time, and conflicts with a later deletion. So an event that was
/// recorded and then archived is never recorded twice.
pub(crate) async fn transact(
    collections: &Collections,
    documents: Vec<Written>,
    archived: Option<Claims>,
    limit: Duration,
) -> WriteOutcome {
    let own = collections.clone();
    transaction::run(collections, limit, move |lease| Box::pin(write_all(own, lease, documents, archived))).await
}

/// Runs the statements of the transaction. Returns `None` if it is ready to commit.
async fn write_all(
    collections: Collections,
    lease: &mut Lease,
    documents: Vec<Written>,
    archived: Option<Claims>,
) -> Result<Option<WriteOutcome>, GivenUp> {
    if let Some(claims) = archived {
        let failed = match find_archived(&collections, lease.session()?, &claims).await {
            Ok(found) => found,
            Err(error) => Some(WriteOutcome::of_statement(error)),
        };
        if failed.is_some() {
            // The transaction has only read, so it blocks no other operation.
            lease.over();
            return Ok(failed);
        }
    }
    let events = collections.events.clone_with_type();
    let insert = events.insert_many(documents).ordered(true).session(lease.session()?);
    let Err(error) = insert.await else { return Ok(None) };
    lease.failed(&error);
    Ok(Some(WriteOutcome::of_statement(error)))
}

/// What a batch needs that the archive must not have.
pub(crate) struct Claims {
    /// The places in streams.
    pub(crate) slots: Slots,
    /// The lowest position. The archive moves nothing above the frontier, so every position up to
    /// the highest archived one is decided. `None` if positions are not unique.
    pub(crate) position: Option<Position>,
}

async fn find_archived(
    collections: &Collections,
    session: &mut ClientSession,
    claims: &Claims,
) -> Result<Option<WriteOutcome>, Error> {
    for Lookup { filter, index } in claims.slots.lookups() {
        let found = collections.archive.find(filter).hint(Hint::Keys(index)).projection(Slots::projection());
        let mut found = found.session(&mut *session).await?;
        while let Some(event) = found.next(session).await.transpose()? {
            if claims.slots.taken_by(&event).is_some() {
                return Ok(Some(WriteOutcome::Archived));
            }
        }
    }
    let Some(position) = claims.position else { return Ok(None) };
    let highest = collections.archive.find_one(doc! { POSITION: { "$gte": position.as_i64() } });
    let highest = highest.sort(doc! { POSITION: -1 }).hint(Hint::Keys(position_index()));
    let Some(highest) = highest.projection(doc! { ID: 0, POSITION: 1 }).session(session).await? else {
        return Ok(None);
    };
    Ok(Some(WriteOutcome::Outdated(position_in(&highest).unwrap_or(position))))
}
