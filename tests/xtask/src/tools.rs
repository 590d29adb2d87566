//! Programs from crates.io, in the versions with which the repository is checked.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, iter};

use crate::process::{Failure, Outcome, installed, run};

/// A program and its crate.
pub(crate) struct Tool {
    pub(crate) program: &'static str,
    package: &'static str,
    version: &'static str,
}

pub(crate) const DENY: Tool = Tool { program: "cargo-deny", package: "cargo-deny", version: "0.20.2" };
pub(crate) const TYPOS: Tool = Tool { program: "typos", package: "typos-cli", version: "1.52.0" };
pub(crate) const PUBLIC_API: Tool =
    Tool { program: "cargo-public-api", package: "cargo-public-api", version: "0.52.0" };
pub(crate) const FUZZ: Tool = Tool { program: "cargo-fuzz", package: "cargo-fuzz", version: "0.13.2" };

impl Tool {
    /// Installs the program into the target folder, unless it is already there or on the `PATH`.
    /// The build is unoptimized, which is fast enough.
    pub(crate) fn install(&self) -> Outcome {
        if installed(self.program) || folder()?.join("bin").join(self.program).is_file() {
            return Ok(());
        }
        run(Command::new("cargo").args(["install", "--quiet", "--locked", "--debug", "--root"]).arg(folder()?).args([
            "--version",
            self.version,
            self.package,
        ]))
    }

    /// A command for the program, installed if necessary. Its `PATH` contains the other tools.
    pub(crate) fn command(&self) -> Outcome<Command> {
        self.install()?;
        let mut command = Command::new(self.program);
        command.env("PATH", path()?);
        Ok(command)
    }
}

/// The `PATH` with the folder of the tools at its end.
pub(crate) fn path() -> Outcome<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths(env::split_paths(&path).chain(iter::once(folder()?.join("bin"))))
        .map_err(|error| Failure::new(error.to_string()))
}

/// The target folder of cargo.
pub(crate) fn target() -> Outcome<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    fs::create_dir_all(&target)?;
    Ok(target.canonicalize()?)
}

fn folder() -> Outcome<PathBuf> {
    Ok(target()?.join("tools"))
}
