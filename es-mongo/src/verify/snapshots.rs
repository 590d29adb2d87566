//! The snapshots, in the order of their aggregates.

use std::collections::VecDeque;

use bson::raw::{RawArray, RawBsonRef, RawDocument, RawDocumentBuf};
use bson::{Bson, Document, doc};
use es_core::store::{EventData, StateRef};
use es_core::{Aggregate, StoreError, Version};

use super::order::{any_number, any_string};
use super::{Finding, VerificationReport};
use crate::collections::Collections;
use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, ID, STATE_VERSION, VERSION};
use crate::document::{integer_in, snapshot_index};
use crate::find::Find;
use crate::snapshot::usable;

/// The number of snapshots that are fetched at once. They can be large.
const PAGE: i64 = 16;

/// All snapshots of one type of aggregate, page by page: a cursor could expire while events are
/// read.
pub(super) struct Snapshots {
    collections: Collections,
    aggregate_type: &'static str,
    ready: VecDeque<RawDocumentBuf>,
    /// The aggregate and the version of the last fetched snapshot.
    last: Option<(String, Bson)>,
    exhausted: bool,
}

/// A snapshot that the current program uses.
pub(super) struct Kept {
    pub(super) version: Version,
    /// Its state as this program serializes it.
    state: EventData,
}

impl Snapshots {
    pub(super) fn of<A: Aggregate>(collections: Collections) -> Self {
        Self { collections, aggregate_type: A::TYPE, ready: VecDeque::new(), last: None, exhausted: false }
    }

    /// The next snapshot whose aggregate id is at most this one, or the next of all snapshots if no
    /// id is given.
    pub(super) async fn next(&mut self, at_most: Option<&str>) -> Result<Option<RawDocumentBuf>, StoreError> {
        if self.ready.is_empty() && !self.exhausted {
            self.fetch().await?;
        }
        let belongs = |document: &RawDocumentBuf| {
            at_most.is_none_or(|at_most| document.get_str(AGGREGATE_ID).is_ok_and(|id| id <= at_most))
        };
        Ok(if self.ready.front().is_some_and(belongs) { self.ready.pop_front() } else { None })
    }

    async fn fetch(&mut self) -> Result<(), StoreError> {
        let all = doc! { AGGREGATE_TYPE: self.aggregate_type, AGGREGATE_ID: any_string(), VERSION: any_number() };
        let with = |fields: Document| all.clone().into_iter().chain(fields).collect::<Document>();
        let parts = match &self.last {
            None => vec![all.clone()],
            Some((id, version)) => vec![
                with(doc! { AGGREGATE_ID: id, VERSION: { "$gte": f64::NEG_INFINITY, "$lt": version } }),
                with(doc! { AGGREGATE_ID: { "$gt": id } }),
            ],
        };
        let mut left = PAGE;
        for part in parts {
            if left > 0 {
                for document in self.find(part).limit(left).all().await? {
                    left -= 1;
                    self.last = place_of(&document).or_else(|| self.last.take());
                    self.ready.push_back(document);
                }
            }
        }
        if left > 0 {
            // The remaining snapshots have no place in the order, because their fields have other
            // types.
            let strays = [(AGGREGATE_ID, any_string()), (VERSION, any_number())];
            let strays: Vec<_> = strays.into_iter().map(|(field, any)| doc! { field: { "$not": any } }).collect();
            let strays = self.find(doc! { AGGREGATE_TYPE: self.aggregate_type, "$or": strays });
            self.ready.extend(strays.projection(doc! { AGGREGATE_ID: 1, STATE_VERSION: 1 }).all().await?);
            self.exhausted = true;
        }
        Ok(())
    }

    fn find(&self, filter: Document) -> Find {
        let index = snapshot_index();
        self.collections.find(&self.collections.snapshots, filter).sort(index.clone()).on_index(index)
    }
}

fn place_of(document: &RawDocument) -> Option<(String, Bson)> {
    let version = Bson::try_from(document.get(VERSION).ok()??).ok()?;
    Some((document.get_str(AGGREGATE_ID).ok()?.to_owned(), version))
}

impl Kept {
    /// Reads a snapshot, and reports it if it should be usable but is not. Also returns `None` for
    /// a snapshot of a different `stateVersion`.
    pub(super) fn read<A: Aggregate>(document: &RawDocument, report: &mut VerificationReport) -> Option<Self> {
        let state_version = integer_in(document, STATE_VERSION);
        if state_version.is_some_and(|version| version != i64::from(A::STATE_VERSION)) {
            return None;
        }
        let kept = usable::<A>(document).and_then(|snapshot| {
            let state = StateRef(&snapshot.state).encode().ok()?;
            Some(Self { version: snapshot.version, state })
        });
        if kept.is_none() {
            let snapshot = match document.get(ID) {
                Ok(Some(RawBsonRef::String(id))) => id.to_owned(),
                id => format!("{id:?}"),
            };
            report.found(Finding::SnapshotUnreadable { snapshot });
        }
        kept
    }

    /// Whether the snapshot equals the state that a replay gives.
    pub(super) fn is<A: Aggregate>(&self, replayed: Option<&A>) -> bool {
        let replayed = replayed.and_then(|state| StateRef(state).encode().ok());
        replayed.is_some_and(|replayed| same_document(self.state.as_raw(), replayed.as_raw()))
    }
}

/// Whether documents are equal, except for the order of their keys: a `HashMap` has none.
pub(crate) fn same_document(left: &RawDocument, right: &RawDocument) -> bool {
    if left.as_bytes() == right.as_bytes() {
        return true;
    }
    let sorted = |document| -> Option<Vec<(&str, RawBsonRef<'_>)>> {
        let mut entries = Vec::new();
        for entry in <&RawDocument>::into_iter(document) {
            let (key, value) = entry.ok()?;
            entries.push((key.as_str(), value));
        }
        entries.sort_by_key(|(key, _)| *key);
        Some(entries)
    };
    match (sorted(left), sorted(right)) {
        (Some(left), Some(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(&right)
                    .all(|((left_key, left), (right_key, right))| left_key == right_key && same_value(*left, *right))
        }
        _ => false,
    }
}

fn same_value(left: RawBsonRef<'_>, right: RawBsonRef<'_>) -> bool {
    match (left, right) {
        (RawBsonRef::Document(left), RawBsonRef::Document(right)) => same_document(left, right),
        (RawBsonRef::Array(left), RawBsonRef::Array(right)) => same_array(left, right),
        // Here `NaN` equals itself, because it was stored and read back.
        (RawBsonRef::Double(left), RawBsonRef::Double(right)) => left.to_bits() == right.to_bits(),
        (left, right) => left == right,
    }
}

fn same_array(left: &RawArray, right: &RawArray) -> bool {
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(Ok(left)), Some(Ok(right))) if same_value(left, right) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(left: &Document, right: &Document) -> bool {
        let raw = |document| bson::serialize_to_raw_document_buf(document).unwrap();
        same_document(&raw(left), &raw(right))
    }

    #[test]
    fn the_order_of_keys_does_not_matter_at_any_depth() {
        assert!(same(&doc! { "a": 1, "b": [{ "c": 1, "d": 2 }] }, &doc! { "b": [{ "d": 2, "c": 1 }], "a": 1 }));
    }

    #[test]
    fn another_value_a_missing_key_and_the_order_of_a_list_do_matter() {
        assert!(!same(&doc! { "a": { "b": 1 } }, &doc! { "a": { "b": 2 } }));
        assert!(!same(&doc! { "a": 1 }, &doc! { "a": 1, "b": 1 }));
        assert!(!same(&doc! { "a": [1, 2] }, &doc! { "a": [2, 1] }));
        assert!(!same(&doc! { "a": 1 }, &doc! { "a": 1_i64 }));
    }

    #[test]
    fn what_is_not_a_number_is_equal_to_itself() {
        assert!(same(&doc! { "a": f64::NAN, "b": 1 }, &doc! { "b": 1, "a": f64::NAN }));
    }
}
