//! What events change, and the rows that they are folded into.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::{Dispatch, Keyed, Keys, Projection, ProjectionError, ProjectionFailure};
use crate::error::{Panicked, StoreError};
use crate::event_types::Event;
use crate::store::{EventData, EventSet, Payload, StoredEvent};
use crate::{AggregateId, Context, Id, IdFor, Position, StreamId};

/// Why an event cannot be folded into a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum NoFold {
    NoRow,
    RowExists,
}

/// Folds one event into a row.
pub(super) type Fold<P, E> = fn(Option<P>, E, &Context) -> Result<Option<P>, NoFold>;

/// Folds the event that it holds.
type FoldOnce<P> = Box<dyn FnOnce(Option<P>) -> Result<Option<P>, NoFold> + Send>;

/// What one event changes in one row.
pub struct Change<P> {
    /// The key of the row, as it is stored.
    key: AggregateId,
    origin: Origin,
    fold: FoldOnce<P>,
}

/// The event that changes a row.
#[derive(Debug, Clone)]
pub struct Origin {
    position: Position,
    event_type: Box<str>,
    aggregate: StreamId,
}

impl Origin {
    pub(super) fn of(event: &StoredEvent<'_>, aggregate: StreamId) -> Self {
        Self { position: event.position, event_type: event.event_type.into(), aggregate }
    }

    /// The place of the event in the store.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The error that projection `P` cannot handle the event.
    pub(super) fn failed<P: Projection>(&self, failure: ProjectionFailure) -> ProjectionError {
        ProjectionError {
            projection: P::NAME,
            position: self.position,
            event_type: self.event_type.to_string(),
            aggregate: self.aggregate.to_string(),
            failure,
        }
    }

    /// The error that projection `P` cannot store a row after the event.
    pub(crate) fn unstorable<P: Projection>(&self, key: &AggregateId, source: StoreError) -> ProjectionError {
        self.failed::<P>(ProjectionFailure::Row { key: key.to_string(), source: Box::new(source) })
    }
}

/// Collects what an event changes.
pub(super) struct Changes<P> {
    changes: Vec<Change<P>>,
    /// Why the keys of the event are invalid.
    failure: Option<ProjectionFailure>,
}

impl<P: Projection> Changes<P> {
    pub(super) fn new() -> Self {
        Self { changes: Vec::new(), failure: None }
    }

    /// Reads an event of type `E`.
    pub(super) fn read<E: Event + Send>(&mut self, event: &StoredEvent<'_>, fold: Fold<P, E>) -> Result<(), StoreError>
    where
        P: Keyed<E>,
    {
        self.add(event, || event.decode_as::<E>().map(|event| vec![event]), fold)
    }

    /// Reads an event as one of set `E`.
    pub(super) fn read_set<E: EventSet + Send>(
        &mut self,
        event: &StoredEvent<'_>,
        fold: Fold<P, E>,
    ) -> Result<(), StoreError>
    where
        P: Keyed<E>,
    {
        self.add(event, || Ok(event.decode::<E>()?.into_vec()), fold)
    }

    fn add<E: Send + 'static>(
        &mut self,
        stored: &StoredEvent<'_>,
        read: impl Fn() -> Result<Vec<E>, StoreError>,
        fold: Fold<P, E>,
    ) -> Result<(), StoreError>
    where
        P: Keyed<E>,
    {
        let stream = StreamId::new(stored.aggregate_type, stored.aggregate_id)?;
        let context = stored.context(&stream);
        for (at, event) in read()?.into_iter().enumerate() {
            let keys = match keys_of::<P, E>(&event, &context) {
                Ok(keys) => keys,
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
                self.changes.push(Change {
                    key,
                    origin: Origin::of(stored, stream.clone()),
                    fold: Box::new(move |row| fold(row, event, &context)),
                });
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<Change<P>>, ProjectionFailure> {
        match self.failure {
            None => Ok(self.changes),
            Some(failure) => Err(failure),
        }
    }
}

fn keys_of<P: Keyed<E>, E>(event: &E, context: &Context) -> Result<Vec<AggregateId>, ProjectionFailure> {
    let keys: Keys<P::Key> = Panicked::catch(|| P::key(event, context))?;
    let stored = keys.as_slice().iter().map(Id::to_aggregate_id);
    stored.collect::<Result<_, _>>().map_err(|error| ProjectionFailure::Key(Box::new(error)))
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
    pub fn fold(self, row: Option<P>) -> Result<(Option<P>, Origin), ProjectionError> {
        let Self { key, origin, fold } = self;
        let failure = match Panicked::catch(|| fold(row)) {
            Ok(Ok(row)) => return Ok((row, origin)),
            Ok(Err(NoFold::NoRow)) => ProjectionFailure::NoRow { key: key.to_string() },
            Ok(Err(NoFold::RowExists)) => ProjectionFailure::RowExists { key: key.to_string() },
            Err(panicked) => panicked.into(),
        };
        Err(origin.failed::<P>(failure))
    }
}

impl<P> fmt::Debug for Change<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change").field("key", &self.key).field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Rows in memory, folded from events.
///
/// The test kit returns them, as `given(..).rows::<CustomerBalance>()`.
#[derive(Debug)]
pub struct Rows<P> {
    rows: HashMap<AggregateId, P>,
}

impl<P: Projection> Rows<P> {
    /// No rows.
    pub fn new() -> Self {
        Self { rows: HashMap::new() }
    }

    /// Folds the next event. Its rows are written as BSON and read back, as a store does.
    ///
    /// # Errors
    ///
    /// [`ProjectionError`] if it cannot be folded, or a row cannot be stored.
    pub fn push(&mut self, dispatch: &Dispatch<P>, event: &StoredEvent<'_>) -> Result<(), ProjectionError> {
        for change in dispatch.read(event)? {
            let key = change.key().clone();
            let (Some(row), origin) = change.fold(self.rows.remove(&key))? else { continue };
            let stored = encode_row(&row).and_then(|row| decode_row(&row));
            let row = stored.map_err(|error| origin.unstorable::<P>(&key, error))?;
            self.rows.insert(key, row);
        }
        Ok(())
    }

    /// The row with this key.
    pub fn get(&self, key: impl IdFor<P::Key>) -> Option<&P> {
        self.rows.get(&key.to_stored().ok()?)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl<P: Projection> Default for Rows<P> {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes a row. A panic in its serializer is an error, too.
pub(crate) fn encode_row<P: Projection>(row: &P) -> Result<EventData, StoreError> {
    EventData::encode_caught(P::NAME, &RowRef(row))
}

/// Reads a stored row. A panic in its deserializer is an error, too.
///
/// # Errors
///
/// [`StoreError::NotReadBack`] if the data is not a row of `P`.
pub fn decode_row<P: Projection>(row: &impl Payload) -> Result<P, StoreError> {
    let unreadable = |reason: String| StoreError::NotReadBack { what: P::NAME.to_owned(), field: None, reason };
    match Panicked::catch(|| row.decode::<Row<P>>()) {
        Ok(Ok(Row(row))) => Ok(row),
        Ok(Err(error)) => Err(unreadable(error.to_string())),
        Err(panicked) => Err(unreadable(panicked.to_string())),
    }
}

/// A row in a form that serde can write.
pub(crate) struct RowRef<'a, P>(pub(crate) &'a P);

impl<P: Projection> Serialize for RowRef<'_, P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_row(serializer)
    }
}

/// A row in a form that serde can read.
pub(crate) struct Row<P>(pub(crate) P);

impl<'de, P: Projection> Deserialize<'de> for Row<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        P::deserialize_row(deserializer).map(Self)
    }
}
