//! Finding what may go: the old events in use, stream by stream.

use std::collections::VecDeque;

use bson::doc;
use bson::oid::ObjectId;
use bson::raw::RawDocument;
use es_core::{Aggregate, Sequence, StoreError, StreamId, Timestamp};

use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, ID, POSITION, SEQUENCE, TIMESTAMP};
use crate::document::{documents, integer, of_stream, stream_index};
use crate::error::store_error;
use crate::read_ahead::ReadAhead;
use crate::store::Collections;

/// An old event in use.
pub(super) struct Candidate {
    pub(super) aggregate_id: String,
    pub(super) id: ObjectId,
    pub(super) sequence: Sequence,
    pub(super) position: i64,
}

/// All old events in use, in the order of their streams.
///
/// What is deleted meanwhile lies behind the cursor.
pub(super) struct Scan {
    cursor: ReadAhead,
    ready: VecDeque<Option<Candidate>>,
}

impl Scan {
    pub(super) async fn open<A: Aggregate>(
        collections: &Collections,
        older_than: Timestamp,
    ) -> Result<Self, StoreError> {
        let order = stream_index();
        let filter = doc! { AGGREGATE_TYPE: A::TYPE, TIMESTAMP: { "$lt": bson::DateTime::from(older_than) } };
        let old = collections.find(&collections.events, filter).sort(order.clone()).on_index(order);
        let fields = doc! { AGGREGATE_ID: 1, SEQUENCE: 1, POSITION: 1 };
        let cursor = old.projection(fields).batch_size(1000).batches().await?;
        Ok(Self { cursor, ready: VecDeque::new() })
    }

    /// The next event, or `Some(None)` for one that is malformed.
    pub(super) async fn next(&mut self) -> Result<Option<Option<Candidate>>, StoreError> {
        loop {
            if let Some(candidate) = self.ready.pop_front() {
                return Ok(Some(candidate));
            }
            let Some(batch) = self.cursor.next().await? else { return Ok(None) };
            for document in documents(batch.doc_slices().map_err(store_error)?) {
                self.ready.push_back(candidate(document?));
            }
        }
    }
}

fn candidate(document: &RawDocument) -> Option<Candidate> {
    Some(Candidate {
        aggregate_id: document.get_str(AGGREGATE_ID).ok()?.to_owned(),
        id: document.get_object_id(ID).ok()?,
        sequence: Sequence::try_from(integer(document.get(SEQUENCE).ok()??)?).ok()?,
        position: integer(document.get(POSITION).ok()??)?,
    })
}

/// How many events of a stream before this one are archived.
pub(super) async fn archived_before(
    collections: &Collections,
    stream: &StreamId,
    sequence: Sequence,
) -> Result<u64, StoreError> {
    let mut filter = of_stream(stream);
    filter.insert(SEQUENCE, doc! { "$lt": sequence.as_i64() });
    collections.find(&collections.archive, filter).on_index(stream_index()).count().await
}
