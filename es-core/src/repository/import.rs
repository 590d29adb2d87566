//! Import of the past of an aggregate from another system.

use std::sync::atomic::Ordering;

use super::same::first_difference;
use crate::recorded::record_decoded;
use crate::replay::check_next;
use crate::repository::WriteCheck;
use crate::repository::{Committed, ImportDifference, ImportError, Outcome, Repository, check_foldable, span};
use crate::store::next_batch;
use crate::store::{Append, BoxFuture, EventData, EventSet, ExpectedVersion, Head, NewEvent, ReadRange, StoredEvent};
use crate::{Aggregate, EventId, IdFor, Metadata, RecordedEvent, StoreError, StreamId, Timestamp, Version};

/// An event that happened before in another system, for [`Repository::import`].
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedEvent<E> {
    event: E,
    timestamp: Timestamp,
    metadata: Metadata,
    caused_by_first: bool,
}

impl<E> ImportedEvent<E> {
    /// The event, with the time when it happened.
    pub fn new(event: impl Into<E>, timestamp: Timestamp, metadata: Metadata) -> Self {
        Self { event: event.into(), timestamp, metadata, caused_by_first: false }
    }

    /// The same, with the first event of the aggregate as its causation. The id of the first event
    /// is not known yet.
    #[must_use]
    pub fn caused_by_first(self) -> Self {
        Self { caused_by_first: true, ..self }
    }

    /// The metadata to record with the event, if the first event of the aggregate has this id. The
    /// first event has no such cause.
    fn metadata(&self, first: Option<EventId>) -> Metadata {
        match first {
            Some(first) if self.caused_by_first => self.metadata.clone().causation(first.to_string()),
            _ => self.metadata.clone(),
        }
    }
}

impl<A: Aggregate> Repository<A> {
    /// Records the past of an aggregate from another system, with the original times of the events.
    /// Only an import can set times.
    ///
    /// It can be repeated: if the past is already recorded, the result is
    /// [`Outcome::AlreadyAppended`], even if more events were recorded after it. If the aggregate
    /// has only the first events of the past, the rest is recorded, and [`Committed::events`] is
    /// that rest. If the aggregate has no event, everything is recorded.
    ///
    /// A stored event matches an event of the import if it has the same type and equal data, time
    /// and metadata. The stored event is compared as the current code reads it, so newer versions,
    /// names and splits do not matter. The order of a map does not matter either. The order of a
    /// list does matter, so a collection without an order, such as a `HashSet`, must not be stored
    /// as a list.
    ///
    /// # Errors
    ///
    /// [`ImportError::Differs`] if the aggregate has a different past, [`StoreError::Unfoldable`]
    /// if no load could fold it, and the errors of the store.
    pub fn import(
        &self,
        id: impl IdFor<A::Id>,
        events: Vec<ImportedEvent<A::Event>>,
    ) -> BoxFuture<'_, Result<Committed<A::Event>, ImportError>> {
        let stream = StreamId::of::<A>(id);
        let span = span::of_call!("import", A::TYPE, stream.as_ref().ok());
        Box::pin(span::follow(span, async move { self.import_in(stream?, events).await }))
    }

    pub(super) async fn import_in(
        &self,
        stream: StreamId,
        events: Vec<ImportedEvent<A::Event>>,
    ) -> Result<Committed<A::Event>, ImportError> {
        let mut import = Import::<A>::new(stream, events);
        if import.events.is_empty() {
            return Ok(Committed::unchanged(&import.stream, Version::NONE));
        }
        let mut retries = self.retry.start();
        // In a row of imports, usually all are new or all are repeated, so the last one decides
        // whether to read before the first attempt.
        if self.imports_are_repeated.load(Ordering::Relaxed) {
            self.compare(&mut import).await?;
        }
        loop {
            if import.is_complete() {
                return Ok(import.into_already());
            }
            let (append, expected) = (import.append(self.write_check)?, import.expected());
            let conflict = match self.store.append(append).await {
                Ok(appended) => {
                    let (stream, receipt) = (import.stream.clone(), appended.into_receipt());
                    let first = receipt.stamps.first().map(|stamp| stamp.id);
                    return Ok(self.committed(&stream, expected.version(), &receipt, import.into_rest(first)));
                }
                Err(error) if error.is_conflict() => error,
                Err(error) => return Err(error.into()),
            };
            if import.looked {
                // Somebody has recorded more events since the read.
                match retries.wait() {
                    Some(wait) => self.store.sleep(wait).await,
                    None => return Err(conflict.into()),
                }
            }
            self.compare(&mut import).await?;
        }
    }

    /// Determines how much of the past is stored.
    async fn compare(&self, import: &mut Import<A>) -> Result<(), ImportError> {
        (import.head, import.looked) = (Head::NONE, true);
        import.stored.clear();
        let mut batches = self.store.read(&import.stream, ReadRange::ALL);
        while !import.is_complete()
            && let Some(batch) = next_batch(&mut batches).await
        {
            for event in batch?.events() {
                if import.is_complete() {
                    break;
                }
                import.meet(&event?)?;
            }
        }
        self.imports_are_repeated.store(!import.stored.is_empty(), Ordering::Relaxed);
        Ok(())
    }
}

/// An import in progress.
struct Import<A: Aggregate> {
    stream: StreamId,
    /// The whole past.
    events: Vec<ImportedEvent<A::Event>>,
    /// The beginning of the past, as far as it is known to be stored.
    stored: Vec<RecordedEvent<A::Event>>,
    /// The last stored event that was compared.
    head: Head,
    /// Whether it is known what is stored.
    looked: bool,
}

impl<A: Aggregate> Import<A> {
    fn new(stream: StreamId, events: Vec<ImportedEvent<A::Event>>) -> Self {
        Self { stream, events, stored: Vec::new(), head: Head::NONE, looked: false }
    }

    fn is_complete(&self) -> bool {
        self.stored.len() == self.events.len()
    }

    fn expected(&self) -> ExpectedVersion {
        ExpectedVersion::observed(self.head)
    }

    /// Matches the next stored event, as the current code reads it, with what comes next in the
    /// import.
    fn meet(&mut self, stored: &StoredEvent<'_>) -> Result<(), ImportError> {
        check_next(&self.stream, self.head.version(), stored)?;
        for recorded in record_decoded(stored)? {
            let Some(imported) = self.events.get(self.stored.len()) else { break };
            let first = self.stored.first().map(|first| first.id);
            if let Some(difference) = difference(&recorded, imported, first)? {
                let (stream, sequence) = (self.stream.clone(), recorded.sequence);
                return Err(ImportError::Differs { stream, sequence, difference });
            }
            self.stored.push(recorded);
        }
        self.head = Head::from(stored);
        Ok(())
    }

    /// The events that are not stored.
    fn append(&self, check: WriteCheck) -> Result<Append, StoreError> {
        let rest = &self.events[self.stored.len()..];
        let has_begun = self.stored.last().is_some_and(|last| !A::is_end(&last.data));
        check_foldable::<A>(&self.stream, self.head.version(), has_begun, rest.iter().map(|imported| &imported.event))?;
        let ids = EventId::block(rest.len());
        let mut first = self.stored.first().map(|first| first.id);
        let mut encoded = Vec::with_capacity(rest.len());
        for (imported, id) in rest.iter().zip(&ids) {
            encoded
                .push(NewEvent::encode_with(&imported.event, imported.metadata(first), check)?.at(imported.timestamp));
            first.get_or_insert(*id);
        }
        let append = Append::new(self.stream.clone(), self.expected(), encoded);
        Ok(Append { event_ids: Some(ids), ..append })
    }

    /// The events that were not stored. The first of them has this id now.
    fn into_rest(self, first_of_rest: Option<EventId>) -> impl Iterator<Item = (A::Event, Metadata)> {
        let first = self.stored.first().map(|first| first.id);
        let rest = self.events.into_iter().skip(self.stored.len()).enumerate();
        rest.map(move |(index, imported)| {
            let first = first.or(first_of_rest.filter(|_| index > 0));
            let metadata = imported.metadata(first);
            (imported.event, metadata)
        })
    }

    /// The result if all of it is stored.
    fn into_already(self) -> Committed<A::Event> {
        Committed::new(&self.stream, self.head.version(), self.stored, Outcome::AlreadyAppended)
    }
}

fn difference<E: EventSet>(
    stored: &RecordedEvent<E>,
    imported: &ImportedEvent<E>,
    first: Option<EventId>,
) -> Result<Option<ImportDifference>, StoreError> {
    let (stored_type, event_type) = (stored.data.event_type(), imported.event.event_type());
    if stored_type != event_type {
        let (stored, imported) = (stored_type.to_owned(), event_type.to_owned());
        return Ok(Some(ImportDifference::Type { stored, imported }));
    }
    if stored.timestamp != imported.timestamp {
        let (stored, imported) = (stored.timestamp, imported.timestamp);
        return Ok(Some(ImportDifference::Timestamp { stored, imported }));
    }
    let data = |event: &E| EventData::encode(event_type, event);
    if let Some(field) = first_difference(data(&stored.data)?.as_raw(), data(&imported.event)?.as_raw()) {
        return Ok(Some(ImportDifference::Data { field }));
    }
    let metadata = first_difference(stored.metadata.as_raw(), imported.metadata(first).as_raw());
    Ok(metadata.map(|field| ImportDifference::Metadata { field }))
}
