//! Recording events.
//!
//! ```text
//! append (the caller) ──▶ request ──▶ queue ──▶ the appender task ──▶ commit ──▶ MongoDB
//!       ▲                                           │    ▲              │
//!       └────────────────── answer ─────────────────┘    └── outcome ◀──┘  (who holds the key?)
//! ```
//!
//! Each open store has one task that writes, one batch at a time: it takes the appends that have
//! arrived while the last commit ran. So it knows the highest position from its own acknowledged
//! writes, and many callers share the cost of one commit.

mod attempt;
mod batch;
mod commit;
mod outcome;
mod places;
mod problem;
mod queue;
mod request;
mod turns;

use es_core::{Append, Appended, EventStore, ReadRange, Receipt, StoreError, StreamId, Version};
use futures_core::Stream;

pub(crate) use queue::Appender;

use crate::metrics;
use crate::read::MongoBatch;
use crate::store::MongoStore;
use request::Request;

impl EventStore for MongoStore {
    type Batch = MongoBatch;

    /// Records events.
    ///
    /// If the caller drops this future or stops waiting, the append is not affected: once it is in
    /// the queue, it is written or refused.
    #[tracing::instrument(level = "debug", skip_all, fields(stream = %append.stream, events = append.events.len()))]
    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        let timer = metrics::Timer::start();
        let answer = self.append_now(append).await;
        metrics::appended(timer, &answer);
        answer
    }

    fn read(
        &self,
        stream: &StreamId,
        range: ReadRange,
    ) -> impl Stream<Item = Result<MongoBatch, StoreError>> + Send + 'static {
        crate::read::stream(self.collections().clone(), stream.clone(), range)
    }

    async fn find_append(&self, stream: &StreamId, append_id: &str) -> Result<Option<Receipt>, StoreError> {
        let stored = outcome::find_append(self.collections(), stream, append_id).await?;
        Ok(stored.and_then(|events| outcome::receipt(&events)))
    }

    async fn head(&self, stream: &StreamId) -> Result<Version, StoreError> {
        crate::read::head(self.collections(), stream).await
    }
}

impl MongoStore {
    async fn append_now(&self, append: Append) -> Result<Appended, StoreError> {
        if append.events.is_empty() {
            return Err(StoreError::EmptyAppend { stream: append.stream });
        }
        if !append.expected.is_observed() {
            // An expected version beyond the head must be checked here: its sequences are free, so
            // no index would refuse it.
            let actual = crate::read::head(self.collections(), &append.stream).await?;
            if actual != append.expected.version() {
                return outcome::refuse(self.collections(), &append, actual).await;
            }
        }
        let (request, answer) = Request::new(append, self.inner.options.append_deadline)?;
        self.inner.appender.submit(request, answer).await
    }
}
