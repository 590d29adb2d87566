//! Which part of the partitions of a projection or of a handler one run has.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{LEASE, Start, Until};
use crate::error::ErrorChain;
use crate::store::ReadModelId;

/// The number of partitions that a run may have: all of them divided by the number of runs that share
/// them, rounded up.
#[derive(Debug)]
pub(super) struct Share {
    model: ReadModelId,
    partitions: u32,
    fair: AtomicU32,
    held: AtomicU32,
    announced: Mutex<Option<Instant>>,
}

/// One partition of a share.
#[derive(Debug)]
pub(super) struct Place<'a> {
    share: &'a Share,
    is_held: bool,
}

impl Share {
    pub(super) fn new(model: ReadModelId, partitions: u32) -> Self {
        let [fair, held] = [partitions, 0].map(AtomicU32::new);
        Self { model, partitions, fair, held, announced: Mutex::new(None) }
    }

    /// Announces this run to the others from time to time, and counts them.
    pub(super) async fn renew(&self, start: &Start) {
        if self.partitions == 1 || start.until != Until::Stopped || !self.is_due() {
            return;
        }
        self.announce(start, LEASE).await;
    }

    /// Leaves the partitions to the others for the time of a lease, because this run has met an event
    /// of newer code. Otherwise a run with newer code would take no more than its share of them.
    pub(super) async fn step_aside(&self, start: &Start) {
        if self.partitions == 1 {
            return;
        }
        *self.announced.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + LEASE);
        self.announce(start, Duration::ZERO).await;
    }

    /// Leaves the partitions to the others.
    pub(super) async fn end(&self, start: &Start) {
        let announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner).take();
        if announced.is_some() {
            self.announce(start, Duration::ZERO).await;
        }
    }

    async fn announce(&self, start: &Start, lasts: Duration) {
        match start.store.announce(&self.model, &start.owner, lasts).await {
            Ok(runs) => self.fair.store(self.partitions.div_ceil(runs.max(1)), Ordering::Relaxed),
            // The share stays as it was, and the leases decide.
            Err(problem) => tracing::warn!(error = %ErrorChain::new(&problem), "the other runs could not be counted"),
        }
    }

    fn is_due(&self) -> bool {
        let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = announced.is_none_or(|announced| announced.elapsed() >= LEASE / 3);
        if is_due {
            *announced = Some(Instant::now());
        }
        is_due
    }

    /// A place for one more partition, unless the share is complete.
    pub(super) fn place(&self) -> Option<Place<'_>> {
        let fair = self.fair.load(Ordering::Relaxed);
        let more = |held| (held < fair).then_some(held + 1);
        let taken = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.ok().map(|_| Place { share: self, is_held: true })
    }
}

impl Place<'_> {
    /// Gives the place up if the run has more partitions than its share. Returns whether it has.
    pub(super) fn is_given_up(&mut self) -> bool {
        let fair = self.share.fair.load(Ordering::Relaxed);
        let fewer = |held| (held > fair).then(|| held - 1);
        let given_up =
            self.is_held && self.share.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok();
        self.is_held &= !given_up;
        given_up
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.is_held {
            self.share.held.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_gives_up_exactly_what_is_above_its_share() {
        let share = Share::new(ReadModelId { name: "law".into(), version: 1 }, 4);
        let mut places: Vec<_> = std::iter::from_fn(|| share.place()).collect();
        assert_eq!(places.len(), 4);
        share.fair.store(2, Ordering::Relaxed);
        let given_up: Vec<_> = places.iter_mut().map(Place::is_given_up).collect();
        assert_eq!(given_up, [true, true, false, false]);
        assert!(share.place().is_none());
        drop(places);
        let places: Vec<_> = std::iter::from_fn(|| share.place()).collect();
        assert_eq!(places.len(), 2);
    }
}
