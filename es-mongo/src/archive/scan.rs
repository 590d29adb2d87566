//! Finds the old events that are not archived yet, stream by stream, with their complete documents.

use std::collections::VecDeque;

use bson::doc;
use bson::raw::{RawDocument, RawDocumentBuf};
use es_core::{Aggregate, Sequence, StoreError, StreamId, Timestamp};

use super::ArchiveFailure;
use crate::collections::Collections;
use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, ID, POSITION, SEQUENCE, TIMESTAMP};
use crate::document::{documents, integer_in, of_stream, stream_index};
use crate::error::store_error;
use crate::read_ahead::ReadAhead;

/// The number of events that are fetched at once.
const FETCHED: u32 = 2_000;

/// The size of the events that are moved at once in bytes, unless a single event is larger. This is
/// far below the 48 MB at which the driver would split an insert.
const BYTES: usize = 8 * 1024 * 1024;

/// An old event that is not archived yet.
pub(super) struct Candidate {
    pub(super) document: RawDocumentBuf,
    pub(super) sequence: Sequence,
    pub(super) position: i64,
}

/// Old events of one stream, in order.
pub(super) struct Part {
    pub(super) aggregate_id: String,
    pub(super) events: Vec<Candidate>,
}

/// Old events that are moved at once, grouped by stream. The last stream may continue in the next
/// batch.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) parts: Vec<Part>,
    pub(super) malformed: Vec<ArchiveFailure>,
}

/// All old events that are not archived yet, in the order of their streams.
///
/// The events that are deleted in the meantime are behind the cursor.
pub(super) struct Scan {
    cursor: ReadAhead,
    ready: VecDeque<RawDocumentBuf>,
}

impl Scan {
    pub(super) async fn open<A: Aggregate>(
        collections: &Collections,
        older_than: Timestamp,
    ) -> Result<Self, StoreError> {
        let order = stream_index();
        let filter = doc! { AGGREGATE_TYPE: A::TYPE, TIMESTAMP: { "$lt": bson::DateTime::from(older_than) } };
        let old = collections.find(&collections.events, filter).sort(order.clone()).on_index(order);
        Ok(Self { cursor: old.batch_size(FETCHED).batches().await?, ready: VecDeque::new() })
    }

    /// The next batch of events, or `None` at the end.
    pub(super) async fn next(&mut self, events: u32) -> Result<Option<Batch>, StoreError> {
        let (mut batch, mut left, mut bytes) = (Batch::default(), events, 0);
        while left > 0 && bytes < BYTES {
            let Some(document) = self.ready.pop_front() else {
                let Some(fetched) = self.cursor.next().await? else { break };
                self.cursor.fetch();
                for document in documents(fetched.doc_slices().map_err(store_error)?) {
                    self.ready.push_back(document?.to_owned());
                }
                continue;
            };
            left -= 1;
            bytes += document.as_bytes().len();
            batch.push(document);
        }
        Ok((left < events).then_some(batch))
    }
}

impl Batch {
    fn push(&mut self, document: RawDocumentBuf) {
        let Some((aggregate_id, sequence, position)) = place(&document) else {
            self.malformed.push(malformed(&document));
            return;
        };
        let part = self.parts.last_mut().filter(|part| part.aggregate_id == aggregate_id);
        match part {
            Some(part) => part.events.push(Candidate { document, sequence, position }),
            None => {
                let aggregate_id = aggregate_id.to_owned();
                self.parts.push(Part { aggregate_id, events: vec![Candidate { document, sequence, position }] });
            }
        }
    }
}

fn place(document: &RawDocument) -> Option<(&str, Sequence, i64)> {
    document.get_object_id(ID).ok()?;
    let sequence = Sequence::try_from(integer_in(document, SEQUENCE)?).ok()?;
    Some((document.get_str(AGGREGATE_ID).ok()?, sequence, integer_in(document, POSITION)?))
}

fn malformed(document: &RawDocument) -> ArchiveFailure {
    let id = document.get(ID).ok().flatten();
    let reason = format!("the event document with _id {id:?} has no valid id, aggregate id, sequence or position");
    let aggregate_id = document.get_str(AGGREGATE_ID).map_or_else(|_| format!("{id:?}"), str::to_owned);
    ArchiveFailure { aggregate_id, reason }
}

/// The number of archived events before this one in its stream.
pub(super) async fn archived_before(
    collections: &Collections,
    stream: &StreamId,
    sequence: Sequence,
) -> Result<u64, StoreError> {
    let mut filter = of_stream(stream);
    filter.insert(SEQUENCE, doc! { "$lt": sequence.as_i64() });
    collections.find(&collections.archive, filter).on_index(stream_index()).count().await
}
