//! The promises of the repository, on both stores.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

mod bulk_imports;
mod bursts;
mod cached;
mod contention;
mod ids;
mod imports;
mod keys;
mod unfoldable;
