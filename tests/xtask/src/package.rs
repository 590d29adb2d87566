//! Builds each published crate from its own tarball, as crates.io would receive it.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

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
    forget_unpacked()?;
    let mut command = Command::new("cargo");
    // A tarball has no workspace profile. Debug information is off, because these builds are not
    // debugged.
    command.args(["package", "--locked", "--allow-dirty"]).env("CARGO_PROFILE_DEV_DEBUG", "0");
    for name in PUBLISHED {
        command.args(["-p", name]);
    }
    run(&mut command)
}

/// Deletes what cargo unpacked from the tarballs of an earlier run.
///
/// To verify dependent crates, cargo unpacks the tarballs from a registry inside the target
/// directory into its own home directory, and unpacks nothing that is already there. The tarballs
/// of two commits have the same version, so the second run would compile the first run's sources.
fn forget_unpacked() -> Outcome {
    for registry in fs::read_dir(cargo_home()?.join("registry/src")).into_iter().flatten() {
        let registry = registry?;
        // A registry on the local disk has no host name in front of its hash.
        if !registry.file_name().to_string_lossy().starts_with('-') {
            continue;
        }
        for unpacked in fs::read_dir(registry.path())? {
            let unpacked = unpacked?;
            let name = unpacked.file_name();
            let name = name.to_string_lossy();
            if PUBLISHED
                .iter()
                .any(|published| name.strip_prefix(published) == Some(concat!("-", env!("CARGO_PKG_VERSION"))))
            {
                fs::remove_dir_all(unpacked.path())?;
            }
        }
    }
    Ok(())
}

fn cargo_home() -> Outcome<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))
        .ok_or_else(|| Failure::new("neither `CARGO_HOME` nor a home directory is set"))
}
