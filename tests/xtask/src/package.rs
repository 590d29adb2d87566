//! Builds each published crate from its own tarball, as crates.io would receive it.

use std::process::Command;

use crate::process::{Failure, Outcome, read, run};

/// The published crates. Each crate is after its dependencies.
pub(crate) const PUBLISHED: [&str; 3] = ["es-derive", "es-core", "es-mongo"];

/// The files that every tarball must contain.
const REQUIRED: [&str; 4] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "src/lib.rs"];

pub(crate) fn all() -> Outcome {
    for name in PUBLISHED {
        let files = read(Command::new("cargo").args(["package", "--list", "--allow-dirty", "--locked", "-p", name]))?;
        for required in REQUIRED {
            if !files.lines().any(|file| file == required) {
                return Err(Failure::new(format!("the package of {name} lacks {required}")));
            }
        }
    }
    let mut command = Command::new("cargo");
    // A tarball has no workspace profile. Debug information is off, because these builds are not
    // debugged.
    command.args(["package", "--locked", "--allow-dirty"]).env("CARGO_PROFILE_DEV_DEBUG", "0");
    for name in PUBLISHED {
        command.args(["-p", name]);
    }
    run(&mut command)
}
