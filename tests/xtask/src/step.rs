//! Headers between the steps of a long task.

use std::sync::OnceLock;
use std::time::Instant;

static START: OnceLock<Instant> = OnceLock::new();

/// Prints the header of a step, with the seconds since the first step.
pub(crate) fn step(name: &str) {
    let start = START.get_or_init(Instant::now);
    println!("\n=== {name} (after {} s)", start.elapsed().as_secs());
}
