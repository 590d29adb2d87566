//! The tests that use this crate as any other crate does.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

mod actions;
mod conformance_memory;
mod features;
mod laws;
mod queries;
mod write_check;
