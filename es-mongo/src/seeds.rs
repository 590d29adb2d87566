//! Asks the servers in a connection string to which replica set they belong.
//!
//! If a server belongs to a different set than `replicaSet` names, the driver ignores it silently
//! and searches until its timeout. So the driver first gets some time, and then this module asks
//! the servers in parallel.

use std::time::Duration;

use bson::doc;
use es_core::StoreError;
use futures_util::future::join_all;
use mongodb::Client;
use mongodb::options::{ClientOptions, ServerAddress};

use crate::handles::Handles;

/// How long the driver searches for the set before its servers are asked. A driver that finds the
/// set needs a fraction of this time.
const HEAD_START: Duration = Duration::from_millis(300);

/// The time limit for one server. It ends before the driver's timeout, so that a silent server does
/// not hide the answer of another server.
const QUESTION: Duration = Duration::from_secs(1);

/// The servers and the set in a connection string.
pub(crate) struct Seeds {
    options: ClientOptions,
}

/// The answer of one server.
struct Answer {
    server: ServerAddress,
    set: Option<String>,
}

impl Seeds {
    pub(crate) fn of(options: &ClientOptions) -> Self {
        Self { options: options.clone() }
    }

    /// Waits until the store is open, or until it is certain that it cannot be opened because no
    /// server belongs to the set.
    pub(crate) async fn beside<T>(self, opening: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let mut opening = std::pin::pin!(opening);
        let wrong = async {
            tokio::time::sleep(HEAD_START).await;
            self.wrong_set().await
        };
        tokio::select! {
            biased;
            opened = &mut opening => opened,
            Some(error) = wrong => Err(error),
        }
    }

    /// The error that names the set, if servers answer and none of them belongs to the requested
    /// set.
    async fn wrong_set(&self) -> Option<StoreError> {
        let wanted = self.options.repl_set_name.as_deref()?;
        let answers = join_all(self.options.hosts.iter().map(|server| self.ask(server))).await;
        let answers: Vec<Answer> = answers.into_iter().flatten().collect();
        if answers.iter().any(|answer| answer.set.as_deref() == Some(wanted)) {
            return None;
        }
        let Answer { server, set } = answers.into_iter().next()?;
        let reason = match set {
            Some(set) => format!(
                "the connection string names the replica set `{wanted}`, but {server} belongs to `{set}`; write `replicaSet={set}`"
            ),
            None => format!(
                "the connection string names the replica set `{wanted}`, but {server} belongs to no replica set; start it with `--replSet {wanted}` and run `rs.initiate()`, or, if it is the router of a sharded cluster, leave out `replicaSet`"
            ),
        };
        Some(StoreError::Unsafe { reason })
    }

    /// Asks one server, without a login, which this command does not need.
    async fn ask(&self, server: &ServerAddress) -> Option<Answer> {
        let options = ClientOptions::builder()
            .hosts(vec![server.clone()])
            .tls(self.options.tls.clone())
            .connect_timeout(QUESTION)
            .server_selection_timeout(QUESTION)
            .direct_connection(true)
            .build();
        let client = Client::with_options(options).ok()?;
        let hello = Handles::new(&client, "admin").command(doc! { "hello": 1 }).await.ok()?;
        let set = hello.get_str("setName").ok().map(str::to_owned);
        Some(Answer { server: server.clone(), set })
    }
}
