//! The orders in which everything is read.

use bson::raw::RawDocument;
use bson::{Document, doc};
use mongodb::options::{FindOptions, Hint};

use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, POSITION, SEQUENCE};
use crate::document::integer;
use crate::merge::Order;

/// How many events are fetched at once.
const BATCH: u32 = 1000;

/// How many positions are fetched at once.
const POSITIONS: u32 = 50_000;

/// Stream by stream, each in its order. Streams of two types with one id are interleaved.
pub(super) struct ByStream;

impl Order for ByStream {
    type Key = (String, i64, String);

    fn key(&self, document: &RawDocument) -> Option<Self::Key> {
        let sequence = integer(document.get(SEQUENCE).ok()??)?;
        let aggregate_type = document.get_str(AGGREGATE_TYPE).ok()?;
        Some((document.get_str(AGGREGATE_ID).ok()?.to_owned(), sequence, aggregate_type.to_owned()))
    }

    fn find(&self, from: Option<&Self::Key>, before: Option<&Self::Key>) -> (Document, FindOptions) {
        let index = doc! { AGGREGATE_ID: 1, SEQUENCE: 1, AGGREGATE_TYPE: 1 };
        let bound = |(id, sequence, aggregate_type): &Self::Key| doc! { AGGREGATE_ID: id, SEQUENCE: *sequence, AGGREGATE_TYPE: aggregate_type };
        (Document::new(), on_index(index, from.map(bound), before.map(bound), BATCH))
    }
}

/// By position, and nothing but it: the index alone answers.
pub(super) struct ByPosition;

impl Order for ByPosition {
    type Key = i64;

    fn key(&self, document: &RawDocument) -> Option<i64> {
        integer(document.get(POSITION).ok()??)
    }

    fn find(&self, from: Option<&i64>, before: Option<&i64>) -> (Document, FindOptions) {
        let bound = |position: &i64| doc! { POSITION: *position };
        let mut options = on_index(doc! { POSITION: 1 }, from.map(bound), before.map(bound), POSITIONS);
        options.projection = Some(doc! { "_id": 0, POSITION: 1 });
        (Document::new(), options)
    }
}

/// The part of an index from one key on and before another, in its order, whatever the types of the values are.
fn on_index(index: Document, from: Option<Document>, before: Option<Document>, batch: u32) -> FindOptions {
    FindOptions::builder().sort(index.clone()).hint(Hint::Keys(index)).min(from).max(before).batch_size(batch).build()
}
