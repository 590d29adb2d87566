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
mod prepared;
mod problem;
mod queue;
mod request;
mod turns;

use es_core::{
    Append, AppendId, Appended, BatchStream, BoxFuture, EventStore, ReadRange, Receipt, StoreError, StreamId, Version,
};
use tracing::Instrument;

pub(crate) use queue::Appender;

use crate::metrics;
use crate::store::MongoStore;
use request::Request;

impl EventStore for MongoStore {
    /// Records events.
    ///
    /// If the caller drops this future or stops waiting, the append is not affected: once it is in
    /// the queue, it is written or refused.
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        let span = tracing::debug_span!("append", stream = %append.stream, events = append.events.len());
        let answer = async move {
            let timer = metrics::Timer::start();
            let answer = self.append_now(append).await;
            metrics::appended(timer, &answer);
            answer
        };
        Box::pin(answer.instrument(span))
    }

    fn read(&self, stream: &StreamId, range: ReadRange) -> BatchStream {
        Box::pin(crate::read::stream(self.collections().clone(), stream.clone(), range))
    }

    fn find_append<'a>(
        &'a self,
        stream: &'a StreamId,
        append_id: &'a AppendId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        Box::pin(async move {
            let stored = outcome::find_append(self.collections(), stream, append_id.as_str()).await?;
            Ok(stored.and_then(|events| outcome::receipt(&events)))
        })
    }

    fn head<'a>(&'a self, stream: &'a StreamId) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(crate::read::head(self.collections(), stream))
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
