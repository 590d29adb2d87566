//! Reads streams from the events and from the archive.

use bson::doc;
use bson::raw::{RawDocument, RawDocumentBuf};
use es_core::store::{EventBatch, Head, ReadRange, StoredEvent};
use es_core::{Position, Sequence, StoreError, StreamId, Version};
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use mongodb::Collection;
use mongodb::raw_batch_cursor::RawBatch;
use tracing::Instrument;

use crate::collections::Collections;
use crate::document::field::{POSITION, SEQUENCE};
use crate::document::{documents, integer_in, of_stream, position_in, read_event, stream_index};
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
        let (last, first) = (last.unwrap_or(first), sequence_of(first)?);
        let (last, position) = (sequence_of(last)?, position_of(last)?);
        let has_hole = last.get().saturating_sub(first.get()) + 1 > events;
        Ok(Some(Span { first, last, position, events, has_hole }))
    }
}

/// A part of a stream.
struct Span {
    first: Sequence,
    last: Sequence,
    /// The position of the last event.
    position: Position,
    /// The number of its events.
    events: u64,
    /// Whether an event between the first and the last is missing.
    has_hole: bool,
}

fn sequence_of(document: &RawDocument) -> Result<Sequence, StoreError> {
    let sequence = integer_in(document, SEQUENCE).map(Sequence::try_from);
    match sequence {
        Some(Ok(sequence)) => Ok(sequence),
        _ => Err(malformed("an event", format!("it has no valid `{SEQUENCE}`"))),
    }
}

fn position_of(document: &RawDocument) -> Result<Position, StoreError> {
    position_in(document).ok_or_else(|| malformed("an event", format!("it has no valid `{POSITION}`")))
}

/// The newest event of a stream.
pub(crate) async fn head(collections: &Collections, stream: &StreamId) -> Result<Head, StoreError> {
    for collection in [&collections.events, &collections.archive] {
        let newest = collections.find(collection, of_stream(stream)).sort(doc! { SEQUENCE: -1 });
        let newest = newest.on_index(stream_index()).projection(doc! { SEQUENCE: 1, POSITION: 1 }).one();
        if let Some(newest) = collections.beside_archive_state(newest).await? {
            let head = Head::new(sequence_of(&newest)?, position_of(&newest)?);
            collections.known.raise(head.position());
            return Ok(head);
        }
        // The events are read before the archive, so an event that is being archived is found in
        // one of the two. If there is no archive, no further read is needed.
        if !collections.archive_is_present().await? {
            break;
        }
    }
    Ok(Head::NONE)
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
        first: range.after,
        last: range.after,
        until: range.until,
        torn: None,
        resumed: None,
        timer: metrics::Timer::start(),
        phase: Phase::Begin,
    };
    let span = tracing::debug_span!("read_stream", aggregate = reader.stream.aggregate_type());
    let batches = stream::try_unfold((reader, span), |(mut reader, span)| async move {
        let batch = reader.next().instrument(span.clone()).await?;
        Ok(batch.map(|batch| (Box::new(batch) as Box<dyn EventBatch>, (reader, span))))
    });
    batches.fuse()
}

struct Reader {
    collections: Collections,
    stream: StreamId,
    /// The version after which the read began.
    first: Version,
    /// The last version that was returned.
    last: Version,
    until: Version,
    /// The version after which a batch with a missing event arrived.
    torn: Option<Version>,
    /// The version after which a cursor was lost.
    resumed: Option<Version>,
    timer: metrics::Timer,
    phase: Phase,
}

/// What a reader reads next, with the cursors for it.
enum Phase {
    /// Nothing is open. The events collection is next.
    Begin,
    /// The events collection.
    Live(Live),
    /// The archive, up to a gap in the events collection. The events collection is next: with the
    /// cursor that is open, or from the start if its last batch was incomplete.
    Backfill {
        archive: ReadAhead,
        then: Option<Live>,
    },
    /// The archive after the last event of the events collection.
    Tail(ReadAhead),
    Done,
}

/// The cursor on the events collection.
struct Live {
    cursor: ReadAhead,
    /// The batch after the gap that the archive has filled.
    after_gap: Option<MongoBatch>,
}

/// A batch, if there is one yet, and the phase after it.
type Step = (Option<MongoBatch>, Phase);

impl Reader {
    async fn next(&mut self) -> Result<Option<MongoBatch>, StoreError> {
        loop {
            let (batch, phase) = match std::mem::replace(&mut self.phase, Phase::Done) {
                Phase::Begin => (None, self.begin().await?),
                Phase::Live(live) => self.read_live(live).await?,
                Phase::Backfill { archive, then } => self.backfill(archive, then).await?,
                Phase::Tail(archive) => self.read_tail(archive).await?,
                Phase::Done => {
                    metrics::loaded(self.timer, self.last.get().saturating_sub(self.first.get()));
                    return Ok(None);
                }
            };
            self.phase = phase;
            if batch.is_some() {
                return Ok(batch);
            }
        }
    }

    async fn begin(&mut self) -> Result<Phase, StoreError> {
        let Self { collections, stream, last, until, .. } = self;
        let live = open(collections, &collections.events, stream, *last, *until);
        let cursor = collections.beside_archive_state(live).await?;
        Ok(Phase::Live(Live { cursor, after_gap: None }))
    }

    async fn read_live(&mut self, live: Live) -> Result<Step, StoreError> {
        let Live { mut cursor, after_gap } = live;
        let is_backfilled = after_gap.is_some();
        let batch = match after_gap {
            Some(batch) => Some(batch),
            None => match cursor.next().await {
                Err(error) if cursor.is_lost() && self.resumed != Some(self.last) => {
                    tracing::debug!(stream = %self.stream, %error, "a cursor is reopened");
                    self.resumed = Some(self.last);
                    return Ok((None, Phase::Begin));
                }
                batch => batch?.map(MongoBatch),
            },
        };
        let Some(batch) = batch else { return Ok((None, self.after_live().await?)) };
        let Some(Span { first, last, position, events, has_hole }) = batch.span()? else {
            return Ok((None, Phase::Live(Live { cursor, after_gap: None })));
        };
        if has_hole && self.torn != Some(self.last) {
            // The server does not read a batch as of a single time: an archive run has deleted a
            // part of this one in the meantime. The deleted events are in the archive by now, and
            // the others are read again.
            self.torn = Some(self.last);
            let archive = self.open_archive(last.into()).await?;
            return Ok((None, Phase::Backfill { archive, then: None }));
        }
        if first > self.last.next() && !is_backfilled {
            let before = Version::try_from(first.as_i64() - 1).map_err(|error| malformed("an event", error))?;
            let archive = self.open_archive(before).await?;
            let then = Some(Live { cursor, after_gap: Some(batch) });
            return Ok((None, Phase::Backfill { archive, then }));
        }
        self.last = last.into();
        self.collections.known.raise(position);
        if self.last < self.until && events >= u64::from(BATCH) {
            cursor.fetch();
        }
        Ok((Some(batch), Phase::Live(Live { cursor, after_gap: None })))
    }

    /// The phase after the last event of the events collection.
    async fn after_live(&mut self) -> Result<Phase, StoreError> {
        if self.last >= self.until || !self.collections.archive_is_present().await? {
            return Ok(Phase::Done);
        }
        self.open_archive(self.until).await.map(Phase::Tail)
    }

    async fn backfill(&mut self, mut archive: ReadAhead, then: Option<Live>) -> Result<Step, StoreError> {
        match archive.next().await?.map(MongoBatch) {
            Some(batch) => Ok((self.archived(batch)?, Phase::Backfill { archive, then })),
            // If the archive did not fill the gap, the fold reports it.
            None => Ok((None, then.map_or(Phase::Begin, Phase::Live))),
        }
    }

    async fn read_tail(&mut self, mut archive: ReadAhead) -> Result<Step, StoreError> {
        match archive.next().await?.map(MongoBatch) {
            Some(batch) => Ok((self.archived(batch)?, Phase::Tail(archive))),
            None => Ok((None, Phase::Done)),
        }
    }

    /// A batch of the archive, if it has an event.
    fn archived(&mut self, batch: MongoBatch) -> Result<Option<MongoBatch>, StoreError> {
        let Some(Span { last, position, .. }) = batch.span()? else { return Ok(None) };
        self.last = last.into();
        self.collections.known.raise(position);
        Ok(Some(batch))
    }

    /// A cursor on the following events in the archive, up to a version.
    async fn open_archive(&mut self, until: Version) -> Result<ReadAhead, StoreError> {
        let Self { collections, stream, last, .. } = self;
        open(collections, &collections.archive, stream, *last, until).await
    }
}

/// A cursor on the events of a stream in one collection, after one version and up to another, in
/// order.
async fn open(
    collections: &Collections,
    place: &Collection<RawDocumentBuf>,
    stream: &StreamId,
    after: Version,
    until: Version,
) -> Result<ReadAhead, StoreError> {
    let mut filter = of_stream(stream);
    filter.insert(SEQUENCE, doc! { "$gt": after.as_i64(), "$lte": until.as_i64() });
    // The hint is necessary: for a short stream the server may choose a different index and a sort,
    // and it would reuse that plan for long streams.
    let find = collections.find(place, filter).sort(doc! { SEQUENCE: 1 }).on_index(stream_index());
    find.batch_size(BATCH).batches().await
}
