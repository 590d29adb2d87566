//! Recording: the last step of every action.

use super::{Committed, Outcome, Repository};
use crate::recorded::record_decoded;
use crate::store::next_batch;
use crate::store::{
    Append, AppendId, Appended, EventInfo, EventSet, ExpectedVersion, Head, NewEvent, ReadRange, Receipt, Replay,
};
use crate::{Aggregate, Metadata, RecordedEvent, StoreError, StreamId, Version};

impl<A: Aggregate> Repository<A> {
    /// What an earlier call with this key has recorded, if this call `may_record` any of it.
    pub(super) async fn already(
        &self,
        stream: &StreamId,
        append_id: &AppendId,
        may_record: impl Fn(&EventInfo) -> bool,
    ) -> Result<Option<Committed<A::Event>>, StoreError> {
        let Some(receipt) = self.store.find_append(stream, append_id).await? else { return Ok(None) };
        let committed = self.read_back(stream, receipt).await?;
        // The events may have been retired since, and then they cannot be compared.
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
        while let Some(batch) = next_batch(&mut batches).await {
            for event in batch?.events() {
                recorded.extend(record_decoded(&event?)?);
            }
        }
        Ok(Committed::new(stream, receipt.version, recorded, Outcome::AlreadyAppended))
    }

    /// Records the events that begin an aggregate, all with the same metadata, and takes them out
    /// of the list.
    pub(super) async fn append(
        &self,
        stream: &StreamId,
        before: Head,
        events: &mut Vec<A::Event>,
        metadata: &Metadata,
        append_id: Option<AppendId>,
    ) -> Result<Committed<A::Event>, StoreError> {
        if events.is_empty() {
            return Ok(Committed::unchanged(stream, before.version()));
        }
        let encoded = self.encode(events, metadata)?;
        let for_cache = self.for_cache(&encoded);
        let append = Append::new(stream.clone(), ExpectedVersion::observed(before), encoded).with_id(append_id);
        let appended = self.store.append(append).await?;
        if let (Appended::Now(receipt), Some(events)) = (&appended, for_cache) {
            self.cache_recorded(Replay::before_beginning(stream.clone(), before), &events, receipt);
        }
        self.recorded(stream, before.version(), std::mem::take(events), metadata, appended).await
    }

    /// Writes events, all with the same metadata.
    pub(super) fn encode(&self, events: &[A::Event], metadata: &Metadata) -> Result<Vec<NewEvent>, StoreError> {
        let encode = |event: &A::Event| NewEvent::encode_with(event, metadata.clone(), self.write_check);
        events.iter().map(encode).collect()
    }

    /// The result of an append of these events, all with the same metadata, after this version.
    pub(super) async fn recorded(
        &self,
        stream: &StreamId,
        before: Version,
        events: Vec<A::Event>,
        metadata: &Metadata,
        appended: Appended,
    ) -> Result<Committed<A::Event>, StoreError> {
        match appended {
            Appended::Now(receipt) => {
                let events = events.into_iter().map(|event| (event, metadata.clone()));
                Ok(self.committed(stream, before, &receipt, events))
            }
            Appended::Already(receipt) => self.read_back(stream, receipt).await,
        }
    }

    /// The result of an append that was recorded now, from its events with their metadata.
    pub(super) fn committed(
        &self,
        stream: &StreamId,
        before: Version,
        receipt: &Receipt,
        events: impl IntoIterator<Item = (A::Event, Metadata)>,
    ) -> Committed<A::Event> {
        self.snapshot_if_due(stream, before, receipt.version);
        let recorded = events.into_iter().zip(&receipt.stamps).map(|((event, metadata), stamp)| {
            RecordedEvent::new(stream, *stamp, event.event_type(), event.event_version(), metadata, event)
        });
        Committed::new(stream, receipt.version, recorded.collect(), Outcome::Appended)
    }

    fn snapshot_if_due(&self, stream: &StreamId, before: Version, after: Version) {
        if !self.snapshots.is_due(before, after) {
            return;
        }
        let (repository, stream) = (self.clone(), stream.clone());
        self.store.spawn(Box::pin(async move {
            // The store reports a failure. The append that made the snapshot due has succeeded in
            // any case.
            let _ = repository.snapshot_at(&stream, after).await;
        }));
    }

    async fn snapshot_at(&self, stream: &StreamId, version: Version) -> Result<(), StoreError> {
        let replay: Replay<A> = self.replay(stream, version).await?;
        let version = replay.version();
        match replay.into_state() {
            Some(state) => self.keep(stream, version, state).await,
            None => Ok(()),
        }
    }
}
