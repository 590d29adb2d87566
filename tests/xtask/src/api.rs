//! Writes the public API of each published crate to a file, so that a review shows every change.

use std::collections::BTreeSet;
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

/// The crates whose types each crate shows in its public API. A new major version of one of them is
/// a breaking change of this crate too.
fn shown(name: &str) -> &'static [&'static str] {
    match name {
        "es-core" => &["alloc", "bson", "core", "es_core", "futures_core", "serde", "serde_core", "std", "uuid"],
        "es-mongo" => {
            &["alloc", "bson", "core", "es_core", "es_mongo", "futures_core", "mongodb", "serde", "serde_core", "std"]
        }
        _ => &["es_derive", "proc_macro"],
    }
}

pub(crate) fn check() -> Outcome {
    let mut changed = Vec::new();
    for name in package::PUBLISHED {
        let listing = listing(name)?;
        if let Some(line) = listing.lines().find(|line| roots(line).any(|root| !shown(name).contains(&root))) {
            let foreign: BTreeSet<_> = roots(line).filter(|root| !shown(name).contains(root)).collect();
            return Err(Failure::new(format!("the public API of {name} shows types of {foreign:?}: {line}")));
        }
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

const PRIMITIVES: [&str; 13] =
    ["bool", "i8", "i16", "i32", "i64", "i128", "str", "u8", "u16", "u32", "u64", "u128", "usize"];

/// The crates that the paths in a line begin with.
fn roots(line: &str) -> impl Iterator<Item = &str> {
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices("::").filter_map(move |(at, _)| {
        let before = &line[..at];
        let start = before.rfind(|character| !is_name(character)).map_or(0, |last| last + 1);
        let (rest, root) = before.split_at(start);
        let is_root = !rest.ends_with("::") && root.starts_with(|first: char| first.is_lowercase());
        (is_root && !PRIMITIVES.contains(&root)).then_some(root)
    })
}

fn file(name: &str) -> String {
    format!("{name}/api.txt")
}

/// All public items, with all features, without the implementations that the compiler adds by
/// itself.
///
/// They come from the JSON of rustdoc. Its format is unstable, and the pinned toolchain fixes its
/// version, so no nightly compiler is needed.
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
