//! The rows of a read model, folded from events in memory.

use crate::error::ErrorChain;
use crate::memory::MemoryStore;
use crate::projection::{Dispatch, Projection, Rows};
use crate::store::StoredEvent;

/// The rows of a read model that all events of a store are folded into, in the order of positions.
///
/// # Panics
///
/// If an event cannot be folded, or a row cannot be stored.
#[track_caller]
pub fn rows<P: Projection>(store: &MemoryStore) -> Rows<P> {
    let log = store.log();
    project(log.iter().map(|event| event.as_stored()))
}

/// Folds events into rows.
#[track_caller]
pub(super) fn project<'a, P: Projection>(events: impl Iterator<Item = StoredEvent<'a>>) -> Rows<P> {
    let (dispatch, mut rows) = (Dispatch::new(), Rows::new());
    for event in events {
        if let Err(error) = rows.push(&dispatch, &event) {
            panic!("the events cannot be projected: {}", ErrorChain::new(&error));
        }
    }
    rows
}
