//! The tests against a server, in one program that starts the shared server once.
//!
//! Tests run concurrently, so each uses a separate database. If a test stops, freezes or
//! reconfigures a server, it starts its own. A fail point of the shared server affects one
//! application name.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

mod all_or_nothing;
mod archive;
mod concurrency;
mod connection_options;
mod dead_writers;
mod ends;
mod feed;
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
mod positions;
mod properties;
mod proxy;
mod queries;
mod query_events;
mod read_back;
mod read_models;
mod reads;
mod refusals;
mod refused_appends;
mod repository;
mod roles;
mod runtimes;
mod stored_bytes;
mod tls;
mod unsafe_collections;
mod values;
mod verify;
