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
pub mod wallet;

/// The path that the macros of this crate use.
pub use es_core as library;
pub use es_mongo as mongo;

use std::time::{Duration, Instant};

use es_core::store::{ExpectedVersion, FeedStore, Head};
use es_core::{Position, Sequence, StoreError};
use es_mongo::MongoStore;
use es_mongo::dev::{DevServer, fresh_database_name};
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::options::ClientOptions;

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

/// A client of the shared server with an application name, so that a fail point can select its
/// connections.
///
/// # Panics
///
/// If the server cannot be started.
pub async fn client_named(application: &str) -> Client {
    let options = ClientOptions::parse(server().await.uri()).await;
    let mut options = options.unwrap_or_else(|error| panic!("{error}"));
    options.app_name = Some(application.to_owned());
    Client::with_options(options).unwrap_or_else(|error| panic!("{error}"))
}

/// Expects this version without a check by the store, as if its event had been read at the first
/// position.
pub fn observed(version: u32) -> ExpectedVersion {
    let head = Sequence::try_from(u64::from(version)).map(|sequence| Head::new(sequence, Position::FIRST));
    ExpectedVersion::observed(head.unwrap_or(Head::NONE))
}

/// Waits until each position up to the newest one has an event or a skip, as a follower does.
///
/// # Panics
///
/// If this takes longer than a minute, or the store cannot be reached.
pub async fn settle(store: &MongoStore) {
    let begun = Instant::now();
    loop {
        let events = store.database().collection::<Document>("events");
        let newest = events.find_one(doc! {}).sort(doc! { "position": -1 }).await;
        let newest = newest.unwrap_or_else(|error| panic!("{error}"));
        let newest = newest.map_or(0, |newest| newest.get_i64("position").unwrap_or_else(|error| panic!("{error}")));
        let frontier = match store.frontier().await {
            // There are no positions to wait for.
            Err(StoreError::NoGlobalOrder) => return,
            frontier => frontier.unwrap_or_else(|error| panic!("{error}")),
        };
        if frontier.map_or(0, Position::as_i64) >= newest {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "a position is still open: {frontier:?} of {newest}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
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
