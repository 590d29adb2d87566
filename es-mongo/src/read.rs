//! Reading streams: from what is in use, and across the archive.

use std::collections::VecDeque;

use bson::doc;
use bson::raw::{RawDocument, RawDocumentBuf};
use es_core::{EventBatch, ReadRange, Sequence, StoreError, StoredEvent, StreamId, Version};
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use mongodb::Collection;
use mongodb::raw_batch_cursor::RawBatch;
use tracing::Instrument;

use crate::document::field::SEQUENCE;
use crate::document::{documents, integer, of_stream, read_event, stream_index};
use crate::error::{malformed, store_error};
use crate::metrics;
use crate::read_ahead::ReadAhead;
use crate::store::Collections;

/// How many events are asked for at once. Ten times the server's own first batch, and still well below a megabyte of usual events.
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
    /// Which part of the stream this is, or `None` where there is no event.
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
    /// How many events it has.
    events: u64,
    /// Whether an event between the first and the last is not there.
    has_hole: bool,
}

fn sequence_of(document: &RawDocument) -> Result<Sequence, StoreError> {
    let sequence = document.get(SEQUENCE).ok().flatten().and_then(integer).map(Sequence::try_from);
    match sequence {
        Some(Ok(sequence)) => Ok(sequence),
        _ => Err(malformed("an event", format!("it has no valid `{SEQUENCE}`"))),
    }
}

/// The version of an aggregate: the head of its stream.
pub(crate) async fn head(collections: &Collections, stream: &StreamId) -> Result<Version, StoreError> {
    for collection in [&collections.events, &collections.archive] {
        let newest = collections.find(collection, of_stream(stream)).sort(doc! { SEQUENCE: -1 });
        let newest = newest.on_index(stream_index()).projection(doc! { SEQUENCE: 1 }).one();
        if let Some(newest) = collections.beside_archive_state(newest).await? {
            return sequence_of(&newest).map(Version::from);
        }
        // In this order nothing is missed that is being archived; and without an archive there is nothing more to ask.
        if !collections.archive_is_present().await? {
            break;
        }
    }
    Ok(Version::NONE)
}

/// The events of one stream after one version and up to another, in order, wherever they are.
///
/// What is in use is read first. Where it begins too late, or ends, the archive is asked for the rest: the archive copies before it
/// deletes, so what is missing in the first place is in the second by the time that is asked.
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

/// What a reader does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Open the cursor on what is in use.
    Begin,
    /// Read what is in use.
    Events,
    /// Read the archive up to a version, then what is in use.
    ArchiveBefore,
    /// Read what the archive has beyond what was in use.
    ArchiveAfter,
    Done,
}

struct Reader {
    collections: Collections,
    stream: StreamId,
    /// The last version that was handed out.
    last: Version,
    until: Version,
    phase: Phase,
    events: Option<ReadAhead>,
    archive: Option<ReadAhead>,
    /// What was received from those in use while the archive has to come first.
    ready: VecDeque<MongoBatch>,
    /// Behind which version a batch came with a hole in it.
    torn: Option<Version>,
    /// Behind which version a cursor was lost.
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
                                tracing::debug!(stream = %self.stream, %error, "a cursor is opened anew");
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
                        // The server does not read a batch at one moment: an archive run has deleted a part of this one meanwhile.
                        // All of it is in the archive by now, and what is not is read again.
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
                    // A gap may open again behind this batch.
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
                    // After a torn batch, what follows is read anew.
                    None if self.events.is_none() => {
                        self.archive = None;
                        self.phase = Phase::Begin;
                    }
                    // The cursor stays, exhausted: it says that the archive was asked about this gap.
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

    /// Whether the cursor on what is in use was lost, which an election does to it, and another one would bring the reader on.
    fn can_resume(&self) -> bool {
        self.events.as_ref().is_some_and(ReadAhead::is_lost) && self.resumed != Some(self.last)
    }

    async fn find_archived(&mut self, until: Version) -> Result<ReadAhead, StoreError> {
        let archive = self.collections.archive.clone();
        self.find(&archive, until).await
    }

    /// A cursor on what follows in one collection up to a version, in order.
    async fn find(&mut self, place: &Collection<RawDocumentBuf>, until: Version) -> Result<ReadAhead, StoreError> {
        let mut filter = of_stream(&self.stream);
        filter.insert(SEQUENCE, doc! { "$gt": self.last.as_i64(), "$lte": until.as_i64() });
        // By name: for a short stream the server may think another index and a sort as good, and it remembers that for longer ones.
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
