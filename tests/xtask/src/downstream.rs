//! Builds and runs the projects in `tests/downstream`, outside the workspace, as a user of the
//! crates builds theirs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Failure, Outcome, tee};
use crate::tools;

const FOLDER: &str = "tests/downstream";

/// The names of all projects, sorted.
pub(crate) fn names() -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(FOLDER)? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

pub(crate) fn manifest(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name).join("Cargo.toml")
}

pub(crate) fn all() -> Outcome {
    let names = names()?;
    some(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

pub(crate) fn some(names: &[&str]) -> Outcome {
    let target = tools::target()?.join("downstream");
    for name in names {
        let manifest = manifest(name);
        if !manifest.is_file() {
            return Err(Failure::Usage(format!("`{name}` is not a project in {FOLDER}")));
        }
        // Uses the versions that the workspace was tested with. Cargo removes the versions that the
        // project does not need.
        fs::copy("Cargo.lock", manifest.with_file_name("Cargo.lock"))?;
        let printed = tee(Command::new("cargo")
            .args(["run", "--quiet", "--manifest-path"])
            .arg(manifest)
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
        // The last line of each project's output begins with its name. If the line is missing, the
        // project ended too early.
        let closing = format!("{name}: ");
        if !printed.lines().any(|line| line.starts_with(&closing)) {
            return Err(Failure::new(format!("{name} did not print the line that begins with `{closing}`")));
        }
    }
    Ok(())
}
