//! Fail points of the server: faults on demand, which end when the guard is dropped.

use std::sync::{Arc, LazyLock};

use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::{Document, doc};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The right to set faults. The server has one fault of each kind, so only one test has this right
/// at a time.
#[derive(Debug, Clone)]
pub struct Turn {
    _held: Arc<OwnedMutexGuard<()>>,
}

impl Turn {
    /// Waits until no other test has the right. If the test depends on the time between the fault
    /// and another action, it takes the right first.
    pub async fn take() -> Self {
        static TURN: LazyLock<Arc<Mutex<()>>> = LazyLock::new(Arc::default);
        Self { _held: Arc::new(Arc::clone(&TURN).lock_owned().await) }
    }

    /// Makes commands of one application fail: `data` describes which, and how.
    ///
    /// # Panics
    ///
    /// If the server does not know the fault.
    pub async fn on_commands(&self, uri: &str, application: &str, mode: Document, data: Document) -> FailPoint {
        let mut data = data;
        data.insert("appName", application);
        self.set(uri, "failCommand", mode, data).await
    }

    async fn set(&self, uri: &str, name: &'static str, mode: Document, data: Document) -> FailPoint {
        let admin = Client::with_uri_str(uri).await.unwrap_or_else(|error| panic!("{error}"));
        let mut fail_point = FailPoint { admin, name, met_before: 0, _turn: self.clone() };
        fail_point.met_before =
            fail_point.configure(doc! { "configureFailPoint": name, "mode": mode, "data": data }).await;
        fail_point
    }
}

/// A fault of the server, which ends when this is dropped.
#[derive(Debug)]
pub struct FailPoint {
    admin: Client,
    name: &'static str,
    /// How often faults of this kind had occurred before, because the server counts from its start.
    met_before: i64,
    _turn: Turn,
}

impl FailPoint {
    /// [`Turn::on_commands`], after waiting for the right.
    ///
    /// # Panics
    ///
    /// If the server does not know the fault.
    pub async fn on_commands(uri: &str, application: &str, mode: Document, data: Document) -> Self {
        Turn::take().await.on_commands(uri, application, mode, data).await
    }

    /// A fault with any name.
    ///
    /// # Panics
    ///
    /// If the server does not know it.
    pub async fn set(uri: &str, name: &'static str, mode: Document, data: Document) -> Self {
        Turn::take().await.set(uri, name, mode, data).await
    }

    /// Waits until the fault has occurred, for up to half a minute.
    ///
    /// # Panics
    ///
    /// If it does not occur.
    pub async fn met(&self) {
        let wait = doc! { "waitForFailPoint": self.name, "timesEntered": self.met_before + 1, "maxTimeMS": 30_000 };
        self.admin.database("admin").run_command(wait).await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Ends the fault, and returns how often it has occurred.
    ///
    /// # Panics
    ///
    /// If the server does not report it.
    pub async fn off(self) -> i64 {
        self.configure(doc! { "configureFailPoint": self.name, "mode": "off" }).await - self.met_before
    }

    /// Sends a command, and returns how often faults of this kind have occurred since the server
    /// started.
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
        // Needs the multi-thread runtime: the fault must have ended before the next test has the
        // right.
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(off));
    }
}
