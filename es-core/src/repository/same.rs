//! Compares two documents by their meaning, not their form.

use std::collections::BTreeMap;

use bson::raw::{RawBsonRef, RawDocument};

/// The path to the first field that differs, or `None` if the documents have the same meaning.
///
/// The order of fields does not matter, because a map has none, and neither does the type of a
/// number. The order of an array does.
pub(super) fn first_difference(left: &RawDocument, right: &RawDocument) -> Option<String> {
    if left.as_bytes() == right.as_bytes() {
        return None;
    }
    let (left, right) = (fields(left), fields(right));
    left.keys().chain(right.keys()).find_map(|key| match (left.get(key), right.get(key)) {
        (Some(left), Some(right)) => difference_of_values(key, *left, *right),
        _ => Some((*key).to_owned()),
    })
}

fn fields(document: &RawDocument) -> BTreeMap<&str, RawBsonRef<'_>> {
    document.iter().flatten().map(|(key, value)| (key.as_str(), value)).collect()
}

fn difference_of_values(key: &str, left: RawBsonRef<'_>, right: RawBsonRef<'_>) -> Option<String> {
    let within = |path: String| format!("{key}.{path}");
    match (left, right) {
        (RawBsonRef::Document(left), RawBsonRef::Document(right)) => first_difference(left, right).map(within),
        (RawBsonRef::Array(left), RawBsonRef::Array(right)) => {
            let (mut left, mut right) = (left.into_iter().flatten(), right.into_iter().flatten());
            (0_usize..)
                .find_map(|index| match (left.next(), right.next()) {
                    (None, None) => Some(None),
                    (Some(left), Some(right)) => difference_of_values(&index.to_string(), left, right).map(Some),
                    _ => Some(Some(index.to_string())),
                })?
                .map(within)
        }
        (left, right) => (!is_same_value(left, right)).then(|| key.to_owned()),
    }
}

#[allow(clippy::float_cmp, reason = "the same number is the same value, and nothing was computed")]
fn is_same_value(left: RawBsonRef<'_>, right: RawBsonRef<'_>) -> bool {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => return left == right,
        (None, None) => {}
        (Some(integer), None) => return is_same_double(integer, right),
        (None, Some(integer)) => return is_same_double(integer, left),
    }
    match (left, right) {
        (RawBsonRef::Double(left), RawBsonRef::Double(right)) => left == right || (left.is_nan() && right.is_nan()),
        (left, right) => left == right,
    }
}

fn integer(value: RawBsonRef<'_>) -> Option<i64> {
    match value {
        RawBsonRef::Int32(number) => Some(number.into()),
        RawBsonRef::Int64(number) => Some(number),
        _ => None,
    }
}

#[allow(
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "a double is the same value if it is exactly that number"
)]
fn is_same_double(integer: i64, other: RawBsonRef<'_>) -> bool {
    matches!(other, RawBsonRef::Double(double) if double == integer as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{Bson, Document, doc};

    fn compare(left: &Document, right: &Document) -> Option<String> {
        let raw = |document: &Document| bson::serialize_to_raw_document_buf(document).unwrap();
        let there = first_difference(&raw(left), &raw(right));
        assert_eq!(there.is_some(), first_difference(&raw(right), &raw(left)).is_some(), "{left} and {right}");
        there
    }

    #[test]
    fn the_order_of_fields_and_the_form_of_a_number_do_not_matter() {
        let left = doc! { "a": 1, "b": { "c": 1.5, "d": [1, { "e": 1, "f": 2 }] }, "g": f64::NAN };
        let right = doc! { "g": f64::NAN, "b": { "d": [1_i64, { "f": 2.0, "e": 1 }], "c": 1.5 }, "a": 1.0 };
        assert_eq!(compare(&left, &right), None);
    }

    #[test]
    fn the_first_difference_is_named_by_its_path() {
        let left = doc! { "a": 1, "b": { "c": [1, { "d": "x" }] } };
        for (right, path) in [
            (doc! { "a": 2, "b": { "c": [1, { "d": "x" }] } }, "a"),
            (doc! { "a": "1", "b": { "c": [1, { "d": "x" }] } }, "a"),
            (doc! { "a": 1.5, "b": { "c": [1, { "d": "x" }] } }, "a"),
            (doc! { "a": Bson::Null, "b": { "c": [1, { "d": "x" }] } }, "a"),
            (doc! { "b": { "c": [1, { "d": "x" }] } }, "a"),
            (doc! { "a": 1, "b": { "c": [1, { "d": "y" }] } }, "b.c.1.d"),
            (doc! { "a": 1, "b": { "c": [1] } }, "b.c.1"),
            (doc! { "a": 1, "b": { "c": [1, { "d": "x" }, 3] } }, "b.c.2"),
            (doc! { "a": 1, "b": { "c": [{ "d": "x" }, 1] } }, "b.c.0"),
            (doc! { "a": 1, "b": { "c": [1, { "d": "x", "e": 1 }] } }, "b.c.1.e"),
            (doc! { "a": 1, "b": [] }, "b"),
            (doc! { "a": 1, "b": { "c": [1, { "d": "x" }] }, "z": Bson::Null }, "z"),
        ] {
            assert_eq!(compare(&left, &right).as_deref(), Some(path), "{right}");
        }
    }
}
