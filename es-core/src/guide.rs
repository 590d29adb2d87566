//! Guides: one task each, from its beginning, with code that is compiled and run.

#[doc = include_str!("docs/changing_events.md")]
pub mod changing_events {}
