//! What events change.

use std::fmt;

use super::routes::Routes;
use super::{Keyed, Keys, Project, Projection, ProjectionError, ProjectionFailure, Read, RowChanges};
use crate::error::{InvalidId, Panicked, StoreError};
use crate::event_types::Event;
use crate::store::{EventSet, StoredEvent};
use crate::{AggregateId, Context, Id, Metadata, Position, Sequence, StreamId};

/// Why an event cannot be folded into a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum NoFold {
    /// An event of `events(..)`.
    NoRow,
    /// An event of `init(..)`.
    RowExists,
    /// By [`RowChanges::change`].
    NothingToChange,
    /// By [`RowChanges::insert`].
    CannotInsert,
}

/// Folds one event into a row.
pub(super) type Fold<P, E> = fn(Option<P>, E, &Context) -> Result<Option<P>, NoFold>;

/// Folds the event that it holds.
pub(super) type FoldOnce<P> =
    Box<dyn FnOnce(Option<<P as Projection>::Row>) -> Result<Option<<P as Projection>::Row>, NoFold> + Send>;

/// What one event changes in one row.
pub struct Change<P: Projection> {
    /// The key of the row, as it is stored.
    key: AggregateId,
    origin: Origin,
    fold: FoldOnce<P>,
}

/// The event that changes a row.
#[derive(Debug, Clone)]
pub struct Origin {
    position: Position,
    event_type: &'static str,
    aggregate: StreamId,
}

impl Origin {
    /// The place of the event in the store.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The error that projection `P` cannot handle the event.
    pub(super) fn failed<P: Projection>(&self, failure: ProjectionFailure) -> ProjectionError {
        ProjectionError {
            projection: P::NAME,
            position: self.position,
            event_type: self.event_type.to_owned(),
            aggregate: self.aggregate.to_string(),
            failure,
        }
    }

    /// The error that projection `P` cannot store a row after the event.
    pub(crate) fn unstorable<P: Projection>(&self, key: &AggregateId, source: StoreError) -> ProjectionError {
        self.failed::<P>(ProjectionFailure::Row { key: key.to_string(), source: Box::new(source) })
    }
}

/// The event that is read, by the names that the program has for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) aggregate_type: &'static str,
    /// The name under which it is stored, or that of the part that is read.
    pub(super) event_type: &'static str,
}

/// Collects what events change, one after the other.
pub(super) struct Changes<'a, P: Projection> {
    of_rows: Vec<Change<P>>,
    /// Why it is unknown which rows the event changes.
    failure: Option<ProjectionFailure>,
    routes: &'a Routes,
    /// The rows that the event names.
    named: Option<Vec<AggregateId>>,
    /// The aggregate, if its rows have to be looked up first.
    unrouted: Option<StreamId>,
    /// The aggregate of the last event. The next event often has the same one, and shares its memory.
    last: Option<StreamId>,
    /// The metadata of the last event, for the same reason.
    metadata: Metadata,
}

impl<'a, P: Projection> Changes<'a, P> {
    pub(super) fn new(routes: &'a Routes) -> Self {
        let (last, metadata) = (None, Metadata::new());
        Self { of_rows: Vec::new(), failure: None, routes, named: None, unrouted: None, last, metadata }
    }

    /// Reads an event of type `E`.
    pub(super) fn read<E: Event + Send>(
        &mut self,
        event: &StoredEvent<'_>,
        names: Names,
        fold: Fold<P, E>,
    ) -> Result<(), StoreError>
    where
        P: Keyed<E>,
    {
        self.add(event, names, || event.decode_as::<E>().map(Some), fold)
    }

    /// Reads an event as one of set `E`.
    pub(super) fn read_set<E: EventSet + Send>(
        &mut self,
        event: &StoredEvent<'_>,
        names: Names,
        fold: Fold<P, E>,
    ) -> Result<(), StoreError>
    where
        P: Keyed<E>,
    {
        self.add(event, names, || Ok(event.decode::<E>()?.into_vec()), fold)
    }

    fn add<E: Send + 'static, I: IntoIterator<Item = E>>(
        &mut self,
        stored: &StoredEvent<'_>,
        names: Names,
        read: impl Fn() -> Result<I, StoreError>,
        fold: Fold<P, E>,
    ) -> Result<(), StoreError>
    where
        P: Keyed<E>,
    {
        let (origin, context) = self.circumstances(stored, names)?;
        for (at, event) in read()?.into_iter().enumerate() {
            let keys = match self.keys_of::<E>(&event, &context, &origin.aggregate, stored.sequence) {
                Ok(Some(keys)) => keys,
                Ok(None) => {
                    self.unrouted = Some(origin.aggregate);
                    return Ok(());
                }
                Err(failure) => {
                    self.failure = Some(failure);
                    return Ok(());
                }
            };
            let mut event = Some(event);
            for key in keys {
                // An event need not be cloneable, so it is read once more for each further row.
                let event = match event.take() {
                    Some(event) => Some(event),
                    None => read()?.into_iter().nth(at),
                };
                let (Some(event), context) = (event, context.clone()) else { continue };
                self.of_rows.push(Change {
                    key,
                    origin: origin.clone(),
                    fold: Box::new(move |row| fold(row, event, &context)),
                });
            }
        }
        Ok(())
    }

    /// The event as the origin of changes, and its context.
    fn circumstances(&mut self, stored: &StoredEvent<'_>, names: Names) -> Result<(Origin, Context), InvalidId> {
        let last = self.last.take().filter(|last| {
            last.aggregate_type() == names.aggregate_type && *last.aggregate_id() == stored.aggregate_id
        });
        let aggregate = match last {
            Some(last) => last,
            None => StreamId::of_type(names.aggregate_type, stored.aggregate_id)?,
        };
        self.last = Some(aggregate.clone());
        self.metadata.replace(stored.metadata);
        let (id, metadata) = (aggregate.aggregate_id().clone(), self.metadata.clone());
        let context = Context::new(stored.id, id, stored.sequence, stored.timestamp, metadata);
        Ok((Origin { position: stored.position, event_type: names.event_type, aggregate }, context))
    }

    /// The keys of the rows that an event concerns. `None` if they have to be looked up.
    fn keys_of<E>(
        &mut self,
        event: &E,
        context: &Context,
        stream: &StreamId,
        sequence: Sequence,
    ) -> Result<Option<Vec<AggregateId>>, ProjectionFailure>
    where
        P: Keyed<E>,
    {
        let keys: Keys<P::Key> = Panicked::catch(|| P::key(event, context))?;
        if keys.is_routed() {
            return match self.routes.of(stream, sequence) {
                Some(keys) if keys.is_empty() => Err(ProjectionFailure::NotRouted),
                keys => Ok(keys),
            };
        }
        let stored = keys.as_slice().iter().map(Id::to_aggregate_id).collect::<Result<Vec<_>, _>>();
        let stored = stored.map_err(|error| ProjectionFailure::Key(Box::new(error)))?;
        if self.routes.are_used() && !stored.is_empty() {
            self.named = Some(stored.clone());
        }
        Ok(Some(stored))
    }

    /// Reads an event of type `E`, which the projection handles by itself.
    pub(super) fn read_projected<E: Event + Send>(
        &mut self,
        event: &StoredEvent<'_>,
        names: Names,
    ) -> Result<(), StoreError>
    where
        P: Project<E>,
    {
        self.project(event, names, Some(event.decode_as::<E>()?))
    }

    /// Reads an event as one of set `E`, which the projection handles by itself.
    pub(super) fn read_projected_set<E: EventSet + Send>(
        &mut self,
        event: &StoredEvent<'_>,
        names: Names,
    ) -> Result<(), StoreError>
    where
        P: Project<E>,
    {
        self.project(event, names, event.decode::<E>()?.into_vec())
    }

    fn project<E>(
        &mut self,
        stored: &StoredEvent<'_>,
        names: Names,
        events: impl IntoIterator<Item = E>,
    ) -> Result<(), StoreError>
    where
        P: Project<E>,
    {
        let (origin, context) = self.circumstances(stored, names)?;
        for event in events {
            let mut rows = RowChanges::new();
            let projected = Panicked::catch(|| P::project(event, &context, &mut rows));
            let changes = projected.map_err(ProjectionFailure::from).and_then(|()| rows.finish());
            match changes {
                Ok(changes) => {
                    let changes = changes.into_iter().map(|(key, fold)| Change { key, origin: origin.clone(), fold });
                    self.of_rows.extend(changes);
                }
                Err(failure) => {
                    self.failure = Some(failure);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Begins the next event.
    pub(super) fn begin(&mut self) {
        self.of_rows.clear();
        (self.failure, self.named, self.unrouted) = (None, None, None);
    }

    /// What the event changes, once all of it is read.
    pub(super) fn finish(&mut self, event: &StoredEvent<'_>) -> Result<Read<'_, P>, ProjectionFailure> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if let Some(stream) = self.unrouted.take() {
            return Ok(Read::Unrouted(stream));
        }
        if self.routes.are_used()
            && let Ok(stream) = StreamId::new(event.aggregate_type, event.aggregate_id)
        {
            self.routes.remember(&stream, event.sequence, self.named.take());
        }
        if self.of_rows.len() > 2 {
            self.of_rows.sort_by(|one, other| one.key.cmp(&other.key));
        }
        Ok(self.collected())
    }

    pub(super) fn collected(&mut self) -> Read<'_, P> {
        Read::Changes(self.of_rows.drain(..))
    }
}

impl<P: Projection> Change<P> {
    /// The key of the row, as it is stored.
    pub fn key(&self) -> &AggregateId {
        &self.key
    }

    /// Whether it is a change of this row by the event at this position.
    pub(crate) fn is_of(&self, key: &AggregateId, position: Position) -> bool {
        self.origin.position == position && self.key == *key
    }

    /// The event.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Folds the event into the row.
    ///
    /// # Errors
    ///
    /// [`ProjectionError`] if the event cannot be folded.
    pub fn fold(self, row: Option<P::Row>) -> Result<(Option<P::Row>, Origin), ProjectionError> {
        let Self { key, origin, fold } = self;
        let failure = match Panicked::catch(|| fold(row)) {
            Ok(Ok(row)) => return Ok((row, origin)),
            Ok(Err(NoFold::NoRow)) => ProjectionFailure::NoRow { key: key.to_string() },
            Ok(Err(NoFold::RowExists)) => ProjectionFailure::RowExists { key: key.to_string() },
            Ok(Err(NoFold::NothingToChange)) => ProjectionFailure::NothingToChange { key: key.to_string() },
            Ok(Err(NoFold::CannotInsert)) => ProjectionFailure::CannotInsert { key: key.to_string() },
            Err(panicked) => panicked.into(),
        };
        Err(origin.failed::<P>(failure))
    }
}

impl<P: Projection> fmt::Debug for Change<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change").field("key", &self.key).field("origin", &self.origin).finish_non_exhaustive()
    }
}
