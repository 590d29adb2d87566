//! The queue in front of the appender task, and the task.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use es_core::store::Appended;
use es_core::{Position, StoreError, StreamId};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::append::batch::{Batcher, Group, commits_worth, is_large_transaction};
use crate::append::commit::{Heads, Writer};
use crate::append::prepared::Prepared;
use crate::append::request::{Answer, Request};
use crate::collections::Collections;
use crate::metrics;
use crate::options::StoreOptions;
use crate::patience::Patience;

/// The sender side of the queue to the appender task. If this is dropped or closed, the task
/// answers all accepted appends and then ends.
pub(crate) struct Appender {
    sender: Mutex<Option<mpsc::Sender<Group>>>,
    task: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    patience: Patience,
    deadline: Duration,
}

impl Appender {
    pub(crate) fn start(collections: Collections, options: &StoreOptions) -> Self {
        let (sender, receiver) = mpsc::channel(options.queue);
        let (patience, deadline) = (collections.patience.clone(), options.append_deadline);
        let task = tokio::spawn(run(receiver, Writer::new(collections, options)));
        Self { sender: Mutex::new(Some(sender)), task: tokio::sync::Mutex::new(Some(task)), patience, deadline }
    }

    /// How long an append is retried.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Waits for a place in the queue and then for the answer.
    pub(crate) async fn submit(&self, request: Request, answer: Answer) -> Result<Appended, StoreError> {
        let prepared = Arc::clone(&request.prepared);
        self.send(Group::one(request)).await?;
        self.receive(&prepared, answer).await
    }

    /// Waits for a place in the queue, for one append or for several that are committed together.
    pub(crate) async fn send(&self, group: Group) -> Result<(), StoreError> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // The task ends only when every sender is dropped, so this one must not be held while the
        // caller waits for the answer.
        match sender.ok_or(StoreError::Closed)?.send(group).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.stopped().await),
        }
    }

    /// Waits for the answer to an append in the queue.
    pub(crate) async fn receive(&self, prepared: &Prepared, answer: Answer) -> Result<Appended, StoreError> {
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

/// The commits that run at the same time, of those that are not larger than one commit.
const COMMITS_AT_ONCE: usize = 4;

/// The state of the appender task.
struct Run {
    receiver: mpsc::Receiver<Group>,
    writer: Arc<Writer>,
    waiting: Batcher,
    commits: FuturesUnordered<BoxFuture<'static, Done>>,
    /// The streams that the running commits write to.
    busy: HashSet<StreamId>,
    /// The numbers of streams in the running commits, except those of one append that is as large as
    /// several.
    sizes: Vec<usize>,
    /// Whether one of the running commits is a transaction with many events.
    is_large_running: bool,
    /// Records skips for positions that a commit did not use.
    skipping: FuturesUnordered<BoxFuture<'static, ()>>,
}

/// A commit that is complete.
struct Done {
    streams: Vec<StreamId>,
    /// Its number of streams, unless it is one append that is as large as several.
    size: Option<usize>,
    /// Whether it was a transaction with many events.
    is_large: bool,
    heads: Heads,
    unused: Vec<Position>,
}

async fn run(receiver: mpsc::Receiver<Group>, writer: Writer) {
    let run = Run {
        receiver,
        writer: Arc::new(writer),
        waiting: Batcher::default(),
        commits: FuturesUnordered::new(),
        busy: HashSet::new(),
        sizes: Vec::new(),
        is_large_running: false,
        skipping: FuturesUnordered::new(),
    };
    run.until_closed().await;
}

impl Run {
    async fn until_closed(mut self) {
        let mut is_open = true;
        let writer = Arc::clone(&self.writer);
        while is_open || !self.waiting.is_empty() || !self.commits.is_empty() || !self.skipping.is_empty() {
            self.start().await;
            tokio::select! {
                biased;
                Some(done) = self.commits.next(), if !self.commits.is_empty() => self.finish(done),
                () = writer.taken(), if !self.waiting.is_empty() => {}
                Some(()) = self.skipping.next(), if !self.skipping.is_empty() => {}
                group = self.receiver.recv(), if is_open && self.waiting.has_room() => match group {
                    Some(group) => self.waiting.push(group),
                    None => is_open = false,
                },
                else => {}
            }
        }
    }

    /// Starts as many commits as may run now.
    async fn start(&mut self) {
        while !self.waiting.is_empty() && self.may_start() {
            self.gather().await;
            metrics::queued(self.receiver.len() + self.waiting.len());
            if self.is_large_running && self.waiting.is_large_transaction(&self.busy) {
                return;
            }
            let batch = self.waiting.take(&self.busy);
            if batch.is_empty() {
                return;
            }
            let mut streams: Vec<_> = batch.iter().map(|request| request.stream().clone()).collect();
            // Appends in turn follow each other.
            streams.dedup();
            self.busy.extend(streams.iter().cloned());
            let size = (commits_worth(&batch) == 1).then_some(streams.len());
            self.sizes.extend(size);
            let is_large = is_large_transaction(&batch);
            self.is_large_running |= is_large;
            let writer = Arc::clone(&self.writer);
            self.commits.push(Box::pin(async move {
                let (heads, unused) = writer.commit(batch).await;
                Done { streams, size, is_large, heads, unused }
            }));
        }
    }

    /// A further commit begins at the same time as others if it is at least as large as they are, or
    /// full. Otherwise the appends of a few callers would be spread over many small commits, each of
    /// which costs the server as much as a large one.
    ///
    /// Of transactions with many events, only one runs at a time; see
    /// [`is_large_transaction`].
    ///
    /// A writer that is alone has one commit at a time and need not ask for positions. That is
    /// faster until there are enough appends for a second full commit, as in an import, or until
    /// others wait for an append that takes as long as several commits.
    fn may_start(&self) -> bool {
        if self.commits.is_empty() {
            return true;
        }
        let several = self.writer.allows_several();
        let is_large = self.sizes.iter().max().is_none_or(|largest| several && self.waiting.len() >= *largest);
        self.sizes.len() < COMMITS_AT_ONCE
            && (is_large || !self.waiting.has_room())
            && (several || self.writer.is_alone())
    }

    fn finish(&mut self, done: Done) {
        let Done { streams, size, is_large, heads, unused } = done;
        self.is_large_running &= !is_large;
        for stream in &streams {
            self.busy.remove(stream);
        }
        if let Some(at) = self.sizes.iter().position(|running| Some(*running) == size) {
            self.sizes.swap_remove(at);
        }
        self.waiting.answer_outdated(&heads);
        if !unused.is_empty() {
            let writer = Arc::clone(&self.writer);
            self.skipping.push(Box::pin(async move { writer.skip(unused).await }));
        }
    }

    /// Takes the appends that are queued, and those of callers that are ready to run. It does not
    /// wait on a timer.
    ///
    /// Callers that were just answered often append again at once. If they could not run first, the
    /// fastest of them would get a separate commit, and all others would wait for it: 128 writers
    /// would fill two commits, of 8 and of 120 appends, instead of one.
    async fn gather(&mut self) {
        let mut before = 0;
        while self.waiting.len() > before && self.waiting.has_room() {
            before = self.waiting.len();
            tokio::task::yield_now().await;
            while self.waiting.has_room() {
                match self.receiver.try_recv() {
                    Ok(group) => self.waiting.push(group),
                    Err(_) => break,
                }
            }
        }
    }
}
