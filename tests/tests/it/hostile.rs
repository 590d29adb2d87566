//! Hostile input: what each gives. `HOSTILE_INPUT.md` is the table of it.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

mod clocks;
mod foreign;
mod names;
mod options;
mod sizes;
