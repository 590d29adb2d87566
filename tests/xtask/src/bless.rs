//! Rewrites the expected output. Read the difference before you commit it.

use std::process::Command;

use crate::process::{Outcome, run};

pub(crate) fn everything() -> Outcome {
    run(Command::new("cargo").args(["test", "--locked", "-p", "es-derive", "--lib"]).env("ES_UPDATE", "1"))?;
    run(Command::new("cargo")
        .args(["test", "--locked", "-p", "tests", "--test", "compile_fail"])
        .env("TRYBUILD", "overwrite"))?;
    run(Command::new("git").args(["status", "--short", "es-derive/expansions", "tests/ui"]))
}
