//! The place of one caller in a queue.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::work::{Mail, Step, Turn, Work};
use super::{Queue, Queues};
use crate::repository::Repository;
use crate::store::{Append, AppendId, Appended, ExpectedVersion, NewEvent};
use crate::{Aggregate, EventId, StoreError, Version};

/// The place of one caller in the queue of an aggregate, which it leaves when this is dropped.
pub(in crate::repository) struct Place<A: Aggregate> {
    repository: Repository<A>,
    queue: Arc<Queue<A>>,
    number: u64,
}

/// The outcome of an append of the queue.
#[derive(Debug, Clone)]
pub(in crate::repository) enum Answer {
    /// The store has answered.
    Answered(Result<Appended, StoreError>),
    /// It was not recorded, and has to be decided again: because of a conflict, or because of an
    /// append before it.
    Again(Option<StoreError>),
}

impl<A: Aggregate> Place<A> {
    pub(super) fn new(repository: Repository<A>, queue: Arc<Queue<A>>, number: u64) -> Self {
        Self { repository, queue, number }
    }

    /// Waits for the state. The caller decides at once, without awaiting, and returns the state by
    /// [`put_back`](Self::put_back) or [`propose`](Self::propose).
    pub(in crate::repository) async fn turn(&mut self) -> Result<Turn<A>, StoreError> {
        let turn = |work: &mut Work<A>| match work.take_mail(self.number) {
            Some(Mail::Failed(error)) => Some(Err(error)),
            _ => work.lend(self.number).map(Ok),
        };
        poll_fn(|context| self.poll(context, turn)).await
    }

    /// Returns the state unchanged.
    pub(in crate::repository) fn put_back(&mut self, turn: Turn<A>) {
        self.queue.with(|work| work.restore(self.number, turn.round, Some(turn.replay), None));
    }

    /// The aggregate had this version after the call began, so no older state is lent.
    pub(in crate::repository) fn saw(&mut self, version: Version) {
        self.queue.with(|work| work.saw(self.number, version));
    }

    /// Returns the state after these events, which are recorded next.
    ///
    /// They get their ids and their time here, because the decisions after this one see them.
    pub(in crate::repository) fn propose(
        &mut self,
        turn: Turn<A>,
        mut events: Vec<NewEvent>,
        append_id: Option<AppendId>,
    ) {
        let Turn { mut replay, round, .. } = turn;
        let (expected, now) = (ExpectedVersion::exactly(replay.version()), self.repository.store.now());
        let ids = EventId::block(events.len());
        let mut folded = Ok(());
        for (event, id) in events.iter_mut().zip(&ids) {
            event.timestamp = Some(now);
            folded = folded.and_then(|()| replay.push_new(event, *id, now));
        }
        let append = Append::new(replay.stream().clone(), expected, events).with_id(append_id);
        let append = Append { event_ids: Some(ids), ..append };
        // If the events cannot be folded, the next load reports it, as it does without a queue.
        let replay = folded.is_ok().then_some(replay);
        self.queue.with(|work| work.restore(self.number, round, replay, Some(append)));
    }

    /// Waits for the outcome of what was proposed.
    pub(in crate::repository) async fn answer(&mut self) -> Answer {
        let answer = |work: &mut Work<A>| match work.take_mail(self.number)? {
            Mail::Answered(answer) => Some(answer),
            Mail::Failed(error) => Some(Answer::Answered(Err(error))),
        };
        poll_fn(|context| self.poll(context, answer)).await
    }

    /// Waits until all events of a state are recorded. Returns false if one of them is not
    /// recorded.
    pub(in crate::repository) async fn settled(&mut self, round: u64, version: Version) -> bool {
        let settled = |work: &mut Work<A>| work.is_settled(self.number, round, version);
        poll_fn(|context| self.poll(context, settled)).await
    }

    /// Looks whether the caller can go on, and otherwise drives what the queue waits for.
    fn poll<T>(&self, context: &mut Context<'_>, look: impl Fn(&mut Work<A>) -> Option<T>) -> Poll<T> {
        let Queue { stream, wakers, .. } = &*self.queue;
        wakers.register(self.number, context.waker());
        loop {
            let looked = self.queue.with(|work| match look(work) {
                Some(found) => Ok(found),
                None => Err(work.step(self.number, &self.repository, stream)),
            });
            let mut running = match looked {
                Ok(found) => return Poll::Ready(found),
                Err(Step::Wait) => return Poll::Pending,
                Err(Step::Yield) => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Err(Step::Poll(running)) => running,
            };
            let waker = Waker::from(Arc::clone(wakers));
            match running.poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(finished) => self.queue.with(|work| work.finish(stream, finished)),
                Poll::Pending => {
                    self.queue.with(|work| work.put_back(running));
                    return Poll::Pending;
                }
            }
        }
    }
}

impl<A: Aggregate> Drop for Place<A> {
    fn drop(&mut self) {
        Queues::leave(&self.repository, &self.queue, self.number);
    }
}
