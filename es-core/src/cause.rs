//! The cause of an event: another event.

use crate::repository::LastEvent;
use crate::{EventId, Loaded, Metadata, RecordedEvent};

/// An event that causes others, and the correlation that all of them are part of.
///
/// Made from a [`RecordedEvent`], or from a [`Loaded`] aggregate, whose last event it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    event: EventId,
    correlation: Option<String>,
}

impl Cause {
    fn new(event: EventId, metadata: &Metadata) -> Self {
        Self { event, correlation: metadata.correlation_id().map(str::to_owned) }
    }

    /// The event.
    pub fn event_id(&self) -> EventId {
        self.event
    }

    /// The correlation of the event. If it belongs to none, it starts one with its own id.
    pub fn correlation_id(&self) -> String {
        self.correlation.clone().unwrap_or_else(|| self.event.to_string())
    }
}

impl<E> From<&RecordedEvent<E>> for Cause {
    fn from(event: &RecordedEvent<E>) -> Self {
        Self::new(event.id, &event.metadata)
    }
}

impl From<&LastEvent> for Cause {
    fn from(event: &LastEvent) -> Self {
        Self::new(event.id, &event.metadata)
    }
}

impl<A> From<&Loaded<A>> for Cause {
    fn from(loaded: &Loaded<A>) -> Self {
        Self::from(&loaded.last_event)
    }
}
