//! The tests that use this crate as any other crate does.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

mod actions;
mod cache;
mod conformance_memory;
mod contention;
mod ends;
mod features;
mod feeds;
mod generic;
mod ids;
mod informs;
mod laws;
mod own_enum;
mod own_enum_ends;
mod queries;
mod steps;
mod write_check;
