//! Fail points of the server: faults on command, which end when the guard is dropped.

use std::sync::Arc;

use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::{Document, doc};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// A fault that the server shows until this is dropped.
///
/// The server has one of each kind, so faults come one after the other, however many tests want one.
#[derive(Debug)]
pub struct FailPoint {
    admin: Client,
    name: &'static str,
    /// How often faults of this kind were met before: the server counts from its start.
    met_before: i64,
    _turn: OwnedMutexGuard<()>,
}

static TURN: std::sync::LazyLock<Arc<Mutex<()>>> = std::sync::LazyLock::new(Arc::default);

impl FailPoint {
    /// Commands of one application fail: `data` says which, and how.
    ///
    /// # Panics
    ///
    /// Where the server does not know it.
    pub async fn on_commands(uri: &str, application: &str, mode: Document, data: Document) -> Self {
        let mut data = data;
        data.insert("appName", application);
        Self::set(uri, "failCommand", mode, data).await
    }

    /// The fault of any name.
    ///
    /// # Panics
    ///
    /// Where the server does not know it.
    pub async fn set(uri: &str, name: &'static str, mode: Document, data: Document) -> Self {
        let turn = Arc::clone(&TURN).lock_owned().await;
        let admin = Client::with_uri_str(uri).await.unwrap_or_else(|error| panic!("{error}"));
        let mut fail_point = Self { admin, name, met_before: 0, _turn: turn };
        fail_point.met_before =
            fail_point.configure(doc! { "configureFailPoint": name, "mode": mode, "data": data }).await;
        fail_point
    }

    /// Waits until the fault was met, for up to half a minute.
    ///
    /// # Panics
    ///
    /// Where it is not met.
    pub async fn met(&self) {
        let wait = doc! { "waitForFailPoint": self.name, "timesEntered": self.met_before + 1, "maxTimeMS": 30_000 };
        self.admin.database("admin").run_command(wait).await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// How often the fault was met, by now.
    ///
    /// # Panics
    ///
    /// Where the server does not say.
    pub async fn off(self) -> i64 {
        self.configure(doc! { "configureFailPoint": self.name, "mode": "off" }).await - self.met_before
    }

    /// Sends a command, and returns how often faults of this kind were met since the server started.
    async fn configure(&self, command: Document) -> i64 {
        let answer = self.admin.database("admin").run_command(command).await;
        let answer = answer.unwrap_or_else(|error| panic!("{error}"));
        let count = answer.get_i64("count").or_else(|_| answer.get_i32("count").map(i64::from));
        count.unwrap_or_else(|error| panic!("{answer}: {error}"))
    }
}

impl Drop for FailPoint {
    fn drop(&mut self) {
        let off = self.configure(doc! { "configureFailPoint": self.name, "mode": "off" });
        // Needs the multi-thread runtime: the fault must be gone before the next test has its turn.
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(off));
    }
}
