//! One call of an update: decides and records until there is an answer.

use std::time::Duration;

use super::decision::{DecisionResult, MayHold};
use super::options::Options;
use super::queue::{Answer, Place, Queues};
use super::{Committed, Loaded, Repository, UpdateError, check_foldable};
use crate::retry::Retries;
use crate::store::{Append, AppendId, Appended, ExpectedVersion, Replay};
use crate::{Aggregate, Metadata, StoreError, StreamId, Version};

/// The greatest number of consecutive conflicts of an update if the aggregate has no new events.
/// The events of a concurrent writer may become visible a little late. If they never do, the stored
/// data are inconsistent, and retries do not help.
const CONFLICTS_WITHOUT_NEWS: u32 = 5;

/// A decision, without its type.
pub(super) enum Decide<'a, A: Aggregate, R, E> {
    /// It needs an aggregate that has begun.
    Update(Box<DecideOn<'a, A, R, E>>),
    /// It may begin the aggregate.
    Upsert(Box<DecideOnAny<'a, A, R, E>>),
}

type DecideOn<'a, A, R, E> = dyn FnMut(&Loaded<A>) -> DecisionResult<<A as Aggregate>::Event, R, E> + Send + 'a;
type DecideOnAny<'a, A, R, E> =
    dyn FnMut(Option<&Loaded<A>>) -> DecisionResult<<A as Aggregate>::Event, R, E> + Send + 'a;

/// A call with everything that it needs.
pub(super) struct Call<'a, A: Aggregate, R, E> {
    pub(super) repository: &'a Repository<A>,
    pub(super) stream: StreamId,
    pub(super) decide: Decide<'a, A, R, E>,
    pub(super) may_hold: MayHold,
    pub(super) options: Options,
    pub(super) append_id: Option<AppendId>,
    /// The version that the caller requires.
    pub(super) required: Option<Version>,
    pub(super) retries: Retries,
}

/// What a decision wants to record on a version, perhaps nothing.
struct Proposal<A: Aggregate, R> {
    version: Version,
    events: Vec<A::Event>,
    /// The metadata of all events.
    metadata: Metadata,
    answer: R,
}

impl<A: Aggregate, R> Proposal<A, R> {
    fn records(&self) -> bool {
        !self.events.is_empty()
    }

    fn unchanged(self, stream: &StreamId) -> Committed<A::Event, R> {
        Committed::unchanged(stream, self.version).answering(Some(self.answer))
    }
}

/// The conflicts of a call.
#[derive(Default)]
struct Conflicts {
    /// The version on which the last ones were decided.
    at: Option<Version>,
    /// Their number.
    in_a_row: u32,
}

impl<A: Aggregate, R: Send, E> Call<'_, A, R, E> {
    pub(super) async fn run(mut self) -> Result<Committed<A::Event, R>, UpdateError<E>> {
        // A caller that requires a version gets a conflict, and not a place in a queue.
        if self.required.is_none()
            && let Some(place) = Queues::enter_if_contended(self.repository, &self.stream)
        {
            return Box::pin(self.in_queue(place, Conflicts::default())).await;
        }
        let (mut replay, mut is_read) = match self.repository.take_cached(&self.stream) {
            Some(cached) => (cached, false),
            None => (self.repository.replay(&self.stream, Version::MAX).await?, true),
        };
        let (mut is_looked_up, mut conflicts) = (self.append_id.is_none(), Conflicts::default());
        loop {
            let proposal = match self.ask(&mut replay) {
                Ok(proposal) if proposal.records() => Some(proposal),
                answer if is_read && is_looked_up => {
                    self.repository.keep_cached(replay);
                    return answer.map(|proposal| proposal.unchanged(&self.stream));
                }
                _ => None,
            };
            let Some(proposal) = proposal else {
                if !is_read {
                    (replay, is_read) = (self.repository.confirmed(replay).await?, true);
                }
                // An earlier call with the same key may be the reason.
                match self.already().await? {
                    Some(committed) => return Ok(committed),
                    None => is_looked_up = true,
                }
                continue;
            };
            let encoded = match self.repository.encode(&proposal.events, &proposal.metadata) {
                Ok(encoded) => encoded,
                Err(error) => return self.already().await?.ok_or_else(|| error.into()),
            };
            let for_cache = self.repository.for_cache(&encoded);
            let append = Append::new(self.stream.clone(), ExpectedVersion::observed(replay.head()), encoded);
            let appended = self.repository.store.append(append.with_id(self.append_id.clone())).await;
            let conflict = match appended {
                Err(conflict) if conflict.is_conflict() && self.required.is_none() => conflict,
                appended => {
                    if let (Ok(Appended::Now(receipt)), Some(events)) = (&appended, &for_cache) {
                        self.repository.cache_recorded(replay, events, receipt);
                    }
                    return self.answer(proposal, appended).await;
                }
            };
            // A state that was not read is outdated. That is not an attempt.
            let pause = if is_read { self.after(&mut conflicts, proposal.version, conflict)? } else { Duration::ZERO };
            replay = match Queues::enter(self.repository, replay, is_read) {
                Ok(place) => return Box::pin(self.in_queue(place, conflicts)).await,
                Err(replay) => replay,
            };
            self.repository.store.sleep(pause).await;
            replay.read(&*self.repository.store, Version::MAX).await?;
            is_read = true;
            is_looked_up = self.append_id.is_none();
        }
    }

    /// Decides after others, and before others.
    async fn in_queue(
        mut self,
        mut place: Place<A>,
        mut conflicts: Conflicts,
    ) -> Result<Committed<A::Event, R>, UpdateError<E>> {
        loop {
            let mut turn = place.turn().await?;
            let (version, round) = (turn.replay.version(), turn.round);
            let proposal = match self.ask(&mut turn.replay) {
                Ok(proposal) if proposal.records() => {
                    let encoded = self.repository.encode(&proposal.events, &proposal.metadata);
                    encoded.ok().map(|encoded| (proposal, encoded))
                }
                answer if turn.is_confirmed && self.append_id.is_none() => {
                    place.put_back(turn);
                    return answer.map(|proposal| proposal.unchanged(&self.stream));
                }
                _ => None,
            };
            let Some((proposal, encoded)) = proposal else {
                place.put_back(turn);
                if place.settled(round, version).await
                    && let Some(answer) = self.answer_as_read(&mut place).await
                {
                    return answer;
                }
                continue;
            };
            place.propose(turn, encoded, self.append_id.clone());
            match place.answer().await {
                Answer::Answered(appended) => return self.answer(proposal, appended).await,
                Answer::Again(Some(conflict)) => {
                    self.after(&mut conflicts, version, conflict)?;
                }
                Answer::Again(None) => {}
            }
        }
    }

    /// Answers on a state that was read after the call began, if there is nothing to record on it.
    async fn answer_as_read(&mut self, place: &mut Place<A>) -> Option<Result<Committed<A::Event, R>, UpdateError<E>>> {
        let mut replay = match self.repository.replay(&self.stream, Version::MAX).await {
            Ok(replay) => replay,
            Err(error) => return Some(Err(error.into())),
        };
        if let Some(committed) = self.already().await.transpose() {
            return Some(committed.map_err(UpdateError::from));
        }
        place.saw(replay.version());
        match self.ask(&mut replay) {
            Ok(proposal) if proposal.records() => {
                let encoded = self.repository.encode(&proposal.events, &proposal.metadata);
                encoded.err().map(|error| Err(error.into()))
            }
            answer => Some(answer.map(|proposal| proposal.unchanged(&self.stream))),
        }
    }

    /// Calls the decision with what was loaded. It is not a part of the future, so the error of the
    /// decision need not be `Send`.
    fn ask(&mut self, replay: &mut Replay<A>) -> Result<Proposal<A, R>, UpdateError<E>> {
        let (version, loaded) = (replay.version(), replay.lend());
        let decided = self.decide_on(version, loaded.as_ref());
        let metadata = self.options.metadata_after(loaded.as_ref().map(|loaded| &loaded.last_event));
        let has_begun = loaded.is_some();
        if let Some(loaded) = loaded {
            replay.restore(loaded);
        }
        let (events, answer) = decided?;
        check_foldable::<A>(&self.stream, version, has_begun, &events)?;
        Ok(Proposal { version, events, metadata, answer })
    }

    fn decide_on(&mut self, version: Version, loaded: Option<&Loaded<A>>) -> DecisionResult<A::Event, R, E> {
        let stream = || self.stream.clone();
        match (&mut self.decide, loaded, self.required) {
            (Decide::Update(_), None, _) => Err(UpdateError::NotFound { stream: stream() }),
            (_, _, Some(expected)) if expected != version => {
                Err(StoreError::Conflict { stream: stream(), expected, actual: version }.into())
            }
            (Decide::Update(decide), Some(loaded), _) => decide(loaded),
            (Decide::Upsert(decide), loaded, _) => decide(loaded),
        }
    }

    /// What an earlier call with the same key has recorded.
    async fn already(&mut self) -> Result<Option<Committed<A::Event, R>>, StoreError> {
        let Some(append_id) = &self.append_id else { return Ok(None) };
        let already = self.repository.already(&self.stream, append_id, self.may_hold).await?;
        Ok(already.map(|committed| committed.answering(None)))
    }

    /// The answer to the caller, from that of the store.
    async fn answer(
        mut self,
        proposal: Proposal<A, R>,
        appended: Result<Appended, StoreError>,
    ) -> Result<Committed<A::Event, R>, UpdateError<E>> {
        let Proposal { version, events, metadata, answer } = proposal;
        match appended {
            Ok(appended) => {
                let recorded = self.repository.recorded(&self.stream, version, events, &metadata, appended);
                Ok(recorded.await?.answering(Some(answer)))
            }
            // The store compares only names. Splits and retired events are known here, and a
            // concurrent call with the same key may have decided differently.
            Err(error @ StoreError::AppendIdReused { .. }) => match self.already().await? {
                Some(committed) => Ok(committed),
                None => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// The pause after a conflict, or the conflict itself if the attempts are used up.
    fn after(
        &mut self,
        conflicts: &mut Conflicts,
        version: Version,
        conflict: StoreError,
    ) -> Result<Duration, StoreError> {
        conflicts.in_a_row = if conflicts.at == Some(version) { conflicts.in_a_row + 1 } else { 1 };
        conflicts.at = Some(version);
        if conflicts.in_a_row == CONFLICTS_WITHOUT_NEWS {
            return Err(conflict);
        }
        self.retries.wait().ok_or(conflict)
    }
}
