//! The queues of aggregates that several callers update at the same time.
//!
//! An update that meets a conflict enters the queue of its aggregate, and so does every update that
//! begins while the aggregate has one. Each decision of a queue sees the state after the previous
//! one, which is folded in memory from the encoded events. The queue sends all decisions that it
//! has as one [`append_in_turn`](crate::store::EventStore::append_in_turn). Meanwhile others decide
//! on the state after these.
//!
//! ```text
//! Missing ──load──▶ Here ──taken──▶ Lent ──decided──▶ Here        the state
//! decided ──sent together──▶ sent ──answered──▶ recorded, or decided again
//! ```
//!
//! No caller runs the decision of a different caller, and none waits for a different caller to run.
//! Every caller that is polled drives what the queue waits for, be it a load or an append. So the
//! others continue if a caller is dropped or no longer polled.
//!
//! The state is ahead of the store. If an append is not recorded, every decision after it is
//! repeated on a new state. A decision that records nothing is answered only on a state of which
//! every event is recorded, and which is at least as new as the call: see `update`.

mod place;
#[cfg(test)]
mod tests;
mod wakers;
mod work;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

pub(super) use place::{Answer, Place};

use super::Repository;
use crate::store::Replay;
use crate::{Aggregate, StreamId};
use wakers::Wakers;
use work::Work;

/// The number of aggregates without a queue that are remembered because they had one.
const RECENT: usize = 32;

/// The queues of a repository, which its clones share.
pub(super) struct Queues<A>(Mutex<Known<A>>);

struct Known<A> {
    open: HashMap<StreamId, Arc<Queue<A>>>,
    /// The aggregates of which several callers were in the queue before it closed, the oldest
    /// first. The next update of such an aggregate opens a queue instead of meeting a conflict.
    recent: VecDeque<StreamId>,
}

/// The updates of one aggregate that wait for each other.
struct Queue<A> {
    stream: StreamId,
    work: Mutex<Work<A>>,
    wakers: Arc<Wakers>,
}

impl<A> Default for Queues<A> {
    fn default() -> Self {
        Self(Mutex::new(Known { open: HashMap::new(), recent: VecDeque::new() }))
    }
}

impl<A: Aggregate> Queues<A> {
    /// Enters the queue of an aggregate that has or had one. `None` if the aggregate has no
    /// contention, or if this thread is inside a decision of its queue.
    pub(super) fn enter_if_contended(repository: &Repository<A>, stream: &StreamId) -> Option<Place<A>> {
        let mut known = repository.queues.lock();
        if let Some(queue) = known.open.get(stream) {
            let queue = Arc::clone(queue);
            let place = queue.with(Work::enter)?;
            return Some(Place::new(repository.clone(), queue, place));
        }
        let at = known.recent.iter().position(|recent| recent == stream)?;
        known.recent.remove(at);
        let queue = known.open(stream);
        let place = queue.with(Work::enter)?;
        Some(Place::new(repository.clone(), queue, place))
    }

    /// Enters the queue of an aggregate after a conflict, with the state that the update decided
    /// on, and whether it was read after the call began. Returns the state if this thread is inside
    /// a decision of the queue.
    #[allow(clippy::result_large_err, reason = "it gives back what it was given, which is not an error")]
    pub(super) fn enter(repository: &Repository<A>, base: Replay<A>, is_read: bool) -> Result<Place<A>, Replay<A>> {
        let mut known = repository.queues.lock();
        let queue = known.open(base.stream());
        match queue.with(Work::enter) {
            Some(place) => {
                queue.with(|work| work.conflict_before(place, base, is_read));
                Ok(Place::new(repository.clone(), queue, place))
            }
            None => Err(base),
        }
    }

    fn leave(repository: &Repository<A>, queue: &Arc<Queue<A>>, place: u64) {
        let mut known = repository.queues.lock();
        let (last, wakers) = queue.change(|work| {
            work.leave(place);
            work.is_empty().then(|| (work.was_contended(), work.take_recorded()))
        });
        let mut state = None;
        if let Some((was_contended, recorded)) = last {
            state = recorded;
            known.open.remove(&queue.stream);
            if was_contended {
                if known.recent.len() == RECENT {
                    known.recent.pop_front();
                }
                known.recent.push_back(queue.stream.clone());
            }
        }
        drop(known);
        if let Some(state) = state {
            repository.keep_cached(state);
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Known<A>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A: Aggregate> Known<A> {
    fn open(&mut self, stream: &StreamId) -> Arc<Queue<A>> {
        let queue = self.open.entry(stream.clone()).or_insert_with(|| {
            let wakers = Arc::<Wakers>::default();
            let work = Mutex::new(Work::new(Arc::clone(&wakers)));
            Arc::new(Queue { stream: stream.clone(), work, wakers })
        });
        Arc::clone(queue)
    }
}

impl<A> Queue<A> {
    /// Changes what is inside, and then wakes those whom it concerns. No code of the store and no
    /// decision runs under the lock.
    fn with<T>(&self, change: impl FnOnce(&mut Work<A>) -> T) -> T {
        let (changed, wakers) = self.change(change);
        wakers.into_iter().for_each(Waker::wake);
        changed
    }

    /// The same, and returns those who have to be woken.
    fn change<T>(&self, change: impl FnOnce(&mut Work<A>) -> T) -> (T, Vec<Waker>) {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut work);
        (changed, work.take_wakers())
    }
}
