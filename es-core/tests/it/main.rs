//! The tests of this crate that use it as any other crate does.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

mod actions;
mod conformance_memory;
mod laws;
mod queries;
mod write_check;
