//! Stores the events of [`es_core`] in MongoDB.
//!
//! [`MongoStore`] keeps events, snapshots and an archive in one database of a replica set. It is
//! the store of an [`es_core::Repository`], and it also provides what an audit needs:
//!
//! | | |
//! |---|---|
//! | [`MongoStore::connect`], [`MongoStore::builder`] | opens the store, and creates or checks its collections, indexes and validator |
//! | [`MongoStore::events`] | queries events by type, aggregate, user, correlation, time and position: as a stream, in pages, or counted |
//! | [`MongoStore::follow`] | follows the events by position: an endless stream of those in the past and of each new one |
//! | [`MongoStore::trace`] | shows the events of a command as a tree of causes and effects |
//! | [`MongoStore::archive`] | moves old events to an archive; every aggregate can still be loaded at any version and time |
//! | [`MongoStore::verify`] | checks, daily for example, that the stored data are consistent |
//! | [`MongoStore::migrate`], [`MigratingRepository`] | convert an existing collection to events, and switch to them gradually |
//! | [`MongoStore::stats`], [`metrics`] | figures about the store |
//! | [`Roles`] | users of the server with the least rights for their task |
//!
//! # Guides
//!
//! | guide | for |
//! |---|---|
//! | [`guide::web_service`] | axum: 404, 409 and 422 from typed errors, `If-Match`, correlation from headers |
//! | [`guide::observing`] | spans to OpenTelemetry, metrics to Prometheus |
//! | [`guide::tenants`] | a database for each tenant |
//!
//! Those of `es_core::guide` come before: a first aggregate, testing, changing events.
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
mod collections;
mod deployment;
#[cfg(feature = "dev-server")]
pub mod dev;
mod document;
mod error;
mod feed;
mod find;
#[cfg(any(test, feature = "__internal"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod guide;
mod handles;
mod held_up;
mod index;
mod merge;
pub mod metrics;
mod migrate;
mod migrating_repository;
mod options;
mod patience;
mod positions;
mod progress;
mod query;
mod read;
mod read_ahead;
mod read_model;
mod roles;
mod seeds;
mod sessions;
mod snapshot;
mod source;
mod stats;
mod store;
mod transaction;
mod verify;

/// The driver, in the version that this crate uses.
pub use mongodb;

#[cfg(feature = "__internal")]
#[doc(hidden)]
pub use archive::step::ArchiveStep;
pub use archive::{Archive, ArchiveFailure, ArchiveReport};
pub use error::DriverError;
pub use migrate::{Migrated, Migration, MigrationFailure, MigrationReport};
pub use migrating_repository::{LoadedFrom, MigratingRepository, ReadMode};
pub use options::CollectionNames;
pub use read_model::{FindRows, RowsFound};
pub use roles::{Role, Roles};
pub use stats::StoreStats;
pub use store::{MongoStore, StoreBuilder};
pub use verify::{Finding, Verification, VerificationReport};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
