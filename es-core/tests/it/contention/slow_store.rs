//! A store in memory whose answers take a while, and which counts and fails on demand.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use es_core::memory::MemoryStore;
use es_core::store::{
    Append, AppendId, Appended, BatchStream, BoxFuture, EventData, EventStore, Head, ReadRange, Receipt, Runtime,
};
use es_core::{RecordedEvent, StoreError, StreamId, Timestamp};
use futures_util::StreamExt;

#[derive(Debug, Clone, Default)]
pub(crate) struct SlowStore {
    inner: MemoryStore,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// How often an operation lets others run at most.
    pauses: usize,
    /// Whether appends wait.
    is_closed: AtomicBool,
    calls: AtomicU64,
    appends: AtomicU64,
    reads: AtomicU64,
    heads: AtomicU64,
    finds: AtomicU64,
    next: Mutex<Option<StoreError>>,
    commands: Mutex<HashMap<u64, StoreError>>,
    /// How many of a hundred appends fail: before they are recorded, and with an unknown outcome.
    failing: Mutex<(u32, u32)>,
}

impl SlowStore {
    pub(crate) fn new(pauses: usize) -> Self {
        Self { inner: MemoryStore::new(), shared: Arc::new(Shared { pauses, ..Shared::default() }) }
    }

    /// Appends wait until it is open again.
    pub(crate) fn close(&self) {
        self.shared.is_closed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn open(&self) {
        self.shared.is_closed.store(false, Ordering::Relaxed);
    }

    /// The next append fails and records nothing.
    pub(crate) fn fail_next(&self, error: StoreError) {
        *self.shared.next.lock().unwrap() = Some(error);
    }

    /// The append of a command fails once and records nothing.
    pub(crate) fn fail_command(&self, command: u64, error: StoreError) {
        self.shared.commands.lock().unwrap().insert(command, error);
    }

    /// So many of a hundred appends fail before they are recorded, and so many with an unknown
    /// outcome.
    pub(crate) fn fail_sometimes(&self, before: u32, unknown: u32) {
        *self.shared.failing.lock().unwrap() = (before, unknown);
    }

    pub(crate) fn reset(&self) {
        let Shared { calls, appends, reads, heads, finds, .. } = &*self.shared;
        for count in [calls, appends, reads, heads, finds] {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// The numbers of calls since the last time: that record, read events, read a head, and find an
    /// append.
    pub(crate) fn costs(&self) -> [u64; 4] {
        let Shared { calls, reads, heads, finds, .. } = &*self.shared;
        [calls, reads, heads, finds].map(|count| count.swap(0, Ordering::Relaxed))
    }

    /// The number of calls that record.
    pub(crate) fn calls(&self) -> u64 {
        self.shared.calls.load(Ordering::Relaxed)
    }

    /// The number of appends in them.
    pub(crate) fn appends(&self) -> u64 {
        self.shared.appends.load(Ordering::Relaxed)
    }

    pub(crate) fn log(&self) -> Vec<RecordedEvent<EventData>> {
        self.inner.log()
    }

    async fn pause(&self) {
        for _ in 0..fastrand::usize(0..=self.shared.pauses) {
            tokio::task::yield_now().await;
        }
    }

    async fn one(&self, append: Append) -> Result<Appended, StoreError> {
        self.shared.appends.fetch_add(1, Ordering::Relaxed);
        while self.shared.is_closed.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        let next = self.shared.next.lock().unwrap().take();
        let command = append.events.first().and_then(|event| event.data.as_raw().get_i64("command").ok());
        let of_command = command.and_then(|of| self.shared.commands.lock().unwrap().remove(&of.unsigned_abs()));
        if let Some(error) = next.or(of_command) {
            return Err(error);
        }
        let (stream, append_id) = (append.stream.clone(), append.append_id.clone());
        let ((before, unknown), chance) = (*self.shared.failing.lock().unwrap(), fastrand::u32(0..100));
        let unknown_outcome = || {
            let append_id = append_id.map(|append_id| append_id.as_str().to_owned());
            Err(StoreError::OutcomeUnknown { stream, append_id, source: "the answer was lost".into() })
        };
        if chance < before {
            return Err(StoreError::Unavailable { source: "the line is cut".into() });
        }
        if chance < before + unknown && fastrand::bool() {
            return unknown_outcome();
        }
        let answer = self.inner.append(append).await;
        if chance < before + unknown { unknown_outcome() } else { answer }
    }
}

impl EventStore for SlowStore {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(async move {
            self.shared.calls.fetch_add(1, Ordering::Relaxed);
            self.pause().await;
            let answer = self.one(append).await;
            self.pause().await;
            answer
        })
    }

    fn append_in_turn(&self, appends: Vec<Append>) -> BoxFuture<'_, Vec<Result<Appended, StoreError>>> {
        Box::pin(async move {
            self.shared.calls.fetch_add(1, Ordering::Relaxed);
            self.pause().await;
            let answers = Each(self.clone()).append_in_turn(appends).await;
            self.pause().await;
            answers
        })
    }

    fn read(&self, stream: &StreamId, range: ReadRange) -> BatchStream {
        self.shared.reads.fetch_add(1, Ordering::Relaxed);
        let (store, stream) = (self.clone(), stream.clone());
        let batches = async move {
            store.pause().await;
            let batches = store.inner.read(&stream, range);
            store.pause().await;
            batches
        };
        Box::pin(futures_util::stream::once(batches).flatten())
    }

    fn find_append<'a>(
        &'a self,
        stream: &'a StreamId,
        append_id: &'a AppendId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        Box::pin(async move {
            self.shared.finds.fetch_add(1, Ordering::Relaxed);
            self.pause().await;
            self.inner.find_append(stream, append_id).await
        })
    }

    fn head<'a>(&'a self, stream: &'a StreamId) -> BoxFuture<'a, Result<Head, StoreError>> {
        Box::pin(async move {
            self.shared.heads.fetch_add(1, Ordering::Relaxed);
            self.pause().await;
            let head = self.inner.head(stream).await;
            self.pause().await;
            head
        })
    }
}

/// The store without pauses, whose appends in turn are sent one after the other.
#[derive(Debug)]
struct Each(SlowStore);

impl EventStore for Each {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(self.0.one(append))
    }

    fn read(&self, stream: &StreamId, range: ReadRange) -> BatchStream {
        self.0.read(stream, range)
    }

    fn find_append<'a>(
        &'a self,
        stream: &'a StreamId,
        append_id: &'a AppendId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        self.0.find_append(stream, append_id)
    }

    fn head<'a>(&'a self, stream: &'a StreamId) -> BoxFuture<'a, Result<Head, StoreError>> {
        self.0.head(stream)
    }
}

snapshots_of!(inner, [] SlowStore);

impl Runtime for SlowStore {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.inner.sleep(duration)
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        tokio::spawn(work);
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }
}
