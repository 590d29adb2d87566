//! The frontier: a small document with the highest position up to which all are known to be
//! decided.
//!
//! It is written with a majority, after everything up to it was read from a majority. So a node
//! whose majority snapshot has the document has everything up to it too. It only grows, and it may
//! be behind: readers find the rest by themselves.

use bson::raw::RawDocument;
use bson::{Document, doc};
use es_core::Position;
use mongodb::error::Result as DriverResult;

use crate::collections::Collections;
use crate::document::{field, integer_in};
use crate::positions::counter;

/// The `_id` of the frontier.
const FRONTIER: &str = "frontier";

/// The filter for the document.
pub(crate) fn filter() -> Document {
    doc! { field::ID: FRONTIER }
}

/// The position in the document, or `None` if it has none.
pub(crate) fn read(document: &RawDocument) -> Option<i64> {
    integer_in(document, field::POSITION).filter(|position| *position > 0)
}

/// Records that everything up to a position is decided.
pub(crate) async fn record(collections: &Collections, position: Position) -> DriverResult<()> {
    let grow = doc! { "$max": { field::POSITION: position.as_i64() } };
    collections.positions.update_one(filter(), grow).upsert(true).await.map(drop)
}

/// Makes sure that no position up to this one is given out again, whatever happens to a primary.
/// Everything up to it must be decided.
pub(crate) async fn protect(collections: &Collections, position: Position) -> DriverResult<()> {
    record(collections, position).await?;
    counter::raise_durably(&collections.positions, position).await
}
