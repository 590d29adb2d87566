//! Stores the events of [`es_core`] in MongoDB.
//!
//! [`MongoStore`] keeps events, snapshots and an archive in one database of a replica set. It is
//! the store of an [`es_core::Repository`], and it also provides what an audit needs:
//!
//! | | |
//! |---|---|
//! | [`MongoStore::connect`], [`MongoStore::builder`] | opens the store, and creates or checks its collections, indexes and validator |
//! | [`MongoStore::events`] | queries events by type, aggregate, user, correlation, time and position: as a stream, in pages, or counted |
//! | [`MongoStore::trace`] | shows the events of a command as a tree of causes and effects |
//! | [`MongoStore::archive`] | moves old events to an archive; every aggregate can still be loaded at any version and time |
//! | [`MongoStore::verify`] | checks, daily for example, that the stored data are consistent |
//! | [`MongoStore::migrate`], [`Gradual`] | convert an existing collection to events, and switch to them gradually |
//! | [`MongoStore::stats`], [`metrics`] | figures about the store |
//! | [`Roles`] | users of the server with the least rights for their task |
//!
//! # What is stored
//!
//! Each event is one document in `events`: `_id`, `aggregateId`, `aggregateType`, `eventType`,
//! `eventVersion`, `eventData`, `metadata`, `timestamp`, `sequenceNumber`, `appendId` if the caller
//! provided one, and `position`. The archive contains the same documents. A snapshot has `_id`
//! (`Type:aggregateId_version`), `aggregateId`, `aggregateType`, `version`, `stateVersion`,
//! `state`, `timestamp`.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `rustls-tls` | yes | TLS to the server: `tls=true` in the connection string, and `tlsCAFile=..` for a private certificate authority |
//! | `dns-resolver` | yes | `mongodb+srv://` addresses |
//! | `dev-server` | no | `dev`: a real `mongod` for tests and examples |
//!
//! To use a feature of the driver that is not listed here, such as `zlib-compression` for
//! `compressors=zlib`, add a dependency on `mongodb` and enable it there.
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
mod verify;

/// The driver, in the version that this crate uses.
pub use mongodb;

#[doc(hidden)]
pub use archive::ArchiveStep;
pub use archive::{Archive, ArchiveFailure, ArchiveReport};
pub use migrate::{Migrated, Migration, MigrationFailure, MigrationReport};
pub use options::{CollectionNames, StoreBuilder};
pub use roles::{Role, Roles};
pub use stats::StoreStats;
pub use store::MongoStore;
pub use switch::{Gradual, Source, Switch};
pub use verify::{Finding, Verification, VerifyReport};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
