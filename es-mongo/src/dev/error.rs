use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a development server could not be started or controlled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevError {
    /// No way to a MongoDB server was found; the text says what was tried and what to install.
    #[error("no MongoDB server to run on\n{tried}\n{advice}")]
    NoServer {
        /// One line for each way that was tried, with its result.
        tried: String,
        /// What to install on this system.
        advice: String,
    },
    /// The program that `MONGOD` or [`program`](super::DevServerBuilder::program) names cannot be run.
    #[error("{} is not a program that can be run; it was named by {named_by}", program.display())]
    Program {
        /// The program as it was named.
        program: PathBuf,
        /// Who named it.
        named_by: &'static str,
    },
    /// The program needs shared libraries that this system does not have.
    #[error("{} needs libraries that are missing here: {detail}\n{advice}", program.display())]
    Libraries {
        /// The program.
        program: PathBuf,
        /// What the dynamic linker said.
        detail: String,
        /// What to install on this system.
        advice: String,
    },
    /// The program could not be started at all.
    #[error("cannot start {}", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A server ended while it was starting.
    #[error("mongod at {address} ended while it was starting; the end of its log:\n{log}")]
    Exited {
        /// Host and port.
        address: String,
        /// The last lines that it wrote.
        log: String,
    },
    /// Something did not happen in the time given.
    #[error("waited {} s for {what}; the end of the log:\n{log}", after.as_secs())]
    Timeout {
        /// What was waited for.
        what: String,
        /// The time given.
        after: Duration,
        /// The last lines that the server wrote.
        log: String,
    },
    /// Only a set of one or of three nodes can be started.
    #[error("a set of {nodes} nodes was asked for; 1 and 3 are possible")]
    NodeCount {
        /// What was asked for.
        nodes: usize,
    },
    /// The kept folder holds a set with another number of nodes.
    #[error("{} keeps a set of {kept} nodes, and {asked} were asked for", folder.display())]
    KeptNodes {
        /// The kept folder.
        folder: PathBuf,
        /// The nodes of the set that is kept there.
        kept: usize,
        /// What was asked for.
        asked: usize,
    },
    /// The nodes of a server that this handle did not start cannot be controlled.
    #[error("this server was not started by this handle, so its nodes cannot be controlled")]
    NotOwned,
    /// The node does not run, so it cannot be frozen or thawed.
    #[error("mongod at {address} does not run")]
    NodeDown {
        /// Host and port.
        address: String,
    },
    /// A file or folder could not be read or written.
    #[error("cannot use {}", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A command to the server failed.
    #[error("cannot {doing}")]
    Driver {
        /// What was being done.
        doing: &'static str,
        /// The driver's error.
        #[source]
        source: mongodb::error::Error,
    },
}

impl DevError {
    pub(super) fn folder(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Folder { path, source }
    }

    pub(super) fn driver(doing: &'static str) -> impl FnOnce(mongodb::error::Error) -> Self {
        move |source| Self::Driver { doing, source }
    }
}
