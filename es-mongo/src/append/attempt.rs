//! One try to write documents, on the wire.

use std::future::Future;
use std::time::Duration;

use bson::raw::RawDocumentBuf;
use es_core::BoxError;
use mongodb::ClientSession;
use mongodb::error::{Error, Result as DriverResult};
use mongodb::options::Hint;
use tokio::time::Instant;

use crate::append::places::{Lookup, Places};
use crate::error::{Objection, WriteFate, commit_fate, insert_fate, reported, uncommitted_fate};
use crate::patience::after;
use crate::store::Collections;
use crate::transaction::Leftover;

/// How long to wait before a commit whose answer was lost is sent again.
const COMMIT_PAUSE: Duration = Duration::from_millis(20);

/// What one try has become.
pub(crate) enum Attempt {
    /// Every document is stored.
    Stored,
    /// The document at this index was refused.
    Refused {
        /// How many documents before it stay.
        stored: usize,
        culprit: usize,
        cause: Refusal,
    },
    /// Something that is to be written was archived before; nothing was written.
    Archived,
    /// Nothing was written.
    NotWritten(BoxError),
    /// It may have been written.
    Unknown(BoxError),
    /// The command failed as a whole, and trying again would not help. A part of the documents may be written.
    Hopeless(Error),
}

/// Why a document was refused.
pub(crate) struct Refusal {
    pub(crate) why: Objection,
    pub(crate) error: Error,
}

/// Writes documents by one ordered command: it stops at the first that is refused, so what stays is a prefix.
pub(crate) async fn insert(collections: &Collections, documents: Vec<RawDocumentBuf>, limit: Duration) -> Attempt {
    let events = collections.events.clone();
    match bounded(limit, async move { events.insert_many(documents).ordered(true).await }).await {
        Ok(Ok(_)) => Attempt::Stored,
        Ok(Err(error)) => match insert_fate(&error) {
            WriteFate::Refused { index, why } => {
                Attempt::Refused { stored: index, culprit: index, cause: Refusal { why, error } }
            }
            WriteFate::NotWritten => Attempt::NotWritten(reported(error)),
            WriteFate::Unknown => Attempt::Unknown(reported(error)),
            WriteFate::Hopeless => Attempt::Hopeless(error),
        },
        Err(late) => Attempt::Unknown(late),
    }
}

/// Writes documents in one transaction: all or none of them.
///
/// `archived` are the places that the archive is asked about first. The transaction sees the archive and the events as they are at one moment, and conflicts
/// with a deletion that comes after: so what was recorded and then archived is never recorded a second time.
pub(crate) async fn transact(
    collections: &Collections,
    documents: Vec<RawDocumentBuf>,
    archived: Option<Places>,
    limit: Duration,
) -> Attempt {
    let leftover = Leftover::default();
    let (own, tells) = (collections.clone(), leftover.clone());
    let transaction = async move { Ok(try_transact(&own, documents, archived, limit, &tells).await) };
    let attempt = match bounded(limit, transaction).await {
        Ok(Ok(attempt)) => attempt,
        Ok(Err(error)) => Attempt::Unknown(reported(error)),
        Err(late) => Attempt::Unknown(late),
    };
    leftover.release(collections.handles.clone());
    attempt
}

async fn try_transact(
    collections: &Collections,
    documents: Vec<RawDocumentBuf>,
    archived: Option<Places>,
    limit: Duration,
    leftover: &Leftover,
) -> Attempt {
    let mut session = match collections.handles.begin_transaction().await {
        Ok(session) => session,
        Err(error) => return Attempt::NotWritten(reported(error)),
    };
    if let Err(given_up) = leftover.begin(&session) {
        return Attempt::NotWritten(given_up.into());
    }
    if let Some(failed) = write_all(collections, &mut session, documents, archived, leftover).await {
        // An explicit end frees the keys at once; a failed transaction is often gone by itself, which is as good.
        let _ = session.abort_transaction().await;
        return failed;
    }
    let committed = commit(&mut session, limit).await;
    if !matches!(committed, Attempt::Unknown(_) | Attempt::Hopeless(_)) {
        leftover.over();
    }
    committed
}

/// Runs the statements of the transaction. `None` where it is ready to commit.
async fn write_all(
    collections: &Collections,
    session: &mut ClientSession,
    documents: Vec<RawDocumentBuf>,
    archived: Option<Places>,
    leftover: &Leftover,
) -> Option<Attempt> {
    if let Some(places) = archived {
        let failed = match any_archived(collections, session, &places).await {
            Ok(false) => None,
            Ok(true) => Some(Attempt::Archived),
            Err(error) if uncommitted_fate(&error) == WriteFate::Hopeless => Some(Attempt::Hopeless(error)),
            Err(error) => Some(Attempt::NotWritten(reported(error))),
        };
        if failed.is_some() {
            // What has only read keeps nothing from others.
            leftover.over();
            return failed;
        }
    }
    match collections.events.insert_many(documents).ordered(true).session(session).await {
        Ok(_) => None,
        Err(error) => {
            leftover.failed(&error);
            Some(match uncommitted_fate(&error) {
                WriteFate::Refused { index, why } => {
                    Attempt::Refused { stored: 0, culprit: index, cause: Refusal { why, error } }
                }
                WriteFate::Hopeless => Attempt::Hopeless(error),
                WriteFate::NotWritten | WriteFate::Unknown => Attempt::NotWritten(reported(error)),
            })
        }
    }
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

/// Commits, and sends the commit again for as long as its answer is lost.
///
/// To give up early would leave the keys of the transaction locked on the server, and every later try would meet them.
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

/// Runs an operation of the driver for a limited time.
///
/// The operation runs in a task of its own: the driver does not promise to survive a future that is dropped half-way,
/// and it has no time limit for a server that does not answer.
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
