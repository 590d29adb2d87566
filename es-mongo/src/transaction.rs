//! Transactions that do not stay open on the server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bson::{Document, doc};
use mongodb::ClientSession;
use mongodb::error::Error;

use crate::error::is_answer;
use crate::handles::Handles;
use crate::patience::Patience;

/// After this the server ends a transaction by itself: its `transactionLifetimeLimitSeconds`, unless somebody has changed it.
const SERVER_ENDS_AFTER: Duration = Duration::from_secs(60);

/// What a transaction may leave on the server: itself, open, with the documents and keys that it keeps from others.
///
/// Who runs the transaction says when it begins and when it is over for certain. Who waits for it, for a limited time, ends what is left.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leftover(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    NotBegun,
    /// The session has a transaction that is open, or may be.
    Open(Document),
    /// Nothing is left, and nothing begins any more.
    Over,
}

/// Nobody waits for the transaction any more.
#[derive(Debug, thiserror::Error)]
#[error("the transaction was given up before it began")]
pub(crate) struct GivenUp;

impl Leftover {
    /// From here on the session may have a transaction open on the server.
    ///
    /// # Errors
    ///
    /// [`GivenUp`] where it must not begin: nobody would end it.
    pub(crate) fn begin(&self, session: &ClientSession) -> Result<(), GivenUp> {
        let mut state = self.state();
        match *state {
            State::NotBegun => {
                *state = State::Open(session.id().clone());
                Ok(())
            }
            State::Open(_) | State::Over => Err(GivenUp),
        }
    }

    /// The server has answered that the transaction is over, or it keeps nothing from others.
    pub(crate) fn over(&self) {
        *self.state() = State::Over;
    }

    /// A statement failed. The server ends a transaction of which it has refused one.
    pub(crate) fn failed(&self, error: &Error) {
        if is_answer(error) {
            self.over();
        }
    }

    /// Ends on the server what may be left there, however often it takes to reach the server.
    ///
    /// A transaction belongs to a session and not to a connection, so one whose answers are lost goes on without us; and the driver sends an abort once
    /// and does not tell whether it arrived. Until the server gave up on it nobody could take its positions. Where it was committed meanwhile, nothing changes.
    ///
    /// Whoever tries again need not wait for this, so it runs beside.
    pub(crate) fn release(self, handles: Handles) {
        if let State::Open(session) = std::mem::replace(&mut *self.state(), State::Over) {
            tokio::spawn(end(handles, session));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a session, and with it the transaction that it may have open.
async fn end(handles: Handles, session: Document) {
    let ended = Patience::new(SERVER_ENDS_AFTER, "time after which the server ends a transaction").ask(|| {
        let (handles, command) = (handles.clone(), doc! { "killSessions": [session.clone()] });
        async move { handles.admin_command(command).await }
    });
    if let Err(problem) = ended.await {
        tracing::debug!(%problem, "a transaction could not be ended");
    }
}
