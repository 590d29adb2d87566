//! What no load could fold is not written.

use crate::{EventSet, FoldError, StoreError, StreamId, Version};

/// Fails if one of these events could not be folded after a version of the stream: the first event of an aggregate has to be one that
/// begins it, and every later one has to be one that changes it.
///
/// `has_begun` says whether the aggregate has a state at that version: retired events alone make none.
pub(crate) fn check_foldable<'a, E: EventSet>(
    stream: &StreamId,
    version: Version,
    mut has_begun: bool,
    events: impl IntoIterator<Item = &'a E>,
) -> Result<(), StoreError> {
    let mut sequence = version.next();
    for event in events {
        let event_type = event.event_type();
        let source = match has_begun {
            false if !event.can_begin() => FoldError::NotInitial { event_type },
            true if !event.can_continue() => FoldError::OnlyInitial { event_type },
            _ => {
                (has_begun, sequence) = (true, sequence.next());
                continue;
            }
        };
        return Err(StoreError::Unfoldable { stream: stream.clone(), sequence, source });
    }
    Ok(())
}
