//! A cursor that fetches its next batch while the last one is decoded, with a time limit for each
//! batch.

use es_core::StoreError;
use futures_util::{FutureExt, StreamExt};
use mongodb::raw_batch_cursor::{RawBatch, RawBatchCursor};
use tokio::task::JoinHandle;

use crate::error::store_error;
use crate::patience::Patience;

type Fetched = (Box<RawBatchCursor>, Option<Result<RawBatch, mongodb::error::Error>>);

/// A cursor, and the batch that is being fetched.
///
/// The driver requests a batch only after the previous one is used up, so decoding and the network
/// would take turns.
pub(crate) struct ReadAhead {
    state: State,
    patience: Patience,
}

enum State {
    Resting(Box<RawBatchCursor>),
    Fetching(JoinHandle<Fetched>),
    /// The node that had the cursor has failed.
    Lost,
    Ended,
}

impl ReadAhead {
    pub(crate) fn new(cursor: RawBatchCursor, patience: Patience) -> Self {
        Self { state: State::Resting(Box::new(cursor)), patience }
    }

    /// The next batch, which is being fetched since [`fetch`](Self::fetch) was called.
    pub(crate) async fn next(&mut self) -> Result<Option<RawBatch>, StoreError> {
        let (cursor, batch) = match std::mem::replace(&mut self.state, State::Ended) {
            State::Resting(mut cursor) => match cursor.next().now_or_never() {
                // The first batch arrived with the cursor, and no batch follows the last one.
                Some(batch) => (cursor, batch),
                None => self.patience.wait(fetch(&self.patience, cursor)).await?,
            },
            State::Fetching(task) => self.patience.wait(task).await?,
            State::Lost | State::Ended => return Ok(None),
        };
        let Some(batch) = batch else { return Ok(None) };
        self.state = if batch.is_ok() { State::Resting(cursor) } else { State::Lost };
        match batch {
            Ok(batch) => Ok(Some(batch)),
            Err(_) if self.patience.has_no_runtime().await => Err(StoreError::RuntimeEnded),
            Err(error) => Err(store_error(error)),
        }
    }

    /// Whether the node that has the cursor could not deliver the last batch, so the cursor is
    /// unusable.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// Starts to fetch the next batch. If there is none, no task is started.
    pub(crate) fn fetch(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Resting(cursor) => State::Fetching(fetch(&self.patience, cursor)),
            other => other,
        };
    }
}

fn fetch(patience: &Patience, mut cursor: Box<RawBatchCursor>) -> JoinHandle<Fetched> {
    patience.spawn(async move {
        let batch = cursor.next().await;
        (cursor, batch)
    })
}
