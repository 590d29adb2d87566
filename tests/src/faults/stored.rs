//! The documents of the events collection and of the archive, read without the library.

use es_mongo::mongodb::bson::{Document, deserialize_from_document};
use serde::Deserialize;

use crate::history::{Mark, Stored};

/// The aggregate type of a skip, which decides a position that no event will take.
const SKIP: &str = "$skip";

/// A position and what is stored at it.
pub(super) struct Decided {
    pub(super) position: u64,
    /// The event, or `None` for a skip.
    pub(super) event: Option<Stored>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventDocument {
    aggregate_id: String,
    sequence_number: i64,
    event_data: Data,
}

#[derive(Deserialize)]
struct Data {
    mark: Mark,
    index: u32,
}

impl Decided {
    pub(super) fn read(document: Document) -> Self {
        let position = u64::try_from(document.get_i64("position").unwrap()).unwrap();
        if document.get_str("aggregateType").unwrap() == SKIP {
            return Self { position, event: None };
        }
        let EventDocument { aggregate_id, sequence_number, event_data: Data { mark, index } } =
            deserialize_from_document(document).unwrap();
        let sequence = u64::try_from(sequence_number).unwrap();
        Self { position, event: Some(Stored { mark, index, stream: aggregate_id, sequence, position }) }
    }
}
