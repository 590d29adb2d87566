//! The other processes of a run.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::worker::Work;

/// A process that works until it receives the request to finish.
pub(super) struct Other(Child);

impl Other {
    pub(super) fn start(program: &Path, work: &Work) -> Self {
        let mut command = Command::new(program);
        command.arg("work").args(["--uri", &work.uri, "--database", &work.database]);
        command.args(["--process", &work.process.to_string(), "--writers", &work.writers.to_string()]);
        command.args(["--streams", &work.streams.to_string(), "--seed", &work.seed.to_string()]);
        command.arg("--record").arg(&work.record).stdin(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Requests it to finish, and waits for its end.
    pub(super) async fn finish(mut self) {
        drop(self.0.stdin.take());
        let ended = tokio::task::spawn_blocking(move || self.0.wait().unwrap()).await.unwrap();
        assert!(ended.success(), "a process of the run ended with {ended}");
    }
}

/// The resident memory of a process in MiB.
pub(super) fn resident_mib(process: u32) -> u64 {
    let Ok(memory) = std::fs::read_to_string(format!("/proc/{process}/statm")) else { return 0 };
    let pages: u64 = memory.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages * rustix::param::page_size() as u64 / (1024 * 1024)
}
