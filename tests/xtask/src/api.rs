//! Writes the public API of each published crate to a file, so that a review shows every change.

use std::process::Command;
use std::{fs, io};

use crate::process::{Failure, Outcome, read, run};
use crate::{package, tools};

pub(crate) fn write() -> Outcome {
    for name in package::PUBLISHED {
        fs::write(file(name), listing(name)?)?;
    }
    Ok(())
}

pub(crate) fn check() -> Outcome {
    let mut changed = Vec::new();
    for name in package::PUBLISHED {
        let listing = listing(name)?;
        let committed = match fs::read_to_string(file(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            committed => committed?,
        };
        for line in committed.lines().filter(|line| !listing.lines().any(|other| other == *line)) {
            println!("{name}: -{line}");
        }
        for line in listing.lines().filter(|line| !committed.lines().any(|other| other == *line)) {
            println!("{name}: +{line}");
        }
        if listing != committed {
            changed.push(file(name));
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("the public API differs from {}; run `cargo xtask api`", changed.join(", "))))
}

fn file(name: &str) -> String {
    format!("{name}/api.txt")
}

/// All public items, with all features, without the implementations that the compiler adds by itself.
///
/// They come from the JSON of rustdoc. Its format is unstable, and the pinned toolchain fixes its version, so no nightly
/// compiler is needed.
fn listing(name: &str) -> Outcome<String> {
    let rustdoc = fs::canonicalize("tests/xtask/unstable-rustdoc.sh")?;
    let features = ["--quiet", "--locked", "--all-features", "-p", name];
    run(Command::new("cargo")
        .arg("rustdoc")
        .args(features)
        .args(["--lib", "--", "-Z", "unstable-options", "--output-format", "json"])
        .env("RUSTDOC", rustdoc))?;
    let json = tools::target()?.join("doc").join(name.replace('-', "_")).with_extension("json");
    read(
        tools::PUBLIC_API
            .command()?
            .args(["--omit", "blanket-impls,auto-trait-impls,auto-derived-impls", "--rustdoc-json"])
            .arg(json),
    )
}
