//! Ending on the server what was begun there and given up here.

use std::time::Duration;

use bson::{Document, doc};
use es_core::RetryPolicy;
use mongodb::Client;
use tokio::time::{Instant, timeout};

/// After this the server ends a transaction by itself: its `transactionLifetimeLimitSeconds`, unless somebody has changed it.
const SERVER_ENDS_AFTER: Duration = Duration::from_secs(60);

/// How long the server is waited for.
const ATTEMPT: Duration = Duration::from_secs(5);

/// What a try to write several events may have left on the server.
#[derive(Debug)]
pub(crate) enum Leftover {
    /// Nothing: it was committed, or the server has answered that it was not.
    Nothing,
    /// Perhaps a transaction that is open, and keeps the keys that it has written.
    Transaction,
}

/// Ends a session on the server, and with it the transaction that it may have open, however often it takes to reach the server.
///
/// A transaction belongs to a session and not to a connection, so one whose answers are lost goes on without us; and the driver sends an abort once
/// and does not tell whether it arrived. Until the server gave up on it nobody could take its positions. Where it was committed meanwhile, nothing changes.
///
/// Whoever tries again need not wait for this, so it runs beside.
pub(crate) fn release(client: Client, session: Document) {
    tokio::spawn(async move {
        let end = Instant::now() + SERVER_ENDS_AFTER;
        let backoff = RetryPolicy::default().tries(u32::MAX).base_wait(Duration::from_millis(20));
        for failed in 1.. {
            let (admin, command) = (client.database("admin"), doc! { "killSessions": [session.clone()] });
            // In a task of its own, for the driver does not promise to survive a future that is dropped half-way.
            let ended = tokio::spawn(async move { admin.run_command(command).await });
            match timeout(ATTEMPT, ended).await {
                Ok(Ok(Ok(_))) => return,
                problem => tracing::debug!(?problem, failed, "a transaction could not be ended"),
            }
            if Instant::now() >= end {
                return;
            }
            tokio::time::sleep(backoff.wait_after(failed).unwrap_or(ATTEMPT)).await;
        }
    });
}
