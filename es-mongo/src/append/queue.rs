//! The queue in front of the appender task, and the task.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use es_core::StoreError;
use es_core::store::Appended;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::append::batch::Batcher;
use crate::append::commit::Committer;
use crate::append::request::{Answer, Request};
use crate::collections::Collections;
use crate::metrics;
use crate::options::StoreOptions;
use crate::patience::Patience;

/// The sender side of the queue to the appender task. If this is dropped or closed, the task
/// answers all accepted appends and then ends.
pub(crate) struct Appender {
    sender: Mutex<Option<mpsc::Sender<Request>>>,
    task: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    patience: Patience,
    deadline: Duration,
}

impl Appender {
    pub(crate) fn start(collections: Collections, options: &StoreOptions) -> Self {
        let (sender, receiver) = mpsc::channel(options.queue);
        let (patience, deadline) = (collections.patience.clone(), options.append_deadline);
        let committer = Committer::new(collections, options);
        let task = tokio::spawn(run(receiver, committer));
        Self { sender: Mutex::new(Some(sender)), task: tokio::sync::Mutex::new(Some(task)), patience, deadline }
    }

    /// How long an append is retried.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Waits for a place in the queue and then for the answer.
    pub(crate) async fn submit(&self, request: Request, answer: Answer) -> Result<Appended, StoreError> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sender = sender.ok_or(StoreError::Closed)?;
        let prepared = Arc::clone(&request.prepared);
        if sender.send(request).await.is_err() {
            return Err(self.stopped().await);
        }
        // The task ends only when every sender is dropped, so this one must not be held while
        // waiting.
        drop(sender);
        match answer.await {
            Ok(answer) => answer,
            Err(_) => Err(prepared.outcome_unknown(self.stopped().await.into())),
        }
    }

    /// The error that explains why the task has ended although the store was not closed.
    async fn stopped(&self) -> StoreError {
        if self.patience.has_no_runtime().await {
            StoreError::RuntimeEnded
        } else {
            StoreError::Backend { source: "the appender has stopped; open the store again".into() }
        }
    }

    pub(crate) async fn close(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let mut task = self.task.lock().await;
        if let Some(running) = task.as_mut() {
            // The task cannot be cancelled from here, and a panic in it was already reported.
            let _ = running.await;
            *task = None;
        }
    }
}

async fn run(mut receiver: mpsc::Receiver<Request>, mut committer: Committer) {
    let mut batcher = Batcher::default();
    loop {
        if batcher.is_empty() {
            let idle = Instant::now();
            match receiver.recv().await {
                Some(request) => batcher.push(request),
                None => return,
            }
            committer.idled(idle.elapsed());
        }
        committer.take_turns().await;
        gather(&mut receiver, &mut batcher).await;
        metrics::queued(receiver.len() + batcher.len());
        let (batch, rivals) = batcher.take();
        let heads = committer.commit(batch).await;
        for rival in rivals {
            match heads.get(rival.stream()) {
                // An append that expected the same version has won. An append with an id is not
                // answered here, because the commit must first look up the id.
                Some(actual) if *actual != rival.prepared.expected() && rival.append_id().is_none() => {
                    let (stream, expected) = (rival.stream().clone(), rival.prepared.expected());
                    rival.answer(Err(StoreError::Conflict { stream, expected, actual: *actual }));
                }
                _ => batcher.push(rival),
            }
        }
    }
}

/// Takes the appends that are queued, and those of callers that are ready to run. It does not wait
/// on a timer.
///
/// Callers that were just answered often append again at once. If they could not run first, the
/// fastest of them would get a separate commit, and all others would wait for it: 128 writers would
/// fill two commits, of 8 and of 120 appends, instead of one.
async fn gather(receiver: &mut mpsc::Receiver<Request>, batcher: &mut Batcher) {
    let mut before = 0;
    while batcher.len() > before && batcher.has_room() {
        before = batcher.len();
        tokio::task::yield_now().await;
        while batcher.has_room() {
            match receiver.try_recv() {
                Ok(request) => batcher.push(request),
                Err(_) => break,
            }
        }
    }
}
