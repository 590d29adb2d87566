use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::authentication::Authentication;
use super::error::DevError;
use super::server::DevServer;
use super::start;

/// The settings of a new [`DevServer`]; created by [`DevServer::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `start` is called"]
pub struct DevServerBuilder {
    pub(super) nodes: usize,
    pub(super) keep_in: Option<PathBuf>,
    pub(super) program: Option<PathBuf>,
    pub(super) always_own: bool,
    pub(super) start_timeout: Duration,
    pub(super) uri_options: String,
    pub(super) arguments: Vec<OsString>,
    pub(super) cache_size_gb: f64,
    pub(super) oplog_size_mb: u32,
    pub(super) authentication: Option<Authentication>,
}

impl DevServerBuilder {
    pub(super) fn new() -> Self {
        let builder = Self {
            nodes: 1,
            keep_in: None,
            program: None,
            always_own: false,
            start_timeout: Duration::from_secs(60),
            uri_options: String::new(),
            arguments: Vec::new(),
            cache_size_gb: 0.25,
            oplog_size_mb: 100,
            authentication: None,
        };
        builder
            .set_parameter("enableTestCommands", "1")
            // By default a secondary waits for its clients for 15 s after SIGTERM.
            .set_parameter("shutdownTimeoutMillisForSignaledShutdown", "100")
    }

    /// The number of nodes: 1 (the default) or 3.
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// Keeps the data in this folder for the next start. The folder is created if it does not
    /// exist.
    ///
    /// If another process already runs a server on the folder, the new handle connects to that
    /// server, which ends with the process that started it.
    pub fn keep_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.keep_in = Some(folder.into());
        self
    }

    /// The `mongod` program to run, instead of searching for one.
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// Starts a server even if the variable `MONGODB_URI` is set, for a test that kills nodes or
    /// whose data must be in a kept folder.
    pub fn always_own(mut self) -> Self {
        self.always_own = true;
        self
    }

    /// The size of each node's cache in GB; 0.25 by default, which is the minimum of `mongod`.
    pub fn cache_size_gb(mut self, size: f64) -> Self {
        self.cache_size_gb = size;
        self
    }

    /// The size of each node's oplog in MB; 100 by default. With a small one, a test can show what
    /// happens when a change stream has lost its place.
    pub fn oplog_size_mb(mut self, size: u32) -> Self {
        self.oplog_size_mb = size;
        self
    }

    /// Enables authentication: the server has one user with the role `root`, whose name and
    /// password are in [`DevServer::uri`]. A kept set needs this setting at every start.
    pub fn authentication(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.authentication = Some(Authentication::new(user.into(), password.into()));
        self
    }

    /// Sets a server parameter on every node.
    pub fn set_parameter(self, name: &str, value: &str) -> Self {
        self.argument("--setParameter").argument(format!("{name}={value}"))
    }

    /// Adds one word to the command line of every node, such as `--quiet`.
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds an option to every connection string, such as `tls=true`. The value is used unchanged,
    /// so percent-encode it if necessary.
    pub fn uri_option(mut self, name: &str, value: &str) -> Self {
        self.uri_options.extend(["&", name, "=", value]);
        self
    }

    /// The time after which the start fails with [`DevError::Timeout`]; 60 s by default. The
    /// download of the program on the first run does not count.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// Starts the server. Returns when it accepts writes.
    pub async fn start(self) -> Result<DevServer, DevError> {
        start::start(self).await
    }
}
