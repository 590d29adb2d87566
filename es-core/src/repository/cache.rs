//! The states of recent aggregates, in memory.
//!
//! A cached state can be outdated, because another process or another repository may have recorded
//! events. So it is a guess, and the store decides: an append on it expects its version, and
//! everything else is answered only after the store has confirmed its head.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::Repository;
use crate::store::{Head, NewEvent, Receipt, Replay};
use crate::{Aggregate, StoreError, StreamId, Version};

/// The states of the aggregates that were used last. An update takes the state out and puts it back
/// with its events; a load copies it.
pub(super) struct Cache<A> {
    states: Mutex<LruCache<StreamId, Arc<Replay<A>>>>,
    /// `A` need be `Clone` only for a repository with a cache.
    copy: fn(&Replay<A>) -> Replay<A>,
}

impl<A: Aggregate> Cache<A> {
    fn new(capacity: NonZeroUsize) -> Self
    where
        A: Clone,
    {
        Self { states: Mutex::new(LruCache::new(capacity)), copy: Replay::clone }
    }

    fn take(&self, stream: &StreamId) -> Option<Replay<A>> {
        let state = self.lock().pop(stream)?;
        // A load may be copying it.
        Some(Arc::try_unwrap(state).unwrap_or_else(|state| (self.copy)(&state)))
    }

    fn copy(&self, stream: &StreamId) -> Option<Replay<A>> {
        let state = self.lock().get(stream).cloned()?;
        Some((self.copy)(&state))
    }

    fn head(&self, stream: &StreamId) -> Head {
        self.lock().peek(stream).map_or(Head::NONE, |state| state.head())
    }

    /// Keeps a state, unless a newer one is here.
    fn put(&self, state: Replay<A>) {
        if state.version() == Version::NONE {
            return;
        }
        let (stream, state) = (state.stream().clone(), Arc::new(state));
        // What leaves the cache is dropped after the lock is released.
        let _outdated = {
            let mut states = self.lock();
            match states.peek(&stream) {
                Some(known) if known.version() > state.version() => return,
                _ => states.push(stream, state),
            }
        };
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<StreamId, Arc<Replay<A>>>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A: Aggregate> Repository<A> {
    /// Keeps the states of so many aggregates in memory, those that were used last. With 0 there is
    /// no cache, which is the default.
    ///
    /// An update decides on the cached state and appends on the condition that the aggregate has
    /// not changed, so it costs one round trip instead of two or three. A load asks for the version
    /// of the aggregate and reads only the events that the cache lacks.
    ///
    /// The cache can be outdated, and an answer is never: if somebody else has recorded events, an
    /// append is a conflict, and the update decides again on the new state. A refusal of a
    /// decision, a decision without events, and a load are answered only after the store has
    /// confirmed that the aggregate still has this version. Such a decision is called twice.
    ///
    /// Create one repository, and clone it: each call of this method creates another cache. If a
    /// backup is restored, restart the processes that write, because the cache assumes that
    /// recorded events stay.
    ///
    /// ```
    /// # use es_core::{event, Aggregate, Apply, Context, Repository, memory::MemoryStore};
    /// # #[event(version = 1)]
    /// # pub struct Deposited { pub cents: i64 }
    /// #[derive(Aggregate, Default, Clone)]
    /// #[aggregate(events(Deposited))]
    /// pub struct Account { cents: i64 }
    /// # impl Apply<Deposited> for Account {
    /// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///
    /// let accounts = Repository::<Account>::new(&MemoryStore::new()).with_cache(10_000);
    /// accounts.create("alice", Deposited { cents: 5 }).await?;
    /// accounts.update("alice", |_| Deposited { cents: 5 }).await?;
    /// assert_eq!(accounts.load("alice").await?.cents, 10);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_cache(self, capacity: usize) -> Self
    where
        A: Clone,
    {
        Self { cache: NonZeroUsize::new(capacity).map(|capacity| Arc::new(Cache::new(capacity))), ..self }
    }

    /// Takes the state of an aggregate out of the cache.
    pub(super) fn take_cached(&self, stream: &StreamId) -> Option<Replay<A>> {
        self.cache.as_ref()?.take(stream)
    }

    /// A copy of the cached state of an aggregate.
    pub(super) fn copy_cached(&self, stream: &StreamId) -> Option<Replay<A>> {
        self.cache.as_ref()?.copy(stream)
    }

    /// Puts a state into the cache, if there is one.
    pub(super) fn keep_cached(&self, state: Replay<A>) {
        if let Some(cache) = &self.cache {
            cache.put(state);
        }
    }

    /// Puts a copy of a state into the cache, if there is one and it has a different state.
    pub(super) fn keep_copy_cached(&self, state: &Replay<A>) {
        if let Some(cache) = &self.cache
            && cache.head(state.stream()) != state.head()
        {
            cache.put((cache.copy)(state));
        }
    }

    /// The events of an append if they are needed for the cache after it.
    pub(super) fn for_cache(&self, encoded: &[NewEvent]) -> Option<Vec<NewEvent>> {
        self.cache.as_ref().map(|_| encoded.to_vec())
    }

    /// Puts the state after an append into the cache.
    pub(super) fn cache_recorded(&self, mut state: Replay<A>, events: &[NewEvent], receipt: &Receipt) {
        let stream = state.stream().clone();
        let mut events = events.iter().zip(&receipt.stamps);
        // If an event cannot be folded, the next load reports it.
        if events.all(|(event, stamp)| state.push(&event.as_stored(&stream, *stamp)).is_ok()) {
            self.keep_cached(state);
        }
    }

    /// The current aggregate, from a state of it that may be outdated.
    pub(super) async fn confirmed(&self, mut state: Replay<A>) -> Result<Replay<A>, StoreError> {
        let head = self.store.head(state.stream()).await?;
        if head.version() > state.version() {
            state.read(&*self.store, Version::MAX).await?;
        } else if head != state.head() {
            // Recorded events were removed, and a copy of this state may be here.
            drop(self.take_cached(state.stream()));
            return self.replay(state.stream(), Version::MAX).await;
        }
        Ok(state)
    }
}
