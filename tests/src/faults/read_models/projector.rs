//! The processes that fold the read models.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::sleep;

use super::subscriptions;
use crate::faults::run::DATABASE;
use crate::faults::worker::open;

/// The number of these processes.
const PROCESSES: usize = 2;

/// Longer than a lease, so that the other process takes the partitions of a frozen one.
const LEASES_END: Duration = Duration::from_secs(11);

/// A process that folds the read models of a run.
#[derive(Debug, Clone, clap::Args)]
pub struct Project {
    /// The connection string of the set.
    #[arg(long)]
    pub uri: String,
    /// The database.
    #[arg(long)]
    pub database: String,
}

impl Project {
    /// Folds until standard input ends.
    ///
    /// # Panics
    ///
    /// If the store cannot be opened, or a projection stops.
    pub async fn until_stopped(&self) {
        let store = open(&self.uri, &self.database).await;
        let told = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        let run = subscriptions(&store).run_until(async { drop(told.await) });
        run.await.unwrap_or_else(|error| panic!("a projection has stopped: {error}"));
        store.close().await;
    }
}

/// All processes that fold the read models.
pub(in super::super) struct Projectors {
    program: PathBuf,
    uri: String,
    running: Mutex<Vec<Running>>,
}

/// A process that is killed if the run fails, because a frozen one would not end by itself.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It fails if the process has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Projectors {
    pub(in super::super) fn start(program: PathBuf, uri: String) -> Self {
        let running = (0..PROCESSES).map(|_| start(&program, &uri)).collect();
        Self { program, uri, running: Mutex::new(running) }
    }

    /// Kills one process with SIGKILL, and starts a new one after a while.
    pub(in super::super) async fn kill_one(&self, hold: Duration) {
        let mut running = self.running.lock().await;
        // The first one moves to the end, so the next fault concerns the other.
        let mut killed = running.remove(0);
        assert_eq!(killed.0.try_wait().unwrap(), None, "a process with projections has ended by itself");
        killed.0.kill().unwrap();
        killed.0.wait().unwrap();
        sleep(hold).await;
        running.push(start(&self.program, &self.uri));
    }

    /// Stops one process with SIGSTOP until it has lost its leases, and continues it.
    pub(in super::super) async fn freeze_one(&self, hold: Duration) {
        let mut running = self.running.lock().await;
        let mut frozen = running.remove(0);
        assert_eq!(frozen.0.try_wait().unwrap(), None, "a process with projections has ended by itself");
        signal(&frozen.0, "STOP");
        sleep(LEASES_END + hold).await;
        signal(&frozen.0, "CONT");
        running.push(frozen);
    }

    /// Requests all of them to finish, and waits for their end.
    pub(in super::super) async fn finish(self) {
        for mut running in self.running.into_inner() {
            drop(running.0.stdin.take());
            let ended = tokio::task::spawn_blocking(move || running.0.wait().unwrap()).await.unwrap();
            assert!(ended.success(), "a process with projections ended with {ended}");
        }
    }
}

fn start(program: &PathBuf, uri: &str) -> Running {
    let mut command = Command::new(program);
    command.args(["project", "--uri", uri, "--database", DATABASE]).stdin(Stdio::piped());
    Running(command.spawn().unwrap())
}

fn signal(process: &Child, signal: &str) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &process.id().to_string()]).status().unwrap();
    assert!(sent.success(), "the process could not be sent SIG{signal}");
}
