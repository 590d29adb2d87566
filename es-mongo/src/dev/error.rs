use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a development server could not be started or controlled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevError {
    /// No MongoDB server was found. The message lists the attempts and what to install.
    #[error("no MongoDB server was found\n{tried}\n{advice}")]
    NoServer {
        /// One line for each attempt, with its result.
        tried: String,
        /// What to install on this system.
        advice: String,
    },
    /// The program that `MONGOD` or [`program`](super::DevServerBuilder::program) names cannot be
    /// run.
    #[error("{} is not a program that can be run; it was named by {named_by}", program.display())]
    Program {
        /// The path of the program.
        program: PathBuf,
        /// Where the program was named.
        named_by: &'static str,
    },
    /// The program needs shared libraries that this system does not have.
    #[error("{} needs libraries that are missing here: {detail}\n{advice}", program.display())]
    Libraries {
        /// The program.
        program: PathBuf,
        /// The message of the dynamic linker.
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
    /// A server exited during its start.
    #[error("mongod at {address} exited during its start; the end of its log:\n{log}")]
    Exited {
        /// Host and port.
        address: String,
        /// The last lines that it wrote.
        log: String,
    },
    /// A step took longer than the time limit.
    #[error("waited {} s for {what}; the end of the log:\n{log}", after.as_secs())]
    Timeout {
        /// The step.
        what: String,
        /// The time limit.
        after: Duration,
        /// The last lines that the server wrote.
        log: String,
    },
    /// A set can have only one or three nodes.
    #[error("a set of {nodes} nodes was requested; choose 1 or 3")]
    NodeCount {
        /// The requested number.
        nodes: usize,
    },
    /// The kept folder contains a set with a different number of nodes.
    #[error("{} contains a set of {kept} nodes, but {asked} were requested", folder.display())]
    KeptNodes {
        /// The kept folder.
        folder: PathBuf,
        /// The number of nodes of the kept set.
        kept: usize,
        /// The requested number.
        asked: usize,
    },
    /// The nodes of a server that this handle did not start cannot be controlled.
    #[error("this server was not started by this handle, so its nodes cannot be controlled")]
    NotOwned,
    /// The node is not running, so it cannot be frozen or thawed.
    #[error("mongod at {address} is not running")]
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
        /// The operation that failed.
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
