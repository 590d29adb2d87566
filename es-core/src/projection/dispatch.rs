//! Finds what an event changes, by aggregate type, stored name and version.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::vec::Drain;

use super::change::{Changes, Names};
use super::inputs::{Declared, Handler, Inputs};
use super::routes::Routes;
use super::{Change, Projection, ProjectionError, ProjectionFailure};
use crate::store::{BsonPayload, FeedFilter, StoredEvent};
use crate::{StoreError, StreamId};

/// The declarations of a projection, by what is stored.
pub struct Dispatch<P: Projection> {
    aggregates: HashMap<&'static str, OfAggregate<P>>,
    pub(super) routes: Routes,
}

/// An event that was read.
pub(crate) enum Read<'a, P: Projection> {
    /// What it changes, the changes of one row one after the other.
    Changes(Drain<'a, Change<P>>),
    /// It changes the rows that an earlier event of its aggregate names, which is not remembered.
    Unrouted(StreamId),
}

/// The declarations about one aggregate.
struct OfAggregate<P: Projection> {
    declared: Declared<P>,
    /// By every name, older ones included, under which an event may be stored as itself. `None` if
    /// the projection leaves it out.
    handlers: HashMap<&'static str, Option<Handler<P>>>,
}

impl<P: Projection> Dispatch<P> {
    /// The declarations of `P`.
    #[allow(clippy::new_without_default, reason = "it is computed, so it is not a default")]
    pub fn new() -> Self {
        let aggregates = Inputs::<P>::of_projection().aggregates.into_iter();
        let aggregates = aggregates.map(|declared| (declared.aggregate_type, OfAggregate::new(declared))).collect();
        Self { aggregates, routes: Routes::new() }
    }

    /// The events that the projection reads.
    pub fn filter(&self) -> FeedFilter {
        let mut types: Vec<String> = self.aggregates.keys().map(|name| (*name).to_owned()).collect();
        types.sort_unstable();
        FeedFilter::OfTypes(types)
    }

    /// What the projection reads, as text: each aggregate type with the current names of its
    /// events, and its types of rows. Rows of one version are folded from the same events.
    pub fn declared(&self) -> String {
        let listed = self.aggregates.iter().map(|(aggregate, of)| {
            let mut events: Vec<_> = of.declared.handlers.keys().copied().collect();
            events.sort_unstable();
            if of.declared.all.is_some() {
                events.push("..");
            }
            (*aggregate, format!("{aggregate}({})", events.join(", ")))
        });
        let listed: BTreeMap<_, _> = listed.collect();
        let events = listed.into_values().collect::<Vec<_>>().join(", ");
        let mut rows: Vec<_> = P::ROWS.iter().map(|name| name.as_str()).collect();
        rows.sort_unstable();
        if rows.is_empty() { events } else { format!("{events} into {}", rows.join(", ")) }
    }

    /// Begins to read events.
    pub(super) fn changes_of_events(&self) -> Changes<'_, P> {
        Changes::new(&self.routes)
    }

    /// What an event changes. Nothing if the projection does not list it.
    ///
    /// # Errors
    ///
    /// [`ProjectionError`] if the event cannot be read, or its name is unknown to its aggregate.
    pub(super) fn read<'a>(
        &self,
        event: &StoredEvent<'_>,
        changes: &'a mut Changes<'_, P>,
    ) -> Result<Read<'a, P>, ProjectionError> {
        changes.begin();
        let Some(of) = self.aggregates.get(event.aggregate_type) else { return Ok(changes.collected()) };
        let read = of.read(event, changes).map_err(|error| ProjectionFailure::Unreadable(Box::new(error)));
        read.and_then(|()| changes.finish(event)).map_err(|failure| failed::<P>(event, failure))
    }
}

pub(super) fn failed<P: Projection>(event: &StoredEvent<'_>, failure: ProjectionFailure) -> ProjectionError {
    ProjectionError {
        projection: P::NAME,
        position: event.position,
        event_type: event.event_type.to_owned(),
        // As a stream id is displayed, but the name may be one that this library refuses.
        aggregate: format!("{} {}", event.aggregate_type, event.aggregate_id),
        failure,
    }
}

impl<P: Projection> OfAggregate<P> {
    fn new(declared: Declared<P>) -> Self {
        let mut handlers = HashMap::new();
        for info in declared.events {
            let handler = declared.handlers.get(info.event_type).copied().or(declared.all);
            handlers.insert(info.event_type, handler);
            handlers.extend(info.aliases.iter().map(|alias| (*alias, handler)));
        }
        Self { declared, handlers }
    }

    fn read(&self, event: &StoredEvent<'_>, changes: &mut Changes<'_, P>) -> Result<(), StoreError> {
        let aggregate_type = self.declared.aggregate_type;
        match self.handlers.get_key_value(event.event_type) {
            Some((event_type, Some(handler))) => return handler(event, Names { aggregate_type, event_type }, changes),
            Some((_, None)) => return Ok(()),
            None => {}
        }
        // An old event that is read as others, a retired one, or an unknown name.
        for (info, data) in (self.declared.read_parts)(event)? {
            let Some(Some(handler)) = self.handlers.get(info.event_type) else { continue };
            let (event_type, event_version) = (info.event_type, info.version);
            let part = StoredEvent { event_type, event_version, data: BsonPayload(data.as_raw()), ..*event };
            handler(&part, Names { aggregate_type, event_type }, changes)?;
        }
        Ok(())
    }
}

impl<P: Projection> fmt::Debug for Dispatch<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch").field("projection", &P::NAME).field("declared", &self.declared()).finish()
    }
}
