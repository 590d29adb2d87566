//! Recording: create, update, import.

use std::future::poll_fn;
use std::pin::pin;

use futures_core::Stream;

use crate::recorded::record_decoded;
use crate::repository::{CreateError, Repository, UpdateError, span};
use crate::{
    Aggregate, AggregateId, Append, AppendId, Appended, EventBatch, EventId, EventSet, ExpectedVersion, IntoEvents,
    Metadata, NewEvent, ReadRange, Receipt, RecordedEvent, Replay, Snapshot, Store, StoreError, StreamId, Timestamp,
    Version,
};

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

/// An event that happened elsewhere before, for [`Repository::import`].
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedEvent<E> {
    event: E,
    timestamp: Timestamp,
    metadata: Metadata,
    caused_by_first: bool,
}

impl<E> ImportedEvent<E> {
    /// The event as it happened at a moment.
    pub fn new(event: impl Into<E>, timestamp: Timestamp, metadata: Metadata) -> Self {
        Self { event: event.into(), timestamp, metadata, caused_by_first: false }
    }

    /// The same, with the first event of the import as its causation, whose id is not known yet.
    #[must_use]
    pub fn caused_by_first(self) -> Self {
        Self { caused_by_first: true, ..self }
    }
}

impl<A: Aggregate, S: Store> Repository<A, S> {
    /// Records the first events of an aggregate.
    ///
    /// # Errors
    ///
    /// [`CreateError::AlreadyExists`] where the aggregate has events, and what the store reports.
    pub async fn create(
        &self,
        id: &str,
        events: impl IntoEvents<A::Event>,
        metadata: Metadata,
    ) -> Result<Committed<A::Event>, CreateError> {
        span::follow!(
            "create",
            A::TYPE,
            id,
            self.create_as(id, None, None, with_metadata(events.into_events(), &metadata))
        )
    }

    /// [`create`](Self::create) under an idempotency key: sent twice, it acts once, and the second call gets
    /// [`Outcome::AlreadyAppended`] with the first one's events.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create), and [`StoreError::AppendIdReused`] where the key was used with other events.
    pub async fn create_once(
        &self,
        id: &str,
        append_id: &str,
        events: impl IntoEvents<A::Event>,
        metadata: Metadata,
    ) -> Result<Committed<A::Event>, CreateError> {
        let append_id = AppendId::new(append_id)?;
        span::follow!(
            "create",
            A::TYPE,
            id,
            self.create_as(id, Some(append_id), None, with_metadata(events.into_events(), &metadata))
        )
    }

    /// Records the whole past of an aggregate that happened elsewhere, with the events' own moments. Nothing else may set those.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub async fn import(
        &self,
        id: &str,
        events: Vec<ImportedEvent<A::Event>>,
    ) -> Result<Committed<A::Event>, CreateError> {
        let ids = EventId::block(events.len());
        let mut decided = Vec::with_capacity(events.len());
        for (index, ImportedEvent { event, timestamp, metadata, caused_by_first }) in events.into_iter().enumerate() {
            let metadata = match ids.first() {
                Some(first) if caused_by_first && index > 0 => metadata.causation(first.to_string()),
                _ => metadata,
            };
            decided.push((event, metadata, Some(timestamp)));
        }
        span::follow!("import", A::TYPE, id, self.create_as(id, None, Some(ids), decided))
    }

    async fn create_as(
        &self,
        id: &str,
        append_id: Option<AppendId>,
        event_ids: Option<Vec<EventId>>,
        events: Vec<Decided<A::Event>>,
    ) -> Result<Committed<A::Event>, CreateError> {
        let stream = StreamId::of::<A>(id)?;
        let conflict = match self.append(&stream, ExpectedVersion::NONE, events, append_id.clone(), event_ids).await {
            Err(StoreError::Conflict { actual, .. }) => actual,
            answer => return Ok(answer?),
        };
        match append_id {
            Some(append_id) => match self.already(&stream, &append_id).await? {
                Some(committed) => Ok(committed),
                None => Err(CreateError::AlreadyExists { stream, version: conflict }),
            },
            None => Err(CreateError::AlreadyExists { stream, version: conflict }),
        }
    }

    /// Loads the aggregate, lets `decide` look at it, and records what it returns.
    ///
    /// Where somebody else records an event in between, the aggregate is brought up to date and `decide` is asked again,
    /// as often as the [retry policy](Self::with_retry) allows. A decision that returns no event writes nothing.
    ///
    /// # Errors
    ///
    /// [`UpdateError::NotFound`] where the aggregate has no event, [`UpdateError::Rejected`] with the error of `decide`,
    /// and what the store reports; a [`StoreError::Conflict`] where every try met one.
    pub async fn update<D, E>(
        &self,
        id: &str,
        metadata: Metadata,
        decide: impl FnMut(&A) -> Result<D, E> + Send,
    ) -> Result<Committed<A::Event>, UpdateError<E>>
    where
        D: IntoEvents<A::Event>,
    {
        span::follow!("update", A::TYPE, id, self.update_as(id, None, metadata, decide))
    }

    /// [`update`](Self::update) under an idempotency key, such as the id of a command: sent twice, it acts once, also across
    /// processes and restarts. The second call gets [`Outcome::AlreadyAppended`] with the first one's events; `decide` is not asked.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn update_once<D, E>(
        &self,
        id: &str,
        append_id: &str,
        metadata: Metadata,
        decide: impl FnMut(&A) -> Result<D, E> + Send,
    ) -> Result<Committed<A::Event>, UpdateError<E>>
    where
        D: IntoEvents<A::Event>,
    {
        let append_id = AppendId::new(append_id)?;
        span::follow!("update", A::TYPE, id, self.update_as(id, Some(append_id), metadata, decide))
    }

    async fn update_as<D, E>(
        &self,
        id: &str,
        append_id: Option<AppendId>,
        metadata: Metadata,
        mut decide: impl FnMut(&A) -> Result<D, E> + Send,
    ) -> Result<Committed<A::Event>, UpdateError<E>>
    where
        D: IntoEvents<A::Event>,
    {
        let stream = StreamId::of::<A>(id)?;
        let mut replay = self.replay(&stream, Version::MAX).await?;
        let mut failed = 0;
        loop {
            if let Some(append_id) = &append_id
                && let Some(committed) = self.already(&stream, append_id).await?
            {
                return Ok(committed);
            }
            let state = replay.state().ok_or_else(|| UpdateError::NotFound { stream: stream.clone() })?;
            // What was decided must not live across the append: nothing asks it to be `Send`.
            let events = decide(state).map_err(UpdateError::Rejected)?.into_events();
            let expected = ExpectedVersion::observed(replay.version());
            let events = with_metadata(events, &metadata);
            let error = match self.append(&stream, expected, events, append_id.clone(), None).await {
                Ok(committed) => return Ok(committed),
                Err(error) if error.is_conflict() => error,
                // A racing call with the same key decided otherwise: the one that won is the answer.
                Err(error @ StoreError::AppendIdReused { .. }) => error,
                Err(error) => return Err(error.into()),
            };
            failed += 1;
            match self.retry.wait_after(failed) {
                Some(wait) => self.store.sleep(wait).await,
                None => return Err(error.into()),
            }
            self.fold(&mut replay, Version::MAX, |_| true).await?;
        }
    }

    /// What an earlier call with this key has recorded.
    async fn already(
        &self,
        stream: &StreamId,
        append_id: &AppendId,
    ) -> Result<Option<Committed<A::Event>>, StoreError> {
        let Some(receipt) = self.store.find_append(stream, append_id.as_str()).await? else { return Ok(None) };
        self.read_back(stream, receipt).await.map(Some)
    }

    async fn read_back(&self, stream: &StreamId, receipt: Receipt) -> Result<Committed<A::Event>, StoreError> {
        let count = receipt.stamps.len() as u64;
        let before = Version::try_from(receipt.version.as_i64() - i64::try_from(count).unwrap_or(i64::MAX))
            .map_err(|error| StoreError::Malformed { what: format!("an append to {stream}"), source: error.into() })?;
        let mut batches = pin!(self.store.read(stream, ReadRange::after(before).until(receipt.version)));
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

    async fn append(
        &self,
        stream: &StreamId,
        expected: ExpectedVersion,
        events: Vec<Decided<A::Event>>,
        append_id: Option<AppendId>,
        event_ids: Option<Vec<EventId>>,
    ) -> Result<Committed<A::Event>, StoreError> {
        let id = stream.aggregate_id().clone();
        if events.is_empty() {
            return Ok(Committed { id, version: expected.version(), events: Vec::new(), outcome: Outcome::Unchanged });
        }
        let mut encoded = Vec::with_capacity(events.len());
        for (event, metadata, timestamp) in &events {
            encoded.push(NewEvent { timestamp: *timestamp, ..NewEvent::encode(event, metadata.clone())? });
        }
        let append = Append::new(stream.clone(), expected, encoded).with_id(append_id);
        match self.store.append(Append { event_ids, ..append }).await? {
            Appended::Now(receipt) => {
                self.snapshot_if_due(stream, expected.version(), receipt.version);
                Ok(committed(stream, &receipt, events))
            }
            Appended::Already(receipt) => self.read_back(stream, receipt).await,
        }
    }

    fn snapshot_if_due(&self, stream: &StreamId, before: Version, after: Version) {
        if !self.snapshots.is_due(before, after) {
            return;
        }
        let (repository, stream) = (self.clone(), stream.clone());
        self.store.spawn(async move {
            // The store reports a failure; the append that made this due has succeeded whatever comes of it.
            let _ = repository.snapshot_at(&stream, after).await;
        });
    }

    async fn snapshot_at(&self, stream: &StreamId, version: Version) -> Result<(), StoreError> {
        let replay: Replay<A> = self.replay(stream, version).await?;
        let version = replay.version();
        match replay.into_state() {
            Some(state) => self.store.put_snapshot(stream, &Snapshot::new(version, state)).await,
            None => Ok(()),
        }
    }
}

/// An event that was decided on, with what is recorded about it.
type Decided<E> = (E, Metadata, Option<Timestamp>);

fn with_metadata<E>(events: Vec<E>, metadata: &Metadata) -> Vec<Decided<E>> {
    events.into_iter().map(|event| (event, metadata.clone(), None)).collect()
}

fn committed<E: EventSet>(stream: &StreamId, receipt: &Receipt, events: Vec<Decided<E>>) -> Committed<E> {
    let recorded = events.into_iter().zip(&receipt.stamps).map(|((event, metadata, _), stamp)| RecordedEvent {
        id: stamp.id,
        aggregate_id: stream.aggregate_id().as_str().to_owned(),
        aggregate_type: stream.aggregate_type().to_owned(),
        event_type: event.event_type().to_owned(),
        event_version: event.event_version(),
        sequence: stamp.sequence,
        position: stamp.position,
        timestamp: stamp.timestamp,
        metadata,
        data: event,
    });
    Committed {
        id: stream.aggregate_id().clone(),
        version: receipt.version,
        events: recorded.collect(),
        outcome: Outcome::Appended,
    }
}
