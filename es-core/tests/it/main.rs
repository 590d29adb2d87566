//! The tests that use this crate as any other crate does.

mod actions;
mod conformance_memory;
mod laws;
mod write_check;
