//! A cursor that fetches its next batch while the last one is decoded.

use es_core::StoreError;
use futures_util::StreamExt;
use mongodb::raw_batch_cursor::{RawBatch, RawBatchCursor};
use tokio::task::JoinHandle;

use crate::error::{malformed, store_error};

type Fetched = (RawBatchCursor, Option<Result<RawBatch, mongodb::error::Error>>);

/// A cursor, and the batch that is on its way.
///
/// The driver asks for a batch only when the one before is used up; decoding and the network would take turns.
pub(crate) enum ReadAhead {
    Resting(Box<RawBatchCursor>),
    Fetching(JoinHandle<Fetched>),
    Ended,
}

impl ReadAhead {
    pub(crate) fn new(cursor: RawBatchCursor) -> Self {
        Self::Resting(Box::new(cursor))
    }

    /// The next batch, which has been on its way since [`fetch`](Self::fetch) was called.
    pub(crate) async fn next(&mut self) -> Result<Option<RawBatch>, StoreError> {
        let (cursor, batch) = match std::mem::replace(self, Self::Ended) {
            Self::Resting(mut cursor) => {
                let batch = cursor.next().await;
                (*cursor, batch)
            }
            Self::Fetching(task) => task.await.map_err(|stopped| malformed("a cursor", stopped))?,
            Self::Ended => return Ok(None),
        };
        let Some(batch) = batch else { return Ok(None) };
        *self = Self::new(cursor);
        batch.map(Some).map_err(store_error)
    }

    /// Begins to fetch the next batch. Worth its task only where there is one.
    pub(crate) fn fetch(&mut self) {
        *self = match std::mem::replace(self, Self::Ended) {
            Self::Resting(mut cursor) => Self::Fetching(tokio::spawn(async move {
                let batch = cursor.next().await;
                (*cursor, batch)
            })),
            other => other,
        };
    }
}
