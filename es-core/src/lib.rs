//! Event-sourced aggregates.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod aggregate;
mod context;
mod error;
mod event;
mod metadata;
mod recorded;
mod retry;
mod snapshot;
mod stream;
mod timestamp;
mod version;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

#[cfg(feature = "derive")]
pub use es_derive::{Aggregate, event};

pub use aggregate::{Aggregate, Apply, FoldError, Init};
pub use context::Context;
pub use error::StoreError;
pub use event::{BoxError, DecodeError, Decoded, Event, EventInfo, EventSet, IntoEvents, Payload};
pub use metadata::{Metadata, MetadataError};
pub use recorded::{BsonPayload, EventData, EventId, InvalidEventId, RecordedEvent, StoredEvent};
pub use retry::RetryPolicy;
pub use snapshot::{Snapshot, SnapshotPolicy, State, StateRef};
pub use stream::{AggregateId, InvalidId, MAX_ID_BYTES, StreamId};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use version::{OutOfRange, Position, Sequence, Version};
