//! Hostile input, and its results. `HOSTILE_INPUT.md` lists them in a table.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

mod clocks;
mod foreign;
mod names;
mod options;
mod sizes;
