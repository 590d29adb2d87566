use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use es_core::error::SharedError;

use crate::DriverError;

/// Why a development server could not be started or controlled.
#[derive(Debug, Clone, thiserror::Error)]
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
        source: SharedError,
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
        source: SharedError,
    },
    /// A command to the server failed.
    #[error("cannot {doing}")]
    Driver {
        /// The operation that failed.
        doing: &'static str,
        /// The driver's error.
        source: DriverError,
    },
}

impl DevError {
    pub(super) fn folder(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Folder { path, source: source.into() }
    }

    pub(super) fn driver(doing: &'static str) -> impl FnOnce(mongodb::error::Error) -> Self {
        move |source| Self::Driver { doing, source: DriverError::new(source) }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use es_core::error::ErrorChain;

    use super::*;

    fn every_error() -> Vec<DevError> {
        let text = || "the port is taken".to_owned();
        let (folder, address) = (PathBuf::from("/kept"), "127.0.0.1:27017".to_owned());
        let cut = || io::Error::other("the disk is gone");
        let program = || PathBuf::from("/bin/mongod");
        vec![
            DevError::NoServer { tried: text(), advice: "install one".to_owned() },
            DevError::Program { program: program(), named_by: "`MONGOD`" },
            DevError::Libraries { program: program(), detail: text(), advice: "install them".to_owned() },
            DevError::Spawn { program: program(), source: cut().into() },
            DevError::Exited { address: address.clone(), log: text() },
            DevError::Timeout { what: "the primary".to_owned(), after: Duration::from_secs(9), log: text() },
            DevError::NodeCount { nodes: 2 },
            DevError::KeptNodes { folder: folder.clone(), kept: 3, asked: 1 },
            DevError::NotOwned,
            DevError::NodeDown { address },
            DevError::folder(&folder)(cut()),
            DevError::driver("initiate the replica set")(mongodb::error::Error::from(cut())),
        ]
    }

    #[test]
    fn no_error_repeats_its_cause_and_a_clone_displays_the_same() {
        for error in every_error() {
            let text = error.to_string();
            let chain = ErrorChain::new(&error).to_string();
            assert_eq!(ErrorChain::new(&error.clone()).to_string(), chain);
            match error.source() {
                Some(cause) => {
                    assert!(!text.contains(&cause.to_string()), "{chain}");
                    assert_eq!(chain.matches("the disk is gone").count(), 1, "{chain}");
                }
                None => assert_eq!(text, chain),
            }
        }
    }

    #[test]
    fn the_cause_can_be_downcast() {
        let io = DevError::folder(Path::new("/kept"))(io::ErrorKind::NotFound.into());
        let cause = io.source().and_then(|cause| cause.downcast_ref::<io::Error>());
        assert_eq!(cause.map(io::Error::kind), Some(io::ErrorKind::NotFound));
        let driver = DevError::driver("initiate the replica set")(mongodb::error::Error::custom("no"));
        assert!(DriverError::behind(&driver).is_some());
    }
}
