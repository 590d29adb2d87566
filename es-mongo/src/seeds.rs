//! The servers of a connection string, asked which replica set they belong to.
//!
//! The driver drops a server of another set than `replicaSet` names without a word, and looks for the right one until its time is over. So it is given some
//! time, and then the servers themselves are asked beside it.

use std::time::Duration;

use bson::doc;
use es_core::StoreError;
use futures_util::future::join_all;
use mongodb::Client;
use mongodb::options::{ClientOptions, ServerAddress};

use crate::handles::Handles;

/// How long the driver looks for the set before its servers are asked. A driver that finds it needs a fraction of this.
const HEAD_START: Duration = Duration::from_millis(300);

/// How long one server is asked. It ends before the driver gives up, so that one server that is silent does not hide what another one says.
const QUESTION: Duration = Duration::from_secs(1);

/// What a connection string says of its servers.
pub(crate) struct Seeds {
    options: ClientOptions,
}

/// What one server says.
struct Answer {
    server: ServerAddress,
    set: Option<String>,
}

impl Seeds {
    pub(crate) fn of(options: &ClientOptions) -> Self {
        Self { options: options.clone() }
    }

    /// Waits until a store is open, or until it is certain that it cannot be opened because no server belongs to the set.
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

    /// The error that names the set, if servers answer and none of them belongs to the set that is asked for.
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
                "the connection string asks for the replica set `{wanted}`, and {server} belongs to `{set}`; write `replicaSet={set}`"
            ),
            None => format!(
                "the connection string asks for the replica set `{wanted}`, and {server} belongs to none; start it with `--replSet {wanted}` and run `rs.initiate()`, or, if it is the router of a sharded cluster, leave out `replicaSet`"
            ),
        };
        Some(StoreError::Unsafe { reason })
    }

    /// Asks one server, without a login: this question needs none.
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
