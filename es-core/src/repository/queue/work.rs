//! The state of a queue, and what it waits for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};
use std::{iter, mem};

use tracing::Instrument;

use super::super::Repository;
use super::place::Answer;
use super::wakers::Wakers;
use crate::error::{Panicked, SharedError};
use crate::store::{Append, AppendId, Appended, BoxFuture, ExpectedVersion, Head, Replay};
use crate::{Aggregate, StoreError, StreamId, Version};

/// The number of appends that are sent without letting others decide first.
const MANY: usize = 1_000;

/// What a queue consists of.
pub(super) struct Work<A> {
    callers: BTreeMap<u64, Caller>,
    next_place: u64,
    was_contended: bool,
    /// How often a decision was found to depend on an append that was not recorded. A decision of
    /// an earlier round is void.
    round: u64,
    state: State<A>,
    /// The newest event that is known to be recorded.
    head: Head,
    /// The appends that are not sent yet.
    decided: Vec<Decided>,
    /// The number of calls that have sent appends.
    sends: u64,
    /// The appends that are sent and not answered.
    sent: Vec<Sent>,
    running: Option<Running<A>>,
    /// Whether a caller polls what is running.
    is_polled: bool,
    /// How many calls in a row have met an event of somebody else.
    lost: u32,
    /// The callers that wait for the state.
    waiting: BTreeSet<u64>,
    /// The callers that wait until a version is recorded.
    settling: BTreeSet<u64>,
    /// The number of loads that have begun, and of the last one that has succeeded.
    loads: u64,
    loaded: u64,
    wakers: Arc<Wakers>,
    /// The callers to wake once the lock is released.
    to_wake: Vec<Waker>,
}

/// One caller in the queue.
struct Caller {
    /// What it has not picked up yet.
    mail: Option<Mail>,
    /// A version that the aggregate had after the call began.
    floor: Option<Version>,
    /// The number of loads that began before the call, or before the floor was found.
    loads: u64,
    /// The decided appends that it saw when it last let others run, of the next call that sends.
    seen: (u64, usize),
}

/// The state after all decided appends.
enum State<A> {
    /// It has to be loaded. An older one may be brought up to date.
    Missing(Option<Replay<A>>),
    Here(Replay<A>),
    /// A caller decides on it, in a thread.
    Lent(u64, ThreadId),
}

/// An append that is not sent yet.
struct Decided {
    place: u64,
    append: Append,
    after: Version,
}

/// An append that is sent, and the version of the aggregate after it.
struct Sent {
    place: u64,
    append_id: Option<AppendId>,
    after: Version,
}

/// What a queue waits for.
pub(super) enum Running<A> {
    Load(BoxFuture<'static, Result<Replay<A>, StoreError>>),
    Append(BoxFuture<'static, Vec<Result<Appended, StoreError>>>),
}

/// The result of what was running.
pub(super) enum Finished<A> {
    Loaded(Result<Replay<A>, StoreError>),
    Appended(Vec<Result<Appended, StoreError>>),
    /// The code of the store panicked while it recorded the appends.
    Panicked(Panicked),
}

/// What a caller picks up.
pub(super) enum Mail {
    /// The state cannot be loaded.
    Failed(StoreError),
    Answered(Answer),
}

/// What a caller does if it cannot go on.
pub(super) enum Step<A> {
    /// Wait until it is woken.
    Wait,
    /// Let other callers run first.
    Yield,
    /// Poll what is running, outside the lock.
    Poll(Running<A>),
}

/// A state to decide on.
pub(in crate::repository) struct Turn<A> {
    pub(in crate::repository) replay: Replay<A>,
    /// Whether all of its events are recorded, and the aggregate had this version after the call
    /// began.
    pub(in crate::repository) is_confirmed: bool,
    pub(in crate::repository) round: u64,
}

impl<A> Work<A> {
    pub(super) fn new(wakers: Arc<Wakers>) -> Self {
        Self {
            callers: BTreeMap::new(),
            next_place: 0,
            was_contended: false,
            round: 0,
            state: State::Missing(None),
            head: Head::NONE,
            decided: Vec::new(),
            sends: 0,
            sent: Vec::new(),
            running: None,
            is_polled: false,
            lost: 0,
            waiting: BTreeSet::new(),
            settling: BTreeSet::new(),
            loads: 0,
            loaded: 0,
            wakers,
            to_wake: Vec::new(),
        }
    }

    /// Adds a caller. `None` if this thread decides at present, because it would wait for itself.
    pub(super) fn enter(&mut self) -> Option<u64> {
        if matches!(self.state, State::Lent(_, thread) if thread == thread::current().id()) {
            return None;
        }
        let place = self.next_place;
        self.next_place += 1;
        let caller = Caller { mail: None, floor: None, loads: self.loads, seen: (0, 0) };
        self.callers.insert(place, caller);
        self.was_contended |= self.callers.len() > 1;
        Some(place)
    }

    /// Whether several callers were here at the same time.
    pub(super) fn was_contended(&self) -> bool {
        self.was_contended
    }

    pub(super) fn is_empty(&self) -> bool {
        self.callers.is_empty()
    }

    /// The callers to wake once the lock is released.
    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        mem::take(&mut self.to_wake)
    }
}

impl<A: Aggregate> Work<A> {
    /// Removes a caller. What it has decided is recorded or not, as with any append.
    pub(super) fn leave(&mut self, place: u64) {
        self.callers.remove(&place);
        self.waiting.remove(&place);
        self.settling.remove(&place);
        self.wakers.remove(place);
        if matches!(self.state, State::Lent(lender, _) if lender == place) {
            // Its decision panicked.
            self.state = State::Missing(None);
            self.wake_waiting();
        }
    }

    fn wake_waiting(&mut self) {
        let waiting = mem::take(&mut self.waiting);
        self.to_wake.extend(self.wakers.of(waiting));
    }

    /// The aggregate had this version after the call began.
    pub(super) fn saw(&mut self, place: u64, version: Version) {
        if let Some(caller) = self.callers.get_mut(&place) {
            (caller.floor, caller.loads) = (Some(version), self.loads);
        }
    }

    /// A caller has met a conflict with this state. It is brought up to date, unless the queue has
    /// a state.
    pub(super) fn conflict_before(&mut self, place: u64, base: Replay<A>, is_read: bool) {
        if is_read {
            self.saw(place, base.version());
        }
        if let State::Missing(None) = self.state
            && self.running.is_none()
            && !self.is_polled
        {
            self.state = State::Missing(Some(base));
            self.lost = self.lost.max(u32::from(is_read));
        }
    }

    /// Whether every event of the state is recorded.
    fn is_recorded(&self) -> bool {
        self.decided.is_empty() && self.sent.is_empty()
    }

    /// Takes the state, if all of its events are recorded.
    pub(super) fn take_recorded(&mut self) -> Option<Replay<A>> {
        let is_recorded = self.is_recorded();
        match mem::replace(&mut self.state, State::Missing(None)) {
            State::Here(mut replay) if is_recorded => {
                replay.is_recorded_up_to(self.head);
                Some(replay)
            }
            _ => None,
        }
    }

    pub(super) fn take_mail(&mut self, place: u64) -> Option<Mail> {
        self.callers.get_mut(&place)?.mail.take()
    }

    /// Lends the state to a caller, if it is here and not older than what the caller has seen.
    pub(super) fn lend(&mut self, place: u64) -> Option<Turn<A>> {
        let caller = self.callers.get(&place)?;
        let (is_loaded_since, floor) = (self.loaded > caller.loads, caller.floor);
        let is_recorded = self.is_recorded();
        match mem::replace(&mut self.state, State::Missing(None)) {
            State::Here(replay) if is_loaded_since || floor.is_none_or(|floor| replay.version() >= floor) => {
                self.state = State::Lent(place, thread::current().id());
                self.waiting.remove(&place);
                let is_confirmed = is_recorded && (is_loaded_since || floor.is_some());
                return Some(Turn { replay, is_confirmed, round: self.round });
            }
            // Others have recorded events that the queue has not seen.
            State::Here(mut replay) if is_recorded => {
                replay.is_recorded_up_to(self.head);
                self.state = State::Missing(Some(replay));
            }
            state => self.state = state,
        }
        self.waiting.insert(place);
        None
    }

    /// Takes back the state of a decision, with what it has decided.
    pub(super) fn restore(&mut self, place: u64, round: u64, replay: Option<Replay<A>>, append: Option<Append>) {
        let is_valid = round == self.round;
        self.state = match replay {
            Some(replay) if is_valid => State::Here(replay),
            _ => State::Missing(None),
        };
        match append {
            Some(append) if is_valid => {
                let after = append.expected.version().plus(append.events.len() as u64);
                self.decided.push(Decided { place, append, after });
            }
            Some(_) => self.answer(place, Answer::Again(None)),
            None => {}
        }
        self.wake_waiting();
    }

    /// Whether a version is recorded, if that is known. `Some(false)` if the decision of that round
    /// is void.
    pub(super) fn is_settled(&mut self, place: u64, round: u64, version: Version) -> Option<bool> {
        if round != self.round {
            return Some(false);
        }
        if self.head.version() >= version {
            return Some(true);
        }
        self.settling.insert(place);
        None
    }

    /// What a caller does that cannot go on.
    pub(super) fn step(&mut self, place: u64, repository: &Repository<A>, stream: &StreamId) -> Step<A> {
        if self.is_polled {
            return Step::Wait;
        }
        if self.running.is_none() {
            if !self.decided.is_empty() {
                if self.may_grow(place) {
                    return Step::Yield;
                }
                self.running = Some(self.send(repository));
                self.wakers.mark();
            } else if let State::Missing(base) = &mut self.state
                && !self.waiting.is_empty()
            {
                let base = base.take();
                self.loads += 1;
                self.running = Some(load(repository.clone(), stream.clone(), base, self.lost));
                self.wakers.mark();
            }
        }
        match self.running.take() {
            Some(running) if self.wakers.take_mark() => {
                self.is_polled = true;
                Step::Poll(running)
            }
            running => {
                self.running = running;
                Step::Wait
            }
        }
    }

    /// Whether others may decide before the appends are sent: the caller lets others run as long
    /// as they decide more. It does not wait for any time.
    fn may_grow(&mut self, place: u64) -> bool {
        let seen = (self.sends, self.decided.len());
        if self.callers.len() == 1 || self.decided.len() >= MANY {
            return false;
        }
        self.callers.get_mut(&place).is_some_and(|caller| mem::replace(&mut caller.seen, seen) != seen)
    }

    /// All decided appends in one call.
    fn send(&mut self, repository: &Repository<A>) -> Running<A> {
        let decided = mem::take(&mut self.decided);
        self.sends += 1;
        let mut appends = Vec::with_capacity(decided.len());
        for Decided { place, mut append, after } in decided {
            if appends.is_empty() {
                append.expected = ExpectedVersion::observed(self.head);
            }
            self.sent.push(Sent { place, append_id: append.append_id.clone(), after });
            appends.push(append);
        }
        let store = Arc::clone(&repository.store);
        // A caller drives this for others too, so it is not a part of the caller's span.
        let span = tracing::debug_span!(parent: None, "append_in_turn", aggregate = A::TYPE, appends = appends.len());
        Running::Append(Box::pin(async move { store.append_in_turn(appends).await }.instrument(span)))
    }

    /// What was running is not finished.
    pub(super) fn put_back(&mut self, running: Running<A>) {
        self.is_polled = false;
        self.running = Some(running);
        if self.wakers.is_marked() {
            // A caller that was woken in between has found nothing to poll.
            self.to_wake.extend(self.wakers.all());
        }
    }

    /// Passes on the result of what was running.
    pub(super) fn finish(&mut self, stream: &StreamId, finished: Finished<A>) {
        self.is_polled = false;
        match finished {
            Finished::Loaded(Ok(replay)) => {
                (self.head, self.loaded) = (replay.head(), self.loads);
                self.state = State::Here(replay);
            }
            Finished::Loaded(Err(error)) => {
                for place in &self.waiting {
                    if let Some(caller) = self.callers.get_mut(place) {
                        caller.mail = Some(Mail::Failed(error.clone()));
                    }
                }
            }
            Finished::Appended(answers) => {
                self.answered(stream, answers, &"the store did not answer each append".into());
            }
            Finished::Panicked(panicked) => self.answered(stream, Vec::new(), &panicked.into()),
        }
        // All of them, because somebody has to drive what comes next.
        self.to_wake.extend(self.wakers.all());
        self.waiting.clear();
        self.settling.clear();
    }

    /// Passes on the answers of the store. The outcome of an append without one is unknown.
    fn answered(&mut self, stream: &StreamId, answers: Vec<Result<Appended, StoreError>>, missing: &SharedError) {
        let mut broken: Option<Answer> = None;
        let sent = mem::take(&mut self.sent);
        let answers = answers.into_iter().map(Some).chain(iter::repeat_with(|| None));
        for (Sent { place, append_id, after }, answer) in sent.into_iter().zip(answers) {
            let answer = answer.unwrap_or_else(|| {
                let append_id = append_id.map(|append_id| append_id.as_str().to_owned());
                Err(StoreError::OutcomeUnknown { stream: stream.clone(), append_id, source: missing.clone() })
            });
            match (&broken, answer) {
                (None, Ok(Appended::Now(receipt))) if receipt.version == after => {
                    self.head = receipt.head();
                    self.answer(place, Answer::Answered(Ok(Appended::Now(receipt))));
                }
                (None, Err(error)) if error.is_conflict() => {
                    self.lost = self.lost.saturating_add(1);
                    let again = Answer::Again(Some(error));
                    self.answer(place, again.clone());
                    broken = Some(again);
                }
                (Some(again), Err(error)) if error.is_conflict() => {
                    let again = again.clone();
                    self.answer(place, again);
                }
                (_, answer) => {
                    broken.get_or_insert(Answer::Again(None));
                    self.answer(place, Answer::Answered(answer));
                }
            }
        }
        match broken {
            None => self.lost = 0,
            Some(_) => self.discard(),
        }
    }

    /// Drops everything that depends on an append that was not recorded.
    fn discard(&mut self) {
        self.round += 1;
        for Decided { place, .. } in mem::take(&mut self.decided) {
            self.answer(place, Answer::Again(None));
        }
        if let State::Here(_) = self.state {
            self.state = State::Missing(None);
        }
    }

    fn answer(&mut self, place: u64, answer: Answer) {
        if let Some(caller) = self.callers.get_mut(&place) {
            caller.mail = Some(Mail::Answered(answer));
        }
    }
}

impl<A: Aggregate> Running<A> {
    /// Polls what is running. A panic in the store's code is a result too, so that nobody waits
    /// for it.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Finished<A>> {
        match self {
            Self::Load(load) => match Panicked::catch(|| load.as_mut().poll(context)) {
                Ok(polled) => polled.map(Finished::Loaded),
                Err(panicked) => Poll::Ready(Finished::Loaded(Err(StoreError::Backend { source: panicked.into() }))),
            },
            Self::Append(append) => match Panicked::catch(|| append.as_mut().poll(context)) {
                Ok(polled) => polled.map(Finished::Appended),
                Err(panicked) => Poll::Ready(Finished::Panicked(panicked)),
            },
        }
    }
}

/// Loads the aggregate, or brings a state up to date, after a pause if others were faster.
fn load<A: Aggregate>(repository: Repository<A>, stream: StreamId, base: Option<Replay<A>>, lost: u32) -> Running<A> {
    let pause = if lost > 0 { repository.retry.wait_after(lost) } else { None };
    let span = tracing::debug_span!(parent: None, "load_for_queue", aggregate = A::TYPE);
    let load = async move {
        if let Some(pause) = pause {
            repository.store.sleep(pause).await;
        }
        if let Some(mut outdated) = base {
            outdated.read(&*repository.store, Version::MAX).await?;
            return Ok(outdated);
        }
        match repository.take_cached(&stream) {
            Some(cached) => repository.confirmed(cached).await,
            None => repository.replay(&stream, Version::MAX).await,
        }
    };
    Running::Load(Box::pin(load.instrument(span)))
}
