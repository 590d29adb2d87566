use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::join_all;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};

use super::builder::DevServerBuilder;
use super::error::DevError;
use super::find;
use super::kept::Ownership;
use super::node::{Node, PAUSE};
use super::replica_set::Role;
use crate::patience::after;

/// A `mongod` replica set for tests and examples. [The module](super) describes which server is
/// used.
///
/// The server ends when this handle is dropped, or when its process ends for any reason, including
/// a panic and SIGKILL. Its data are removed unless they are [kept](DevServerBuilder::keep_in).
#[derive(Debug)]
pub struct DevServer {
    uri: Uri,
    /// Before the folder, because fields are dropped in this order.
    nodes: Vec<Node>,
    primary_timeout: Duration,
    _folder: Folder,
}

/// A connection string whose `Debug` output contains no user and no password.
struct Uri(String);

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.rsplit_once('@').map_or(&self.0, |(_login, servers)| servers))
    }
}

/// Resources in the folder that the server needs until it has ended.
#[derive(Debug)]
pub(super) enum Folder {
    Foreign,
    ThrowAway { _removed_on_drop: TempDir },
    Kept { _ownership: Ownership },
}

impl DevServer {
    /// Starts a temporary set of one node, or connects to the server that `MONGODB_URI` names.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = es_mongo::dev::DevServer::start().await?;
    /// let client = mongodb::Client::with_uri_str(server.uri()).await?;
    /// # Ok(()) }
    /// ```
    pub async fn start() -> Result<Self, DevError> {
        Self::builder().start().await
    }

    /// Configures a set with other settings than the defaults.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), es_mongo::dev::DevError> {
    /// let server = es_mongo::dev::DevServer::builder().nodes(3).always_own().start().await?;
    /// server.primary().await?.kill().await?;
    /// let successor = server.primary().await?;
    /// # Ok(()) }
    /// ```
    pub fn builder() -> DevServerBuilder {
        DevServerBuilder::new()
    }

    /// The server that all tests of a process share. The first caller starts it, and it ends with
    /// the process.
    ///
    /// Every `#[tokio::test]` has a separate runtime, so share the server but never a `Client`. Use
    /// a [separate database](super::fresh_database_name) for each test.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use es_mongo::dev::{DevServer, fresh_database_name};
    ///
    /// let server = DevServer::shared().await?;
    /// let client = mongodb::Client::with_uri_str(server.uri()).await?;
    /// let database = client.database(&fresh_database_name("append"));
    /// # Ok(()) }
    /// ```
    pub async fn shared() -> Result<&'static Self, DevError> {
        static SHARED: OnceCell<DevServer> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// The `mongod` program that would be started, for a test that needs a different kind of
    /// server.
    pub async fn program() -> Result<PathBuf, DevError> {
        find::program(None).await
    }

    /// The connection string.
    pub fn uri(&self) -> &str {
        &self.uri.0
    }

    /// The nodes, to control each of them. Fails with [`DevError::NotOwned`] if this handle did not
    /// start the server.
    pub fn nodes(&self) -> Result<&[Node], DevError> {
        if self.nodes.is_empty() { Err(DevError::NotOwned) } else { Ok(&self.nodes) }
    }

    /// The node that is currently primary. If there is none, waits for an election.
    pub async fn primary(&self) -> Result<&Node, DevError> {
        let first = self.nodes()?.first().ok_or(DevError::NotOwned)?;
        let mut directs = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            directs.push(node.direct().await?);
        }
        let deadline = after(self.primary_timeout);
        while Instant::now() < deadline {
            // A node that was frozen considers itself primary until it learns of its successor. So
            // the answer counts only if exactly one node claims to be primary.
            let asked = self.nodes.iter().zip(&directs).filter(|(node, _)| node.is_running());
            let answers = join_all(asked.map(async |(node, direct)| (node, direct.hello().await))).await;
            let mut primaries = answers
                .into_iter()
                .filter(|(_, hello)| hello.as_ref().is_some_and(|hello| hello.role == Role::Primary))
                .map(|(node, _)| node);
            if let (Some(primary), None) = (primaries.next(), primaries.next()) {
                return Ok(primary);
            }
            sleep(PAUSE).await;
        }
        Err(first.timeout("a primary".to_owned()))
    }

    /// A server that was started elsewhere.
    pub(super) fn foreign(uri: String) -> Self {
        Self { uri: Uri(uri), nodes: Vec::new(), primary_timeout: Duration::ZERO, _folder: Folder::Foreign }
    }

    pub(super) fn own(uri: String, nodes: Vec<Node>, primary_timeout: Duration, folder: Folder) -> Self {
        Self { uri: Uri(uri), nodes, primary_timeout, _folder: folder }
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        // Orders all nodes to end before waiting for any of them.
        for node in &self.nodes {
            node.begin_to_end();
        }
    }
}
