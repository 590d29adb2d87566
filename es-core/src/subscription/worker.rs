//! Does the work of one partition, for as long as this process has its lease.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Instant;

use tracing::{Instrument, Span};

use super::batch::{Failed, FailedBy, Written};
use super::parked::MOST_PARKED;
use super::pending::Pending;
use super::reader::{ReadPage, Reader};
use super::share::{Place, Share};
use super::taken::give_back;
use super::{LEASE, STANDBY, Start, SubscriptionError, Until};
use crate::error::ErrorChain;
use crate::store::{
    Activity, BoxFuture, Failure, FeedFilter, FeedPage, Lease, LetterChanges, Partition, RowCommit, Take,
};
use crate::{Position, RetryPolicy, StoreError};

/// The number of positions without a change after which the checkpoint moves nevertheless.
const CHECKPOINT_EVERY: u64 = 10_000;

/// A page with at least this number of positions is followed by more. Such pages are committed
/// together, so that a row that several of them change is written once.
const BACKLOG: u64 = 1_000;

/// What is done with the events of a partition.
pub(super) trait Work: Send + Sync + Sized + 'static {
    /// What is kept in memory under one lease.
    type Kept: Send;

    /// What is read from the events of a page for all partitions.
    type Read: Send + Sync;

    /// What is kept at first under a lease. `None` if the lease is lost, or what is stored cannot be
    /// read.
    fn begin(
        worker: &Worker<Self>,
        lease: Lease,
    ) -> impl Future<Output = Result<Option<Self::Kept>, StoreError>> + Send;

    /// The events that are wanted.
    fn filter(&self) -> FeedFilter;

    /// Reads the events of a page, before the partitions need them.
    fn read(&self, page: &FeedPage, partitions: u32) -> Self::Read;

    /// The span in which the events of a page are handled.
    fn span(page: &FeedPage) -> Span;

    /// Does the work for the events of a page after [`Held::reached`], or for the first of them.
    /// `None` if the lease is lost, or what is stored cannot be read.
    fn batch(
        worker: &Worker<Self>,
        held: &mut Held<Self::Kept>,
        page: &ReadPage<Self::Read>,
    ) -> impl Future<Output = Result<Option<Batch>, StoreError>> + Send;

    /// The work up to [`Held::reached`] is committed.
    fn committed(kept: &mut Self::Kept);

    /// Undoes in memory what was done after the checkpoint.
    fn forget(kept: &mut Self::Kept);

    /// Undoes in memory what a batch did after a position, because the store refused one of the rows.
    /// Returns the event if there is only one; otherwise the next batch is half as large.
    fn divide(
        worker: &Worker<Self>,
        held: &mut Held<Self::Kept>,
        page: &ReadPage<Self::Read>,
        after: Option<Position>,
        error: StoreError,
    ) -> impl Future<Output = Result<Option<Failed>, StoreError>> + Send;
}

/// Does the work of one partition.
pub(super) struct Worker<W: Work> {
    pub(super) work: Arc<W>,
    reader: Arc<Reader<W>>,
    pub(super) start: Start,
    share: Arc<Share>,
    pub(super) partition: Partition,
    /// The number of partitions of the subscription.
    pub(super) partitions: u32,
}

/// Why a worker no longer folds under its lease.
enum End {
    /// It was asked to stop, or has reached its end. The lease is given back.
    Done,
    /// The lease belongs to another process, or nobody knows.
    Lost,
    /// The process has more partitions than its share. The lease is given back.
    Shared,
    /// An event cannot be handled.
    Failed(Failed),
}

/// What became of a commit.
pub(super) enum Committed {
    Done,
    /// The lease is lost, or nobody knows.
    Lost,
    /// A unique index refuses a row, so nothing is stored.
    Refused(StoreError),
}

/// The state of a worker under one lease.
pub(super) struct Held<K> {
    pub(super) fence: u64,
    pub(super) kept: K,
    /// As stored.
    pub(super) checkpoint: Option<Position>,
    /// The position up to which the work is done.
    pub(super) reached: Option<Position>,
    /// What was done between the two.
    pub(super) pending: Pending,
    /// Up to here each batch is committed by itself, because the store refused one of several.
    alone_until: Option<Position>,
    renewed: Instant,
    is_live: bool,
    /// The next batch ends before this position, because a larger one was refused.
    pub(super) end: Option<Position>,
}

/// A part of a page, with the work done.
pub(super) struct Batch {
    pub(super) written: Written,
    pub(super) to: Option<Position>,
    /// The event after the part, if it cannot be handled.
    pub(super) failed: Option<Failed>,
    /// Whether it is committed now, even without rows.
    pub(super) is_due: bool,
}

impl<W: Work> Worker<W> {
    pub(super) fn new(
        work: Arc<W>,
        reader: Arc<Reader<W>>,
        start: Start,
        share: Arc<Share>,
        partition: Partition,
        partitions: u32,
    ) -> Self {
        Self { work, reader, start, share, partition, partitions }
    }

    pub(super) async fn run(self) -> Result<(), SubscriptionError> {
        let span = tracing::debug_span!("subscription", partition = %self.partition);
        self.run_in_span().instrument(span).await
    }

    async fn run_in_span(self) -> Result<(), SubscriptionError> {
        while !self.is_stopping() {
            self.share.renew(&self.start).await;
            let place = self.share.place();
            // A process that is to catch up folds all partitions.
            if place.is_none() && self.start.until == Until::Stopped {
                self.unless_stopping(self.start.store.sleep(STANDBY)).await;
                continue;
            }
            if self.work_once(place).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Works as long as the lease lasts. Returns whether everything is done.
    async fn work_once(&self, place: Option<Place<'_>>) -> Result<bool, SubscriptionError> {
        let (store, partition) = (&self.start.store, &self.partition);
        let taken = self.retried(|| store.take_lease(partition, &self.start.owner, LEASE, Take::IfFree)).await?;
        let Some(lease) = taken.flatten() else {
            drop(place);
            if self.start.until != Until::Stopped {
                return Err(self.why_held().await?);
            }
            self.unless_stopping(store.sleep(STANDBY)).await;
            return Ok(false);
        };
        tracing::debug!(fence = lease.fence, position = ?lease.position, "the lease is taken");
        match self.work(lease, place).await {
            Ok(End::Done) => return Ok(true),
            Ok(End::Lost) => tracing::debug!("the lease is lost"),
            Ok(End::Shared) => {
                tracing::debug!("the lease is left to another process");
                self.unless_stopping(store.sleep(STANDBY)).await;
            }
            Ok(End::Failed(failed)) => self.fail(lease, failed).await?,
            Err(error) => self.fail(lease, Failed::after(lease.position, error)).await?,
        }
        Ok(false)
    }

    /// Why a process that is to catch up gets no lease.
    async fn why_held(&self) -> Result<SubscriptionError, SubscriptionError> {
        let read = self.retried(|| self.start.store.read_rows(&self.partition, &[])).await?;
        let activity = read.flatten().map(|(checkpoint, _)| checkpoint.activity);
        let partition = self.partition.clone();
        Ok(match activity {
            Some(Activity::Paused) => SubscriptionError::Paused { partition },
            _ => SubscriptionError::Held { partition },
        })
    }

    /// Gives the lease back because of an event that cannot be handled. Fails, unless a process with
    /// newer code may handle it.
    async fn fail(&self, lease: Lease, failed: Failed) -> Result<(), SubscriptionError> {
        let store = &self.start.store;
        let Failed { position, error } = failed;
        let (error, is_newer) = match error {
            FailedBy::Projection(source) => {
                let is_newer = source.is_newer_event();
                (SubscriptionError::Stopped { partition: self.partition.clone(), source }, is_newer)
            }
            FailedBy::Handler(source) => {
                let partition = self.partition.clone();
                (SubscriptionError::Refused { partition, position, source }, false)
            }
            FailedBy::Store(error) => (error.into(), false),
            FailedBy::TooManyParked => {
                let partition = self.partition.clone();
                (SubscriptionError::TooManyParked { partition, position, limit: MOST_PARKED }, false)
            }
        };
        let failure = Failure { position, error: ErrorChain::new(&error).to_string() };
        if is_newer && self.start.until == Until::Stopped {
            tracing::warn!(%position, error = %failure.error, "a process with newer code has to continue");
            self.release(lease, None).await;
            self.share.step_aside(&self.start).await;
            self.unless_stopping(store.sleep(LEASE)).await;
            return Ok(());
        }
        tracing::error!(%position, error = %failure.error, "a subscription has stopped");
        self.release(lease, Some(&failure)).await;
        Err(error)
    }

    async fn release(&self, lease: Lease, failure: Option<&Failure>) {
        give_back(&*self.start.store, &self.partition, lease, failure).await;
    }

    async fn work(&self, lease: Lease, mut place: Option<Place<'_>>) -> Result<End, StoreError> {
        let Some(kept) = W::begin(self, lease).await? else {
            if self.is_stopping() {
                self.release(lease, None).await;
                return Ok(End::Done);
            }
            return Ok(End::Lost);
        };
        let mut held = Held {
            fence: lease.fence,
            kept,
            checkpoint: lease.position,
            reached: lease.position,
            pending: Pending::default(),
            alone_until: None,
            renewed: Instant::now(),
            is_live: false,
            end: None,
        };
        loop {
            let is_at_end = self.is_at_end(held.reached);
            self.share.renew(&self.start).await;
            let is_shared = self.start.until == Until::Stopped && place.as_mut().is_some_and(Place::is_given_up);
            if is_at_end || is_shared || self.is_stopping() {
                held.is_live |= is_at_end;
                // If the store refuses a row, whoever folds next finds the event.
                if let Committed::Lost = self.commit(&mut held).await? {
                    return Ok(End::Lost);
                }
                self.release(lease, None).await;
                return Ok(if is_at_end || self.is_stopping() { End::Done } else { End::Shared });
            }
            let after = held.reached;
            // The rows can be read if they contain what is recorded now. What is recorded later does
            // not matter, because others may record without a pause.
            let end = if held.is_live { None } else { self.retried(|| self.start.store.frontier()).await? };
            let Some(page) = self.retried(|| Box::pin(self.reader.page(after))).await? else { continue };
            let reaches = page.page.reaches;
            if reaches <= held.reached {
                let is_first = !std::mem::replace(&mut held.is_live, true);
                if is_first || held.reached > held.checkpoint || held.must_renew() {
                    match self.commit(&mut held).await? {
                        Committed::Done => {}
                        Committed::Lost => return Ok(End::Lost),
                        Committed::Refused(_) => {
                            held.is_live &= !is_first;
                            held.go_back::<W>();
                            continue;
                        }
                    }
                }
                self.unless_stopping(self.start.store.wake(held.reached)).await;
                continue;
            }
            let is_backlog = distance(after, reaches) >= BACKLOG;
            if is_backlog && !self.is_at_end(reaches) {
                self.reader.read_ahead(reaches);
            }
            let work = W::batch(self, &mut held, &page).instrument(W::span(&page.page));
            let Some(batch) = work.await? else {
                if self.is_stopping() {
                    // What is stored was not read because of that, and the lease may still be valid.
                    continue;
                }
                return Ok(End::Lost);
            };
            let Batch { written, to, failed, is_due } = batch;
            let is_alone = held.pending.is_empty();
            held.pending.add(written);
            held.reached = to;
            let is_first = failed.is_none() && end.is_some_and(|end| to >= end);
            held.is_live |= is_first;
            let ends = failed.is_some() || self.is_at_end(to);
            if is_due || is_first || ends || held.is_due(is_backlog) {
                match self.commit(&mut held).await? {
                    Committed::Done => {}
                    Committed::Lost => return Ok(End::Lost),
                    Committed::Refused(error) => {
                        held.is_live &= !is_first;
                        if !is_alone {
                            // One of the earlier batches may be the one that is refused.
                            held.go_back::<W>();
                        } else if let Some(refused) = W::divide(self, &mut held, &page, after, error).await? {
                            return Ok(End::Failed(refused));
                        }
                        continue;
                    }
                }
            }
            if let Some(failed) = failed {
                return Ok(End::Failed(failed));
            }
        }
    }

    /// Commits what is pending, moves the checkpoint to what is reached, and renews the lease.
    pub(super) async fn commit(&self, held: &mut Held<W::Kept>) -> Result<Committed, StoreError> {
        let Written { rows, letters: parked } = held.pending.take();
        let commit = RowCommit {
            partition: self.partition.clone(),
            fence: held.fence,
            from: held.checkpoint,
            to: held.reached,
            rows,
            letters: LetterChanges { parked, ..LetterChanges::default() },
            is_live: held.is_live,
            lease_lasts: LEASE,
        };
        let begun = Instant::now();
        match self.start.store.commit_rows(commit).await {
            Ok(false) => Ok(Committed::Lost),
            Ok(true) => {
                held.checkpoint = held.reached;
                held.renewed = begun;
                W::committed(&mut held.kept);
                Ok(Committed::Done)
            }
            Err(error @ StoreError::Unavailable { .. }) => {
                // The commit may have happened. Whoever takes the lease reads the checkpoint.
                tracing::warn!(error = %ErrorChain::new(&error), "the outcome of a commit is unknown");
                Ok(Committed::Lost)
            }
            Err(error @ StoreError::NotUnique { .. }) => Ok(Committed::Refused(error)),
            Err(error) => Err(error),
        }
    }

    /// Asks until the store is available. `None` if the worker was asked to stop.
    pub(super) async fn retried<'a, R>(
        &self,
        ask: impl Fn() -> BoxFuture<'a, Result<R, StoreError>>,
    ) -> Result<Option<R>, StoreError> {
        let mut retries = RetryPolicy::forever().start();
        while !self.is_stopping() {
            let error = match ask().await {
                Err(error @ StoreError::Unavailable { .. }) => error,
                done => return done.map(Some),
            };
            tracing::warn!(error = %ErrorChain::new(&error), "the store is asked again, because it is unavailable");
            self.unless_stopping(self.start.store.sleep(retries.wait().unwrap_or(LEASE))).await;
        }
        Ok(None)
    }

    /// Whether the run ends at this position.
    fn is_at_end(&self, reached: Option<Position>) -> bool {
        matches!(self.start.until, Until::Reached(until) if reached >= until)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.start.stopping.load(Ordering::Relaxed)
    }

    /// Waits, unless the worker is asked to stop.
    pub(super) async fn unless_stopping(&self, wait: impl Future<Output = ()>) {
        let mut wait = pin!(wait);
        poll_fn(|context| if self.is_stopping() { Poll::Ready(()) } else { wait.as_mut().poll(context) }).await;
    }
}

impl<K> Held<K> {
    pub(super) fn must_renew(&self) -> bool {
        self.renewed.elapsed() >= LEASE / 3
    }

    /// Whether what is pending is committed now, although the end of the log is not reached.
    fn is_due(&self, is_backlog: bool) -> bool {
        if self.must_renew() || self.pending.is_enough() {
            return true;
        }
        let may_wait = is_backlog && self.reached > self.alone_until;
        let is_changed = !self.pending.is_empty() || distance(self.checkpoint, self.reached) >= CHECKPOINT_EVERY;
        is_changed && !may_wait
    }

    /// Gives up what is not committed, and commits each batch by itself until it is done again.
    fn go_back<W: Work<Kept = K>>(&mut self) {
        W::forget(&mut self.kept);
        self.alone_until = std::mem::replace(&mut self.reached, self.checkpoint);
        self.end = None;
    }
}

/// The number of positions after one and up to another.
fn distance(after: Option<Position>, to: Option<Position>) -> u64 {
    let [after, to] = [after, to].map(|position| position.map_or(0, Position::get));
    to.saturating_sub(after)
}
