//! The events of a page, in the buffers in which the driver received them.

use bson::raw::RawDocument;
use es_core::StoreError;
use es_core::store::{EventBatch, StoredEvent};
use mongodb::raw_batch_cursor::RawBatch;

use crate::document::field::POSITION;
use crate::document::{documents, integer_in, read_event};
use crate::error::{malformed, store_error};
use crate::positions::skip::SKIP_TYPE;

/// The position of a document that was found by its position.
pub(super) fn position_of(document: &RawDocument) -> Result<i64, StoreError> {
    integer_in(document, POSITION).ok_or_else(|| malformed("an event", format!("it has no valid `{POSITION}`")))
}

/// An event, unless the document is a skip.
fn event_in(document: Result<&RawDocument, StoreError>) -> Option<Result<StoredEvent<'_>, StoreError>> {
    let event = document.and_then(read_event);
    let is_skip = event.as_ref().is_ok_and(|event| event.aggregate_type == SKIP_TYPE);
    (!is_skip).then_some(event)
}

/// The first documents of a batch of the events collection.
pub(super) struct InUse {
    batch: RawBatch,
    documents: usize,
}

impl InUse {
    pub(super) fn all(batch: RawBatch) -> Self {
        Self::first(batch, usize::MAX)
    }

    pub(super) fn first(batch: RawBatch, documents: usize) -> Self {
        Self { batch, documents }
    }
}

impl EventBatch for InUse {
    fn events(&self) -> Box<dyn Iterator<Item = Result<StoredEvent<'_>, StoreError>> + '_> {
        match self.batch.doc_slices() {
            Ok(slices) => Box::new(documents(slices).take(self.documents).filter_map(event_in)),
            Err(error) => Box::new(std::iter::once(Err(store_error(error)))),
        }
    }
}

/// Events in use and archived events, merged.
pub(super) struct Merged {
    batches: Vec<RawBatch>,
    places: Vec<Place>,
}

/// Where a document is.
struct Place {
    position: i64,
    batch: usize,
    /// In the bytes of the batch.
    start: usize,
    len: usize,
}

impl Merged {
    /// Merges batches, each of which is in order, up to a position. An archive run copies an event
    /// before it deletes it, so an event can be in both collections.
    pub(super) fn new(in_use: Vec<RawBatch>, archived: Vec<RawBatch>, until: i64) -> Result<Self, StoreError> {
        let batches = [in_use, archived].concat();
        let mut places = Vec::new();
        for (number, batch) in batches.iter().enumerate() {
            let slices = batch.doc_slices().map_err(store_error)?;
            let begin = slices.as_bytes().as_ptr() as usize;
            for document in documents(slices) {
                let (document, position) = document.and_then(|document| Ok((document, position_of(document)?)))?;
                if position <= until {
                    let bytes = document.as_bytes();
                    let start = bytes.as_ptr() as usize - begin;
                    places.push(Place { position, batch: number, start, len: bytes.len() });
                }
            }
        }
        places.sort_by_key(|place| place.position);
        places.dedup_by_key(|place| place.position);
        Ok(Self { batches, places })
    }

    /// The positions of all documents, with skips.
    pub(super) fn positions(&self) -> impl Iterator<Item = i64> + '_ {
        self.places.iter().map(|place| place.position)
    }

    fn document(&self, place: &Place) -> Result<&RawDocument, StoreError> {
        let slices = self.batches.get(place.batch).map(|batch| batch.doc_slices().map_err(store_error)).transpose()?;
        let bytes = slices.and_then(|slices| slices.as_bytes().get(place.start..place.start + place.len));
        RawDocument::from_bytes(bytes.unwrap_or_default()).map_err(|error| malformed("a batch", error))
    }
}

impl EventBatch for Merged {
    fn events(&self) -> Box<dyn Iterator<Item = Result<StoredEvent<'_>, StoreError>> + '_> {
        Box::new(self.places.iter().filter_map(|place| event_in(self.document(place))))
    }
}

/// The positions of the documents of a batch, and which of them follow `after` without a gap.
pub(super) struct Prefix {
    /// How many documents follow without a gap.
    pub(super) documents: usize,
    /// The last position without a gap: `after`, if the first one is missing.
    pub(super) last: i64,
    /// The positions after the gap, which are known only if there is one.
    pub(super) beyond: Vec<i64>,
}

impl Prefix {
    /// A unique index holds the positions and the batch is in its order, so the first and the last
    /// position, and the number of documents, usually show that there is no gap.
    pub(super) fn of(batch: &RawBatch, after: i64) -> Result<Self, StoreError> {
        let slices = batch.doc_slices().map_err(store_error)?;
        let (mut first, mut last, mut count) = (None, None, 0_usize);
        for document in documents(slices) {
            let document = document?;
            first = first.or(Some(document));
            last = Some(document);
            count += 1;
        }
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(Self { documents: 0, last: after, beyond: Vec::new() });
        };
        let (first, last) = (position_of(first)?, position_of(last)?);
        if first == after.saturating_add(1) && usize::try_from(last - after).is_ok_and(|positions| positions == count) {
            return Ok(Self { documents: count, last, beyond: Vec::new() });
        }
        let positions = documents(slices).map(|document| position_of(document?));
        Ok(Self::of_positions(positions.collect::<Result<Vec<_>, _>>()?, after))
    }

    pub(super) fn of_positions(mut positions: Vec<i64>, after: i64) -> Self {
        let documents =
            positions.iter().zip(after.saturating_add(1)..).take_while(|(position, next)| *position == next).count();
        let beyond = positions.split_off(documents);
        Self { documents, last: positions.last().copied().unwrap_or(after), beyond }
    }

    /// The ranges without a document up to the last one.
    pub(super) fn gaps(&self) -> Vec<std::ops::RangeInclusive<i64>> {
        let mut last = self.last;
        let mut gaps = Vec::new();
        for position in &self.beyond {
            if *position > last.saturating_add(1) {
                gaps.push(last + 1..=position - 1);
            }
            last = *position;
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_ends_before_the_first_gap() {
        let prefix = Prefix::of_positions(vec![4, 5, 8, 9, 12], 3);
        assert_eq!((prefix.documents, prefix.last, prefix.gaps()), (2, 5, vec![6..=7, 10..=11]));
        let prefix = Prefix::of_positions(vec![5], 3);
        assert_eq!((prefix.documents, prefix.last, prefix.gaps()), (0, 3, vec![4..=4]));
        let prefix = Prefix::of_positions(vec![], 3);
        assert_eq!((prefix.documents, prefix.last, prefix.gaps()), (0, 3, vec![]));
    }
}
