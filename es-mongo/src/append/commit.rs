//! Commits one batch, and retries until every append in it has an answer.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::time::Duration;

use es_core::store::Ordering;
use es_core::{Position, RetryPolicy, StoreError, StreamId, Version};

use futures_util::{StreamExt, stream};
use mongodb::error::Error;

use crate::append::attempt;
use crate::append::batch::commits_worth;
use crate::append::contention::Contention;
use crate::append::numbering::{Newest, Numbering, assign_positions};
use crate::append::problem::Problem;
use crate::append::request::Request;
use crate::append::resolution::{self, Resolution};
use crate::append::slots::Slots;
use crate::collections::Collections;
use crate::document::field::POSITION;
use crate::document::integer_in;
use crate::error::{DriverError, Objection, WriteOutcome, concerns_every_write, is_unauthorized, malformed, refused};
use crate::metrics;
use crate::options::StoreOptions;
use crate::patience::attempt_within;

/// The number of refused appends that are checked at the same time.
const RESOLVED_AT_ONCE: usize = 16;

/// The current versions of streams, as far as they are known.
pub(crate) type Heads = HashMap<StreamId, Version>;

/// The one writer of a store.
pub(crate) struct Committer {
    collections: Collections,
    ordering: Ordering,
    deadline: Duration,
    /// The time limit of one attempt, unless it writes very much.
    attempt_limit: Duration,
    backoff: RetryPolicy,
    /// The highest position, if it is known from an acknowledged write or a majority read.
    newest: Option<Newest>,
    /// The highest position after this process's own last commit.
    own: Option<Newest>,
    contention: Contention,
    /// Appends that each get a separate commit, because the server's error about the shared commit
    /// does not show which of them it concerns.
    alone: VecDeque<Request>,
}

/// A document that was refused because its key is taken.
struct Refused {
    /// The index of its append in the batch.
    failed_at: usize,
    /// The position that it would have had, if positions are unique.
    position: Option<Position>,
    error: Error,
}

impl Committer {
    pub(crate) fn new(collections: Collections, options: &StoreOptions) -> Self {
        // The deadline of each append limits its attempts, so their number has no limit here.
        let backoff = RetryPolicy::default().base_wait(Duration::from_millis(2)).max_wait(Duration::from_millis(500));
        Self {
            collections,
            ordering: options.ordering,
            deadline: options.append_deadline,
            attempt_limit: attempt_within(options.append_deadline),
            backoff,
            newest: None,
            own: None,
            contention: Contention::new(),
            alone: VecDeque::new(),
        }
    }

    /// The committer had no work for this long.
    pub(crate) fn idled(&mut self, idle: Duration) {
        self.contention.idled(idle);
    }

    /// Lets other processes go first, if there are any. This is called before a batch is taken, so
    /// that callers can join the queue meanwhile.
    pub(crate) async fn take_turns(&mut self) {
        if let Some(pause) = self.contention.pause() {
            tokio::time::sleep(pause).await;
            // Another process has probably committed. Reading the newest position is cheaper than
            // guessing it and losing the race.
            self.newest = None;
        }
    }

    /// Writes a batch and answers every append in it. Returns the new versions of its streams, if
    /// they are known.
    pub(crate) async fn commit(&mut self, batch: Vec<Request>) -> Heads {
        let sessions = self.collections.sessions.clone();
        sessions.clear_the_way(self.commit_in_turn(batch)).await
    }

    async fn commit_in_turn(&mut self, mut batch: Vec<Request>) -> Heads {
        let mut heads = Heads::with_capacity(batch.len());
        let mut failed = 0;
        while let Some(()) = self.refill(&mut batch) {
            let Err(problem) = self.attempt(&mut batch, &mut heads).await else { continue };
            if let Problem::Permanent(error) = problem {
                for request in batch.drain(..) {
                    request.answer_refused(error.clone());
                }
                continue;
            }
            tracing::debug!(reason = problem.label(), %problem, failed, "a commit is retried");
            metrics::append_retried(problem.label());
            give_up_overdue(&mut batch, &problem);
            if matches!(problem, Problem::PositionTaken) || batch.is_empty() {
                // There is no reason to wait any longer.
                continue;
            }
            failed += 1;
            if let Some(wait) = self.backoff.wait_after(failed) {
                tokio::time::sleep(wait).await;
            }
        }
        heads
    }

    /// Continues with an append that gets a separate commit, after all others have their answers.
    /// Returns `None` if every append has an answer.
    fn refill(&mut self, batch: &mut Vec<Request>) -> Option<()> {
        if batch.is_empty() {
            batch.push(self.alone.pop_front()?);
        }
        Some(())
    }

    /// Runs one attempt and removes the answered appends from the batch. The remaining ones are
    /// retried: at once after `Ok`, after a wait after `Err`.
    async fn attempt(&mut self, batch: &mut Vec<Request>, heads: &mut Heads) -> Result<(), Problem> {
        self.answer_found(batch, Request::is_uncertain, heads).await?;
        if batch.is_empty() {
            return Ok(());
        }
        let numbering = self.numbering().await?;
        let archived = self.is_archived().await?;
        let documents = assign_positions(batch, numbering);
        let timer = metrics::Timer::start();
        let limit = self.time_for(batch);
        let together = archived || batch.iter().any(|request| request.events() > 1);
        let outcome = if together {
            let in_archive = archived.then(|| Slots::of(batch));
            attempt::transact(&self.collections, documents, in_archive, limit).await
        } else {
            attempt::insert(&self.collections, documents, limit).await
        };
        match outcome {
            WriteOutcome::Stored => {
                metrics::committed(timer, batch.len());
                self.contention.committed(timer.elapsed());
                let events = batch.iter().map(Request::events).sum();
                self.newest = numbering.plus(events).newest();
                self.own = self.newest;
                answer_stored(batch.drain(..), numbering, heads);
                Ok(())
            }
            WriteOutcome::Refused { index, stored, why, error } => {
                self.newest = numbering.plus(stored).newest();
                let position = numbering.plus(index).newest().map(Newest::next);
                let failed_at = request_at(batch, index);
                // Documents stay only if every append has one event. Then the refused document
                // belongs to the first remaining append.
                let failed_at = if stored > 0 {
                    answer_stored(batch.drain(..failed_at), numbering, heads);
                    0
                } else {
                    failed_at
                };
                match why {
                    Objection::DuplicateKey => {
                        // A failed transaction stores nothing. So all appends are checked for
                        // conflicts at once; otherwise each conflict would cost another
                        // transaction.
                        let candidates = if together { 0..batch.len() } else { failed_at..failed_at + 1 };
                        self.find_rival(batch, candidates, Refused { failed_at, position, error }, heads).await
                    }
                    Objection::Transient => Err(Problem::unavailable(DriverError::new(error))),
                    Objection::Permanent => {
                        let request = batch.remove(failed_at);
                        let error = refused(request.stream(), error);
                        request.answer_refused(error);
                        Ok(())
                    }
                }
            }
            WriteOutcome::Archived => {
                self.collections.archive_becomes_present();
                let blocked = resolution::in_the_way(&self.collections, batch).await.map_err(Problem::asking)?;
                self.resolve(batch, blocked, heads).await
            }
            WriteOutcome::NotWritten(source) => {
                self.newest = None;
                Err(Problem::unavailable(source))
            }
            WriteOutcome::Unknown(source) => {
                self.newest = None;
                batch.iter_mut().for_each(Request::may_be_written);
                Err(Problem::Unknown(source))
            }
            // A transaction that lacks a right fails before its commit, so it stores nothing.
            WriteOutcome::Permanent(error) if together && is_unauthorized(&error) => {
                self.newest = None;
                answer_refused(batch, &error);
                Ok(())
            }
            WriteOutcome::Permanent(error) => self.refuse(batch, &error, heads).await,
        }
    }

    /// Handles a command that failed as a whole, in a way that a retry would not change.
    async fn refuse(&mut self, batch: &mut Vec<Request>, error: &Error, heads: &mut Heads) -> Result<(), Problem> {
        self.newest = None;
        // The command may have been interrupted after it had written some of the documents.
        if let Err(problem) = self.require_not_written(batch, error, heads).await {
            batch.iter_mut().for_each(Request::may_be_written);
            return Err(problem);
        }
        if batch.len() > 1 && !concerns_every_write(error) {
            self.alone.extend(batch.drain(..));
            return Ok(());
        }
        answer_refused(batch, error);
        Ok(())
    }

    /// Answers the appends that are stored. Fails unless it is certain that none of the others is
    /// stored.
    async fn require_not_written(
        &mut self,
        batch: &mut Vec<Request>,
        error: &Error,
        heads: &mut Heads,
    ) -> Result<(), Problem> {
        self.answer_found(batch, |_| true, heads).await?;
        if resolution::are_stored_on_the_primary(&self.collections, batch).await.map_err(Problem::asking)? {
            return Err(Problem::Unknown(DriverError::new(error.clone()).into()));
        }
        Ok(())
    }

    /// The time limit of one attempt. An append as large as several commits gets several times the
    /// limit.
    fn time_for(&self, batch: &[Request]) -> Duration {
        // Even with a deadline of zero an attempt gets some time.
        self.attempt_limit.saturating_mul(commits_worth(batch)).min(self.deadline).max(self.attempt_limit)
    }

    /// Handles a duplicate key. Either some appends cannot be written and get an answer, or another
    /// process took the position, or the key belongs to an index that is not part of this library.
    async fn find_rival(
        &mut self,
        batch: &mut Vec<Request>,
        candidates: Range<usize>,
        refused: Refused,
        heads: &mut Heads,
    ) -> Result<(), Problem> {
        let first = candidates.start;
        // Nearly always one of the two answers is needed, so both are requested together.
        let (blocked, numbering) =
            tokio::join!(resolution::in_the_way(&self.collections, &batch[candidates]), self.read_numbering());
        let blocked = blocked.map_err(Problem::asking)?;
        if !blocked.is_empty() {
            let blocked = blocked.into_iter().map(|candidate| first + candidate).collect();
            return self.resolve(batch, blocked, heads).await;
        }
        self.newest = numbering?.newest();
        if self.newest.is_none_or(|newest| newest.0 < refused.position) {
            return self.suspect(batch, refused).await;
        }
        self.contention.lost_race();
        if let Some(wait) = self.contention.after_loss() {
            tokio::time::sleep(wait).await;
            // The position that was read before is outdated. Inserting after it would lose the race
            // again.
            self.newest = None;
        }
        Err(Problem::PositionTaken)
    }

    /// Handles a duplicate key that no majority-committed document explains.
    ///
    /// An append is refused only if this happens twice, the second time in a separate commit. So no
    /// other append waits for it. If the document with the key disappears again, with its batch or
    /// with a primary, no append is refused.
    async fn suspect(&mut self, batch: &mut Vec<Request>, refusal: Refused) -> Result<(), Problem> {
        let Refused { failed_at, position, error } = refusal;
        let request = &mut batch[failed_at];
        let held = resolution::is_in_the_way_on_the_primary(&self.collections, request, position).await;
        if held.map_err(Problem::asking)? {
            self.newest = None;
            return Err(Problem::unavailable(
                "the event that conflicts with the append is not on a majority of the nodes yet",
            ));
        }
        let again = request.suspect();
        if batch.len() > 1 {
            self.alone.push_back(batch.remove(failed_at));
        } else if again {
            let request = batch.remove(failed_at);
            let error = refused(request.stream(), error);
            request.answer_refused(error);
        }
        Ok(())
    }

    /// Answers the appends that conflict with stored events. `blocked` has their ascending indexes
    /// in the batch.
    async fn resolve(
        &mut self,
        batch: &mut Vec<Request>,
        blocked: Vec<usize>,
        heads: &mut Heads,
    ) -> Result<(), Problem> {
        let mut resolving = Vec::with_capacity(blocked.len());
        for at in &blocked {
            resolving.push(resolution::resolve(&self.collections, &batch[*at]));
        }
        let resolutions: Vec<_> = stream::iter(resolving).buffered(RESOLVED_AT_ONCE).collect().await;
        let before = batch.len();
        let mut unanswered = None;
        // From the last to the first, so that the indexes of the earlier appends stay valid.
        for (at, resolution) in blocked.into_iter().zip(resolutions).rev() {
            match resolution {
                Ok(Resolution::Answered(answer)) => {
                    let request = batch.remove(at);
                    match &answer {
                        Ok(appended) => heads.insert(request.stream().clone(), appended.receipt().version),
                        Err(StoreError::Conflict { actual, .. }) => heads.insert(request.stream().clone(), *actual),
                        Err(_) => None,
                    };
                    request.answer(answer);
                }
                Ok(Resolution::PositionTaken) => self.newest = None,
                Err(error @ (StoreError::Unavailable { .. } | StoreError::Unauthorized { .. })) => {
                    unanswered = Some(error);
                }
                // An event in the append's own stream cannot be read. This concerns no other
                // append.
                Err(error) => batch.remove(at).answer_refused(error),
            }
        }
        match unanswered {
            Some(error) => Err(Problem::asking(error)),
            // The same check would be repeated as long as the stored data contradict each other.
            None if batch.len() == before => {
                Err(Problem::unavailable("the event that conflicts with the append cannot be found"))
            }
            None => Ok(()),
        }
    }

    /// Answers the appends that an earlier attempt has written although its answer was lost. Checks
    /// those for which this is possible.
    async fn answer_found(
        &mut self,
        batch: &mut Vec<Request>,
        may_be: impl Fn(&Request) -> bool,
        heads: &mut Heads,
    ) -> Result<(), Problem> {
        let uncertain = batch.iter().filter(|request| may_be(request));
        let ids: Vec<_> = uncertain.filter_map(Request::first_id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let found = resolution::stored_ids(&self.collections, ids).await.map_err(Problem::asking)?;
        for event in found {
            let Some(at) = batch.iter().position(|request| request.first_id() == Some(event.id)) else { continue };
            let request = batch.remove(at);
            heads.insert(request.stream().clone(), request.version_after());
            request.answer_stored(event.position);
        }
        Ok(())
    }

    /// The numbering of the next events. If the highest position is not known, it is read from a
    /// majority.
    async fn numbering(&mut self) -> Result<Numbering, Problem> {
        if let Some(newest) = self.newest {
            return Ok(Numbering::After(newest));
        }
        let numbering = self.read_numbering().await?;
        if let (Some(own), Some(newest)) = (self.own, numbering.newest())
            && own != newest
        {
            self.contention.notice_other();
        }
        Ok(numbering)
    }

    async fn read_numbering(&self) -> Result<Numbering, Problem> {
        match self.ordering {
            Ordering::Global => self.read_newest().await.map(Numbering::After),
            Ordering::PerAggregate => Ok(Numbering::BySequence),
        }
    }

    async fn read_newest(&self) -> Result<Newest, Problem> {
        let newest = self.collections.newest_event().await.map_err(Problem::asking)?;
        let Some(newest) = newest else { return Ok(Newest(None)) };
        match integer_in(&newest, POSITION).map(Position::try_from) {
            Some(Ok(position)) => Ok(Newest(Some(position))),
            _ => Err(Problem::Permanent(malformed("the newest event", "it has no valid position"))),
        }
    }

    /// Whether the batch must check the archive.
    async fn is_archived(&self) -> Result<bool, Problem> {
        let answer = tokio::time::timeout(self.attempt_limit, self.collections.archive_is_present()).await;
        answer.map_err(Problem::unavailable)?.map_err(Problem::asking)
    }
}

/// Answers appends that were stored with consecutive positions.
fn answer_stored(stored: impl Iterator<Item = Request>, mut numbering: Numbering, heads: &mut Heads) {
    for request in stored {
        let position = numbering.first(&request);
        numbering = numbering.plus(request.events());
        heads.insert(request.stream().clone(), request.version_after());
        request.answer_stored(position);
    }
}

/// Answers all appends of a batch with the same error.
fn answer_refused(batch: &mut Vec<Request>, error: &Error) {
    for request in batch.drain(..) {
        let error = refused(request.stream(), error.clone());
        request.answer_refused(error);
    }
}

/// The index of the request to which a document of the batch belongs.
fn request_at(batch: &[Request], document: usize) -> usize {
    let mut before = 0;
    let found = batch.iter().position(|request| {
        before += request.events();
        document < before
    });
    found.unwrap_or(batch.len() - 1)
}

fn give_up_overdue(batch: &mut Vec<Request>, problem: &Problem) {
    for overdue in batch.extract_if(.., |request| request.is_overdue()) {
        overdue.answer_given_up(problem.source());
    }
}
