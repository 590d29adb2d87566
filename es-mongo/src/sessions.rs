//! The sessions in which a store writes. All writers of the store know them, and none is left open
//! on the server.
//!
//! ```text
//! take ──▶ begin (the operation may stay open on the server) ──▶ over ──▶ reused
//!                     │ no task waits any more, or no answer
//!                     └──▶ ended on the server ──▶ its record deleted ──▶ returned to the driver
//! ```
//!
//! A transaction belongs to a session and not to a connection. If its client dies, it stays open
//! until the server ends it after a minute, and every operation that needs its documents waits. So
//! each session is recorded before its first transaction, and a blocked writer
//! [ends](crate::held_up) the idle ones.
//!
//! A session is not returned to the driver as long as its record may be valid: the driver would
//! reuse it for the application, whose transactions must not be ended.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bson::{Bson, Document, doc};
use mongodb::error::{Error, Result as DriverResult};
use mongodb::{ClientSession, Collection};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::document::field::ID;
use crate::error::{WriteOutcome, is_answer};
use crate::handles::Handles;
use crate::options::CollectionNames;
use crate::patience::{Patience, after};

/// How long the record of a session is valid for transactions that begin in it. After that it is
/// renewed before the next transaction.
pub(crate) const RECORD_LASTS: Duration = Duration::from_secs(60);

/// The tolerance for the start time of a transaction.
pub(crate) const RECORD_GRACE: Duration = Duration::from_secs(10);

/// The age at which a record belongs to a dead process. Far above the time after which the server
/// ends a transaction.
const RECORD_IS_OLD: Duration = Duration::from_secs(3600);

/// A session that was unused for this long is not reused: the server expires sessions after 30
/// minutes.
const IDLE_FOR: Duration = Duration::from_secs(600);

/// The time after which the server ends a transaction by itself: its
/// `transactionLifetimeLimitSeconds`, unless it was changed.
const SERVER_ENDS_AFTER: Duration = Duration::from_secs(60);

/// The wait before a commit whose answer was lost is sent again.
const COMMIT_PAUSE: Duration = Duration::from_millis(20);

/// The fields of a record, besides its `_id`, which is the id of the session.
pub(crate) mod record {
    /// The name of the events collection to which the session writes.
    pub(crate) const EVENTS: &str = "events";
    /// The process of the writer, for information.
    pub(crate) const PROCESS: &str = "process";
    /// The last time at which a transaction was about to begin in the session, by the clock of the
    /// server.
    pub(crate) const SEEN: &str = "seen";
}

/// The sessions of one store.
#[derive(Clone)]
pub(crate) struct Sessions(pub(crate) Arc<Own>);

pub(crate) struct Own {
    pub(crate) handles: Handles,
    /// The records of the sessions that the writers of the store use.
    pub(crate) records: Collection<Document>,
    /// The name of the events collection.
    pub(crate) events: String,
    idle: Mutex<Vec<Session>>,
    /// The ids of the sessions with a transaction.
    in_use: Mutex<HashSet<Vec<u8>>>,
    runtime: Handle,
}

struct Session {
    driver: ClientSession,
    /// The driver's id of the session, shared with whoever may end it.
    id: Arc<Document>,
    recorded: Option<Instant>,
    used: Instant,
}

/// A session that one operation uses. Whatever the result of the operation, nothing of it stays
/// open on the server.
pub(crate) struct Lease {
    /// Present until this is dropped.
    session: Option<Session>,
    waiter: Waiter,
}

/// A handle for the task that waits for the operation.
#[derive(Clone)]
pub(crate) struct Waiter {
    own: Arc<Own>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
enum State {
    /// The session has nothing open on the server.
    #[default]
    Idle,
    /// The session has an operation or a transaction open on the server, or may have.
    Open(Arc<Document>),
    /// No task waits any more, so no operation may begin; the open one is being ended.
    Abandoned(Option<JoinHandle<()>>),
}

/// No task waits for the operation any more.
#[derive(Debug, thiserror::Error)]
#[error("the operation was abandoned before it began")]
pub(crate) struct GivenUp;

impl Sessions {
    /// Must be called in a runtime. The tasks that end abandoned operations run in it.
    pub(crate) fn new(handles: &Handles, names: &CollectionNames) -> Self {
        Self(Arc::new(Own {
            handles: handles.clone(),
            records: handles.records(&names.sessions),
            events: names.events.clone(),
            idle: Mutex::default(),
            in_use: Mutex::default(),
            runtime: Handle::current(),
        }))
    }

    /// Takes a session for one operation.
    pub(crate) async fn take(&self) -> DriverResult<Lease> {
        let session = match self.0.take_idle() {
            Some(session) => session,
            None => Session::new(self.0.handles.session().await?),
        };
        let waiter = Waiter { own: Arc::clone(&self.0), state: Arc::default() };
        Ok(Lease { session: Some(session), waiter })
    }
}

impl Session {
    fn new(driver: ClientSession) -> Self {
        let id = Arc::new(driver.id().clone());
        Self { driver, id, recorded: None, used: Instant::now() }
    }
}

impl Own {
    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_use(&self) -> MutexGuard<'_, HashSet<Vec<u8>>> {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a task in this process waits for a transaction in the session with this id.
    pub(crate) fn is_in_use(&self, session: &[u8]) -> bool {
        self.in_use().contains(session)
    }

    fn take_idle(&self) -> Option<Session> {
        let mut idle = self.idle();
        let session = idle.pop()?;
        if session.used.elapsed() < IDLE_FOR {
            return Some(session);
        }
        // The other sessions were used before this one.
        idle.push(session);
        let expired = idle.drain(..).collect();
        self.runtime.spawn(give_back(self.records.clone(), expired));
        None
    }

    /// Records a session, so that writers that its transactions block can find it.
    async fn record(&self, session: &mut Session) -> DriverResult<()> {
        if session.recorded.is_some_and(|at| at.elapsed() < RECORD_LASTS) {
            return Ok(());
        }
        let begun = Instant::now();
        let seen = doc! {
            record::EVENTS: { "$literal": &self.events }, record::PROCESS: i64::from(std::process::id()), record::SEEN: "$$NOW",
        };
        let by_id = doc! { ID: id_of(&session.driver) };
        self.records.update_one(by_id, vec![doc! { "$set": seen }]).upsert(true).await?;
        if session.recorded.replace(begun).is_none() {
            self.delete_old_records().await;
        }
        Ok(())
    }

    /// Deletes the records of processes that have died. This runs once per session, and a failure
    /// does no harm.
    async fn delete_old_records(&self) {
        let age = i64::try_from(RECORD_IS_OLD.as_millis()).unwrap_or(i64::MAX);
        let is_old = doc! { "$lt": [format!("${}", record::SEEN), { "$subtract": ["$$NOW", age] }] };
        let old = doc! { record::EVENTS: &self.events, "$expr": is_old };
        if let Err(problem) = self.records.delete_many(old).await {
            tracing::debug!(%problem, "the records of old sessions could not be deleted");
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let idle = std::mem::take(&mut *self.idle());
        if !idle.is_empty() {
            self.runtime.spawn(give_back(self.records.clone(), idle));
        }
    }
}

/// Returns sessions with nothing open to the driver, after their records are deleted or no longer
/// valid.
async fn give_back(records: Collection<Document>, sessions: Vec<Session>) {
    let recorded: Vec<Bson> =
        sessions.iter().filter(|session| session.recorded.is_some()).map(|session| id_of(&session.driver)).collect();
    if !recorded.is_empty() {
        let by_id = doc! { ID: { "$in": recorded } };
        if let Err(problem) = records.delete_many(by_id).await {
            tracing::debug!(%problem, "the records of sessions could not be deleted, so they are kept");
            tokio::time::sleep(RECORD_LASTS + RECORD_GRACE * 2).await;
        }
    }
    drop(sessions);
}

/// The id of a session, as the server stores it: a UUID.
fn id_of(session: &ClientSession) -> Bson {
    session.id().get("id").cloned().unwrap_or(Bson::Null)
}

fn uuid_of(session: &ClientSession) -> Option<&[u8]> {
    match session.id().get("id") {
        Some(Bson::Binary(uuid)) => Some(&uuid.bytes),
        _ => None,
    }
}

impl Lease {
    /// The handle for the task that waits for the operation.
    pub(crate) fn waiter(&self) -> Waiter {
        self.waiter.clone()
    }

    /// Marks that the session may have an operation open on the server from now on.
    ///
    /// # Errors
    ///
    /// [`GivenUp`] if the operation must not begin, because no task would end it.
    pub(crate) fn begin(&mut self) -> Result<&mut ClientSession, GivenUp> {
        let Some(Session { driver, id, used, .. }) = &mut self.session else { return Err(GivenUp) };
        let mut state = self.waiter.state();
        match *state {
            State::Abandoned(_) => Err(GivenUp),
            State::Idle | State::Open(_) => {
                *state = State::Open(Arc::clone(id));
                *used = Instant::now();
                Ok(driver)
            }
        }
    }

    /// The same for a transaction, which this starts. The session is recorded first.
    pub(crate) async fn begin_transaction(&mut self) -> DriverResult<&mut ClientSession> {
        let Some(session) = &mut self.session else { return Err(Error::custom(GivenUp)) };
        self.waiter.own.record(session).await?;
        self.waiter.own.handles.start_transaction(&mut session.driver).await?;
        self.waiter.own.in_use().extend(uuid_of(&session.driver).map(<[u8]>::to_vec));
        self.begin().map_err(Error::custom)
    }

    /// The session of an operation that has begun.
    pub(crate) fn session(&mut self) -> Result<&mut ClientSession, GivenUp> {
        self.session.as_mut().map(|session| &mut session.driver).ok_or(GivenUp)
    }

    /// Commits the transaction, and repeats the commit for as long as its answer is lost.
    ///
    /// If this gave up early, the keys of the transaction would stay locked on the server, and
    /// every later attempt would wait for them.
    pub(crate) async fn commit(&mut self, limit: Duration) -> Result<WriteOutcome, GivenUp> {
        let end = after(limit);
        loop {
            let outcome = match self.session()?.commit_transaction().await {
                Ok(()) => WriteOutcome::Stored,
                Err(error) => WriteOutcome::of_commit(error),
            };
            match outcome {
                WriteOutcome::Unknown(_) if tokio::time::Instant::now() < end => {
                    tokio::time::sleep(COMMIT_PAUSE).await;
                }
                WriteOutcome::Unknown(_) | WriteOutcome::Permanent(_) => return Ok(outcome),
                _ => {
                    self.over();
                    return Ok(outcome);
                }
            }
        }
    }

    /// Marks that the server has confirmed that nothing is open, or that the open transaction
    /// blocks no other operation.
    pub(crate) fn over(&self) {
        let mut state = self.waiter.state();
        if matches!(*state, State::Open(_)) {
            *state = State::Idle;
        }
    }

    /// Handles the error of an operation. If the server refuses a statement, it ends the
    /// transaction.
    pub(crate) fn failed(&self, error: &Error) {
        if is_answer(error) {
            self.over();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        let own = &self.waiter.own;
        if let Some(id) = uuid_of(&session.driver) {
            own.in_use().remove(id);
        }
        let state = std::mem::replace(&mut *self.waiter.state(), State::Abandoned(None));
        let (handles, records) = (own.handles.clone(), own.records.clone());
        let left = match state {
            State::Idle => return own.idle().push(session),
            State::Open(id) => own.runtime.spawn(end(handles, id)),
            State::Abandoned(Some(ending)) => ending,
            State::Abandoned(None) => own.runtime.spawn(async {}),
        };
        own.runtime.spawn(async move {
            // Otherwise the driver would reuse the session for a different operation, which would
            // then be ended.
            let _ = left.await;
            give_back(records, vec![session]).await;
        });
    }
}

impl Waiter {
    /// Marks that no task waits for the operation any more, and ends it on the server. This is
    /// retried until the server can be reached.
    ///
    /// The driver sends an abort only once and does not report whether it arrived. Until the server
    /// ended the transaction, no operation could write its documents. If the transaction was
    /// committed in the meantime, this changes nothing. A retry of the operation does not need to
    /// wait for this, so it runs in the background.
    pub(crate) fn abandon(&self) {
        let mut state = self.state();
        if let State::Abandoned(_) = *state {
            return;
        }
        if let State::Open(id) = std::mem::replace(&mut *state, State::Abandoned(None)) {
            *state = State::Abandoned(Some(self.own.runtime.spawn(end(self.own.handles.clone(), id))));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a session on the server, with its running operation and its open transaction.
async fn end(handles: Handles, session: Arc<Document>) {
    let ended = Patience::new(SERVER_ENDS_AFTER, "time after which the server ends a transaction").ask(|| {
        let (handles, command) = (handles.clone(), doc! { "killSessions": [Document::clone(&session)] });
        async move { handles.admin_command(command).await }
    });
    if let Err(problem) = ended.await {
        tracing::debug!(%problem, "a session could not be ended");
    }
}
