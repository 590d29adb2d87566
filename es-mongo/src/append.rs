//! Recording events.
//!
//! ```text
//! append (the caller) ──▶ request ──▶ queue ──▶ the appender task ──▶ commit ──▶ MongoDB
//!       ▲                                           │    ▲              │
//!       └────────────────── answer ─────────────────┘    └─ resolution ◀┘  (who holds the key?)
//! ```
//!
//! Each open store has one task that starts commits. A commit takes the appends that have arrived
//! until it starts, so many callers share its cost. Several commits may run at the same time, but
//! never two that write to the same stream. [`tickets`] decides which positions a commit uses.

mod attempt;
mod batch;
mod commit;
mod in_turn;
mod places;
mod prepared;
mod problem;
mod queue;
mod request;
mod resolution;
mod skip;
mod slots;
mod ticket;
mod tickets;

use es_core::store::{Append, AppendId, Appended, Receipt};
use es_core::{StoreError, StreamId, Timestamp};

pub(crate) use in_turn::append_in_turn;
pub(crate) use queue::Appender;
pub(crate) use skip::record_skips;

use crate::collections::Collections;
use crate::positions::skip::refuse_reserved;
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
    check(collections, &append)?;
    if let Some(refused) = refuse_unobserved(collections, &append).await? {
        return Ok(refused);
    }
    let (request, answer) = Request::new(append, now, appender.deadline())?;
    appender.submit(request, answer).await
}

/// The answer to an append that expects a version that its stream does not have, if the caller has
/// not observed the version: its sequences are free if it is beyond the head, so no index would
/// refuse it.
async fn refuse_unobserved(collections: &Collections, append: &Append) -> Result<Option<Appended>, StoreError> {
    if append.expected.is_observed() {
        return Ok(None);
    }
    let actual = read::head(collections, &append.stream).await?.version();
    if actual == append.expected.version() {
        return Ok(None);
    }
    resolution::refuse(collections, append, actual).await.map(Some)
}

fn check(collections: &Collections, append: &Append) -> Result<(), StoreError> {
    refuse_reserved(&append.stream)?;
    collections.known.raise(append.expected.seen());
    if append.events.is_empty() {
        return Err(StoreError::EmptyAppend { stream: append.stream.clone() });
    }
    Ok(())
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
