//! Folding stored events into state.

use crate::{Aggregate, Context, FoldError, Metadata, Panicked, Snapshot, StoreError, StoredEvent, StreamId, Version};

/// An aggregate that is being rebuilt, event by event.
///
/// It checks what every way of reading must check: no event is missing, every event is understood, and the stream begins as declared.
#[derive(Debug)]
pub struct Replay<A> {
    stream: StreamId,
    version: Version,
    state: Option<A>,
    context: Option<Context>,
}

impl<A: Aggregate> Replay<A> {
    /// Starts before the first event.
    pub fn new(stream: StreamId) -> Self {
        Self { stream, version: Version::NONE, state: None, context: None }
    }

    /// Starts on top of a snapshot; its tail begins strictly after it.
    pub fn from_snapshot(stream: StreamId, snapshot: Snapshot<A>) -> Self {
        Self { stream, version: snapshot.version, state: Some(snapshot.state), context: None }
    }

    /// The stream.
    pub fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// The version reached so far.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The state reached so far, or `None` before the first event that makes one.
    pub fn state(&self) -> Option<&A> {
        self.state.as_ref()
    }

    /// The state reached.
    pub fn into_state(self) -> Option<A> {
        self.state
    }

    /// Folds the next event.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gap`] when the event is not the next one, [`StoreError::Decode`] when it is not understood, and
    /// [`StoreError::Fold`] when the aggregate cannot begin or go on with it. If its code panics, that is one of the last two, by
    /// where it happens. After an error of the fold there is no state, since the event may have changed a part of it.
    pub fn push(&mut self, event: &StoredEvent<'_>) -> Result<(), StoreError> {
        check_next(&self.stream, self.version, event)?;
        let decoded = event.decode::<A::Event>()?;
        let context = match &mut self.context {
            Some(context) => {
                context.advance(event.sequence, event.timestamp, event.metadata);
                context
            }
            none => none.insert(Context::new(
                self.stream.aggregate_id().clone(),
                event.sequence,
                event.timestamp,
                Metadata::from_raw(event.metadata.to_owned()),
            )),
        };
        let state = &mut self.state;
        let folded = Panicked::catch(|| match decoded {
            crate::Decoded::One(one) => fold(state, one, context),
            crate::Decoded::Many(many) => many.into_iter().try_for_each(|one| fold(state, one, context)),
            crate::Decoded::Retired => Ok(()),
        });
        let folded = folded.unwrap_or_else(|Panicked { message }| {
            Err(FoldError::Panicked { event_type: event.event_type.to_owned(), message })
        });
        if let Err(source) = folded {
            self.state = None;
            return Err(StoreError::Fold { stream: self.stream.clone(), sequence: event.sequence, source });
        }
        self.version = event.sequence.into();
        Ok(())
    }
}

/// Fails unless the event is the one that follows `version` in the stream.
pub(crate) fn check_next(stream: &StreamId, version: Version, event: &StoredEvent<'_>) -> Result<(), StoreError> {
    if event.sequence == version.next() {
        return Ok(());
    }
    Err(StoreError::Gap {
        stream: stream.clone(),
        expected: version.next(),
        found: event.sequence,
        event_type: event.event_type.to_owned(),
    })
}

#[inline]
fn fold<A: Aggregate>(state: &mut Option<A>, event: A::Event, context: &Context) -> Result<(), FoldError> {
    match state {
        Some(state) => state.apply(event, context),
        None => {
            *state = Some(A::init(event, context)?);
            Ok(())
        }
    }
}
