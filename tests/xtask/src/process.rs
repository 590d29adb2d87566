//! Runs other programs.

use std::fmt::{self, Display, Formatter};
use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};

/// Why a task ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The task or its arguments do not exist.
    Usage(String),
    /// Anything else.
    Task(String),
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self::Task(reason.into())
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (Self::Usage(reason) | Self::Task(reason)) = self;
        f.write_str(reason)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Task(error.to_string())
    }
}

/// Prints the command and runs it. The program gets no input, so it cannot wait for any.
pub(crate) fn run(command: &mut Command) -> Outcome {
    println!("$ {}", shown(command));
    let status = command.stdin(Stdio::null()).status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{} ({status})", shown(command)))) }
}

/// Runs the command and returns its output. Its errors go to this terminal.
pub(crate) fn read(command: &mut Command) -> Outcome<String> {
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        return Err(Failure::new(format!("{} ({})", shown(command), output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| Failure::new(format!("{}: its output is not UTF-8", shown(command))))
}

/// Runs the command, prints its output while it runs, and returns it.
pub(crate) fn tee(command: &mut Command) -> Outcome<String> {
    println!("$ {}", shown(command));
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|error| not_started(command, &error))?;
    let mut text = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            println!("{line}");
            text.push_str(&line);
            text.push('\n');
        }
    }
    let status = child.wait()?;
    if status.success() { Ok(text) } else { Err(Failure::new(format!("{} ({status})", shown(command)))) }
}

/// git for this repository. It works even if another user owns the folder, as in many containers.
pub(crate) fn git() -> Command {
    let mut git = Command::new("git");
    git.args(["-c", "safe.directory=*"]);
    git
}

/// Whether a program is on the `PATH`.
pub(crate) fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

pub(crate) fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy()));
    words.join(" ")
}

pub(crate) fn not_started(command: &Command, error: &io::Error) -> Failure {
    Failure::new(format!("`{}` cannot be started: {error}", command.get_program().to_string_lossy()))
}
