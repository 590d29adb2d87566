//! The stored form of rows.

use bson::RawDeserializer;
use serde::ser::{Serialize, Serializer};

use super::Projection;
use crate::error::Panicked;
use crate::nesting::{TooDeep, is_too_deep};
use crate::store::EventData;
use crate::{AggregateId, StoreError};

/// Writes a row. A panic in its serializer is an error, too.
pub(crate) fn encode_row<P: Projection>(row: &P::Row) -> Result<EventData, StoreError> {
    EventData::encode_caught(P::NAME, &RowRef::<P>(row))
}

/// Reads a stored row with its key. A panic in its deserializer is an error, too.
///
/// # Errors
///
/// [`StoreError::NotReadBack`] if the data is not a row of `P`, or the key is that of a type of rows
/// that `P` does not list.
pub fn decode_row<P: Projection>(key: &AggregateId, row: &EventData) -> Result<P::Row, StoreError> {
    let unreadable = |reason: String| StoreError::NotReadBack { what: P::NAME.to_owned(), field: None, reason };
    let document = row.as_raw();
    if is_too_deep(document) {
        return Err(unreadable(TooDeep.to_string()));
    }
    // The type of a row is stored in its key only.
    let of_type = match P::ROWS {
        [] => Some(0),
        names => names.iter().position(|name| name.key_in(key).is_some()),
    };
    let of_type =
        of_type.ok_or_else(|| unreadable(format!("`{key}` is not the key of a type of rows that it lists")))?;
    let read = || P::deserialize_row(of_type, RawDeserializer::new(document.as_bytes())?);
    match Panicked::catch(read) {
        Ok(Ok(row)) => Ok(row),
        Ok(Err(error)) => Err(unreadable(error.to_string())),
        Err(panicked) => Err(unreadable(panicked.to_string())),
    }
}

/// A row in a form that serde can write.
struct RowRef<'a, P: Projection>(&'a P::Row);

impl<P: Projection> Serialize for RowRef<'_, P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        P::serialize_row(self.0, serializer)
    }
}
