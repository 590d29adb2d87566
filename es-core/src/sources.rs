//! The stored names under which the events of an aggregate are found.

use crate::Event;
use crate::store::{EventInfo, EventSet, VisitEvents};

/// Which stored names are read as which event of a set: its own name, its aliases, and the events
/// that are split into it.
///
/// A query for one event uses it to include everything that is read as that event.
///
/// ```
/// # use es_core::{event, Aggregate, Apply, Context};
/// # use es_core::store::EventSources;
/// #[event(version = 1, alias = "Payed")]
/// pub struct Paid { pub cents: i64 }
/// #[event(version = 1)]
/// pub struct Shipped {}
/// #[event(version = 1, split(Paid, Shipped))]
/// pub struct PaidAndShipped { pub cents: i64 }
/// # impl From<PaidAndShipped> for (Paid, Shipped) {
/// #     fn from(old: PaidAndShipped) -> Self { (Paid { cents: old.cents }, Shipped {}) }
/// # }
///
/// #[derive(Aggregate, Default)]
/// #[aggregate(events(Paid, Shipped), split(PaidAndShipped))]
/// pub struct Order { cents: i64 }
/// # impl Apply<Paid> for Order { fn apply(&mut self, event: Paid, _: &Context) { self.cents += event.cents; } }
/// # impl Apply<Shipped> for Order { fn apply(&mut self, _: Shipped, _: &Context) {} }
///
/// let sources = EventSources::of::<OrderEvent>();
/// assert_eq!(sources.stored_names("Paid"), Some(vec!["Paid", "Payed", "PaidAndShipped"]));
/// assert_eq!(sources.event_type("Payed"), Some("Paid"));
/// assert_eq!(sources.event_type("Refunded"), None);
/// ```
#[derive(Debug, Clone)]
pub struct EventSources {
    events: Vec<EventInfo>,
    /// Whether the set visits its events.
    is_shown: bool,
    /// The splits, with the names of the events that each can be.
    splits: Vec<(EventInfo, Vec<&'static str>)>,
    retired: Vec<&'static str>,
}

impl EventSources {
    /// The declarations of set `E`.
    pub fn of<E: EventSet>() -> Self {
        let mut sources = Self {
            events: E::EVENTS.to_vec(),
            is_shown: E::EVENTS.is_empty(),
            splits: Vec::new(),
            retired: Vec::new(),
        };
        E::visit_events(&mut sources);
        sources
    }

    /// The current names, as declared.
    pub fn event_types(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.events.iter().map(|event| event.event_type)
    }

    /// The current name of the event that has this name, or had it. `None` if the set has no such
    /// event.
    pub fn event_type(&self, name: &str) -> Option<&'static str> {
        let known = self.events.iter().find(|event| event.event_type == name || event.aliases.contains(&name));
        known.map(|event| event.event_type)
    }

    /// Every stored name that can be read as the event with this current name: its own name, its
    /// aliases, and those of the events that are split into it. The list is empty if the set has no
    /// such event. It is `None`, unknown, if the set was written by hand and does not visit its
    /// events.
    pub fn stored_names(&self, event_type: &str) -> Option<Vec<&'static str>> {
        if !self.is_shown {
            return None;
        }
        let own = self.events.iter().filter(|event| event.event_type == event_type);
        let split = self.splits.iter().filter(|(_, parts)| parts.contains(&event_type));
        let split = split.map(|(event, _)| event);
        Some(
            own.chain(split)
                .flat_map(|event| std::iter::once(event.event_type).chain(event.aliases.iter().copied()))
                .collect(),
        )
    }

    /// Whether the set reads events with this stored name: as an event, as the parts of a split, or
    /// as a retired event. A set that does not visit its events may read any name.
    pub fn is_stored_name(&self, name: &str) -> bool {
        !self.is_shown || self.event_type(name).is_some() || self.parts(name).is_some() || self.is_retired(name)
    }

    /// The events that a split event is read as, if the set has a split with this name.
    pub fn parts(&self, name: &str) -> Option<Vec<&'static str>> {
        let named = |event: &EventInfo| event.event_type == name || event.aliases.contains(&name);
        let (_, parts) = self.splits.iter().find(|(event, _)| named(event))?;
        Some(parts.clone())
    }

    /// Whether the name is retired.
    pub fn is_retired(&self, name: &str) -> bool {
        self.retired.contains(&name)
    }
}

impl VisitEvents for EventSources {
    fn event<E: Event>(&mut self) {
        self.is_shown = true;
    }

    fn split<E: Event>(&mut self, parts: &[&'static str]) {
        self.is_shown = true;
        self.splits.push((EventInfo::of::<E>(), parts.to_vec()));
    }

    fn retired(&mut self, name: &'static str) {
        self.retired.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::DecodeError;
    use crate::store::{Decoded, Payload};

    /// A set that was written by hand, and does not visit its events.
    #[derive(serde::Serialize)]
    struct Opaque;

    impl EventSet for Opaque {
        const EVENTS: &'static [EventInfo] = &[EventInfo { event_type: "Paid", version: 1, aliases: &["Payed"] }];

        fn info(&self) -> &'static EventInfo {
            &Self::EVENTS[0]
        }

        fn decode<P: Payload>(_: &str, _: u32, _: &P) -> Result<Decoded<Self>, DecodeError> {
            Ok(Decoded::One(Self))
        }
    }

    #[test]
    fn a_set_that_does_not_visit_its_events_may_read_any_stored_name() {
        let sources = EventSources::of::<Opaque>();
        assert_eq!(sources.event_type("Payed"), Some("Paid"));
        assert_eq!(sources.stored_names("Paid"), None);
        assert!(sources.is_stored_name("PaidAndShipped"));
    }
}
