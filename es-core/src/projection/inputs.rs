//! The declaration of the events that a projection folds.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use super::change::{Changes, Fold, Names, NoFold};
use super::{Keyed, Project, Projection};
use crate::__private::{BeginRow, EventOf};
use crate::store::{Decoded, EventData, EventInfo, EventSet, StoredEvent};
use crate::{Aggregate, Apply, Event, Init, StoreError};

/// The events that a projection folds, by aggregate; filled by [`Projection::declare`].
pub struct Inputs<P: Projection> {
    pub(super) aggregates: Vec<Declared<P>>,
}

/// The events of one aggregate that a projection folds.
pub struct Input<'a, P: Projection, A> {
    declared: &'a mut Declared<P>,
    aggregate: PhantomData<fn() -> A>,
}

/// Reads an event, and adds what it changes.
pub(super) type Handler<P> = fn(&StoredEvent<'_>, Names, &mut Changes<'_, P>) -> Result<(), StoreError>;

/// Reads an event as the events that it is split into, each in its newest version and written anew.
pub(super) type ReadParts = fn(&StoredEvent<'_>) -> Result<Vec<(&'static EventInfo, EventData)>, StoreError>;

/// What a projection declares about one aggregate.
pub(super) struct Declared<P: Projection> {
    pub(super) aggregate_type: &'static str,
    pub(super) events: &'static [EventInfo],
    /// By the current name of the event.
    pub(super) handlers: HashMap<&'static str, Handler<P>>,
    /// For every event without its own handler.
    pub(super) all: Option<Handler<P>>,
    pub(super) read_parts: ReadParts,
}

impl<P: Projection> Inputs<P> {
    pub(super) fn of_projection() -> Self {
        let mut inputs = Self { aggregates: Vec::new() };
        P::declare(&mut inputs);
        inputs
    }

    /// The events of aggregate `A`. It can be named several times.
    pub fn of<A: Aggregate>(&mut self) -> Input<'_, P, A> {
        let known = self.aggregates.iter().position(|declared| declared.aggregate_type == A::TYPE);
        let at = known.unwrap_or_else(|| {
            self.aggregates.push(Declared {
                aggregate_type: A::TYPE,
                events: A::Event::EVENTS,
                handlers: HashMap::new(),
                all: None,
                read_parts: read_parts::<A::Event>,
            });
            self.aggregates.len() - 1
        });
        Input { declared: &mut self.aggregates[at], aggregate: PhantomData }
    }
}

impl<P: Projection, A: Aggregate> Input<'_, P, A> {
    /// The event begins a row, by [`Init`]. If there is a row, it is an error.
    #[must_use]
    pub fn begins<E: EventOf<A::Event>>(self) -> Self
    where
        P: Keyed<E> + Init<E>,
    {
        self.on::<E>(|event, names, changes| {
            changes.read::<E>(event, names, |row, event, context| match row {
                None => Ok(Some(P::init(event, context))),
                Some(_) => Err(NoFold::RowExists),
            })
        })
    }

    /// The event changes a row, by [`Apply`]. If there is no row, it is an error.
    #[must_use]
    pub fn changes<E: EventOf<A::Event>>(self) -> Self
    where
        P: Keyed<E> + Apply<E>,
    {
        self.on::<E>(|event, names, changes| {
            changes.read::<E>(event, names, |row, event, context| {
                let mut row = row.ok_or(NoFold::NoRow)?;
                row.apply(event, context);
                Ok(Some(row))
            })
        })
    }

    /// The event begins a row, by [`Init`], and changes one that exists, by [`Apply`].
    #[must_use]
    pub fn begins_or_changes<E: EventOf<A::Event>>(self) -> Self
    where
        P: Keyed<E> + Init<E> + Apply<E>,
    {
        self.on::<E>(|event, names, changes| {
            changes.read::<E>(event, names, |row, event, context| match row {
                None => Ok(Some(P::init(event, context))),
                Some(mut row) => {
                    row.apply(event, context);
                    Ok(Some(row))
                }
            })
        })
    }

    /// The event changes a row, by [`Apply`]. If there is no row, it changes the default row.
    #[must_use]
    pub fn changes_or_default<E: EventOf<A::Event>>(self) -> Self
    where
        P: Keyed<E> + BeginRow + Apply<E>,
    {
        self.on::<E>(|event, names, changes| changes.read::<E>(event, names, apply_or_default::<P, E>()))
    }

    /// The event removes the row, if there is one.
    #[must_use]
    pub fn removes<E: EventOf<A::Event>>(self) -> Self
    where
        P: Keyed<E>,
    {
        self.on::<E>(|event, names, changes| changes.read::<E>(event, names, |_, _, _| Ok(None)))
    }

    /// Every event of the aggregate that is not declared separately changes a row, by
    /// `Apply<A::Event>`. If there is no row, it changes the default row.
    #[must_use]
    pub fn all_change_or_default(self) -> Self
    where
        P: Keyed<A::Event> + BeginRow + Apply<A::Event>,
    {
        self.declared.all =
            Some(|event, names, changes| changes.read_set::<A::Event>(event, names, apply_or_default::<P, A::Event>()));
        self
    }

    /// Every event of the aggregate that is not declared separately changes a row, by
    /// `Apply<A::Event>`. If there is no row, it is an error.
    #[must_use]
    pub fn all_change(self) -> Self
    where
        P: Keyed<A::Event> + Apply<A::Event>,
    {
        self.declared.all = Some(|event, names, changes| {
            changes.read_set::<A::Event>(event, names, |row, event, context| {
                let mut row = row.ok_or(NoFold::NoRow)?;
                row.apply(event, context);
                Ok(Some(row))
            })
        });
        self
    }

    /// The event changes rows of any type, by [`Project`].
    #[must_use]
    pub fn projects<E: EventOf<A::Event>>(self) -> Self
    where
        P: Project<E>,
    {
        self.on::<E>(|event, names, changes| changes.read_projected::<E>(event, names))
    }

    /// Every event of the aggregate that is not declared separately changes rows of any type, by
    /// `Project<A::Event>`.
    #[must_use]
    pub fn all_project(self) -> Self
    where
        P: Project<A::Event>,
    {
        self.declared.all = Some(|event, names, changes| changes.read_projected_set::<A::Event>(event, names));
        self
    }

    fn on<E: Event>(self, handler: Handler<P>) -> Self {
        self.declared.handlers.insert(E::TYPE, handler);
        self
    }
}

fn apply_or_default<P: BeginRow + Apply<E>, E>() -> Fold<P, E> {
    |row, event, context| {
        let mut row = row.unwrap_or_else(P::begin_row);
        row.apply(event, context);
        Ok(Some(row))
    }
}

fn read_parts<E: EventSet>(event: &StoredEvent<'_>) -> Result<Vec<(&'static EventInfo, EventData)>, StoreError> {
    let decoded: Decoded<E> = event.decode()?;
    let written = decoded.into_vec().into_iter().map(|part| {
        let info = part.info();
        Ok((info, EventData::encode(info.event_type, &part)?))
    });
    written.collect()
}

impl<P: Projection> fmt::Debug for Inputs<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types: Vec<_> = self.aggregates.iter().map(|declared| declared.aggregate_type).collect();
        f.debug_struct("Inputs").field("projection", &P::NAME).field("aggregates", &types).finish_non_exhaustive()
    }
}

impl<P: Projection, A> fmt::Debug for Input<'_, P, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("aggregate", &self.declared.aggregate_type).finish_non_exhaustive()
    }
}
