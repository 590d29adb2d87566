//! Event-sourced aggregates.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod aggregate;
mod append;
#[cfg(feature = "derive")]
pub mod conformance;
mod context;
mod error;
mod event;
mod events;
pub mod memory;
mod metadata;
mod recorded;
mod replay;
mod repository;
mod retry;
mod snapshot;
mod store;
mod stream;
pub mod testing;
mod timestamp;
mod version;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

#[cfg(feature = "derive")]
pub use es_derive::{Aggregate, event};

pub use aggregate::{Aggregate, Apply, FoldError, Init};
pub use append::{Append, AppendId, Appended, ExpectedVersion, MAX_EVENT_BYTES, MAX_NESTING, NewEvent, Receipt, Stamp};
pub use context::Context;
pub use error::StoreError;
pub use event::{BoxError, DecodeError, Decoded, Event, EventInfo, EventSet, IntoEvents, Payload};
pub use events::Events;
pub use metadata::{Metadata, MetadataError};
pub use recorded::{BsonPayload, EventData, EventId, InvalidEventId, RecordedEvent, StoredEvent};
pub use replay::Replay;
pub use repository::{Committed, CreateError, ImportedEvent, LoadError, Loaded, Outcome, Repository, UpdateError};
pub use retry::RetryPolicy;
pub use snapshot::{Snapshot, SnapshotPolicy, State, StateRef};
pub use store::{EventBatch, EventStore, ReadRange, Runtime, SnapshotStore, Store};
pub use stream::{AggregateId, InvalidId, MAX_ID_BYTES, StreamId};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use version::{OutOfRange, Position, Sequence, Version};
