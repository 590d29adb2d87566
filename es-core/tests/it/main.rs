//! The tests of this crate that use it as any other crate does.

mod actions;
mod conformance_memory;
mod laws;
mod queries;
mod write_check;
