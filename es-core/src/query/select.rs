//! Selects the events of a query, and the requested parts of a stored event.

use std::marker::PhantomData;

use crate::error::QueryError;
use crate::repository::IntoEvents;
use crate::store::{EventSet, EventSources, StoredEvent};
use crate::{Aggregate, Event, RecordedEvent, StoreError};

/// The selection of a query for all events, or for a stored name.
#[derive(Debug, Clone, Copy)]
pub enum AnyEvent {}

/// The selection of a query for an event by its name.
#[derive(Debug, Clone, Copy)]
pub enum NamedEvent {}

/// The selection of a query for the event type `E`.
#[derive(Debug)]
pub struct OneEvent<E> {
    event: PhantomData<fn() -> E>,
}

/// The selection of a query can be applied to the events of aggregate `A`.
#[diagnostic::on_unimplemented(
    message = "the query selects an event that `{A}` does not have",
    label = "`{A}` does not list this event",
    note = "select an event that `{A}` lists in `events(..)` or `init(..)`; to find an event that was split, select its parts"
)]
pub trait SelectsFrom<A>: sealed::Sealed {}

impl<A: Aggregate> SelectsFrom<A> for AnyEvent {}
impl<A: Aggregate> SelectsFrom<A> for NamedEvent {}
#[diagnostic::do_not_recommend]
impl<A: Aggregate, E: Event + IntoEvents<A::Event>> SelectsFrom<A> for OneEvent<E> {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::AnyEvent {}
    impl Sealed for super::NamedEvent {}
    impl<E> Sealed for super::OneEvent<E> {}
}

/// The requested events, as the caller named them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Wanted {
    #[default]
    Any,
    /// By the stored name.
    StoredAs(String),
    /// By the event that they are read as.
    Event(String),
}

/// The same, resolved for one aggregate.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// The current name of the one requested event.
    pub(super) event_type: Option<&'static str>,
    /// The names under which it is stored, if they are known.
    stored_names: Option<Vec<&'static str>>,
}

impl Wanted {
    /// The stored name, if the query has one.
    pub(super) fn stored_name(&self) -> Option<&str> {
        match self {
            Self::StoredAs(name) => Some(name),
            Self::Any | Self::Event(_) => None,
        }
    }

    pub(super) fn select<A: Aggregate>(&self) -> Result<Selection, StoreError> {
        let sources = EventSources::of::<A::Event>();
        let unknown = |name: &str| unknown::<A>(name, &sources);
        match self {
            Self::Any => Ok(Selection::default()),
            Self::StoredAs(name) if sources.is_stored_name(name) => Ok(Selection::default()),
            Self::StoredAs(name) => Err(unknown(name)),
            Self::Event(name) => {
                let event_type = sources.event_type(name).ok_or_else(|| unknown(name))?;
                Ok(Selection { event_type: Some(event_type), stored_names: sources.stored_names(event_type) })
            }
        }
    }
}

fn unknown<A: Aggregate>(name: &str, sources: &EventSources) -> StoreError {
    let listed = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let reason = if sources.is_retired(name) {
        format!("{} has retired it; `stored_as` finds the stored events", A::TYPE)
    } else if let Some(parts) = sources.parts(name) {
        format!("{} reads it as {}; select one of these", A::TYPE, listed(&parts))
    } else {
        format!("{} has {}", A::TYPE, listed(&sources.event_types().collect::<Vec<_>>()))
    };
    QueryError::UnknownEventType { event_type: name.to_owned(), reason }.into()
}

impl Selection {
    /// The condition on the stored name, if there is one.
    pub(super) fn stored_names(&self) -> Option<Vec<String>> {
        Some(self.stored_names.as_ref()?.iter().map(|name| (*name).to_owned()).collect())
    }

    /// Decodes a stored event, and keeps the requested events.
    pub(super) fn decode<E: EventSet>(
        &self,
    ) -> impl Fn(&StoredEvent<'_>) -> Result<Vec<RecordedEvent<E>>, StoreError> + use<E> {
        let wanted = self.event_type;
        move |event| {
            let decoded = event.decode::<E>()?.into_vec().into_iter();
            let decoded = decoded.filter(|data| wanted.is_none_or(|wanted| data.event_type() == wanted));
            Ok(decoded.map(|data| event.record(data)).collect())
        }
    }
}
