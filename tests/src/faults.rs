//! Runs with faults: a set of three nodes behind proxies, writers and readers in several processes,
//! faults in an order that depends on a seed, and a verdict over all requests, answers, reads and
//! stored events.
//!
//! ```text
//! plan (seed) ──▶ inject ──▶ cluster (nodes, proxies, fail points)
//!                   │           ▲
//!                   └────▶ projector × 2 processes (read_models)
//! worker × n processes: writer, follower, reader of rows ──▶ record ──▶ judge (history::check, verify) ──▶ table
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
mod read_models;
mod record;
mod run;
mod service;
mod stored;
mod table;
mod tally;
mod waits;
mod worker;
mod writer;

pub use doomed::Doomed;
pub use plan::Kind;
pub use read_models::Project;
pub use run::{Outcome, Run};
pub use worker::Work;
