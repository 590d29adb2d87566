//! Event-sourced aggregates: the vocabulary, the repository, an in-memory store and a test kit.
//!
//! An *event* is a fact that was recorded. An *aggregate* is state that is folded from its events. A *decision* looks at the state and returns
//! events, or an error of the domain. The [`Repository`] loads an aggregate, asks for a decision, and appends what it returned, provided that nobody else
//! has appended in between.
//!
//! ```
//! use es_core::memory::MemoryStore;
//! use es_core::{Aggregate, Apply, Context, Init, Repository, event};
//!
//! #[event(version = 1)]
//! pub struct Opened { pub owner: String }
//!
//! #[event(version = 1)]
//! pub struct Deposited { pub cents: i64 }
//!
//! #[derive(Aggregate, Debug)]
//! #[aggregate(init(Opened), events(Deposited))]
//! pub struct Account { owner: String, cents: i64 }
//!
//! impl Init<Opened> for Account {
//!     fn init(event: Opened, _: &Context) -> Self { Self { owner: event.owner, cents: 0 } }
//! }
//!
//! impl Apply<Deposited> for Account {
//!     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let accounts = Repository::<Account>::new(&MemoryStore::new());
//! accounts.create("alice", Opened { owner: "Alice".into() }).by("clerk_7").await?;
//! accounts.update("alice", |_| Deposited { cents: 500 }).by("clerk_7").await?;
//! let account = accounts.load("alice").await?;
//! assert_eq!((account.version.get(), account.cents), (2, 500));
//! assert_eq!(accounts.load_at("alice", 1).await?.cents, 0);
//! # Ok(())
//! # }
//! ```
//!
//! # Terms
//!
//! | term | is |
//! |---|---|
//! | *stream* | the events of one aggregate, in order ([`StreamId`]) |
//! | *sequence* | the place of an event in its stream, from 1 ([`Sequence`]) |
//! | *version* of an aggregate | how many events its stream has ([`Version`]) |
//! | *position* | the place of an event among all events of the store ([`Position`]) |
//! | *expected version* | the version that an append was decided on ([`ExpectedVersion`]) |
//! | *upcast* | reading what an old version of an event stored, as the newest |
//! | *snapshot* | folded state that saves folding again ([`Snapshot`]) |
//! | *correlation*, *causation* | what an event is a part of, and what made it happen ([`Metadata`]) |
//!
//! # Changing what is stored
//!
//! Events are stored forever, and programs change: see the [guide](guide::changing_events).
//!
//! # Which crate do I need
//!
//! This one for aggregates and their tests; `es-mongo` for a server.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `derive` | yes | the macros |
//! | `conformance` | no | the laws of a store, for whoever writes one |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod aggregate;
mod append;
mod cause;
#[cfg(feature = "conformance")]
pub mod conformance;
mod context;
mod error;
mod event;
mod events;
#[cfg(feature = "derive")]
pub mod guide;
pub mod memory;
mod metadata;
mod nesting;
mod panicked;
mod read_back;
mod recorded;
mod replay;
mod repository;
mod retry;
pub mod schema;
mod snapshot;
mod sources;
mod store;
mod stream;
pub mod testing;
mod timestamp;
mod version;
mod write_check;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

#[cfg(feature = "derive")]
pub use es_derive::{Aggregate, event};

/// The BSON types in the signatures of this crate, for whoever names them.
pub use bson;

pub use aggregate::{Aggregate, Apply, FoldError, Init};
pub use append::{Append, AppendId, Appended, ExpectedVersion, MAX_EVENT_BYTES, NewEvent, Receipt, Stamp};
pub use cause::Cause;
pub use context::Context;
pub use error::{ErrorChain, QueryError, SharedError, StoreError};
pub use event::{
    BoxError, DecodeError, Decoded, Event, EventInfo, EventSet, FirstEvents, IntoEvents, NextEvents, Payload,
    VisitEvents, VisitVersions,
};
pub use events::Events;
pub use metadata::{Metadata, MetadataError};
pub use nesting::MAX_NESTING;
pub use panicked::Panicked;
pub use recorded::{BsonPayload, EventData, EventId, InvalidEventId, RecordedEvent, StoredEvent};
pub use replay::Replay;
pub use repository::{
    Answer, Committed, Create, CreateError, Decision, ImportDifference, ImportError, ImportedEvent, LastEvent,
    LoadError, Loaded, Outcome, Repository, Update, UpdateError,
};
pub use retry::{Retries, RetryPolicy};
pub use snapshot::{Snapshot, SnapshotPolicy, State, StateRef, StoredSnapshot};
pub use sources::EventSources;
pub use store::{BatchStream, BoxFuture, EventBatch, EventStore, ReadRange, Runtime, SnapshotStore, Store};
pub use stream::{AggregateId, InvalidId, MAX_ID_BYTES, StreamId};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use version::{InvalidCount, Position, Sequence, Version};
pub use write_check::WriteCheck;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
