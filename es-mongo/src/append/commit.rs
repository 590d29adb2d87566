//! Commits one batch, and retries until every append in it has an answer.

use std::collections::{HashMap, HashSet, VecDeque};
use std::mem;
use std::ops::Range;
use std::time::Duration;

use es_core::store::Ordering;
use es_core::{EventId, Position, RetryPolicy, StoreError, StreamId, Version};
use futures_util::{StreamExt, stream};
use mongodb::error::Error;

use crate::append::attempt::{self, Claims};
use crate::append::batch::commits_worth;
use crate::append::places::Places;
use crate::append::problem::Problem;
use crate::append::request::Request;
use crate::append::resolution::{self, Resolution};
use crate::append::slots::Slots;
use crate::append::tickets::Tickets;
use crate::collections::Collections;
use crate::error::{DriverError, Objection, WriteOutcome, concerns_every_write, is_unauthorized, refused};
use crate::metrics;
use crate::options::StoreOptions;
use crate::patience::attempt_within;

/// The number of refused appends that are checked at the same time.
const RESOLVED_AT_ONCE: usize = 16;

/// The current versions of streams, as far as they are known.
pub(crate) type Heads = HashMap<StreamId, Version>;

/// What all batches of a store share.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(super) collections: Collections,
    ordering: Ordering,
    deadline: Duration,
    /// The time limit of one attempt, unless it writes very much.
    pub(super) attempt_limit: Duration,
    backoff: RetryPolicy,
    pub(super) tickets: Tickets,
}

/// One batch.
pub(super) struct Commit<'a> {
    writer: &'a Writer,
    batch: Vec<Request>,
    places: Places<'a>,
    heads: Heads,
    /// The first events of the stored appends, if others follow one of them.
    stored: HashSet<EventId>,
    has_followers: bool,
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

impl Writer {
    pub(crate) fn new(collections: Collections, options: &StoreOptions) -> Self {
        // The deadline of each append limits its attempts, so their number has no limit here.
        let backoff = RetryPolicy::default().base_wait(Duration::from_millis(2)).max_wait(Duration::from_millis(500));
        Self {
            tickets: Tickets::new(collections.clone()),
            collections,
            ordering: options.ordering,
            deadline: options.append_deadline,
            attempt_limit: attempt_within(options.append_deadline),
            backoff,
        }
    }

    /// Whether several batches may be written at the same time.
    pub(crate) fn allows_several(&self) -> bool {
        self.ordering == Ordering::PerAggregate || self.tickets.allow_several()
    }

    /// Whether this writer is alone. A batch at the same time as others ends that.
    pub(crate) fn is_alone(&self) -> bool {
        self.tickets.is_alone()
    }

    /// Waits until a batch has its positions.
    pub(crate) async fn taken(&self) {
        self.tickets.taken().await;
    }

    /// The wait after this many failed attempts.
    pub(super) fn wait_after(&self, failed: u32) -> Option<Duration> {
        self.backoff.wait_after(failed)
    }

    /// Whether a batch must check the archive.
    async fn is_archived(&self) -> Result<bool, Problem> {
        self.collections.refresh_archive_state();
        let answer = tokio::time::timeout(self.attempt_limit, self.collections.archive_is_present()).await;
        answer.map_err(Problem::unavailable)?.map_err(Problem::asking)
    }

    /// Writes a batch and answers every append in it. Returns the new versions of its streams, if
    /// they are known, and the positions that nobody uses.
    pub(crate) async fn commit(&self, batch: Vec<Request>) -> (Heads, Vec<Position>) {
        let commit = Commit {
            writer: self,
            heads: Heads::with_capacity(batch.len()),
            stored: HashSet::new(),
            has_followers: batch.iter().any(|request| request.follows().is_some()),
            batch,
            places: Places::new(&self.tickets, self.ordering),
            alone: VecDeque::new(),
        };
        self.collections.sessions.clear_the_way(commit.run()).await
    }
}

impl Commit<'_> {
    async fn run(mut self) -> (Heads, Vec<Position>) {
        let mut failed = 0;
        while let Some(()) = self.refill() {
            let Err(problem) = self.attempt().await else { continue };
            if let Problem::Permanent(error) = problem {
                for request in self.batch.drain(..) {
                    self.places.removed(&request);
                    request.answer_refused(error.clone());
                }
                continue;
            }
            tracing::debug!(reason = problem.label(), %problem, failed, "a commit is retried");
            metrics::append_retried(problem.label());
            self.give_up_overdue(&problem);
            if matches!(problem, Problem::PositionTaken) || self.batch.is_empty() {
                // There is no reason to wait any longer.
                continue;
            }
            failed += 1;
            if let Some(wait) = self.writer.wait_after(failed) {
                tokio::time::sleep(wait).await;
            }
        }
        (self.heads, self.places.close().await)
    }

    /// Continues with an append that gets a separate commit, after all others have their answers.
    /// Returns `None` if every append has an answer.
    fn refill(&mut self) -> Option<()> {
        if self.batch.is_empty() {
            self.places.start_over();
            self.batch.push(self.alone.pop_front()?);
        }
        Some(())
    }

    /// Runs one attempt and removes the answered appends from the batch. The remaining ones are
    /// retried: at once after `Ok`, after a wait after `Err`.
    async fn attempt(&mut self) -> Result<(), Problem> {
        self.answer_found(Request::is_uncertain).await?;
        if self.has_followers {
            self.refuse_followers();
        }
        if self.batch.is_empty() {
            return Ok(());
        }
        let writer @ Writer { collections, .. } = self.writer;
        // The state of the archive is refreshed at the same time. What it is afterwards is decisive.
        let (assigned, _) = tokio::join!(self.places.assign(&mut self.batch), writer.is_archived());
        assigned.map_err(Problem::asking)?;
        let archived = writer.is_archived().await?;
        let documents = self.places.documents(&self.batch);
        let timer = metrics::Timer::start();
        let limit = self.time_limit();
        let together = archived || self.batch.iter().any(|request| request.events() > 1);
        let outcome = if together {
            let claims =
                archived.then(|| Claims { slots: Slots::of(&self.batch), position: self.places.lowest(&self.batch) });
            attempt::transact(collections, documents, claims, limit).await
        } else {
            attempt::insert(collections, documents, limit).await
        };
        match outcome {
            WriteOutcome::Stored => {
                metrics::committed(timer, self.batch.len());
                self.places.skips_are_stored(usize::MAX);
                self.answer_stored(self.batch.len());
                Ok(())
            }
            WriteOutcome::Refused { index, stored, why, error } => {
                // Documents stay only if every append has one event.
                let appends = stored.min(self.batch.len());
                self.answer_stored(appends);
                self.places.skips_are_stored(stored - appends);
                let index = index - stored;
                if index >= self.batch.iter().map(Request::events).sum() {
                    self.places.doubt_skips();
                    return Ok(());
                }
                let failed_at = request_at(&self.batch, index);
                match why {
                    Objection::DuplicateKey => {
                        let position = self.places.position_at(&self.batch, failed_at, index);
                        // A failed transaction stores nothing. So all appends are checked for
                        // conflicts at once; otherwise each conflict would cost another
                        // transaction.
                        let candidates = if together { 0..self.batch.len() } else { failed_at..failed_at + 1 };
                        self.find_rival(candidates, Refused { failed_at, position, error }).await
                    }
                    Objection::Transient => Err(Problem::unavailable(DriverError::new(error))),
                    Objection::Permanent => {
                        let request = self.remove(failed_at);
                        let error = refused(request.stream(), error);
                        request.answer_refused(error);
                        Ok(())
                    }
                }
            }
            WriteOutcome::Archived => {
                collections.archive_becomes_present();
                let blocked = resolution::in_the_way(collections, &self.batch).await.map_err(Problem::asking)?;
                self.resolve(blocked).await
            }
            WriteOutcome::Outdated(_) => self.take_others().await,
            WriteOutcome::NotWritten(source) => Err(Problem::unavailable(source)),
            WriteOutcome::Unknown(source) => {
                self.may_be_written();
                Err(Problem::Unknown(source))
            }
            // A transaction that lacks a right fails before its commit, so it stores nothing.
            WriteOutcome::Permanent(error) if together && is_unauthorized(&error) => {
                self.answer_refused(&error);
                Ok(())
            }
            WriteOutcome::Permanent(error) => self.refuse(&error).await,
        }
    }

    /// Handles a command that failed as a whole, in a way that a retry would not change.
    async fn refuse(&mut self, error: &Error) -> Result<(), Problem> {
        // The command may have been interrupted after it had written some of the documents.
        if let Err(problem) = self.require_not_written(error).await {
            self.may_be_written();
            return Err(problem);
        }
        if self.batch.len() > 1 && !concerns_every_write(error) {
            for request in self.batch.drain(..) {
                self.places.removed(&request);
                self.alone.push_back(request);
            }
            return Ok(());
        }
        self.answer_refused(error);
        Ok(())
    }

    /// Answers the appends that are stored. Fails unless it is certain that none of the others is
    /// stored.
    async fn require_not_written(&mut self, error: &Error) -> Result<(), Problem> {
        self.answer_found(|_| true).await?;
        let collections = &self.writer.collections;
        if resolution::are_stored_on_the_primary(collections, &self.batch).await.map_err(Problem::asking)? {
            return Err(Problem::Unknown(DriverError::new(error.clone()).into()));
        }
        Ok(())
    }

    /// From now on, only queries can show which of the appends were written. Each of them keeps its
    /// positions.
    fn may_be_written(&mut self) {
        self.batch.iter_mut().for_each(Request::may_be_written);
        self.places.pin();
    }

    /// The time limit of one attempt. An append as large as several commits gets several times the
    /// limit.
    fn time_limit(&self) -> Duration {
        let Writer { attempt_limit, deadline, .. } = *self.writer;
        // Even with a deadline of zero an attempt gets some time.
        attempt_limit.saturating_mul(commits_worth(&self.batch)).min(deadline).max(attempt_limit)
    }

    /// Handles a duplicate key. Either some appends cannot be written and get an answer, or a
    /// different writer has taken the position, or the key belongs to an index that is not part of
    /// this library.
    async fn find_rival(&mut self, candidates: Range<usize>, refused: Refused) -> Result<(), Problem> {
        let (first, collections) = (candidates.start, &self.writer.collections);
        let is_taken = async {
            match refused.position {
                Some(position) => resolution::is_taken(collections, position).await,
                None => Ok(false),
            }
        };
        // Nearly always one of the two answers is needed, so both are requested together.
        let (blocked, is_taken) = tokio::join!(resolution::in_the_way(collections, &self.batch[candidates]), is_taken);
        let blocked = blocked.map_err(Problem::asking)?;
        if !blocked.is_empty() {
            let blocked = blocked.into_iter().map(|candidate| first + candidate).collect();
            return self.resolve(blocked).await;
        }
        if !is_taken.map_err(Problem::asking)? {
            return self.suspect(refused).await;
        }
        self.take_others().await
    }

    /// Gives up the positions of the batch, because one of them is decided.
    async fn take_others(&mut self) -> Result<(), Problem> {
        self.writer.collections.read_newest().await.map_err(Problem::asking)?;
        self.places.give_up(&self.batch);
        Err(Problem::PositionTaken)
    }

    /// Handles a duplicate key that no majority-committed document explains.
    ///
    /// An append is refused only if this happens twice, the second time in a separate commit. So no
    /// other append waits for it. If the document with the key disappears again, with its batch or
    /// with a primary, no append is refused.
    async fn suspect(&mut self, refusal: Refused) -> Result<(), Problem> {
        let Refused { failed_at, position, error } = refusal;
        let request = &mut self.batch[failed_at];
        let held = resolution::is_in_the_way_on_the_primary(&self.writer.collections, request, position).await;
        if held.map_err(Problem::asking)? {
            return Err(Problem::unavailable(
                "the event that conflicts with the append is not on a majority of the nodes yet",
            ));
        }
        let again = request.suspect();
        if self.batch.len() > 1 {
            let request = self.remove(failed_at);
            self.alone.push_back(request);
        } else if again {
            let request = self.remove(failed_at);
            let error = refused(request.stream(), error);
            request.answer_refused(error);
        }
        Ok(())
    }

    /// Answers the appends that conflict with stored events. `blocked` has their ascending indexes
    /// in the batch.
    async fn resolve(&mut self, blocked: Vec<usize>) -> Result<(), Problem> {
        let mut resolving = Vec::with_capacity(blocked.len());
        for at in &blocked {
            resolving.push(resolution::resolve(&self.writer.collections, &self.batch[*at]));
        }
        let resolutions: Vec<_> = stream::iter(resolving).buffered(RESOLVED_AT_ONCE).collect().await;
        let before = self.batch.len();
        let mut unanswered = None;
        // From the last to the first, so that the indexes of the earlier appends stay valid.
        for (at, resolution) in blocked.into_iter().zip(resolutions).rev() {
            match resolution {
                Ok(Resolution::Answered(answer)) => {
                    let request = self.remove(at);
                    match &answer {
                        Ok(appended) => self.heads.insert(request.stream().clone(), appended.receipt().version),
                        Err(StoreError::Conflict { actual, .. }) => {
                            self.heads.insert(request.stream().clone(), *actual)
                        }
                        Err(_) => None,
                    };
                    request.answer(answer);
                }
                // The event in the way was the one of a different writer that is gone by now.
                Ok(Resolution::PositionTaken) => {}
                Err(error @ (StoreError::Unavailable { .. } | StoreError::Unauthorized { .. })) => {
                    unanswered = Some(error);
                }
                // An event in the append's own stream cannot be read. This concerns no other
                // append.
                Err(error) => self.remove(at).answer_refused(error),
            }
        }
        match unanswered {
            Some(error) => Err(Problem::asking(error)),
            // The same check would be repeated as long as the stored data contradict each other.
            None if self.batch.len() == before => {
                Err(Problem::unavailable("the event that conflicts with the append cannot be found"))
            }
            None => Ok(()),
        }
    }

    /// Answers the appends that follow one that was not stored. If that one gets a separate commit,
    /// they get one too.
    fn refuse_followers(&mut self) {
        let mut at = 0;
        while at < self.batch.len() {
            let request = &self.batch[at];
            let waits = request.follows().filter(|previous| {
                let is_stored = previous.first_id().is_some_and(|id| self.stored.contains(&id));
                !is_stored && !self.batch[..at].iter().rev().any(|before| previous.is(before))
            });
            let Some(previous) = waits else {
                at += 1;
                continue;
            };
            let request = self.remove(at);
            if self.alone.iter().any(|before| previous.is(before)) {
                self.alone.push_back(request);
            } else {
                let actual = self.heads.get(request.stream()).copied().unwrap_or(previous.expected());
                request.answer_conflict(actual);
            }
        }
    }

    /// Answers the appends that an earlier attempt has written although its answer was lost. Checks
    /// those for which this is possible.
    async fn answer_found(&mut self, may_be: impl Fn(&Request) -> bool) -> Result<(), Problem> {
        let uncertain = self.batch.iter().filter(|request| may_be(request));
        let ids: Vec<_> = uncertain.filter_map(Request::first_id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let found = resolution::stored_ids(&self.writer.collections, ids).await.map_err(Problem::asking)?;
        if found.is_empty() {
            return Ok(());
        }
        // Some of them are stored, so each of the others keeps its positions.
        self.places.pin();
        for event in found {
            let Some(at) = self.batch.iter().position(|request| request.first_id() == Some(event.id)) else { continue };
            let mut request = self.batch.remove(at);
            if event.position != request.position() {
                self.places.removed(&request);
                request.place_at(event.position);
            }
            self.note_stored(&request);
            request.answer_stored();
        }
        Ok(())
    }

    fn note_stored(&mut self, request: &Request) {
        self.places.stored(request);
        self.heads.insert(request.stream().clone(), request.version_after());
        self.stored.extend(request.first_id().filter(|_| self.has_followers));
    }

    /// Answers the first appends of the batch: they are stored.
    fn answer_stored(&mut self, appends: usize) {
        let others = self.batch.split_off(appends);
        for request in mem::replace(&mut self.batch, others) {
            self.note_stored(&request);
            request.answer_stored();
        }
    }

    /// Answers all appends of the batch with the same error.
    fn answer_refused(&mut self, error: &Error) {
        for request in self.batch.drain(..) {
            self.places.removed(&request);
            let error = refused(request.stream(), error.clone());
            request.answer_refused(error);
        }
    }

    fn give_up_overdue(&mut self, problem: &Problem) {
        // If it may be written, a reader decides its positions: a skip would wait for whatever the
        // append waits for.
        for overdue in self.batch.extract_if(.., |request| request.is_overdue()) {
            overdue.answer_given_up(problem.source());
        }
    }

    fn remove(&mut self, at: usize) -> Request {
        let request = self.batch.remove(at);
        self.places.removed(&request);
        request
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
