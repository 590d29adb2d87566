//! Finds transactions whose clients are dead, and ends them.
//!
//! An insert waits on the server for a key that an open transaction has written, and a transaction
//! that needs the key fails. An operation that waits for more than half a second checks the open
//! transactions in the sessions of this store. A live writer sends its statements without pauses.
//! So if a transaction was idle for a second and its connection is closed, its client is dead. If
//! the connection is open, the client may only be slow to send many megabytes. It gets more time,
//! and is then considered frozen or cut off. Ending the transaction is safe: none of it was
//! acknowledged. If the client continues, its commit is refused and it writes again.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bson::{Bson, Document, doc};
use futures_util::TryStreamExt;
use futures_util::future::{Either, select};
use mongodb::error::Result as DriverResult;
use tokio::time::{Instant, sleep, timeout};

use crate::document::field::ID;
use crate::error::is_unauthorized;
use crate::sessions::{Own, RECORD_GRACE, RECORD_LASTS, Sessions, record};

/// The wait before the first check, and the interval between checks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The time limit of one check.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

/// How long a transaction must be idle to be ended, if its connection is closed.
const DEAD_AFTER: Duration = Duration::from_secs(1);

/// The same if its connection is open.
const SILENT_AFTER: Duration = Duration::from_secs(5);

impl Sessions {
    /// Runs an operation that others may block. While it takes long, ends the transactions of dead
    /// clients that block it.
    pub(crate) async fn clear_the_way<T>(&self, work: impl Future<Output = T>) -> T {
        match select(pin!(work), pin!(self.keep_looking())).await {
            Either::Left((done, _)) => done,
            Either::Right((never, _)) => match never {},
        }
    }

    async fn keep_looking(&self) -> Infallible {
        let mut watch = Watch::default();
        loop {
            sleep(LOOK_EVERY).await;
            let own = Arc::clone(&self.0);
            // A separate task: the driver does not promise that an operation can be dropped before
            // it is complete.
            let look = tokio::spawn(async move {
                if let Err(problem) = watch.look(&own).await {
                    tracing::debug!(%problem, "the search for transactions of dead clients failed");
                }
                watch
            });
            watch = match timeout(LOOK_WITHIN, look).await {
                Ok(Ok(watch)) => watch,
                Ok(Err(_)) | Err(_) => Watch::default(),
            };
        }
    }
}

/// The idle transactions that were seen, and since when.
#[derive(Default)]
struct Watch {
    seen: HashMap<Transaction, Sighting>,
}

/// One transaction. A session has at most one at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Transaction {
    session: Vec<u8>,
    number: i64,
}

/// An idle transaction as the server reports it.
struct Idle {
    transaction: Transaction,
    /// The id of the session, and the hash of its user.
    session: Document,
    id: Bson,
    /// The connection of the last statement.
    connection: Option<i64>,
    /// The execution time of its statements so far.
    busy_micros: i64,
    open_micros: i64,
}

#[derive(Clone, Copy)]
struct Sighting {
    since: Instant,
    busy_micros: i64,
}

impl Watch {
    /// Checks once, and ends transactions that were idle for too long.
    async fn look(&mut self, own: &Own) -> DriverResult<()> {
        let now = Instant::now();
        let idle = idle_transactions(own).await?;
        let before = std::mem::take(&mut self.seen);
        let (mut gone, mut silent) = (Vec::new(), Vec::new());
        for idle in idle {
            if own.is_in_use(&idle.transaction.session) {
                // A task in this process waits for it, and ends it if necessary.
                continue;
            }
            let same = before.get(&idle.transaction).filter(|seen| seen.busy_micros == idle.busy_micros);
            let since = same.map_or(now, |seen| seen.since);
            self.seen.insert(idle.transaction.clone(), Sighting { since, busy_micros: idle.busy_micros });
            if now - since >= SILENT_AFTER {
                gone.push(idle);
            } else if now - since >= DEAD_AFTER {
                silent.push(idle);
            }
        }
        if !silent.is_empty() {
            gone.extend(disconnected(own, silent).await?);
        }
        if gone.is_empty() {
            return Ok(());
        }
        for left in writers_of(own, gone).await? {
            end(own, &left).await?;
            tracing::warn!(
                session = %left.id,
                open = ?Duration::from_micros(u64::try_from(left.open_micros).unwrap_or_default()),
                "ended a transaction that its client has left open"
            );
        }
        Ok(())
    }
}

/// The transactions that wait for their clients. The server does not report which of them have only
/// read.
async fn idle_transactions(own: &Own) -> DriverResult<Vec<Idle>> {
    let waits = doc! { "type": "idleSession", "active": false, "transaction.parameters.autocommit": false };
    let fields = doc! { "lsid": 1, "transaction": 1, "connectionId": 1 };
    let found = operations(own, doc! { "idleSessions": true }, waits, fields).await?;
    Ok(found.iter().filter_map(Idle::read).collect())
}

/// The number of a connection, which has a different type for an idle operation.
fn connection(operation: &Document) -> Option<i64> {
    match operation.get("connectionId")? {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        _ => None,
    }
}

/// The transactions whose connection is closed.
async fn disconnected(own: &Own, idle: Vec<Idle>) -> DriverResult<Vec<Idle>> {
    let connections: Vec<i64> = idle.iter().filter_map(|idle| idle.connection).collect();
    let open = doc! { "type": { "$ne": "idleSession" }, "connectionId": { "$in": connections } };
    let open =
        operations(own, doc! { "idleConnections": true, "idleSessions": false }, open, doc! { "connectionId": 1 })
            .await?;
    let open: Vec<i64> = open.iter().filter_map(connection).collect();
    Ok(idle.into_iter().filter(|idle| !idle.connection.is_some_and(|connection| open.contains(&connection))).collect())
}

/// The operations of the server: those of all users if this user may see them, otherwise only its
/// own.
async fn operations(own: &Own, which: Document, matching: Document, fields: Document) -> DriverResult<Vec<Document>> {
    let ask = async |all_users: bool| {
        let mut which = which.clone();
        which.insert("allUsers", all_users);
        let stages = [doc! { "$currentOp": which }, doc! { "$match": &matching }, doc! { "$project": &fields }];
        own.handles.operations(stages).await
    };
    match ask(true).await {
        Err(error) if is_unauthorized(&error) => ask(false).await,
        answer => answer,
    }
}

impl Idle {
    fn read(operation: &Document) -> Option<Self> {
        let session = operation.get_document("lsid").ok()?.clone();
        let id = session.get("id")?.clone();
        let Bson::Binary(uuid) = &id else { return None };
        let transaction = operation.get_document("transaction").ok()?;
        let micros = |name: &str| transaction.get_i64(name).ok();
        let number = transaction.get_document("parameters").ok()?.get_i64("txnNumber").ok()?;
        Some(Self {
            transaction: Transaction { session: uuid.bytes.clone(), number },
            busy_micros: micros("timeActiveMicros")?,
            open_micros: micros("timeOpenMicros")?,
            session,
            id,
            connection: connection(operation),
        })
    }
}

/// The transactions in sessions that a writer of this store recorded not long before the
/// transaction began. All others belong to the application.
async fn writers_of(own: &Own, idle: Vec<Idle>) -> DriverResult<Vec<Idle>> {
    let ids: Vec<&Bson> = idle.iter().map(|idle| &idle.id).collect();
    let age = doc! { "$subtract": ["$$NOW", format!("${}", record::SEEN)] };
    let recorded = own.records.find(doc! { ID: { "$in": ids }, record::EVENTS: &own.events });
    let recorded: Vec<Document> = recorded.projection(doc! { "age": age }).await?.try_collect().await?;
    let counts_for = i64::try_from((RECORD_LASTS + RECORD_GRACE).as_millis()).unwrap_or(i64::MAX);
    let is_a_writers = |idle: &Idle| {
        let record = recorded.iter().find(|record| record.get(ID) == Some(&idle.id));
        let age_millis = record.and_then(|record| record.get_i64("age").ok());
        age_millis.is_some_and(|age| age <= idle.open_micros / 1_000 + counts_for)
    };
    Ok(idle.into_iter().filter(is_a_writers).collect())
}

/// Ends a session, including one of a different user if this user has the right.
async fn end(own: &Own, left: &Idle) -> DriverResult<()> {
    let whoevers = doc! { "killAllSessionsByPattern": [{ "lsid": left.session.clone() }] };
    match own.handles.admin_command(whoevers).await {
        Err(error) if is_unauthorized(&error) => {
            own.handles.admin_command(doc! { "killSessions": [{ "id": left.id.clone() }] }).await.map(drop)
        }
        answer => answer.map(drop),
    }
}
