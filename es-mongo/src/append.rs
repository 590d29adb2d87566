//! Recording events.
//!
//! ```text
//! append (the caller) ──▶ request ──▶ queue ──▶ the appender task ──▶ commit ──▶ MongoDB
//!       ▲                                           │    ▲              │
//!       └────────────────── answer ─────────────────┘    └─ resolution ◀┘  (who holds the key?)
//! ```
//!
//! Each open store has one task that writes, one batch at a time: it takes the appends that have
//! arrived while the last commit ran. So it knows the highest position from its own acknowledged
//! writes, and many callers share the cost of one commit.

mod attempt;
mod batch;
mod commit;
mod contention;
mod numbering;
mod prepared;
mod problem;
mod queue;
mod request;
mod resolution;
mod slots;

use es_core::store::{Append, AppendId, Appended, Receipt};
use es_core::{StoreError, StreamId, Timestamp};

pub(crate) use queue::Appender;

use crate::collections::Collections;
use crate::{metrics, read};
use request::Request;

/// Records events, at this time unless they bring their own.
#[tracing::instrument(level = "debug", skip_all, fields(stream = %append.stream, events = append.events.len()))]
pub(crate) async fn append(
    collections: &Collections,
    appender: &Appender,
    append: Append,
    now: Timestamp,
) -> Result<Appended, StoreError> {
    let timer = metrics::Timer::start();
    let answer = submit(collections, appender, append, now).await;
    metrics::appended(timer, &answer);
    if let Ok(Appended::Now(receipt)) = &answer
        && let Some(last) = receipt.stamps.last()
    {
        collections.wakes.publish(last.position);
    }
    answer
}

async fn submit(
    collections: &Collections,
    appender: &Appender,
    append: Append,
    now: Timestamp,
) -> Result<Appended, StoreError> {
    if append.events.is_empty() {
        return Err(StoreError::EmptyAppend { stream: append.stream });
    }
    if !append.expected.is_observed() {
        // An expected version beyond the head must be checked here: its sequences are free, so no
        // index would refuse it.
        let actual = read::head(collections, &append.stream).await?;
        if actual != append.expected.version() {
            return resolution::refuse(collections, &append, actual).await;
        }
    }
    let (request, answer) = Request::new(append, now, appender.deadline())?;
    appender.submit(request, answer).await
}

/// The receipt of the append that was recorded with this key, if there is one.
pub(crate) async fn find(
    collections: &Collections,
    stream: &StreamId,
    append_id: &AppendId,
) -> Result<Option<Receipt>, StoreError> {
    let stored = resolution::find_append(collections, stream, append_id.as_str()).await?;
    Ok(stored.and_then(|events| resolution::receipt(&events)))
}
