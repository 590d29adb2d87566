//! The MongoDB store of [`es_core`].

mod append;
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

/// The driver, in the version that this crate works with.
pub use mongodb;

pub use migrate::{Migrated, Migration, MigrationFailure, MigrationReport};
pub use options::{CollectionNames, StoreBuilder};
pub use query::EventQuery;
pub use stats::StoreStats;
pub use store::MongoStore;
pub use switch::{Gradual, Source, Switch};
pub use trace::{Trace, TraceNode};
