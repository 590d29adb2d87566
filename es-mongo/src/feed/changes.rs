//! The change stream of a process: one for all its followers, and none without followers.
//!
//! It reports new events as they become durable. If it fails, or the user may not open it,
//! followers look more often by themselves. No resume token is kept: it always begins now.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bson::{Document, doc};
use futures_util::StreamExt;
use mongodb::change_stream::ChangeStream;
use mongodb::error::Result as DriverResult;
use tokio::time::{sleep, timeout};

use crate::collections::Collections;
use crate::document::field;
use crate::error::is_unauthorized;
use crate::metrics;

/// How long the change stream stays open after a follower has waited last.
const LINGERS: Duration = Duration::from_secs(5);

/// How long opening it may take.
const OPENS_WITHIN: Duration = Duration::from_secs(10);

/// The pause before it is opened again, first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Whether anybody listens, and whether the task runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes(Arc<Mutex<Listeners>>);

#[derive(Debug, Default)]
struct Listeners {
    is_running: bool,
    waited: Option<Instant>,
}

impl Changes {
    /// A follower waits. Opens the change stream, if it is closed.
    pub(super) fn listen(&self, collections: &Collections) {
        let mut listeners = self.listeners();
        listeners.waited = Some(Instant::now());
        if !std::mem::replace(&mut listeners.is_running, true) {
            let (changes, own) = (self.clone(), collections.clone());
            collections.patience.spawn(async move { changes.report(&own).await });
        }
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nobody listens any more. The task must end then.
    fn is_over(&self) -> bool {
        let mut listeners = self.listeners();
        let is_over = listeners.waited.is_none_or(|waited| waited.elapsed() > LINGERS);
        listeners.is_running = !is_over;
        is_over
    }

    /// Reports events for as long as anybody listens.
    async fn report(&self, collections: &Collections) {
        let (mut pause, mut is_first) = (PAUSES.0, true);
        while !self.is_over() {
            let opened = Instant::now();
            let problem = match timeout(OPENS_WITHIN, open(collections)).await {
                Ok(Ok(mut stream)) => {
                    collections.wakes.set_live(true);
                    let problem = self.read(collections, &mut stream).await;
                    collections.wakes.set_live(false);
                    match problem {
                        Some(problem) => problem,
                        None => return,
                    }
                }
                Ok(Err(error)) => error,
                Err(_) => mongodb::error::Error::custom("the server did not open it in time"),
            };
            metrics::change_stream_failed();
            if is_unauthorized(&problem) {
                pause = PAUSES.1;
            } else if opened.elapsed() > PAUSES.1 {
                (pause, is_first) = (PAUSES.0, true);
            }
            if std::mem::take(&mut is_first) {
                tracing::warn!(%problem, "the server does not report new events, so followers look for them");
            } else {
                tracing::debug!(%problem, ?pause, "the server still does not report new events");
            }
            self.rest(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Reports until the stream fails, or until nobody listens any more.
    async fn read(
        &self,
        collections: &Collections,
        stream: &mut ChangeStream<Document>,
    ) -> Option<mongodb::error::Error> {
        loop {
            match timeout(LINGERS, stream.next()).await {
                Ok(Some(Ok(change))) => {
                    let event = change.get_document("fullDocument").ok();
                    collections.wakes.report(event.and_then(|event| event.get_i64(field::POSITION).ok()));
                }
                Ok(Some(Err(error))) => return Some(error),
                Ok(None) => return Some(mongodb::error::Error::custom("the server has closed it")),
                Err(_) => {}
            }
            if self.is_over() {
                return None;
            }
        }
    }

    /// Pauses, but not beyond the time at which nobody listens.
    async fn rest(&self, pause: Duration) {
        let end = Instant::now() + pause;
        while Instant::now() < end && !self.is_over() {
            sleep(LINGERS.min(end - Instant::now())).await;
        }
    }
}

async fn open(collections: &Collections) -> DriverResult<ChangeStream<Document>> {
    let inserts = doc! { "$match": { "operationType": "insert" } };
    // The position decides only who is woken.
    let fields = doc! { "$project": { field::ID: 1, format!("fullDocument.{}", field::POSITION): 1 } };
    Ok(collections.events.watch().pipeline([inserts, fields]).await?.with_type())
}
