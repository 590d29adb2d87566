//! One `mongod` process under its watchdog.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::watch;

use super::error::DevError;

const WATCHDOG: &str = include_str!("watchdog.sh");
/// The size of the output that is kept for an error message.
const OUTPUT_KEPT: usize = 8 * 1024;

/// The command line and environment of a `mongod`, the same for every restart.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) port: u16,
    /// The folder of the node, one level below that of the server.
    pub(super) folder: PathBuf,
    pub(super) keep: bool,
}

/// The signals that control a node.
#[derive(Debug, Clone, Copy)]
pub(super) enum Signal {
    Kill,
    Terminate,
    Freeze,
    Thaw,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Terminate => "TERM",
            Self::Freeze => "STOP",
            Self::Thaw => "CONT",
        }
    }
}

/// A `mongod` that ends when this value is dropped or when its process ends.
#[derive(Debug)]
pub(super) struct Process {
    watchdog: Child,
    orders: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
    id: u32,
    exited: watch::Receiver<bool>,
    output: Arc<Mutex<Vec<u8>>>,
}

impl Process {
    pub(super) fn spawn(launch: &Launch) -> Result<Self, DevError> {
        Self::try_spawn(launch)
            .map_err(|source| DevError::Spawn { program: launch.program.clone(), source: source.into() })
    }

    fn try_spawn(launch: &Launch) -> io::Result<Self> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(WATCHDOG).arg("es-mongo-watchdog");
        command.arg(if launch.keep { "keep" } else { "remove" }).arg(&launch.folder);
        command.arg(&launch.program).args(&launch.arguments).arg("--port").arg(launch.port.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A separate process group: Ctrl-C in a terminal reaches only the owner, and the watchdog
        // then cleans up.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut watchdog = command.spawn()?;

        let orders = watchdog.stdin.take();
        let (Some(replies), Some(errors)) = (watchdog.stdout.take(), watchdog.stderr.take()) else {
            return Err(io::Error::other("the watchdog has no pipes"));
        };
        let mut replies = BufReader::new(replies);
        let mut id = String::new();
        replies.read_line(&mut id)?;
        let id = id.trim().parse().map_err(|_| io::Error::other("the watchdog did not start"))?;

        let output = Arc::new(Mutex::new(Vec::new()));
        let (exit, exited) = watch::channel(false);
        let kept = Arc::clone(&output);
        thread::Builder::new().name("mongod-output".to_owned()).spawn(move || {
            keep_the_end_of(errors, &kept);
            exit.send_replace(true);
        })?;
        Ok(Self { watchdog, orders, replies, id, exited, output })
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn has_exited(&self) -> bool {
        *self.exited.borrow()
    }

    /// Becomes true when the process has ended.
    pub(super) fn exited(&self) -> watch::Receiver<bool> {
        self.exited.clone()
    }

    /// The output of the process to stdout and stderr, which is separate from its log.
    pub(super) fn output(&self) -> String {
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&output).into_owned()
    }

    /// Sends a signal and returns when it was delivered; after [`Signal::Freeze`], when every
    /// thread is stopped. The shell answers in milliseconds.
    pub(super) fn signal(&mut self, signal: Signal) -> io::Result<()> {
        let orders = self.orders.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(orders, "{}", signal.name())?;
        let mut reply = String::new();
        self.replies.read_line(&mut reply)?;
        if reply.trim() == signal.name() { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }

    /// Ends the process at once and keeps its data for the next start on the same folder.
    pub(super) fn leave(mut self) {
        if let Some(orders) = &mut self.orders {
            // If the watchdog has already ended, there is nothing to do.
            let _ = writeln!(orders, "leave");
        }
    }

    /// Orders the watchdog to end the process, without waiting for it. Dropping this value waits.
    pub(super) fn begin_to_end(&mut self) {
        self.orders = None;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.begin_to_end();
        // The watchdog finally sends SIGKILL, so this wait is bounded.
        let _ = self.watchdog.wait();
    }
}

fn keep_the_end_of(mut from: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&buffer[..read]);
                let surplus = kept.len().saturating_sub(OUTPUT_KEPT);
                kept.drain(..surplus);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
