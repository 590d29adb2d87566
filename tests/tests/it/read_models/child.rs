//! A process that folds read models until it is killed.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::*;

/// The process. It is killed when this is dropped.
pub(super) struct Projector {
    child: Child,
    /// The time by its clock when it began, in seconds since 1970.
    pub(super) clock: u64,
}

impl Projector {
    /// Starts a process that folds the wallets in the database of a store.
    pub(super) fn start(uri: &str, store: &MongoStore) -> Self {
        Self::of(Command::new(env!("CARGO_BIN_EXE_victim")).args([uri, store.database().name()]))
    }

    /// The same, and its log goes to a file.
    pub(super) fn logging_to(file: &Path, uri: &str, store: &MongoStore) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_victim"));
        Self::of(command.args([uri, store.database().name()]).stderr(File::create(file).unwrap()))
    }

    /// The same with environment variables.
    pub(super) fn with_variables<const N: usize>(uri: &str, store: &MongoStore, variables: [(&str, &str); N]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_victim"));
        Self::of(command.args([uri, store.database().name()]).envs(variables))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.arg("project").stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| line.unwrap());
        assert_eq!(said.next().as_deref(), Some("ready"));
        let clock = said.next().unwrap().parse().unwrap();
        Self { child, clock }
    }

    /// Stops the process with SIGSTOP.
    pub(super) fn freeze(&self) {
        self.signal("STOP");
    }

    /// Continues it.
    pub(super) fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success(), "SIG{signal}");
    }
}

impl Drop for Projector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
