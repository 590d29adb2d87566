//! One transaction: statements and a commit, within a time limit.

use std::time::Duration;

use es_core::store::BoxFuture;

use crate::collections::Collections;
use crate::error::{DriverError, WriteOutcome};
use crate::sessions::{GivenUp, Lease};

/// Runs statements in one transaction, and commits it unless they return an answer.
///
/// If there is no answer in time, the transaction is ended on the server in the background, so that
/// its documents do not stay locked during every later attempt.
pub(crate) async fn run<A, S>(collections: &Collections, limit: Duration, statements: S) -> A
where
    A: From<WriteOutcome> + Send + 'static,
    S: for<'a> FnOnce(&'a mut Lease) -> BoxFuture<'a, Result<Option<A>, GivenUp>> + Send + 'static,
{
    let mut lease = match collections.sessions.take().await {
        Ok(lease) => lease,
        Err(error) => return WriteOutcome::NotWritten(DriverError::new(error).into()).into(),
    };
    let waiter = lease.waiter();
    let transaction = async move { run_in(&mut lease, limit, statements).await };
    match collections.patience.once_within(limit, transaction).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(given_up)) => WriteOutcome::NotWritten(given_up.into()).into(),
        Err(late) => {
            waiter.abandon();
            WriteOutcome::Unknown(late).into()
        }
    }
}

async fn run_in<A: From<WriteOutcome>>(
    lease: &mut Lease,
    limit: Duration,
    statements: impl for<'a> FnOnce(&'a mut Lease) -> BoxFuture<'a, Result<Option<A>, GivenUp>>,
) -> Result<A, GivenUp> {
    if let Err(error) = lease.begin_transaction().await {
        return Ok(WriteOutcome::of_statement(error).into());
    }
    if let Some(answer) = statements(lease).await? {
        // An explicit abort frees the keys at once. If it fails, the server has usually ended the
        // transaction already.
        let _ = lease.session()?.abort_transaction().await;
        return Ok(answer);
    }
    Ok(lease.commit(limit).await?.into())
}
