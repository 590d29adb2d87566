//! Checks each published crate without features, and with each feature alone.

use std::fs;
use std::process::Command;

use crate::package;
use crate::process::{Outcome, run};

pub(crate) fn each_alone() -> Outcome {
    for name in package::PUBLISHED {
        check(name, "")?;
        for feature in declared(&fs::read_to_string(format!("{name}/Cargo.toml"))?) {
            if feature != "default" {
                check(name, &feature)?;
            }
        }
    }
    Ok(())
}

/// Features that a crate needs to build, even if its own feature for them is off.
fn required(name: &str) -> &'static str {
    match name {
        // The driver needs a TLS implementation, and a program may choose a different one than this
        // crate.
        "es-mongo" => "mongodb/rustls-tls",
        _ => "",
    }
}

/// Uses Clippy instead of `cargo check`, because Clippy can deny the warnings of one crate without
/// rebuilding all others.
fn check(name: &str, feature: &str) -> Outcome {
    let features = [required(name), feature].join(" ");
    run(Command::new("cargo")
        .args([
            "clippy",
            "--quiet",
            "--locked",
            "--lib",
            "-p",
            name,
            "--no-default-features",
            "--features",
            features.trim(),
        ])
        .args(["--", "-D", "warnings"]))
}

/// The keys of the table `[features]` of a manifest.
fn declared(manifest: &str) -> Vec<String> {
    let table = manifest.lines().skip_while(|line| *line != "[features]").skip(1);
    table
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = [").map(|(name, _)| name.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_the_keys_of_their_table_only() {
        let manifest = "[package]\nkeywords = [\"a\"]\n\n[features]\n# No = [].\ndefault = [\"tls\"]\ntls = [\n    \"b/c\",\n]\n\n[dependencies]\nd = [1]\n";
        assert_eq!(declared(manifest), ["default", "tls"]);
    }
}
