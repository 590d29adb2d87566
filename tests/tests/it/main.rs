//! The tests against a server, in one program that starts the shared server once.
//!
//! Every module is a former program of its own and may be run alone: `cargo test -p tests --test it archive::`. Tests run side by
//! side, so a test works in its own database. If it stops, freezes or misconfigures a server, it starts its own.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

mod all_or_nothing;
mod archive;
mod concurrency;
mod connection_options;
mod dead_writers;
mod hostile;
mod killed;
mod limits;
mod lost_answers;
mod majority;
mod migrate;
mod one_bad_aggregate;
mod ordering;
mod pages;
mod partial_restore;
mod properties;
mod proxy;
mod queries;
mod query_events;
mod read_back;
mod reads;
mod refusals;
mod refused_appends;
mod repository;
mod roles;
mod runtimes;
mod tls;
mod unsafe_collections;
mod values;
mod verify;
