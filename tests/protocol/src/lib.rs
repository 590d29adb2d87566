//! The protocol of positions as a model: a small system in which everything that may happen does
//! happen, in every order.
//!
//! The section "The states of a position" of `ARCHITECTURE.md` describes the protocol. Each module
//! has the state and the steps of one participant: `database`, `writer` with `insert`, `reader`
//! and `archive`. [`properties`] has what must hold in every state, and [`config`] the bounds of a
//! run and the bugs that can be planted.

mod archive;
mod check;
pub mod config;
mod database;
mod insert;
mod model;
pub mod properties;
mod reader;
mod writer;

pub use check::{Report, explore, search};
pub use config::{Bug, Config};
