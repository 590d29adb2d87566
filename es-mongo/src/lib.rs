//! The MongoDB store of [`es_core`].

mod append;
mod archive;
#[cfg(feature = "dev-server")]
pub mod dev;
mod document;
mod error;
mod index;
mod merge;
pub mod metrics;
mod migrate;
mod options;
mod progress;
mod query;
mod read;
mod snapshot;
mod stats;
mod store;
mod switch;
mod trace;
mod verify;

/// The driver, in the version that this crate works with.
pub use mongodb;

pub use archive::{Archive, ArchiveReport};
#[doc(hidden)]
pub use archive::ArchiveStep;
pub use migrate::{Migrated, Migration, MigrationFailure, MigrationReport};
pub use options::{CollectionNames, StoreBuilder};
pub use query::EventQuery;
pub use stats::StoreStats;
pub use store::MongoStore;
pub use switch::{Gradual, Source, Switch};
pub use trace::{Trace, TraceNode};
pub use verify::{Finding, Verification, VerifyReport};
