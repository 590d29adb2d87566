//! Event-sourced aggregates: the vocabulary, the repository, an in-memory store and a test kit.
//!
//! An *event* is a fact that was recorded. An *aggregate* is state that is folded from its events.
//! A *decision* looks at the state and returns events, or an error of the domain. The
//! [`Repository`] loads an aggregate, asks for a decision, and appends what it returned, provided
//! that nobody else has appended in between.
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
//! | *head* of a stream | its newest event: the version, and the position of the event ([`store::Head`]) |
//! | *expected version* | the version that an append was decided on ([`store::ExpectedVersion`]) |
//! | *upcast* | reading what an old version of an event stored, as the newest |
//! | *snapshot* | folded state that saves folding again ([`store::Snapshot`]) |
//! | *query* | the events of all aggregates that meet conditions ([`store::QueryStore::events`]) |
//! | *feed* | the events of the store by position, and each new one ([`store::FeedStore::follow`]) |
//! | *projection* | a pure function from events to rows ([`projection::Projection`]) |
//! | *read model* | the rows of a projection ([`read_model::ReadModel`]) |
//! | *checkpoint* | the position up to which the rows are folded ([`store::Checkpoint`]) |
//! | *lease*, *fence* | the right of one process to fold rows, and its number ([`store::Lease`]) |
//! | *trace* | the events of a correlation as a tree of causes and effects ([`store::QueryStore::trace`]) |
//! | *correlation*, *causation* | what an event is a part of, and what made it happen ([`Metadata`]) |
//!
//! # Guides
//!
//! | guide | for |
//! |---|---|
//! | [`guide::first_aggregate`] | events, an aggregate, decisions, a repository |
//! | [`guide::lifecycle`] | events that change nothing, an aggregate that ends, decisions in several steps |
//! | [`guide::testing`] | given, when, then; tests of a service with `MemoryStore`; tests against a real server |
//! | [`guide::changing_events`] | every way in which an event can change after its release |
//! | [`guide::read_models`] | rows that are folded from events: declare, test, run, read and change them |
//! | [`guide::coming_from_cqrs_es`] | a bank account of cqrs-es, ported step by step with the events that it has stored |
//!
//! # Which crate do I need
//!
//! This one for aggregates and their tests; `es-mongo` for a server.
//!
//! # Modules
//!
//! The root has what an aggregate and its callers need. [`repository`] has the actions and what
//! they take and return, [`error`] the errors of values, [`query`] the questions about recorded
//! events, [`feed`] what follows them, [`projection`], [`subscription`] and [`read_model`] the rows
//! that are folded from them, and [`store`] what the author of a store implements.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `derive` | yes | the macros |
//! | `testing` | no | the test kit ([`testing`]) and the check of released events ([`schema`]); enable it in `[dev-dependencies]` |
//! | `uuid` | no | [`Id`] for `uuid::Uuid` itself; a newtype of it does not need the feature |
//! | `conformance` | no | the laws of a store, for authors of stores |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod aggregate;
mod append;
mod cause;
pub mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod context;
pub mod dead_letters;
pub mod error;
mod event_stream;
mod event_types;
pub mod feed;
#[cfg(feature = "derive")]
pub mod guide;
mod head;
mod id;
mod join;
pub mod memory;
mod metadata;
mod nesting;
mod panicked;
pub mod projection;
pub mod query;
mod read_back;
pub mod read_model;
pub mod rebuild;
mod recorded;
mod replay;
pub mod repository;
mod retry;
#[cfg(feature = "testing")]
pub mod schema;
mod snapshot;
mod sources;
pub mod store;
mod stream;
pub mod subscription;
#[cfg(feature = "testing")]
pub mod testing;
mod timestamp;
mod version;
mod write_check;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

#[cfg(feature = "derive")]
pub use es_derive::{Aggregate, Id, event, events};

/// The BSON types in the signatures of this crate, for whoever names them.
pub use bson;

pub use aggregate::{Aggregate, Apply, Init};
pub use cause::Cause;
pub use context::Context;
pub use error::StoreError;
pub use event_types::Event;
pub use id::{Id, IdFor};
pub use metadata::Metadata;
pub use recorded::{EventId, RecordedEvent};
pub use repository::Repository;
pub use repository::committed::{Committed, Outcome};
pub use repository::decision::Answer;
pub use repository::error::{CreateError, LoadError, UpdateError};
pub use repository::loaded::Loaded;
pub use repository::steps::Steps;
pub use retry::RetryPolicy;
pub use snapshot::SnapshotPolicy;
pub use stream::{AggregateId, StreamId};
pub use timestamp::Timestamp;
pub use version::{Position, Sequence, Version};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
