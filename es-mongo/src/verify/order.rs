//! The orders in which the check reads documents.
//!
//! A comparison in MongoDB finds only values of the type that it compares with. So documents with
//! values of other types are found by a separate query, and the filter for a part of an order
//! leaves out no other document. The cursor options `min` and `max` would not have this problem,
//! but they are not in the stable API of the server.

use bson::raw::RawDocument;
use bson::{Bson, Document, doc};
use es_core::Position;
use mongodb::options::{FindOptions, Hint};

use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, ID, POSITION, SEQUENCE};
use crate::document::{integer_in, position_index, stream_index};
use crate::merge::{Order, Query};

/// The number of events that are fetched at once.
const BATCH: u32 = 1000;

/// The number of positions that are fetched at once.
const POSITIONS: u32 = 50_000;

/// Matches every string and nothing else.
pub(super) fn any_string() -> Document {
    doc! { "$gte": "" }
}

/// Matches every number and nothing else. `NaN` has no place in any order.
pub(super) fn any_number() -> Document {
    doc! { "$gte": f64::NEG_INFINITY }
}

/// Stream by stream, each in its order. Streams of two types with the same id are interleaved.
pub(crate) struct ByStream;

impl ByStream {
    const FIELDS: [&'static str; 3] = [AGGREGATE_ID, SEQUENCE, AGGREGATE_TYPE];

    fn any() -> [Document; 3] {
        [any_string(), any_number(), any_string()]
    }

    fn bounds((id, sequence, aggregate_type): &<Self as Order>::Key) -> [Bson; 3] {
        [id.as_str().into(), Bson::from(*sequence), aggregate_type.as_str().into()]
    }
}

impl Order for ByStream {
    type Key = (String, i64, String);

    fn key(&self, document: &RawDocument) -> Option<Self::Key> {
        let sequence = integer_in(document, SEQUENCE)?;
        let aggregate_type = document.get_str(AGGREGATE_TYPE).ok()?;
        Some((document.get_str(AGGREGATE_ID).ok()?.to_owned(), sequence, aggregate_type.to_owned()))
    }

    fn find(&self, from: Option<&Self::Key>, before: Option<&Self::Key>) -> Vec<Query> {
        let (from, before) = (from.map(Self::bounds), before.map(Self::bounds));
        let parts = parts(
            &Self::FIELDS,
            &Self::any(),
            from.as_ref().map(|from| &from[..]),
            before.as_ref().map(|before| &before[..]),
        );
        parts.into_iter().map(|filter| (filter, on_index(stream_index(), BATCH))).collect()
    }

    fn strays(&self) -> Option<Query> {
        let strays = Self::FIELDS.into_iter().zip(Self::any()).map(|(field, any)| doc! { field: { "$not": any } });
        let filter = doc! { "$or": strays.collect::<Vec<_>>() };
        Some((filter, on_index(stream_index(), BATCH)))
    }
}

/// By position, reading only positions, so that the index alone answers.
pub(crate) struct ByPosition {
    /// The condition on the positions.
    any: Document,
}

impl Order for ByPosition {
    type Key = i64;

    fn key(&self, document: &RawDocument) -> Option<i64> {
        integer_in(document, POSITION)
    }

    fn find(&self, from: Option<&i64>, before: Option<&i64>) -> Vec<Query> {
        let (from, before) = (from.map(|from| [Bson::from(*from)]), before.map(|before| [Bson::from(*before)]));
        let parts = parts(
            &[POSITION],
            std::slice::from_ref(&self.any),
            from.as_ref().map(|from| &from[..]),
            before.as_ref().map(|before| &before[..]),
        );
        parts.into_iter().map(|filter| (filter, Self::options())).collect()
    }

    fn strays(&self) -> Option<Query> {
        (self.any == any_number()).then(|| (doc! { POSITION: { "$not": any_number() } }, Self::options()))
    }
}

impl ByPosition {
    /// Every position.
    pub(crate) fn all() -> Self {
        Self { any: any_number() }
    }

    /// The positions from one to another.
    pub(crate) fn between(first: Position, last: Position) -> Self {
        Self { any: doc! { "$gte": first.as_i64(), "$lte": last.as_i64() } }
    }

    fn options() -> FindOptions {
        let mut options = on_index(position_index(), POSITIONS);
        options.projection = Some(doc! { ID: 0, POSITION: 1 });
        options
    }
}

fn on_index(index: Document, batch: u32) -> FindOptions {
    FindOptions::builder().sort(index.clone()).hint(Hint::Keys(index)).batch_size(batch).build()
}

/// The filters for the documents from one key on and before another key, in the order of some
/// fields. Their results follow each other in this order, and each filter is one range of the
/// index.
///
/// `any` matches, for each field, the values that have a place in the order.
fn parts(fields: &[&str], any: &[Document], from: Option<&[Bson]>, before: Option<&[Bson]>) -> Vec<Document> {
    let ([field, fields @ ..], [any_value, any @ ..]) = (fields, any) else { return Vec::new() };
    let (from, before) = (from.and_then(<[Bson]>::split_first), before.and_then(<[Bson]>::split_first));
    // The documents with this value in the first field, and with these bounds in the other fields.
    let with = |value: &Bson, from: Option<&[Bson]>, before: Option<&[Bson]>| {
        let parts = parts(fields, any, from, before).into_iter();
        parts.map(|part| doc! { *field: value }.into_iter().chain(part).collect()).collect::<Vec<Document>>()
    };
    if let (Some((value, from)), Some((same, before))) = (from, before)
        && value == same
        && !fields.is_empty()
    {
        return with(value, Some(from), Some(before));
    }
    let mut between = any_value.clone();
    if let Some((value, _)) = from {
        // If there are further fields, the documents with exactly this value are a separate part.
        let operator = if fields.is_empty() { "$gte" } else { "$gt" };
        between.remove("$gte");
        between.insert(operator, value);
    }
    if let Some((value, _)) = before {
        between.insert("$lt", value);
    }
    let others = fields.iter().zip(any).map(|(field, any)| ((*field).to_owned(), Bson::from(any.clone())));
    let between = doc! { *field: between }.into_iter().chain(others).collect();
    let mut filters = from.map_or_else(Vec::new, |(value, from)| with(value, Some(from), None));
    filters.push(between);
    filters.extend(before.into_iter().flat_map(|(value, before)| with(value, None, Some(before))));
    filters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_stream(from: Option<(&str, i64, &str)>, before: Option<(&str, i64, &str)>) -> Vec<Document> {
        let key = |(id, sequence, of): (&str, i64, &str)| (id.to_owned(), sequence, of.to_owned());
        let (from, before) = (from.map(key), before.map(key));
        ByStream.find(from.as_ref(), before.as_ref()).into_iter().map(|(filter, _)| filter).collect()
    }

    #[test]
    fn everything_is_one_range() {
        let all = doc! { AGGREGATE_ID: any_string(), SEQUENCE: any_number(), AGGREGATE_TYPE: any_string() };
        assert_eq!(of_stream(None, None), [all]);
    }

    #[test]
    fn a_part_is_the_rest_of_a_stream_the_streams_between_and_the_beginning_of_a_stream() {
        let (string, number) = (any_string, any_number);
        assert_eq!(
            of_stream(Some(("a", 3, "T")), Some(("b", 5, "U"))),
            [
                doc! { AGGREGATE_ID: "a", SEQUENCE: 3_i64, AGGREGATE_TYPE: { "$gte": "T" } },
                doc! { AGGREGATE_ID: "a", SEQUENCE: { "$gt": 3_i64 }, AGGREGATE_TYPE: string() },
                doc! { AGGREGATE_ID: { "$gt": "a", "$lt": "b" }, SEQUENCE: number(), AGGREGATE_TYPE: string() },
                doc! { AGGREGATE_ID: "b", SEQUENCE: { "$gte": f64::NEG_INFINITY, "$lt": 5_i64 }, AGGREGATE_TYPE: string() },
                doc! { AGGREGATE_ID: "b", SEQUENCE: 5_i64, AGGREGATE_TYPE: { "$gte": "", "$lt": "U" } },
            ]
        );
    }

    #[test]
    fn a_part_of_one_stream_reads_nothing_of_the_rest_of_it() {
        assert_eq!(
            of_stream(Some(("a", 3, "T")), Some(("a", 5, "T"))),
            [
                doc! { AGGREGATE_ID: "a", SEQUENCE: 3_i64, AGGREGATE_TYPE: { "$gte": "T" } },
                doc! { AGGREGATE_ID: "a", SEQUENCE: { "$gt": 3_i64, "$lt": 5_i64 }, AGGREGATE_TYPE: any_string() },
                doc! { AGGREGATE_ID: "a", SEQUENCE: 5_i64, AGGREGATE_TYPE: { "$gte": "", "$lt": "T" } },
            ]
        );
    }

    #[test]
    fn positions_are_one_range() {
        let parts = |from: Option<i64>, before: Option<i64>| -> Vec<Document> {
            ByPosition::all().find(from.as_ref(), before.as_ref()).into_iter().map(|(filter, _)| filter).collect()
        };
        assert_eq!(parts(None, None), [doc! { POSITION: any_number() }]);
        assert_eq!(parts(Some(3), Some(5)), [doc! { POSITION: { "$gte": 3_i64, "$lt": 5_i64 } }]);
    }

    #[test]
    fn a_part_of_a_range_ends_with_the_range() {
        let [first, last] = [4_u64, 7].map(|position| Position::try_from(position).unwrap());
        let between = ByPosition::between(first, last);
        let parts = |from: Option<i64>, before: Option<i64>| -> Vec<Document> {
            between.find(from.as_ref(), before.as_ref()).into_iter().map(|(filter, _)| filter).collect()
        };
        assert_eq!(parts(None, Some(5)), [doc! { POSITION: { "$gte": 4_i64, "$lte": 7_i64, "$lt": 5_i64 } }]);
        assert_eq!(parts(Some(5), None), [doc! { POSITION: { "$gte": 5_i64, "$lte": 7_i64 } }]);
    }
}
