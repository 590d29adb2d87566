//! A unique index of a read model in memory. It compares values as MongoDB does.

use std::collections::{BTreeMap, HashMap, HashSet};

use bson::{Bson, doc};

use crate::error::SharedError;
use crate::projection::RowIndex;
use crate::store::{EventData, ReadModelId};
use crate::{AggregateId, StoreError};

/// A unique index, with the key of the row that has each value.
#[derive(Debug)]
pub(super) struct UniqueIndex {
    pub(super) index: RowIndex,
    owners: HashMap<Values, AggregateId>,
}

/// The values of all fields of an index in one row.
type Values = Vec<Value>;

/// A value in a form in which two are the same if MongoDB finds them equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Value {
    /// In decimal notation, whatever its type is.
    Number(String),
    Array(Vec<Value>),
    Document(Vec<(String, Value)>),
    /// As BSON.
    Other(Vec<u8>),
}

impl UniqueIndex {
    /// Creates the index on rows that exist.
    pub(super) fn new(
        model: &ReadModelId,
        index: RowIndex,
        rows: &BTreeMap<AggregateId, EventData>,
    ) -> Result<Self, StoreError> {
        let mut created = Self { index, owners: HashMap::new() };
        for (key, row) in rows.iter().filter(|(key, _)| index.has(key)) {
            for values in values(index, row)? {
                if created.owners.insert(values, key.clone()).is_some_and(|owner| owner != *key) {
                    return Err(created.refusal(model, None));
                }
            }
        }
        Ok(created)
    }

    /// Checks that rows could be written together: no two rows have the same values afterwards.
    pub(super) fn check(
        &self,
        model: &ReadModelId,
        rows: &[(AggregateId, Option<EventData>)],
    ) -> Result<(), StoreError> {
        let written: HashSet<_> = rows.iter().map(|(key, _)| key).collect();
        let mut owners = HashMap::new();
        for (key, row) in rows.iter().filter(|(key, _)| self.index.has(key)) {
            let Some(row) = row else { continue };
            for values in values(self.index, row)? {
                let has_other_owner = self.owners.get(&values).is_some_and(|owner| !written.contains(owner));
                if has_other_owner || owners.insert(values, key).is_some_and(|owner| owner != key) {
                    return Err(self.refusal(model, Some(key.clone())));
                }
            }
        }
        Ok(())
    }

    /// Forgets all rows.
    pub(super) fn clear(&mut self) {
        self.owners.clear();
    }

    /// Forgets a row, as it is stored.
    pub(super) fn remove(&mut self, key: &AggregateId, row: &EventData) {
        if !self.index.has(key) {
            return;
        }
        for values in values(self.index, row).unwrap_or_default() {
            self.owners.remove(&values);
        }
    }

    /// Adds a row that was checked.
    pub(super) fn insert(&mut self, key: &AggregateId, row: &EventData) {
        if !self.index.has(key) {
            return;
        }
        for values in values(self.index, row).unwrap_or_default() {
            self.owners.insert(values, key.clone());
        }
    }

    fn refusal(&self, read_model: &ReadModelId, key: Option<AggregateId>) -> StoreError {
        StoreError::NotUnique { read_model: read_model.clone(), key, index: self.index.to_string() }
    }
}

/// All values of a row in an index: several if a field is an array.
fn values(index: RowIndex, row: &EventData) -> Result<Vec<Values>, StoreError> {
    let mut all: Vec<Values> = vec![Vec::new()];
    let mut array = None;
    for (name, _) in index.fields {
        let stored = row.as_raw().get(*name).map_err(malformed)?;
        let elements = match stored.map_or(Ok(Bson::Null), Bson::try_from).map_err(malformed)? {
            Bson::Array(elements) => {
                if let Some(first) = array.replace(*name) {
                    let reason = format!("index `{index}` cannot have two arrays, `{first}` and `{name}`");
                    return Err(StoreError::Backend { source: reason.into() });
                }
                if elements.is_empty() { vec![Bson::Undefined] } else { elements }
            }
            value => vec![value],
        };
        let elements: Vec<_> = elements.into_iter().map(Value::of).collect();
        all = all
            .iter()
            .flat_map(|values| elements.iter().map(|value| [values, &[value.clone()][..]].concat()))
            .collect();
    }
    Ok(all)
}

fn malformed(error: impl Into<SharedError>) -> StoreError {
    StoreError::Malformed { what: "a row".to_owned(), source: error.into() }
}

impl Value {
    fn of(value: Bson) -> Self {
        match value {
            Bson::Int32(number) => Self::Number(number.to_string()),
            Bson::Int64(number) => Self::Number(number.to_string()),
            // All digits of a whole number, as an integer is written, and zero without a sign.
            Bson::Double(number) if number.fract() == 0.0 => Self::Number(format!("{:.0}", number + 0.0)),
            Bson::Double(number) => Self::Number(number.to_string()),
            Bson::Array(elements) => Self::Array(elements.into_iter().map(Self::of).collect()),
            Bson::Document(fields) => {
                Self::Document(fields.into_iter().map(|(name, value)| (name, Self::of(value))).collect())
            }
            value => Self::Other(bson::serialize_to_vec(&doc! { "": value }).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_mongodb_finds_equal_are_equal() {
        let equal = [
            [Bson::Int32(1), Bson::Double(1.0)],
            [Bson::Int64(1 << 60), Bson::Double(1_152_921_504_606_846_976.0)],
            [Bson::Int32(0), Bson::Double(-0.0)],
            [Bson::Double(f64::NAN), Bson::Double(-f64::NAN)],
            [doc! { "a": [1_i32] }.into(), doc! { "a": [1.0] }.into()],
        ];
        for [left, right] in equal {
            assert_eq!(Value::of(left), Value::of(right));
        }
        let different = [
            [Bson::Int32(1), Bson::String("1".into())],
            [Bson::Double(1.5), Bson::Int32(1)],
            [Bson::Null, Bson::Undefined],
            [doc! { "a": 1, "b": 2 }.into(), doc! { "b": 2, "a": 1 }.into()],
        ];
        for [left, right] in different {
            assert_ne!(Value::of(left), Value::of(right));
        }
    }
}
