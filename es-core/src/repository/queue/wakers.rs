//! The wakers of the callers in a queue.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The wakers of the callers, in the order in which they came. As a waker it wakes all of them:
/// whichever runs first drives what the queue waits for.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    callers: Mutex<BTreeMap<u64, Waker>>,
    /// Whether what the queue waits for can make progress.
    is_woken: AtomicBool,
}

impl Wakers {
    /// Registers a caller, or its new waker.
    pub(super) fn register(&self, place: u64, waker: &Waker) {
        let _outdated = {
            let mut callers = self.lock();
            if callers.get(&place).is_some_and(|known| known.will_wake(waker)) {
                return;
            }
            callers.insert(place, waker.clone())
        };
    }

    /// Forgets a caller.
    pub(super) fn remove(&self, place: u64) {
        // It is dropped after the lock is released, because it may own a task with another place.
        let _removed = self.lock().remove(&place);
    }

    /// What the queue waits for has to be polled.
    pub(super) fn mark(&self) {
        self.is_woken.store(true, Ordering::SeqCst);
    }

    /// Whether it has to be polled.
    pub(super) fn is_marked(&self) -> bool {
        self.is_woken.load(Ordering::SeqCst)
    }

    /// Whether it has to be polled, which the caller does now.
    pub(super) fn take_mark(&self) -> bool {
        self.is_woken.swap(false, Ordering::SeqCst)
    }

    /// The wakers of some callers.
    pub(super) fn of(&self, places: impl IntoIterator<Item = u64>) -> Vec<Waker> {
        let callers = self.lock();
        places.into_iter().filter_map(|place| callers.get(&place).cloned()).collect()
    }

    /// The wakers of all callers.
    pub(super) fn all(&self) -> Vec<Waker> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Waker>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.mark();
        self.all().into_iter().for_each(Waker::wake);
    }
}
