use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::DevError;
use super::log::Log;
use super::process::{Launch, Process, Signal};
use super::replica_set::{Direct, Hello, Role};
use crate::patience::after;

/// Short, because it determines the start-up time. A query to a loopback port costs very little.
pub(super) const PAUSE: Duration = Duration::from_millis(10);
/// The time that a node has for a clean shutdown before it is killed.
const ORDERLY_END: Duration = Duration::from_secs(20);

/// One `mongod` of a [`DevServer`](super::DevServer), which can be killed, frozen and restarted.
///
/// A killed node stays a member of its set, with the same address and data, until it is restarted.
#[derive(Debug)]
pub struct Node {
    address: String,
    uri_options: String,
    start_timeout: Duration,
    launch: Launch,
    log: Log,
    process: Mutex<Option<Process>>,
    /// Two concurrent starts of one node would compete for its address and its data.
    control: tokio::sync::Mutex<()>,
}

impl Node {
    /// Starts the process, without waiting until it answers.
    pub(super) fn spawn(
        launch: Launch,
        log: PathBuf,
        uri_options: String,
        start_timeout: Duration,
    ) -> Result<Self, DevError> {
        let log = Log::at_its_end(log);
        let process = Mutex::new(Some(Process::spawn(&launch)?));
        let control = tokio::sync::Mutex::default();
        Ok(Self { address: address(launch.port), uri_options, start_timeout, launch, log, process, control })
    }

    /// Restarts the process on a different port, because another program has taken the first one.
    pub(super) fn move_to_port(&mut self, port: u16) -> Result<(), DevError> {
        self.launch.port = port;
        self.address = address(port);
        self.start_again()
    }

    /// Restarts the process. If it still runs, it is ended at once.
    pub(super) fn start_again(&self) -> Result<(), DevError> {
        let ended = self.process().take();
        if let Some(ended) = ended {
            ended.leave();
        }
        self.log.skip_to_end();
        let process = Process::spawn(&self.launch)?;
        *self.process() = Some(process);
        Ok(())
    }

    /// Host and port, as the set's configuration names this node.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The id of the `mongod` process; `None` while it is not running.
    pub fn process_id(&self) -> Option<u32> {
        self.process().as_ref().filter(|process| !process.has_exited()).map(Process::id)
    }

    /// Whether the process exists. This is also true while it is frozen.
    pub fn is_running(&self) -> bool {
        self.process_id().is_some()
    }

    /// The log file of this node. It is removed with the data of a temporary server.
    pub fn log_file(&self) -> &Path {
        self.log.file()
    }

    /// Ends the process with SIGKILL and returns when it has ended. Does nothing if the process is
    /// not running.
    pub async fn kill(&self) -> Result<(), DevError> {
        let _one = self.control.lock().await;
        self.end(Signal::Kill).await
    }

    /// Shuts the process down with SIGTERM and returns when it has ended. A frozen node is thawed
    /// first. If the process does not end within 20 s, it is killed.
    pub async fn stop(&self) -> Result<(), DevError> {
        let _one = self.control.lock().await;
        self.end_in_good_order().await
    }

    /// Freezes the process with SIGSTOP: its connections stay open, but it does not answer.
    pub async fn freeze(&self) -> Result<(), DevError> {
        let _one = self.control.lock().await;
        self.signal(Signal::Freeze)
    }

    /// Continues a frozen process with SIGCONT.
    pub async fn thaw(&self) -> Result<(), DevError> {
        let _one = self.control.lock().await;
        self.signal(Signal::Thaw)
    }

    /// Restarts the process on the same address and data. If it is running, it is shut down first.
    /// Returns when the node answers as a primary or a secondary.
    pub async fn restart(&self) -> Result<(), DevError> {
        let _one = self.control.lock().await;
        self.end_in_good_order().await?;
        self.start_again()?;

        let deadline = after(self.start_timeout);
        self.wait_until_it_listens(deadline).await?;
        let direct = Direct::new(&self.address, &self.uri_options).await?;
        self.wait_for_role(&direct, deadline, |role| matches!(role, Role::Primary | Role::Secondary)).await?;
        Ok(())
    }

    pub(super) async fn direct(&self) -> Result<Direct, DevError> {
        Direct::new(&self.address, &self.uri_options).await
    }

    /// Waits until the log of the process reports that it listens. The program that answers on the
    /// port may be a different one that took the port just before, and a driver that connects too
    /// early waits before it retries.
    pub(super) async fn wait_until_it_listens(&self, deadline: Instant) -> Result<(), DevError> {
        while !self.log.says("Waiting for connections") {
            self.pause_or_fail(deadline, "its port").await?;
        }
        Ok(())
    }

    pub(super) async fn wait_for_role(
        &self,
        direct: &Direct,
        deadline: Instant,
        wanted: impl Fn(&Role) -> bool,
    ) -> Result<Hello, DevError> {
        loop {
            if let Some(hello) = direct.hello().await
                && wanted(&hello.role)
            {
                return Ok(hello);
            }
            self.pause_or_fail(deadline, "its role in the replica set").await?;
        }
    }

    async fn pause_or_fail(&self, deadline: Instant, what: &str) -> Result<(), DevError> {
        if !self.is_running() {
            return Err(self.exited());
        }
        if Instant::now() >= deadline {
            return Err(self.timeout(format!("mongod at {} to get {what}", self.address)));
        }
        sleep(PAUSE).await;
        Ok(())
    }

    fn exited(&self) -> DevError {
        let output = self.process().as_ref().map(Process::output).unwrap_or_default();
        if let Some(line) = output.lines().find(|line| line.contains("error while loading shared libraries")) {
            return DevError::Libraries {
                program: self.launch.program.clone(),
                detail: line.to_owned(),
                advice: super::find::libraries_advice(),
            };
        }
        DevError::Exited { address: self.address.clone(), log: output + &self.log.worth_showing() }
    }

    /// Whether the log of the current start contains this text.
    pub(super) fn log_says(&self, text: &str) -> bool {
        self.log.says(text)
    }

    pub(super) fn timeout(&self, what: String) -> DevError {
        DevError::Timeout { what, after: self.start_timeout, log: self.log.worth_showing() }
    }

    async fn end_in_good_order(&self) -> Result<(), DevError> {
        if !self.is_running() {
            return Ok(());
        }
        self.signal(Signal::Terminate)?;
        self.signal(Signal::Thaw)?;
        if tokio::time::timeout(ORDERLY_END, self.wait_for_exit()).await.is_err() {
            self.end(Signal::Kill).await?;
        }
        Ok(())
    }

    async fn end(&self, signal: Signal) -> Result<(), DevError> {
        if self.is_running() {
            self.signal(signal)?;
            self.wait_for_exit().await;
        }
        Ok(())
    }

    async fn wait_for_exit(&self) {
        let exited = self.process().as_ref().map(Process::exited);
        if let Some(mut exited) = exited {
            // The sender is dropped only after it has reported the end of the process.
            let _ = exited.wait_for(|exited| *exited).await;
        }
    }

    fn signal(&self, signal: Signal) -> Result<(), DevError> {
        let mut process = self.process();
        let running = process.as_mut().filter(|process| !process.has_exited());
        let down = || DevError::NodeDown { address: self.address.clone() };
        running.ok_or_else(down)?.signal(signal).map_err(|_| down())
    }

    /// Orders the watchdog to end the process, without waiting for it, so that the nodes of a set
    /// end in parallel.
    pub(super) fn begin_to_end(&self) {
        if let Some(process) = self.process().as_mut() {
            process.begin_to_end();
        }
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn address(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
