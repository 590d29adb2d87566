//! The macros and the stored form of types, without a server.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

mod domains;
mod generated;
mod orders;
mod other_derives;
mod own_enum;
mod projections;
mod rows;
mod schema_lock;
mod splits;
mod stored_form;
mod written;
