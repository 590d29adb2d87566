//! Events that no load could fold are not written.

use crate::error::FoldError;
use crate::store::EventSet;
use crate::{Aggregate, StoreError, StreamId, Version};

/// Fails if one of these events could not be folded after a version of the stream. The first event
/// of an aggregate has to be one that begins it, and every later event has to be one that can
/// follow.
///
/// `has_begun` is whether the aggregate has a state at that version. Retired events alone create no
/// state, and an end leaves none.
pub(crate) fn check_foldable<'a, A: Aggregate>(
    stream: &StreamId,
    version: Version,
    mut has_begun: bool,
    events: impl IntoIterator<Item = &'a A::Event>,
) -> Result<(), StoreError> {
    let mut sequence = version.next();
    for event in events {
        let event_type = event.event_type();
        let source = match has_begun {
            false if !A::can_begin(event) => FoldError::NotInitial { event_type },
            true if !A::can_continue(event) => FoldError::OnlyInitial { event_type },
            _ => {
                (has_begun, sequence) = (!A::is_end(event), sequence.next());
                continue;
            }
        };
        return Err(StoreError::Unfoldable { stream: stream.clone(), sequence, source });
    }
    Ok(())
}
