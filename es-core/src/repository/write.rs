//! Recording: create and update.

use std::future::poll_fn;

use crate::recorded::record_decoded;
use crate::repository::{CreateError, Repository, UpdateError, check_foldable, span};
use crate::{
    Aggregate, AggregateId, Append, AppendId, Appended, EventInfo, EventSet, ExpectedVersion, FirstEvents, Metadata,
    NewEvent, NextEvents, ReadRange, Receipt, RecordedEvent, Replay, Snapshot, StoreError, StreamId, Version,
};

/// How many conflicts in a row an update takes if nothing was recorded meanwhile. A rival's events may show a little late; if they do
/// not show at all, what is stored contradicts itself, and no try cures that.
const CONFLICTS_WITHOUT_NEWS: u32 = 5;

/// What a create or an update has recorded.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Committed<E> {
    /// The id of the aggregate.
    pub id: AggregateId,
    /// The version of the aggregate after it.
    pub version: Version,
    /// The events, with everything that was recorded about them.
    pub events: Vec<RecordedEvent<E>>,
    /// Whether they were recorded now.
    pub outcome: Outcome,
}

/// Whether something was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Now.
    Appended,
    /// By an earlier call with the same append id; this one has changed nothing.
    AlreadyAppended,
    /// Not at all: the decision returned no event.
    Unchanged,
}

impl<A: Aggregate> Repository<A> {
    /// Records the first events of an aggregate. If all events that its stream has are [retired](crate::Decoded::Retired), the aggregate
    /// begins behind them.
    ///
    /// # Errors
    ///
    /// [`CreateError::AlreadyExists`] if the aggregate has begun, [`StoreError::Unfoldable`] if it cannot begin with these events,
    /// [`StoreError::DuplicateKey`] if a unique index of the user's own holds a value of the events already,
    /// [`StoreError::Refused`] if the store refuses them for another reason that repeating does not cure, and what else
    /// the store reports.
    pub async fn create(
        &self,
        id: &str,
        events: impl FirstEvents<A::Event>,
        metadata: Metadata,
    ) -> Result<Committed<A::Event>, CreateError> {
        let call = self.create_as(id, None, with_metadata(events.into_events(), &metadata));
        span::follow(span::of_call!("create", A::TYPE, id), call).await
    }

    /// [`create`](Self::create) under an idempotency key: sent twice, it acts once, and the second call gets
    /// [`Outcome::AlreadyAppended`] with the first one's events.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create), and [`StoreError::AppendIdReused`] if the key was used for [another command](AppendId).
    pub async fn create_once(
        &self,
        id: &str,
        append_id: &str,
        events: impl FirstEvents<A::Event>,
        metadata: Metadata,
    ) -> Result<Committed<A::Event>, CreateError> {
        let append_id = AppendId::new(append_id)?;
        let call = self.create_as(id, Some(append_id), with_metadata(events.into_events(), &metadata));
        span::follow(span::of_call!("create", A::TYPE, id), call).await
    }

    async fn create_as(
        &self,
        id: &str,
        append_id: Option<AppendId>,
        mut events: Vec<Decided<A::Event>>,
    ) -> Result<Committed<A::Event>, CreateError> {
        let stream = StreamId::of::<A>(id)?;
        check_foldable(&stream, Version::NONE, false, events.iter().map(|(event, _)| event))?;
        let kinds: Vec<_> = match append_id {
            Some(_) => events.iter().map(|(event, _)| event.info()).collect(),
            None => Vec::new(),
        };
        let (mut expected, mut retries, mut looked) = (ExpectedVersion::NONE, self.retry.start(), false);
        loop {
            let error = match self.append(&stream, expected, &mut events, append_id.clone()).await {
                Ok(committed) => return Ok(committed),
                // Whether the key belongs to another command is better known here, where splits and retired events are.
                Err(error @ (StoreError::Conflict { .. } | StoreError::AppendIdReused { .. })) => error,
                Err(error) => return Err(error.into()),
            };
            if let Some(append_id) = &append_id
                && let Some(committed) = self.already(&stream, append_id, |kind| kinds.contains(&kind)).await?
            {
                return Ok(committed);
            }
            let StoreError::Conflict { actual: version, .. } = error else { return Err(error.into()) };
            // Behind retired events only, the aggregate begins now.
            let Some(before) = self.before_beginning(&stream).await? else {
                return Err(CreateError::AlreadyExists { stream, version });
            };
            if looked {
                match retries.wait() {
                    Some(wait) => self.store.sleep(wait).await,
                    None => return Err(error.into()),
                }
            }
            (looked, expected) = (true, ExpectedVersion::observed(before));
        }
    }

    /// Loads the aggregate, lets `decide` look at it, and records what it returns.
    ///
    /// If somebody else records an event in between, the aggregate is brought up to date and `decide` is asked again,
    /// for as long as the [retry policy](Self::with_retry) allows. A decision that returns no event writes nothing.
    ///
    /// # Errors
    ///
    /// [`UpdateError::NotFound`] if the aggregate has not begun, [`UpdateError::Rejected`] with the error of `decide`,
    /// [`StoreError::Unfoldable`] if an event can only begin an aggregate, and what the store reports: a
    /// [`StoreError::Conflict`] if every try met one, [`StoreError::DuplicateKey`] and [`StoreError::Refused`] as
    /// [`create`](Self::create). Only a conflict is tried again.
    pub async fn update<D, E>(
        &self,
        id: &str,
        metadata: Metadata,
        decide: impl FnMut(&A) -> Result<D, E> + Send,
    ) -> Result<Committed<A::Event>, UpdateError<E>>
    where
        D: NextEvents<A::Event>,
    {
        span::follow(span::of_call!("update", A::TYPE, id), self.update_as(id, None, metadata, decide)).await
    }

    /// [`update`](Self::update) under an idempotency key, such as the id of a command: sent twice, it acts once, also across
    /// processes and restarts. The second call gets [`Outcome::AlreadyAppended`] with the first one's events; `decide` is not asked,
    /// so it is the type of its answer that says whether the key belongs to [another command](AppendId).
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update), and [`StoreError::AppendIdReused`] if the key was used for another command.
    pub async fn update_once<D, E>(
        &self,
        id: &str,
        append_id: &str,
        metadata: Metadata,
        decide: impl FnMut(&A) -> Result<D, E> + Send,
    ) -> Result<Committed<A::Event>, UpdateError<E>>
    where
        D: NextEvents<A::Event>,
    {
        let append_id = AppendId::new(append_id)?;
        let call = self.update_as(id, Some(append_id), metadata, decide);
        span::follow(span::of_call!("update", A::TYPE, id), call).await
    }

    async fn update_as<D, E>(
        &self,
        id: &str,
        append_id: Option<AppendId>,
        metadata: Metadata,
        mut decide: impl FnMut(&A) -> Result<D, E> + Send,
    ) -> Result<Committed<A::Event>, UpdateError<E>>
    where
        D: NextEvents<A::Event>,
    {
        let stream = StreamId::of::<A>(id)?;
        let mut replay = self.replay(&stream, Version::MAX).await?;
        let (mut retries, mut without_news) = (self.retry.start(), 0);
        loop {
            if let Some(append_id) = &append_id
                && let Some(committed) = self.already(&stream, append_id, D::may_hold).await?
            {
                return Ok(committed);
            }
            let state = replay.state().ok_or_else(|| UpdateError::NotFound { stream: stream.clone() })?;
            // What was decided must not live across the append: nothing asks it to be `Send`.
            let events = decide(state).map_err(UpdateError::Rejected)?.into_events();
            check_foldable(&stream, replay.version(), true, &events)?;
            let expected = ExpectedVersion::observed(replay.version());
            let mut events = with_metadata(events, &metadata);
            let error = match self.append(&stream, expected, &mut events, append_id.clone()).await {
                Ok(committed) => return Ok(committed),
                Err(error) if error.is_conflict() => error,
                // A racing call with the same key decided otherwise: the one that won is the answer.
                Err(error @ StoreError::AppendIdReused { .. }) => error,
                Err(error) => return Err(error.into()),
            };
            match retries.wait() {
                Some(wait) => self.store.sleep(wait).await,
                None => return Err(error.into()),
            }
            let before = replay.version();
            replay.read(&*self.store, Version::MAX).await?;
            without_news = if replay.version() > before { 0 } else { without_news + 1 };
            if without_news == CONFLICTS_WITHOUT_NEWS {
                return Err(error.into());
            }
        }
    }

    /// What an earlier call with this key has recorded, if this call `may_record` any of it.
    async fn already(
        &self,
        stream: &StreamId,
        append_id: &AppendId,
        may_record: impl Fn(&EventInfo) -> bool,
    ) -> Result<Option<Committed<A::Event>>, StoreError> {
        let Some(receipt) = self.store.find_append(stream, append_id).await? else { return Ok(None) };
        let committed = self.read_back(stream, receipt).await?;
        // What was recorded may be retired since, and then nobody can say what it was.
        if committed.events.is_empty() || committed.events.iter().any(|event| may_record(event.data.info())) {
            return Ok(Some(committed));
        }
        let (stream, append_id) = (stream.clone(), append_id.as_str().to_owned());
        Err(StoreError::AppendIdReused { stream, append_id, version: committed.version })
    }

    async fn read_back(&self, stream: &StreamId, receipt: Receipt) -> Result<Committed<A::Event>, StoreError> {
        let count = receipt.stamps.len() as u64;
        let before = Version::try_from(receipt.version.as_i64() - i64::try_from(count).unwrap_or(i64::MAX))
            .map_err(|error| StoreError::Malformed { what: format!("an append to {stream}"), source: error.into() })?;
        let mut batches = self.store.read(stream, ReadRange::after(before).until(receipt.version));
        let mut recorded = Vec::new();
        while let Some(batch) = poll_fn(|context| batches.as_mut().poll_next(context)).await {
            for event in batch?.events() {
                recorded.extend(record_decoded(&event?)?);
            }
        }
        Ok(Committed {
            id: stream.aggregate_id().clone(),
            version: receipt.version,
            events: recorded,
            outcome: Outcome::AlreadyAppended,
        })
    }

    /// Takes the events if they are recorded now.
    async fn append(
        &self,
        stream: &StreamId,
        expected: ExpectedVersion,
        events: &mut Vec<Decided<A::Event>>,
        append_id: Option<AppendId>,
    ) -> Result<Committed<A::Event>, StoreError> {
        if events.is_empty() {
            return Ok(unchanged(stream, expected.version()));
        }
        let encode =
            |(event, metadata): &Decided<A::Event>| NewEvent::encode_with(event, metadata.clone(), self.write_check);
        let encoded = events.iter().map(encode).collect::<Result<_, _>>()?;
        match self.store.append(Append::new(stream.clone(), expected, encoded).with_id(append_id)).await? {
            Appended::Now(receipt) => Ok(self.committed(stream, expected, &receipt, std::mem::take(events))),
            Appended::Already(receipt) => self.read_back(stream, receipt).await,
        }
    }

    /// The answer to an append that was recorded now.
    pub(super) fn committed(
        &self,
        stream: &StreamId,
        expected: ExpectedVersion,
        receipt: &Receipt,
        events: impl IntoIterator<Item = Decided<A::Event>>,
    ) -> Committed<A::Event> {
        self.snapshot_if_due(stream, expected.version(), receipt.version);
        let recorded = events.into_iter().zip(&receipt.stamps).map(|((event, metadata), stamp)| {
            RecordedEvent::new(stream, *stamp, event.event_type(), event.event_version(), metadata, event)
        });
        Committed {
            id: stream.aggregate_id().clone(),
            version: receipt.version,
            events: recorded.collect(),
            outcome: Outcome::Appended,
        }
    }

    fn snapshot_if_due(&self, stream: &StreamId, before: Version, after: Version) {
        if !self.snapshots.is_due(before, after) {
            return;
        }
        let (repository, stream) = (self.clone(), stream.clone());
        self.store.spawn(Box::pin(async move {
            // The store reports a failure; the append that made this due has succeeded whatever comes of it.
            let _ = repository.snapshot_at(&stream, after).await;
        }));
    }

    async fn snapshot_at(&self, stream: &StreamId, version: Version) -> Result<(), StoreError> {
        let replay: Replay<A> = self.replay(stream, version).await?;
        let version = replay.version();
        match replay.into_state() {
            Some(state) => self.store.put_snapshot(stream, Snapshot::new(version, state).encode()?).await,
            None => Ok(()),
        }
    }
}

/// An event that was decided on, with the metadata that are recorded with it.
pub(super) type Decided<E> = (E, Metadata);

fn with_metadata<E>(events: Vec<E>, metadata: &Metadata) -> Vec<Decided<E>> {
    events.into_iter().map(|event| (event, metadata.clone())).collect()
}

/// The answer if there was nothing to record.
pub(super) fn unchanged<E>(stream: &StreamId, version: Version) -> Committed<E> {
    let id = stream.aggregate_id().clone();
    Committed { id, version, events: Vec::new(), outcome: Outcome::Unchanged }
}
