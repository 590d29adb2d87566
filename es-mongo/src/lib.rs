//! The MongoDB store of [`es_core`].

mod append;
#[cfg(feature = "dev-server")]
pub mod dev;
mod document;
mod error;
mod index;
pub mod metrics;
mod options;
mod read;
mod snapshot;
mod store;

/// The driver, in the version that this crate works with.
pub use mongodb;

pub use options::{CollectionNames, StoreBuilder};
pub use store::MongoStore;
