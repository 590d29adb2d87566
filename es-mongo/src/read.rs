//! Reads streams from the events and from the archive.

use std::collections::VecDeque;

use bson::doc;
use bson::raw::{RawDocument, RawDocumentBuf};
use es_core::{EventBatch, ReadRange, Sequence, StoreError, StoredEvent, StreamId, Version};
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use mongodb::Collection;
use mongodb::raw_batch_cursor::RawBatch;
use tracing::Instrument;

use crate::collections::Collections;
use crate::document::field::SEQUENCE;
use crate::document::{documents, integer, of_stream, read_event, stream_index};
use crate::error::{malformed, store_error};
use crate::metrics;
use crate::read_ahead::ReadAhead;

/// The number of events that are fetched at once: ten times the server's own first batch, and still
/// well below a megabyte of usual events.
const BATCH: u32 = 1_000;

/// Several stored events in the buffer in which the driver received them.
pub(crate) struct MongoBatch(RawBatch);

impl EventBatch for MongoBatch {
    fn events(&self) -> Box<dyn Iterator<Item = Result<StoredEvent<'_>, StoreError>> + '_> {
        let (documents, failure) = match self.0.doc_slices() {
            Ok(slices) => (Some(documents(slices)), None),
            Err(error) => (None, Some(Err(store_error(error)))),
        };
        Box::new(documents.into_iter().flatten().map(|document| document.and_then(read_event)).chain(failure))
    }
}

impl MongoBatch {
    /// The part of the stream that the batch contains, or `None` if it contains no event.
    fn span(&self) -> Result<Option<Span>, StoreError> {
        let mut documents = documents(self.0.doc_slices().map_err(store_error)?);
        let Some(first) = documents.next() else { return Ok(None) };
        let (first, mut last, mut events) = (first?, None, 1);
        for document in documents {
            last = Some(document?);
            events += 1;
        }
        let first_sequence = sequence_of(first)?;
        let last = last.map_or(Ok(first_sequence), sequence_of)?;
        let has_hole = last.get().saturating_sub(first_sequence.get()) + 1 > events;
        Ok(Some(Span { first: first_sequence, last, events, has_hole }))
    }
}

/// A part of a stream.
struct Span {
    first: Sequence,
    last: Sequence,
    /// The number of its events.
    events: u64,
    /// Whether an event between the first and the last is missing.
    has_hole: bool,
}

fn sequence_of(document: &RawDocument) -> Result<Sequence, StoreError> {
    let sequence = document.get(SEQUENCE).ok().flatten().and_then(integer).map(Sequence::try_from);
    match sequence {
        Some(Ok(sequence)) => Ok(sequence),
        _ => Err(malformed("an event", format!("it has no valid `{SEQUENCE}`"))),
    }
}

/// The version of an aggregate, which is the head of its stream.
pub(crate) async fn head(collections: &Collections, stream: &StreamId) -> Result<Version, StoreError> {
    for collection in [&collections.events, &collections.archive] {
        let newest = collections.find(collection, of_stream(stream)).sort(doc! { SEQUENCE: -1 });
        let newest = newest.on_index(stream_index()).projection(doc! { SEQUENCE: 1 }).one();
        if let Some(newest) = collections.beside_archive_state(newest).await? {
            return sequence_of(&newest).map(Version::from);
        }
        // The events are read before the archive, so an event that is being archived is found in
        // one of the two. If there is no archive, no further read is needed.
        if !collections.archive_is_present().await? {
            break;
        }
    }
    Ok(Version::NONE)
}

/// The events of one stream after one version and up to another, in order, from the events and the
/// archive.
///
/// The events collection is read first. If it begins too late, or ends too early, the rest is read
/// from the archive. The archive copies before it deletes, so an event that was missing in the
/// events is in the archive by then.
pub(crate) fn stream(
    collections: Collections,
    stream: StreamId,
    range: ReadRange,
) -> impl Stream<Item = Result<Box<dyn EventBatch>, StoreError>> + Send + 'static {
    let reader = Reader {
        collections,
        stream,
        last: range.after,
        until: range.until,
        phase: Phase::Begin,
        events: None,
        archive: None,
        ready: VecDeque::new(),
        timer: metrics::Timer::start(),
        torn: None,
        resumed: None,
        first: range.after,
    };
    let span = tracing::debug_span!("read_stream", aggregate = reader.stream.aggregate_type());
    let batches = stream::try_unfold((reader, span), |(mut reader, span)| async move {
        let batch = reader.next().instrument(span.clone()).await?;
        Ok(batch.map(|batch| (Box::new(batch) as Box<dyn EventBatch>, (reader, span))))
    });
    batches.fuse()
}

/// The next step of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Open the cursor on the events collection.
    Begin,
    /// Read the events collection.
    Events,
    /// Read the archive up to a version, then the events collection.
    ArchiveBefore,
    /// Read the archive after the last event of the events collection.
    ArchiveAfter,
    Done,
}

struct Reader {
    collections: Collections,
    stream: StreamId,
    /// The last version that was returned.
    last: Version,
    until: Version,
    phase: Phase,
    events: Option<ReadAhead>,
    archive: Option<ReadAhead>,
    /// Batches of the events collection, kept while the archive must come first.
    ready: VecDeque<MongoBatch>,
    /// The version after which a batch with a missing event arrived.
    torn: Option<Version>,
    /// The version after which a cursor was lost.
    resumed: Option<Version>,
    timer: metrics::Timer,
    first: Version,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<MongoBatch>, StoreError> {
        loop {
            match self.phase {
                Phase::Begin => {
                    let collections = self.collections.clone();
                    let in_use = self.find(&collections.events, self.until);
                    self.events = Some(collections.beside_archive_state(in_use).await?);
                    self.phase = Phase::Events;
                }
                Phase::Events => {
                    let batch = match self.ready.pop_front() {
                        Some(batch) => Some(batch),
                        None => match next_batch(self.events.as_mut()).await {
                            Err(error) if self.can_resume() => {
                                tracing::debug!(stream = %self.stream, %error, "a cursor is reopened");
                                self.resumed = Some(self.last);
                                self.events = None;
                                self.phase = Phase::Begin;
                                continue;
                            }
                            batch => batch?,
                        },
                    };
                    let Some(batch) = batch else {
                        self.events = None;
                        self.phase = Phase::ArchiveAfter;
                        continue;
                    };
                    let Some(Span { first, last, events, has_hole }) = batch.span()? else { continue };
                    if has_hole && self.torn != Some(self.last) {
                        // The server does not read a batch as of a single time: an archive run has
                        // deleted a part of this one in the meantime. The deleted events are in the
                        // archive by now, and the others are read again.
                        self.torn = Some(self.last);
                        self.archive = Some(self.find_archived(last.into()).await?);
                        self.ready.clear();
                        self.events = None;
                        self.phase = Phase::ArchiveBefore;
                        continue;
                    }
                    if first > self.last.next() && self.archive.is_none() {
                        let before =
                            Version::try_from(first.as_i64() - 1).map_err(|error| malformed("an event", error))?;
                        self.archive = Some(self.find_archived(before).await?);
                        self.ready.push_front(batch);
                        self.phase = Phase::ArchiveBefore;
                        continue;
                    }
                    // There may be another gap after this batch.
                    self.archive = None;
                    self.last = last.into();
                    if self.last < self.until
                        && events >= u64::from(BATCH)
                        && let Some(cursor) = &mut self.events
                    {
                        cursor.fetch();
                    }
                    return Ok(Some(batch));
                }
                Phase::ArchiveBefore => match next_batch(self.archive.as_mut()).await? {
                    Some(batch) => {
                        let Some(Span { last, .. }) = batch.span()? else { continue };
                        self.last = last.into();
                        return Ok(Some(batch));
                    }
                    // After an incomplete batch, the following events are read again.
                    None if self.events.is_none() => {
                        self.archive = None;
                        self.phase = Phase::Begin;
                    }
                    // The exhausted cursor is kept, to record that the archive was read for this
                    // gap.
                    None => self.phase = Phase::Events,
                },
                Phase::ArchiveAfter => {
                    if self.archive.is_none() {
                        if self.last >= self.until || !self.collections.archive_is_present().await? {
                            self.phase = Phase::Done;
                            continue;
                        }
                        self.archive = Some(self.find_archived(self.until).await?);
                    }
                    let Some(batch) = next_batch(self.archive.as_mut()).await? else {
                        self.phase = Phase::Done;
                        continue;
                    };
                    let Some(Span { last, .. }) = batch.span()? else { continue };
                    self.last = last.into();
                    return Ok(Some(batch));
                }
                Phase::Done => {
                    metrics::loaded(self.timer, self.last.get().saturating_sub(self.first.get()));
                    return Ok(None);
                }
            }
        }
    }

    /// Whether the cursor on the events collection was lost, as in an election, and a new cursor
    /// would make progress.
    fn can_resume(&self) -> bool {
        self.events.as_ref().is_some_and(ReadAhead::is_lost) && self.resumed != Some(self.last)
    }

    async fn find_archived(&mut self, until: Version) -> Result<ReadAhead, StoreError> {
        let archive = self.collections.archive.clone();
        self.find(&archive, until).await
    }

    /// A cursor on the following events in one collection, up to a version, in order.
    async fn find(&mut self, place: &Collection<RawDocumentBuf>, until: Version) -> Result<ReadAhead, StoreError> {
        let mut filter = of_stream(&self.stream);
        filter.insert(SEQUENCE, doc! { "$gt": self.last.as_i64(), "$lte": until.as_i64() });
        // The hint is necessary: for a short stream the server may choose a different index and a
        // sort, and it would reuse that plan for long streams.
        let find = self.collections.find(place, filter).sort(doc! { SEQUENCE: 1 }).on_index(stream_index());
        find.batch_size(BATCH).batches().await
    }
}

async fn next_batch(cursor: Option<&mut ReadAhead>) -> Result<Option<MongoBatch>, StoreError> {
    match cursor {
        Some(cursor) => Ok(cursor.next().await?.map(MongoBatch)),
        None => Ok(None),
    }
}
