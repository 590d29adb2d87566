//! Fuzzes every decoder of stored data, all decoders in parallel.
//!
//! Inputs that break a decoder are in `fuzz/artifacts`. Inputs that reach new code are minimized
//! and kept in `fuzz/corpus`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::process::{Failure, Outcome, not_started, run};
use crate::scratch::Scratch;
use crate::tools;

pub(crate) const DEFAULT_SECONDS: u32 = 600;

const TARGETS: [&str; 4] = ["event", "snapshot", "migration", "lock"];

/// A decoder must not allocate memory because a document claims a large size. A large single
/// allocation is a failure, and so is a large total.
const LIMITS: [&str; 4] = ["-max_len=16384", "-malloc_limit_mb=64", "-rss_limit_mb=1024", "-timeout=10"];

/// The number of inputs that a target adds to its corpus in one run, and the largest size of an
/// input in bytes.
const KEPT: usize = 80;
const KEPT_BYTES: u64 = 1024;

pub(crate) fn all(seconds: u32) -> Outcome {
    let scratch = Scratch::new()?;
    run(cargo_fuzz()?.arg("build"))?;
    let running = TARGETS.iter().map(|target| start(target, seconds, scratch.path())).collect::<Outcome<Vec<_>>>()?;
    let mut failed = Vec::new();
    for (target, mut child) in TARGETS.into_iter().zip(running) {
        let passed = child.wait()?.success();
        let log = String::from_utf8_lossy(&fs::read(log(target, scratch.path()))?).into_owned();
        if passed {
            let done = log.lines().find(|line| line.starts_with("Done ")).unwrap_or_default();
            println!("{target:<10} clean: {done}");
        } else {
            failed.push(target);
            let lines: Vec<&str> = log.lines().collect();
            println!("{target:<10} FAILED\n{}", lines[lines.len().saturating_sub(40)..].join("\n"));
        }
    }
    if !failed.is_empty() {
        return Err(Failure::new(format!(
            "inputs that break {} were found; they are in fuzz/artifacts",
            failed.join(", ")
        )));
    }
    for target in TARGETS {
        keep(target, scratch.path())?;
    }
    println!("no failure after {seconds} s of each decoder");
    Ok(())
}

/// cargo-fuzz, in its folder, with the nightly toolchain that it needs.
fn cargo_fuzz() -> Outcome<Command> {
    tools::FUZZ.install()?;
    let mut command = Command::new("cargo");
    command.args(["+nightly", "fuzz"]).current_dir("fuzz").env("PATH", tools::path()?);
    Ok(command)
}

fn start(target: &str, seconds: u32, scratch: &Path) -> Outcome<Child> {
    let found = scratch.join(target);
    fs::create_dir(&found)?;
    let log = File::create(log(target, scratch))?;
    let mut command = cargo_fuzz()?;
    command
        // The fuzzer writes new inputs to the first folder, so that only minimized inputs reach the
        // corpus.
        .args([OsStr::new("run"), OsStr::new(target), found.as_os_str(), corpus(target).as_os_str(), OsStr::new("--")])
        .args(LIMITS)
        .arg(format!("-max_total_time={seconds}"))
        .arg("-print_final_stats=1")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    command.spawn().map_err(|error| not_started(&command, &error))
}

/// Minimizes the inputs that a target found, and copies the small ones to its corpus.
fn keep(target: &str, scratch: &Path) -> Outcome {
    let minimized = scratch.join(format!("{target}.min"));
    fs::create_dir(&minimized)?;
    let mut command = cargo_fuzz()?;
    command
        .args([OsStr::new("run"), OsStr::new(target), minimized.as_os_str(), corpus(target).as_os_str()])
        .arg(scratch.join(target))
        .args(["--", "-merge=1"])
        .args(LIMITS)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !command.status().map_err(|error| not_started(&command, &error))?.success() {
        return Err(Failure::new(format!("the corpus of {target} cannot be minimized")));
    }
    let mut inputs = Vec::new();
    for entry in fs::read_dir(&minimized)? {
        let entry = entry?;
        if entry.metadata()?.len() <= KEPT_BYTES {
            inputs.push(entry.file_name());
        }
    }
    inputs.sort();
    for input in inputs.iter().take(KEPT) {
        fs::copy(minimized.join(input), Path::new("fuzz").join(corpus(target)).join(input))?;
    }
    Ok(())
}

fn corpus(target: &str) -> PathBuf {
    Path::new("corpus").join(target)
}

fn log(target: &str, scratch: &Path) -> PathBuf {
    scratch.join(format!("{target}.log"))
}
