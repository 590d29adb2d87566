//! The work of a projection: its events are folded into rows.

use tracing::Span;

use super::batch::{Failed, FailedBy, KeptRows, Unfolded, Written};
use super::changes::{Changes, PageChanges, Part, ReadChanges};
use super::parked::{OnError, Parked};
use super::pending::{COMMIT_BYTES, size};
use super::reader::ReadPage;
use super::worker::{Batch, Held, Work, Worker};
use crate::error::ErrorChain;
use crate::projection::{PageRange, Projection};
use crate::store::{FeedFilter, FeedPage, Lease};
use crate::{Position, StoreError};

/// Folds projection `P`.
pub(super) struct Fold<P: Projection> {
    changes: ReadChanges<P>,
    on_error: OnError,
}

impl<P: Projection> Fold<P> {
    pub(super) fn new(on_error: OnError) -> Self {
        Self { changes: ReadChanges::new(), on_error }
    }
}

impl<P: Projection> Work for Fold<P> {
    type Kept = KeptRows<P>;
    type Read = PageChanges<P>;

    async fn begin(worker: &Worker<Self>, lease: Lease) -> Result<Option<KeptRows<P>>, StoreError> {
        let read = worker.retried(|| worker.start.store.letters(&worker.partition)).await?;
        // Otherwise another process has the lease, or a node was elected that does not yet show it.
        let letters = read.flatten().filter(|letters| letters.fence == lease.fence);
        let on_error = worker.work.on_error;
        // No event is folded yet, so there are no rows.
        let has_all = lease.position.is_none();
        Ok(letters.map(|letters| KeptRows::new(Parked::new(on_error, letters), has_all)))
    }

    fn filter(&self) -> FeedFilter {
        self.changes.filter()
    }

    fn read(&self, page: &FeedPage, partitions: u32) -> PageChanges<P> {
        self.changes.read_all(page, partitions)
    }

    fn span(page: &FeedPage) -> Span {
        tracing::debug_span!("fold", reaches = page.reaches.map(Position::get))
    }

    async fn batch(
        worker: &Worker<Self>,
        held: &mut Held<KeptRows<P>>,
        page: &ReadPage<PageChanges<P>>,
    ) -> Result<Option<Batch>, StoreError> {
        let reaches = page.page.reaches;
        // What remains to be folded ends before this position.
        let mut end = held.end.take().filter(|end| Some(*end) <= reaches);
        let mut failed = None;
        loop {
            let part = part(worker, PageRange { after: held.reached, end });
            let Some(mut changes) = read_changes(worker, page, part).await? else { return Ok(None) };
            if let Some(unread) = changes.failure.take() {
                end = Some(unread.position);
                failed = Some(unread);
            }
            match fold_changes(worker, held, changes).await? {
                None => return Ok(None),
                Some(Err(Unfolded::Stop(unfolded))) => {
                    end = Some(unfolded.position);
                    failed = Some(unfolded);
                }
                Some(Err(Unfolded::Again)) => {}
                Some(Ok(written)) => {
                    let to = end.map_or(reaches, before);
                    let middle = middle(held.reached, to);
                    if let Some(position) = held.kept.parked.too_many(&written) {
                        end = Some(position);
                        failed = Some(Failed { position, error: FailedBy::TooManyParked });
                    } else if bytes(&written) <= COMMIT_BYTES || middle <= held.reached {
                        held.kept.parked.committing(&written);
                        // From the commit on, what follows in the rows of these letters is parked too.
                        let is_due = !written.letters.is_empty();
                        return Ok(Some(Batch { written, to, failed, is_due }));
                    } else {
                        end = middle.map(Position::next);
                        failed = None;
                    }
                }
            }
            // The rows in memory contain events beyond the new end.
            held.kept.forget();
        }
    }

    fn committed(kept: &mut KeptRows<P>) {
        kept.committed();
    }

    fn forget(kept: &mut KeptRows<P>) {
        kept.forget();
    }

    async fn divide(
        worker: &Worker<Self>,
        held: &mut Held<KeptRows<P>>,
        page: &ReadPage<PageChanges<P>>,
        after: Option<Position>,
        error: StoreError,
    ) -> Result<Option<Failed>, StoreError> {
        let Some(to) = std::mem::replace(&mut held.reached, after) else { return Ok(None) };
        held.kept.forget();
        held.end = middle(after, Some(to)).filter(|middle| Some(*middle) > after).map(Position::next);
        if held.end.is_some() {
            return Ok(None);
        }
        let part = part(worker, PageRange { after, end: Some(to.next()) });
        let Some(changes) = read_changes(worker, page, part).await? else { return Ok(None) };
        let message = ErrorChain::new(&error).to_string();
        Ok(match changes.refused(to, error) {
            (Some(key), _) if held.kept.parked.is_chosen() => {
                held.end = Some(to.next());
                held.kept.parked.refuse(key, to, message);
                None
            }
            (_, failed) => Some(failed),
        })
    }
}

fn part<W: Work>(worker: &Worker<W>, range: PageRange) -> Part {
    Part { range, partition: worker.partition.number, partitions: worker.partitions }
}

/// What a part of a page changes. `None` if the worker was asked to stop.
async fn read_changes<P: Projection>(
    worker: &Worker<Fold<P>>,
    page: &ReadPage<PageChanges<P>>,
    mut part: Part,
) -> Result<Option<Changes<P>>, StoreError> {
    let reads = &worker.work.changes;
    let mut failure = None;
    loop {
        let unrouted = match reads.read(page, part) {
            Ok(changes) => return Ok(Some(Changes { failure: changes.failure.or(failure), ..changes })),
            Err(unrouted) => unrouted,
        };
        let routed = worker.retried(|| Box::pin(reads.route(&*worker.start.store, &unrouted))).await?;
        let Some(failed) = routed else { return Ok(None) };
        if let Some(failed) = failed {
            part.range.end = Some(failed.position);
            failure = Some(failed);
        }
    }
}

async fn fold_changes<P: Projection>(
    worker: &Worker<Fold<P>>,
    held: &mut Held<KeptRows<P>>,
    changes: Changes<P>,
) -> Result<Option<Result<Written, Unfolded>>, StoreError> {
    let missing = held.kept.missing(&changes, &held.pending)?;
    if !missing.is_empty() {
        let read = worker.retried(|| worker.start.store.read_rows(&worker.partition, &missing)).await?;
        let Some((checkpoint, stored)) = read.flatten() else { return Ok(None) };
        if checkpoint.position != held.checkpoint || stored.fence != held.fence {
            // Another process has the lease, or a node was elected that does not yet show the last
            // commit.
            return Ok(None);
        }
        held.kept.keep(missing, stored)?;
    }
    Ok(Some(held.kept.fold(changes)))
}

fn bytes(written: &Written) -> usize {
    written.rows.iter().map(|(_, row)| size(row.as_ref())).sum()
}

/// The position before this one.
pub(crate) fn before(position: Position) -> Option<Position> {
    Position::try_from(position.get() - 1).ok()
}

/// A position between two, or the first of them if there is none.
fn middle(after: Option<Position>, to: Option<Position>) -> Option<Position> {
    let [after, to] = [after, to].map(|position| position.map_or(0, Position::get));
    Position::try_from(after + (to - after) / 2).ok()
}
