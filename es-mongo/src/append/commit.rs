//! Commits one batch, and retries until every append in it has an answer.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::time::Duration;

use bson::doc;
use bson::raw::RawDocumentBuf;
use es_core::{Ordering, Position, RetryPolicy, StoreError, StreamId, Version};

use futures_util::{StreamExt, stream};
use mongodb::error::Error;

use crate::append::attempt::{self, Attempt, Refusal, bounded};
use crate::append::batch::commits_worth;
use crate::append::outcome::{self, Verdict};
use crate::append::places::Places;
use crate::append::problem::{Problem, Reason};
use crate::append::request::Request;
use crate::append::turns::Turns;
use crate::document::field::POSITION;
use crate::document::integer;
use crate::error::{Objection, concerns_every_write, is_unauthorized, refused, reported, store_error};
use crate::metrics;
use crate::options::StoreOptions;
use crate::patience::attempt_within;
use crate::store::Collections;

/// The number of refused appends that are checked at the same time.
const VERDICTS_AT_ONCE: usize = 16;

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
    turns: Turns,
    /// Appends that each get a separate commit, because the server's error about the shared commit
    /// does not show which of them it concerns.
    alone: VecDeque<Request>,
}

/// The highest stored position: none yet, or this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Newest(Option<Position>);

impl Newest {
    fn next(self) -> Position {
        self.0.map_or(Position::FIRST, Position::next)
    }

    fn plus(self, events: usize) -> Self {
        (0..events).fold(self, |newest, _| Self(Some(newest.next())))
    }
}

/// How the position of the next event is determined.
#[derive(Debug, Clone, Copy)]
enum Numbering {
    /// It is the position after the newest one in the store.
    After(Newest),
    /// It is the event's sequence.
    BySequence,
}

impl Numbering {
    fn first(self, request: &Request) -> Position {
        match self {
            Self::After(newest) => newest.next(),
            Self::BySequence => request.first_sequence().into(),
        }
    }

    /// The numbering after this many further events.
    fn plus(self, events: usize) -> Self {
        match self {
            Self::After(newest) => Self::After(newest.plus(events)),
            Self::BySequence => Self::BySequence,
        }
    }

    /// The newest position of the store, if there is one.
    fn newest(self) -> Option<Newest> {
        match self {
            Self::After(newest) => Some(newest),
            Self::BySequence => None,
        }
    }
}

/// A document that was refused because its key is taken.
struct Refused {
    /// The index of its append in the batch.
    culprit: usize,
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
            turns: Turns::new(),
            alone: VecDeque::new(),
        }
    }

    /// The committer had no work for this long.
    pub(crate) fn idled(&mut self, idle: Duration) {
        self.turns.idled(idle);
    }

    /// Lets other processes go first, if there are any. This is called before a batch is taken, so
    /// that callers can join the queue meanwhile.
    pub(crate) async fn take_turns(&mut self) {
        if let Some(pause) = self.turns.pause() {
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
            let reason = problem.reason;
            if let Some(refuse) = reason.refusal() {
                for request in batch.drain(..) {
                    request.answer_refused(refuse(problem.source.to_string().into()));
                }
                continue;
            }
            tracing::debug!(reason = reason.word(), problem = %problem.source, failed, "a commit is retried");
            metrics::append_retried(reason.word());
            give_up_overdue(&mut batch, &problem);
            if reason == Reason::Position || batch.is_empty() {
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
        let documents = place(batch, numbering).map_err(Problem::unavailable)?;
        let timer = metrics::Timer::start();
        let limit = self.time_for(batch);
        let together = archived || batch.iter().any(|request| request.documents.len() > 1);
        let attempt = if together {
            let in_archive = archived.then(|| Places::of(batch));
            attempt::transact(&self.collections, documents, in_archive, limit).await
        } else {
            attempt::insert(&self.collections, documents, limit).await
        };
        match attempt {
            Attempt::Stored => {
                metrics::committed(timer, batch.len());
                self.turns.won(timer.elapsed());
                let events = batch.iter().map(|request| request.documents.len()).sum();
                self.newest = numbering.plus(events).newest();
                self.own = self.newest;
                answer_stored(batch.drain(..), numbering, heads);
                Ok(())
            }
            Attempt::Refused { stored, culprit, cause: Refusal { why, error } } => {
                self.newest = numbering.plus(stored).newest();
                let position = numbering.plus(culprit).newest().map(Newest::next);
                let culprit = request_at(batch, culprit);
                // Documents stay only if every append has one event. Then the refused document
                // belongs to the first remaining append.
                let culprit = if stored > 0 {
                    answer_stored(batch.drain(..culprit), numbering, heads);
                    0
                } else {
                    culprit
                };
                match why {
                    Objection::DuplicateKey => {
                        // A failed transaction stores nothing. So all appends are checked for
                        // conflicts at once; otherwise each conflict would cost another
                        // transaction.
                        let suspects = if together { 0..batch.len() } else { culprit..culprit + 1 };
                        self.find_rival(batch, suspects, Refused { culprit, position, error }, heads).await
                    }
                    Objection::Passing => Err(Problem::unavailable(reported(error))),
                    Objection::Lasting => {
                        let request = batch.remove(culprit);
                        let error = refused(request.stream(), error);
                        request.answer_refused(error);
                        Ok(())
                    }
                }
            }
            Attempt::Archived => {
                self.collections.archive_becomes_present();
                let blocked = outcome::in_the_way(&self.collections, batch).await.map_err(Problem::asking)?;
                self.judge(batch, blocked, heads).await
            }
            Attempt::NotWritten(source) => {
                self.newest = None;
                Err(Problem::unavailable(source))
            }
            Attempt::Unknown(source) => {
                self.newest = None;
                batch.iter_mut().for_each(Request::may_be_written);
                Err(Problem { reason: Reason::Unknown, source })
            }
            // A transaction that lacks a right fails before its commit, so it stores nothing.
            Attempt::Hopeless(error) if together && is_unauthorized(&error) => {
                self.newest = None;
                answer_refused(batch, &error);
                Ok(())
            }
            Attempt::Hopeless(error) => self.refuse(batch, &error, heads).await,
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
        if outcome::are_stored_on_the_primary(&self.collections, batch).await.map_err(Problem::asking)? {
            return Err(Problem { reason: Reason::Unknown, source: reported(error.clone()) });
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
        suspects: Range<usize>,
        refused: Refused,
        heads: &mut Heads,
    ) -> Result<(), Problem> {
        let first = suspects.start;
        // Nearly always one of the two answers is needed, so both are requested together.
        let (blocked, numbering) =
            tokio::join!(outcome::in_the_way(&self.collections, &batch[suspects]), self.read_numbering());
        let blocked = blocked.map_err(Problem::asking)?;
        if !blocked.is_empty() {
            let blocked = blocked.into_iter().map(|suspect| first + suspect).collect();
            return self.judge(batch, blocked, heads).await;
        }
        self.newest = numbering?.newest();
        if self.newest.is_none_or(|newest| newest.0 < refused.position) {
            return self.suspect(batch, refused).await;
        }
        self.turns.lost();
        if let Some(wait) = self.turns.after_loss() {
            tokio::time::sleep(wait).await;
            // The position that was read before is outdated. Inserting after it would lose the race
            // again.
            self.newest = None;
        }
        Err(Problem { reason: Reason::Position, source: "another process took the position".into() })
    }

    /// Handles a duplicate key that no majority-committed document explains.
    ///
    /// An append is refused only if this happens twice, the second time in a separate commit. So no
    /// other append waits for it. If the document with the key disappears again, with its batch or
    /// with a primary, no append is refused.
    async fn suspect(&mut self, batch: &mut Vec<Request>, refusal: Refused) -> Result<(), Problem> {
        let Refused { culprit, position, error } = refusal;
        let request = &mut batch[culprit];
        let held = outcome::is_in_the_way_on_the_primary(&self.collections, request, position).await;
        if held.map_err(Problem::asking)? {
            self.newest = None;
            return Err(Problem::unavailable(
                "the event that conflicts with the append is not on a majority of the nodes yet",
            ));
        }
        let again = request.suspect();
        if batch.len() > 1 {
            self.alone.push_back(batch.remove(culprit));
        } else if again {
            let request = batch.remove(culprit);
            let error = refused(request.stream(), error);
            request.answer_refused(error);
        }
        Ok(())
    }

    /// Answers the appends that conflict with stored events. `blocked` has their ascending indexes
    /// in the batch.
    async fn judge(&mut self, batch: &mut Vec<Request>, blocked: Vec<usize>, heads: &mut Heads) -> Result<(), Problem> {
        let mut suspects = Vec::with_capacity(blocked.len());
        for at in &blocked {
            suspects.push(outcome::verdict(&self.collections, &batch[*at]));
        }
        let verdicts: Vec<_> = stream::iter(suspects).buffered(VERDICTS_AT_ONCE).collect().await;
        let before = batch.len();
        let mut unanswered = None;
        // From the last to the first, so that the indexes of the earlier appends stay valid.
        for (at, verdict) in blocked.into_iter().zip(verdicts).rev() {
            match verdict {
                Ok(Verdict::Answered(answer)) => {
                    let request = batch.remove(at);
                    match &answer {
                        Ok(appended) => heads.insert(request.stream().clone(), appended.receipt().version),
                        Err(StoreError::Conflict { actual, .. }) => heads.insert(request.stream().clone(), *actual),
                        Err(_) => None,
                    };
                    request.answer(answer);
                }
                Ok(Verdict::PositionTaken) => self.newest = None,
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
        let ids: Vec<_> = uncertain.filter_map(|request| request.ids.first().copied()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let found = outcome::stored_ids(&self.collections, ids).await.map_err(Problem::asking)?;
        for event in found {
            let Some(at) = batch.iter().position(|request| request.ids.first() == Some(&event.id)) else { continue };
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
            self.turns.notice_other();
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
        let events = self.collections.events.clone();
        let newest = bounded(self.attempt_limit, async move {
            events.find_one(doc! {}).sort(doc! { POSITION: -1 }).projection(doc! { POSITION: 1 }).await
        });
        let newest = newest.await.map_err(Problem::unavailable)?;
        let newest = newest.map_err(|error| Problem::asking(store_error(error)))?;
        let Some(newest) = newest else { return Ok(Newest(None)) };
        let position = newest.get(POSITION).ok().flatten().and_then(integer).map(Position::try_from);
        match position {
            Some(Ok(position)) => Ok(Newest(Some(position))),
            _ => Err(Problem { reason: Reason::Malformed, source: "it has no valid position".into() }),
        }
    }

    /// Whether the batch must check the archive.
    async fn is_archived(&self) -> Result<bool, Problem> {
        let answer = tokio::time::timeout(self.attempt_limit, self.collections.archive_is_present()).await;
        answer.map_err(Problem::unavailable)?.map_err(Problem::asking)
    }
}

/// The documents of a batch with their positions.
fn place(batch: &[Request], mut numbering: Numbering) -> Result<Vec<RawDocumentBuf>, StoreError> {
    let mut placed = Vec::with_capacity(batch.len());
    for request in batch {
        let mut position = numbering.first(request);
        for document in &request.documents {
            placed.push(document.at(position)?);
            position = position.next();
        }
        numbering = numbering.plus(request.documents.len());
    }
    Ok(placed)
}

/// Answers appends that were stored with consecutive positions.
fn answer_stored(stored: impl Iterator<Item = Request>, mut numbering: Numbering, heads: &mut Heads) {
    for request in stored {
        let position = numbering.first(&request);
        numbering = numbering.plus(request.documents.len());
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
        before += request.documents.len();
        document < before
    });
    found.unwrap_or(batch.len() - 1)
}

fn give_up_overdue(batch: &mut Vec<Request>, problem: &Problem) {
    for overdue in batch.extract_if(.., |request| request.is_overdue()) {
        overdue.answer_given_up(problem.source.to_string().into());
    }
}
