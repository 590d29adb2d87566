//! The persistence of [`es_core`] on MongoDB.
//!
//! [`MongoStore`] keeps events, snapshots and an archive in one database of a replica set. It is the store of an
//! [`es_core::Repository`], and beyond that it answers what an audit asks:
//!
//! | | |
//! |---|---|
//! | [`MongoStore::connect`], [`MongoStore::builder`] | open, with collections, indexes and validator made or checked |
//! | [`MongoStore::events`] | events by type, aggregate, user, correlation, time and position: as a stream, in pages, or counted |
//! | [`MongoStore::trace`] | the flow of a command, as a tree by causation |
//! | [`MongoStore::archive`] | old events moved away, with every aggregate still loadable at any version and moment |
//! | [`MongoStore::verify`] | the daily check that what is stored is coherent |
//! | [`MongoStore::migrate`], [`Gradual`] | an existing collection into events, and the gradual switch to them |
//! | [`MongoStore::stats`], [`metrics`] | figures |
//! | [`Roles`] | users of the server who may do their part and nothing else |
//!
//! # What is stored
//!
//! One document an event in `events`: `_id`, `aggregateId`, `aggregateType`, `eventType`, `eventVersion`, `eventData`, `metadata`,
//! `timestamp`, `sequenceNumber`, `appendId` where the caller gave one, and `position`. The archive holds the same documents.
//! Snapshots have `_id` (`Type:aggregateId_version`), `aggregateId`, `aggregateType`, `version`, `stateVersion`, `state`, `timestamp`.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `rustls-tls` | yes | TLS to the server: `tls=true` in the connection string, and `tlsCAFile=..` for a certificate authority of your own |
//! | `dns-resolver` | yes | `mongodb+srv://` addresses |
//! | `dev-server` | no | `dev`: a real `mongod` for tests and examples |
//!
//! A feature of the driver that has no name here, such as `zlib-compression` for `compressors=zlib`, is turned on by a dependency on `mongodb` beside the one
//! on this crate.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod append;
mod archive;
mod collection;
#[cfg(feature = "dev-server")]
pub mod dev;
mod document;
mod error;
mod find;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod handles;
mod held_up;
mod index;
mod merge;
pub mod metrics;
mod migrate;
mod options;
mod patience;
mod progress;
mod query;
mod read;
mod read_ahead;
mod roles;
mod seeds;
mod sessions;
mod snapshot;
mod source;
mod stats;
mod store;
mod switch;
mod trace;
mod verify;

/// The driver, in the version that this crate works with.
pub use mongodb;

#[doc(hidden)]
pub use archive::ArchiveStep;
pub use archive::{Archive, ArchiveFailure, ArchiveReport};
pub use error::DriverError;
pub use migrate::{Migrated, Migration, MigrationFailure, MigrationReport};
pub use options::{CollectionNames, Ordering, StoreBuilder};
pub use query::{AnyEvent, EventQuery, InvalidCursor, NamedEvent, OneEvent, Page, QueryCursor, SelectsFrom};
pub use roles::{Role, Roles};
pub use stats::StoreStats;
pub use store::MongoStore;
pub use switch::{Gradual, Source, Switch};
pub use trace::{Trace, TraceNode};
pub use verify::{Finding, Verification, VerifyReport};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
