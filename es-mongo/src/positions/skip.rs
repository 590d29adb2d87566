//! Skips: system events that decide a position that no event will take.
//!
//! A skip is inserted like an event, so the unique index on positions decides between the two. If
//! both are on their way, one of them is refused.

use bson::oid::ObjectId;
use bson::raw::RawDocument;
use bson::{Document, doc};
use es_core::{Position, StoreError, StreamId};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::document::field;
use crate::error::invalid;

/// The aggregate type and the event type of skips. No aggregate can have it.
pub(crate) const SKIP_TYPE: &str = "$skip";

/// The aggregate id of all skips.
const SKIP_ID: &str = "positions";

/// Why a position was skipped, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The writer that had the position did not need it.
    Unused,
    /// A reader has waited for the writer that had the position.
    Abandoned,
}

impl Reason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Abandoned => "abandoned",
        }
    }
}

/// A skip in its stored form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Skip {
    id: ObjectId,
    position: Position,
    reason: Reason,
}

impl Skip {
    pub(crate) fn new(position: Position, reason: Reason) -> Self {
        Self { id: ObjectId::new(), position, reason }
    }

    pub(crate) fn position(&self) -> Position {
        self.position
    }
}

impl Serialize for Skip {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Skip", 10)?;
        document.serialize_field(field::ID, &self.id)?;
        document.serialize_field(field::AGGREGATE_ID, SKIP_ID)?;
        document.serialize_field(field::AGGREGATE_TYPE, SKIP_TYPE)?;
        document.serialize_field(field::EVENT_TYPE, SKIP_TYPE)?;
        document.serialize_field(field::EVENT_VERSION, &1_i32)?;
        document.serialize_field(field::EVENT_DATA, &doc! { "reason": self.reason.as_str() })?;
        document.serialize_field(field::METADATA, &Document::new())?;
        document.serialize_field(field::TIMESTAMP, &bson::DateTime::now())?;
        document.serialize_field(field::SEQUENCE, &self.position.as_i64())?;
        document.serialize_field(field::POSITION, &self.position.as_i64())?;
        document.end()
    }
}

/// Whether a document of the events collection is a skip.
pub(crate) fn is_skip(document: &RawDocument) -> bool {
    document.get_str(field::AGGREGATE_TYPE).is_ok_and(|found| found == SKIP_TYPE)
}

/// Refuses to append to the stream of the skips.
pub(crate) fn refuse_reserved(stream: &StreamId) -> Result<(), StoreError> {
    if stream.aggregate_type() == SKIP_TYPE {
        let reason = "it is the aggregate type of the store's own skips; choose a different name";
        return Err(invalid(SKIP_TYPE, reason));
    }
    Ok(())
}
