//! One attempt to send documents to the server.

use std::future::Future;
use std::time::Duration;

use es_core::BoxError;
use mongodb::ClientSession;
use mongodb::error::{Error, Result as DriverResult};
use mongodb::options::Hint;
use tokio::time::Instant;

use crate::append::places::{Lookup, Places};
use crate::append::prepared::Placed;
use crate::collections::Collections;
use crate::error::{Objection, WriteFate, commit_fate, insert_fate, reported, uncommitted_fate};
use crate::patience::after;
use crate::sessions::{GivenUp, Lease};

/// The wait before a commit whose answer was lost is sent again.
const COMMIT_PAUSE: Duration = Duration::from_millis(20);

/// The result of one attempt.
pub(crate) enum Attempt {
    /// Every document is stored.
    Stored,
    /// The document at this index was refused.
    Refused {
        /// The number of documents before it that are stored.
        stored: usize,
        culprit: usize,
        cause: Refusal,
    },
    /// A place that the append would take is already archived. Nothing was written.
    Archived,
    /// Nothing was written.
    NotWritten(BoxError),
    /// The documents may have been written.
    Unknown(BoxError),
    /// The command failed as a whole, and a retry would fail too. Some of the documents may have
    /// been written.
    Hopeless(Error),
}

/// Why a document was refused.
pub(crate) struct Refusal {
    pub(crate) why: Objection,
    pub(crate) error: Error,
}

/// Writes documents with one ordered command. It stops at the first document that is refused, so
/// the stored documents are a prefix.
pub(crate) async fn insert(collections: &Collections, documents: Vec<Placed>, limit: Duration) -> Attempt {
    let mut lease = match collections.sessions.take().await {
        Ok(lease) => lease,
        Err(error) => return Attempt::NotWritten(reported(error)),
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
    match bounded(limit, insert).await {
        Ok(Ok(_)) => Attempt::Stored,
        Ok(Err(error)) => match insert_fate(&error) {
            WriteFate::Refused { index, why } => {
                Attempt::Refused { stored: index, culprit: index, cause: Refusal { why, error } }
            }
            WriteFate::NotWritten => Attempt::NotWritten(reported(error)),
            WriteFate::Unknown => Attempt::Unknown(reported(error)),
            WriteFate::Hopeless => Attempt::Hopeless(error),
        },
        Err(late) => {
            // The insert may still wait on the server for a locked key. It would keep waiting there
            // during every later attempt.
            waiter.abandon();
            Attempt::Unknown(late)
        }
    }
}

/// Writes documents in one transaction: all or none of them.
///
/// The transaction first checks the archive for the places in `archived`. It reads the archive and
/// the events as of the same time, and conflicts with a later deletion. So an event that was
/// recorded and then archived is never recorded twice.
pub(crate) async fn transact(
    collections: &Collections,
    documents: Vec<Placed>,
    archived: Option<Places>,
    limit: Duration,
) -> Attempt {
    let lease = match collections.sessions.take().await {
        Ok(lease) => lease,
        Err(error) => return Attempt::NotWritten(reported(error)),
    };
    let (own, waiter) = (collections.clone(), lease.waiter());
    let transaction = async move { Ok(try_transact(&own, lease, documents, archived, limit).await) };
    match bounded(limit, transaction).await {
        Ok(Ok(attempt)) => attempt,
        Ok(Err(error)) => Attempt::Unknown(reported(error)),
        Err(late) => {
            waiter.abandon();
            Attempt::Unknown(late)
        }
    }
}

async fn try_transact(
    collections: &Collections,
    mut lease: Lease,
    documents: Vec<Placed>,
    archived: Option<Places>,
    limit: Duration,
) -> Attempt {
    if let Err(error) = lease.begin_transaction().await {
        return not_begun(error);
    }
    match run(collections, &mut lease, documents, archived, limit).await {
        Ok(attempt) => attempt,
        Err(given_up) => Attempt::NotWritten(given_up.into()),
    }
}

/// Nothing was written: the transaction did not start, or failed before its inserts.
fn not_begun(error: Error) -> Attempt {
    match uncommitted_fate(&error) {
        WriteFate::Hopeless => Attempt::Hopeless(error),
        _ => Attempt::NotWritten(reported(error)),
    }
}

async fn run(
    collections: &Collections,
    lease: &mut Lease,
    documents: Vec<Placed>,
    archived: Option<Places>,
    limit: Duration,
) -> Result<Attempt, GivenUp> {
    if let Some(failed) = write_all(collections, lease, documents, archived).await? {
        // An explicit abort frees the keys at once. If it fails, the server has usually ended the
        // transaction already.
        let _ = lease.session()?.abort_transaction().await;
        return Ok(failed);
    }
    let committed = commit(lease.session()?, limit).await;
    if !matches!(committed, Attempt::Unknown(_) | Attempt::Hopeless(_)) {
        lease.over();
    }
    Ok(committed)
}

/// Runs the statements of the transaction. Returns `None` if it is ready to commit.
async fn write_all(
    collections: &Collections,
    lease: &mut Lease,
    documents: Vec<Placed>,
    archived: Option<Places>,
) -> Result<Option<Attempt>, GivenUp> {
    if let Some(places) = archived {
        let failed = match any_archived(collections, lease.session()?, &places).await {
            Ok(false) => None,
            Ok(true) => Some(Attempt::Archived),
            Err(error) => Some(not_begun(error)),
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
    Ok(Some(match uncommitted_fate(&error) {
        WriteFate::Refused { index, why } => {
            Attempt::Refused { stored: 0, culprit: index, cause: Refusal { why, error } }
        }
        WriteFate::Hopeless => Attempt::Hopeless(error),
        WriteFate::NotWritten | WriteFate::Unknown => Attempt::NotWritten(reported(error)),
    }))
}

async fn any_archived(collections: &Collections, session: &mut ClientSession, places: &Places) -> Result<bool, Error> {
    for Lookup { filter, index } in places.lookups() {
        let found = collections.archive.find(filter).hint(Hint::Keys(index)).projection(Places::projection());
        let mut found = found.session(&mut *session).await?;
        while let Some(event) = found.next(session).await.transpose()? {
            if places.taken_by(&event).is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Commits, and repeats the commit for as long as its answer is lost.
///
/// If this gave up early, the keys of the transaction would stay locked on the server, and every
/// later attempt would wait for them.
async fn commit(session: &mut ClientSession, limit: Duration) -> Attempt {
    let end = after(limit);
    loop {
        let Err(error) = session.commit_transaction().await else { return Attempt::Stored };
        match commit_fate(&error) {
            WriteFate::NotWritten => return Attempt::NotWritten(reported(error)),
            WriteFate::Hopeless => return Attempt::Hopeless(error),
            _ if Instant::now() < end => tokio::time::sleep(COMMIT_PAUSE).await,
            _ => return Attempt::Unknown(reported(error)),
        }
    }
}

/// Runs an operation of the driver with a time limit.
///
/// The operation runs in a separate task: the driver does not promise that an operation can be
/// dropped before it is complete, and it has no time limit for a server that does not answer.
pub(crate) async fn bounded<T: Send + 'static>(
    limit: Duration,
    operation: impl Future<Output = DriverResult<T>> + Send + 'static,
) -> Result<DriverResult<T>, BoxError> {
    match tokio::time::timeout(limit, tokio::spawn(operation)).await {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(stopped)) => Err(stopped.into()),
        Err(_) => Err(format!("the server did not answer within {limit:?}").into()),
    }
}
