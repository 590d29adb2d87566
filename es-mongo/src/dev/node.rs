use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::DevError;
use super::log::Log;
use super::process::{Launch, Process, Signal};
use super::replica_set::{Direct, Hello, Role};
use crate::patience::after;

/// Short, because it is the grain of the start-up time; a question to a loopback port costs next to nothing.
pub(super) const PAUSE: Duration = Duration::from_millis(10);
/// How long a node may take to end in good order before it is killed.
const ORDERLY_END: Duration = Duration::from_secs(20);

/// One `mongod` of a [`DevServer`](super::DevServer), to be killed, frozen and started again.
///
/// A node that was killed stays a member of its set, on the same address and data, until it is started again.
#[derive(Debug)]
pub struct Node {
    address: String,
    uri_options: String,
    start_timeout: Duration,
    launch: Launch,
    log: Log,
    process: Mutex<Option<Process>>,
    /// Two starts of one node at a time would fight for its address and its data.
    control: tokio::sync::Mutex<()>,
}

impl Node {
    /// Starts the process, without waiting for it to answer.
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

    /// Starts the process anew on another port, because another program has taken this one.
    pub(super) fn move_to_port(&mut self, port: u16) -> Result<(), DevError> {
        self.launch.port = port;
        self.address = address(port);
        self.start_again()
    }

    /// Starts the process anew; one that still runs ends at once.
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

    /// The id of the `mongod` process; none while it does not run.
    pub fn process_id(&self) -> Option<u32> {
        self.process().as_ref().filter(|process| !process.has_exited()).map(Process::id)
    }

    /// Whether the process exists. A frozen one does.
    pub fn is_running(&self) -> bool {
        self.process_id().is_some()
    }

    /// The file that this node logs to. It goes with the data of a throw-away server.
    pub fn log_file(&self) -> &Path {
        self.log.file()
    }

    /// Ends the process with SIGKILL and returns when it has ended. Nothing happens where it does not run.
    pub async fn kill(&self) -> Result<(), DevError> {
        let _one = self.control.lock().await;
        self.end(Signal::Kill).await
    }

    /// Ends the process in good order, with SIGTERM, and returns when it has ended. A frozen node is thawed for it.
    /// One that does not end within 20 s is killed.
    pub async fn stop(&self) -> Result<(), DevError> {
        let _one = self.control.lock().await;
        self.end_in_good_order().await
    }

    /// Stops the process's execution with SIGSTOP: its connections stay open and nothing answers.
    pub async fn freeze(&self) -> Result<(), DevError> {
        let _one = self.control.lock().await;
        self.signal(Signal::Freeze)
    }

    /// Lets a frozen process go on, with SIGCONT.
    pub async fn thaw(&self) -> Result<(), DevError> {
        let _one = self.control.lock().await;
        self.signal(Signal::Thaw)
    }

    /// Starts the process again on the same address and data, after stopping it in good order where it runs. Returns
    /// when the node answers as a primary or as a secondary.
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

    /// Waits until the process says so itself: what answers on the port may be another program, which took the port
    /// in the moment before, and a driver that asks too early backs off.
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
            self.pause_or_fail(deadline, "its part in the replica set").await?;
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

    /// Whether the log of the current start has this text.
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
            // The sender goes away only after it has said that the process ended.
            let _ = exited.wait_for(|exited| *exited).await;
        }
    }

    fn signal(&self, signal: Signal) -> Result<(), DevError> {
        let mut process = self.process();
        let running = process.as_mut().filter(|process| !process.has_exited());
        let down = || DevError::NodeDown { address: self.address.clone() };
        running.ok_or_else(down)?.signal(signal).map_err(|_| down())
    }

    /// Tells the watchdog to end the process without waiting for it, so that the nodes of a set end side by side.
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
