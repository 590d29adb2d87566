//! The code that the tests of this package share.

pub mod account;
pub mod commands;
pub mod counter;
pub mod fail_point;
pub mod faults;
pub mod history;
pub mod killed;
pub mod ledger;
pub mod log;
pub mod order;
pub mod proxy;
pub mod secured;
pub mod stores;

/// The path that the macros of this crate use.
pub use es_core as library;
pub use es_mongo as mongo;

use es_core::store::{ExpectedVersion, Head};
use es_core::{Position, Sequence};
use es_mongo::MongoStore;
use es_mongo::dev::{DevServer, fresh_database_name};

/// The server that all tests of one program share. It ends with the program.
///
/// # Panics
///
/// If no server can be started, because a test that needs one must not pass without it.
pub async fn server() -> &'static DevServer {
    DevServer::shared().await.unwrap_or_else(|error| panic!("{error}"))
}

/// An empty store, in a separate database on the shared server.
///
/// # Panics
///
/// If it cannot be opened.
pub async fn empty_store() -> MongoStore {
    open(&fresh_database_name("test")).await
}

/// A store in a database of the shared server.
///
/// # Panics
///
/// If it cannot be opened.
pub async fn open(database: &str) -> MongoStore {
    let opened = MongoStore::connect(server().await.uri(), database).await;
    opened.unwrap_or_else(|error| panic!("{error}"))
}

/// Expects this version without a check by the store, as if its event had been read at the first
/// position.
pub fn observed(version: u32) -> ExpectedVersion {
    let head = Sequence::try_from(u64::from(version)).map(|sequence| Head::new(sequence, Position::FIRST));
    ExpectedVersion::observed(head.unwrap_or(Head::NONE))
}

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Compiles the steps of the guides of es-core that need es-mongo.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../../es-core/src/docs/first_aggregate/on_mongodb.md")]
    struct FirstAggregate;
    #[doc = include_str!("../../es-core/src/docs/testing/on_a_server.md")]
    struct Testing;
}
