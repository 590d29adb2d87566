//! Runs with faults: a set of three nodes behind proxies, writers and readers in two processes,
//! faults in an order that depends on a seed, and a verdict over all requests, answers, reads and
//! stored events.
//!
//! ```text
//! plan (seed) ──▶ inject ──▶ cluster (nodes, proxies, fail points)
//!                               ▲
//! worker × 2 processes: writer, follower ──▶ record ──▶ judge (history::check, verify) ──▶ table
//! ```
#![allow(clippy::unwrap_used, reason = "a run ends if one of its steps fails")]

mod clock;
mod cluster;
mod doomed;
mod follower;
mod inject;
mod judge;
mod plan;
mod process;
mod record;
mod run;
mod service;
mod table;
mod tally;
mod worker;
mod writer;

pub use doomed::Doomed;
pub use plan::Kind;
pub use run::{Outcome, Run};
pub use worker::Work;
