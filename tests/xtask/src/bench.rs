//! Benchmarks. Each prints its figures as lines of `name value unit`.

pub(crate) mod compile_time;
pub(crate) mod dispatch;

use std::process::Command;

use crate::process::{Outcome, run};

/// Compares the store with the bare driver.
pub(crate) fn store(sections: &[&str]) -> Outcome {
    run(Command::new("cargo").args(["bench", "--locked", "-p", "es-mongo", "--"]).args(sections))
}
