//! Folds one partition, for as long as this process has its lease.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Instant;

use tracing::Instrument;

use super::batch::{Changes, Failed, FailedBy, KeptRows, Written};
use super::share::{Place, Share};
use super::{LEASE, STANDBY, Start, SubscriptionError, Until};
use crate::error::ErrorChain;
use crate::projection::{Dispatch, Projection};
use crate::store::{Activity, BoxFuture, Failure, FeedFilter, FeedPage, Lease, Partition, RowCommit};
use crate::{Position, RetryPolicy, StoreError};

/// The number of positions without a change after which the checkpoint moves nevertheless.
const CHECKPOINT_EVERY: u64 = 10_000;

/// The size of the rows of one commit above which the batch is divided.
const COMMIT_BYTES: usize = 8 << 20;

/// Folds one partition of projection `P`.
pub(super) struct Worker<P> {
    dispatch: Arc<Dispatch<P>>,
    filter: FeedFilter,
    start: Start,
    share: Arc<Share>,
    partition: Partition,
    /// The number of partitions of the read model.
    partitions: u32,
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

/// The state of a worker under one lease.
struct Held<P> {
    fence: u64,
    rows: KeptRows<P>,
    /// As stored.
    checkpoint: Option<Position>,
    /// The position up to which every event is folded.
    reached: Option<Position>,
    renewed: Instant,
    is_live: bool,
    /// The next batch ends before this position, because a larger one was refused.
    end: Option<Position>,
}

/// A part of a page, folded.
struct Batch {
    rows: Written,
    to: Option<Position>,
    /// The event after the part, if it cannot be handled.
    failed: Option<Failed>,
}

impl<P: Projection> Worker<P> {
    pub(super) fn new(
        dispatch: Arc<Dispatch<P>>,
        start: Start,
        share: Arc<Share>,
        partition: Partition,
        partitions: u32,
    ) -> Self {
        let filter = dispatch.filter();
        Self { dispatch, filter, start, share, partition, partitions }
    }

    pub(super) async fn run(self) -> Result<(), SubscriptionError> {
        let span = tracing::debug_span!("project", partition = %self.partition);
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
            if self.fold_once(place).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Folds as long as the lease lasts. Returns whether everything is done.
    async fn fold_once(&self, place: Option<Place<'_>>) -> Result<bool, SubscriptionError> {
        let (store, partition) = (&self.start.store, &self.partition);
        let taken = self.retried(|| store.take_lease(partition, &self.start.owner, LEASE)).await?;
        let Some(lease) = taken.flatten() else {
            drop(place);
            if self.start.until != Until::Stopped {
                return Err(self.why_held().await?);
            }
            self.unless_stopping(store.sleep(STANDBY)).await;
            return Ok(false);
        };
        tracing::debug!(fence = lease.fence, position = ?lease.position, "the lease is taken");
        match self.fold(lease, place).await {
            Ok(End::Done) => return Ok(true),
            Ok(End::Lost) => tracing::debug!("the lease is lost"),
            Ok(End::Shared) => {
                tracing::debug!("the lease is left to another process");
                self.unless_stopping(store.sleep(STANDBY)).await;
            }
            Ok(End::Failed(failed)) => self.fail(lease, failed).await?,
            Err(error) => {
                let position = lease.position.map_or(Position::FIRST, Position::next);
                self.fail(lease, Failed { position, error: FailedBy::Store(error) }).await?;
            }
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
            FailedBy::Store(error) => (error.into(), false),
        };
        let failure = Failure { position, error: ErrorChain::new(&error).to_string() };
        if is_newer && self.start.until == Until::Stopped {
            tracing::warn!(%position, error = %failure.error, "a process with newer code has to continue");
            self.release(lease, None).await;
            self.unless_stopping(store.sleep(LEASE)).await;
            return Ok(());
        }
        tracing::error!(%position, error = %failure.error, "a projection has stopped");
        self.release(lease, Some(&failure)).await;
        Err(error)
    }

    /// Gives the lease back. If that fails, it ends by itself.
    async fn release(&self, lease: Lease, failure: Option<&Failure>) {
        if let Err(problem) = self.start.store.release(&self.partition, lease.fence, failure).await {
            tracing::warn!(error = %ErrorChain::new(&problem), "a lease could not be given back");
        }
    }

    async fn fold(&self, lease: Lease, mut place: Option<Place<'_>>) -> Result<End, StoreError> {
        let mut held = Held {
            fence: lease.fence,
            rows: KeptRows::new(Arc::clone(&self.dispatch)),
            checkpoint: lease.position,
            reached: lease.position,
            renewed: Instant::now(),
            is_live: false,
            end: None,
        };
        loop {
            let is_at_end = matches!(self.start.until, Until::Reached(until) if held.reached >= until);
            self.share.renew(&self.start).await;
            let is_shared = self.start.until == Until::Stopped && place.as_mut().is_some_and(Place::is_given_up);
            if is_at_end || is_shared || self.is_stopping() {
                held.is_live |= is_at_end;
                if !self.commit(&mut held, Vec::new()).await? {
                    return Ok(End::Lost);
                }
                self.release(lease, None).await;
                return Ok(if is_at_end || self.is_stopping() { End::Done } else { End::Shared });
            }
            let after = held.reached;
            // The rows can be read if they contain what is recorded now. What is recorded later does
            // not matter, because others may record without a pause.
            let end = if held.is_live { None } else { self.retried(|| self.start.store.frontier()).await? };
            let Some(mut page) = self.retried(|| self.start.store.page(after, &self.filter)).await? else { continue };
            if page.reaches <= held.reached {
                let is_first = !std::mem::replace(&mut held.is_live, true);
                let is_due = is_first || held.reached > held.checkpoint || held.must_renew();
                if is_due && !self.commit(&mut held, Vec::new()).await? {
                    return Ok(End::Lost);
                }
                self.unless_stopping(self.start.store.wake(held.reached)).await;
                continue;
            }
            let Some(Batch { rows, to, failed }) = self.batch(&mut held, &mut page).await? else {
                return Ok(End::Lost);
            };
            held.reached = to;
            let is_first = failed.is_none() && end.is_some_and(|end| to >= end);
            held.is_live |= is_first;
            let passed = to.map_or(0, Position::get) - held.checkpoint.map_or(0, Position::get);
            let is_due =
                !rows.is_empty() || is_first || passed >= CHECKPOINT_EVERY || failed.is_some() || held.must_renew();
            let committed = if is_due { self.commit(&mut held, rows).await } else { Ok(true) };
            match committed {
                Ok(true) => {}
                Ok(false) => return Ok(End::Lost),
                Err(error @ StoreError::NotUnique { .. }) => {
                    held.is_live &= !is_first;
                    match self.divide(&mut held, &page, after, error) {
                        Some(refused) => return Ok(End::Failed(refused)),
                        None => continue,
                    }
                }
                Err(error) => return Err(error),
            }
            if let Some(failed) = failed {
                return Ok(End::Failed(failed));
            }
        }
    }

    /// Folds a page, or the part of it that can be folded and written in one commit. `None` if the
    /// stored rows are not those of the checkpoint, or cannot be read.
    ///
    /// The page is not changed. It is borrowed mutably because it can be sent between threads, but
    /// not be shared.
    async fn batch(&self, held: &mut Held<P>, page: &mut FeedPage) -> Result<Option<Batch>, StoreError> {
        // What remains to be folded ends before this position.
        let mut end = held.end.take().filter(|end| Some(*end) <= page.reaches);
        let mut failed = None;
        loop {
            let mut changes = held.rows.read(page, held.reached, end, self.partition.number, self.partitions);
            if let Some(unread) = changes.failure.take() {
                end = Some(unread.position);
                failed = Some(unread);
            }
            match self.fold_changes(held, changes).await? {
                None => return Ok(None),
                Some(Err(unfolded)) => {
                    end = Some(unfolded.position);
                    failed = Some(unfolded);
                }
                Some(Ok(rows)) => {
                    let to = end.map_or(page.reaches, before);
                    let middle = middle(held.reached, to);
                    if bytes(&rows) <= COMMIT_BYTES || middle <= held.reached {
                        return Ok(Some(Batch { rows, to, failed }));
                    }
                    end = middle.map(Position::next);
                    failed = None;
                }
            }
            // The rows in memory contain events beyond the new end.
            held.rows = KeptRows::new(Arc::clone(&self.dispatch));
        }
    }

    /// Undoes in memory what was folded after a position, because the store refused one of its rows.
    /// Returns the event if there is only one; otherwise the next batch is half as large.
    fn divide(
        &self,
        held: &mut Held<P>,
        page: &FeedPage,
        after: Option<Position>,
        error: StoreError,
    ) -> Option<Failed> {
        let to = std::mem::replace(&mut held.reached, after)?;
        held.rows = KeptRows::new(Arc::clone(&self.dispatch));
        held.end = middle(after, Some(to)).filter(|middle| Some(*middle) > after).map(Position::next);
        if held.end.is_some() {
            return None;
        }
        let changes = held.rows.read(page, after, Some(to.next()), self.partition.number, self.partitions);
        Some(changes.refused(to, error))
    }

    async fn fold_changes(
        &self,
        held: &mut Held<P>,
        changes: Changes<P>,
    ) -> Result<Option<Result<Written, Failed>>, StoreError> {
        let missing = held.rows.missing(&changes);
        if !missing.is_empty() {
            let read = self.retried(|| self.start.store.read_rows(&self.partition, &missing)).await?;
            let Some((checkpoint, stored)) = read.flatten() else { return Ok(None) };
            if checkpoint.position != held.checkpoint {
                // Another process has the lease, or a node was elected that does not yet show the
                // last commit.
                return Ok(None);
            }
            held.rows.keep(missing, stored)?;
        }
        Ok(Some(held.rows.fold(changes)))
    }

    /// Commits rows, moves the checkpoint to what is reached, and renews the lease. Returns whether
    /// the lease is still held.
    async fn commit(&self, held: &mut Held<P>, rows: Written) -> Result<bool, StoreError> {
        let commit = RowCommit {
            partition: self.partition.clone(),
            fence: held.fence,
            from: held.checkpoint,
            to: held.reached,
            rows,
            is_live: held.is_live,
            lease_lasts: LEASE,
        };
        let begun = Instant::now();
        match self.start.store.commit_rows(commit).await {
            Ok(false) => Ok(false),
            Ok(true) => {
                held.checkpoint = held.reached;
                held.renewed = begun;
                held.rows.committed();
                Ok(true)
            }
            Err(error @ StoreError::Unavailable { .. }) => {
                // The commit may have happened. Whoever takes the lease reads the checkpoint.
                tracing::warn!(error = %ErrorChain::new(&error), "the outcome of a commit is unknown");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Asks until the store is available. `None` if the worker was asked to stop.
    async fn retried<'a, R>(
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

    fn is_stopping(&self) -> bool {
        self.start.stopping.load(Ordering::Relaxed)
    }

    /// Waits, unless the worker is asked to stop.
    async fn unless_stopping(&self, wait: impl Future<Output = ()>) {
        let mut wait = pin!(wait);
        poll_fn(|context| if self.is_stopping() { Poll::Ready(()) } else { wait.as_mut().poll(context) }).await;
    }
}

impl<P> Held<P> {
    fn must_renew(&self) -> bool {
        self.renewed.elapsed() >= LEASE / 3
    }
}

fn bytes(rows: &Written) -> usize {
    rows.iter().filter_map(|(_, row)| row.as_ref()).map(|row| row.as_raw().as_bytes().len()).sum()
}

/// The position before this one.
fn before(position: Position) -> Option<Position> {
    Position::try_from(position.get() - 1).ok()
}

/// A position between two, or the first of them if there is none.
fn middle(after: Option<Position>, to: Option<Position>) -> Option<Position> {
    let [after, to] = [after, to].map(|position| position.map_or(0, Position::get));
    Position::try_from(after + (to - after) / 2).ok()
}
