//! One batch of a partition: the changes of a page, folded into rows.

use std::collections::{HashMap, HashSet};

use super::changes::Changes;
use super::parked::{BatchLetters, Parked, Treatment, failed};
use super::pending::{Pending, size};
use crate::error::{ErrorChain, SharedError};
use crate::projection::{Change, Origin, Projection, ProjectionError, Unread, decode_row, encode_row};
use crate::store::{DeadLetter, EventData, MAX_EVENT_BYTES, ReadModelId, StoredRows};
use crate::{AggregateId, Position, StoreError};

/// The size of the rows that are kept in memory between commits, in bytes as they are stored.
const KEPT_BYTES: usize = 32 << 20;

/// The rows that a partition has in memory. They are valid as long as its lease.
pub(super) struct KeptRows<P: Projection> {
    /// `None` if there is no row with the key.
    rows: HashMap<AggregateId, Option<P::Row>>,
    /// Whether a row that is not in memory does not exist.
    has_all: bool,
    /// The size of a row in bytes, on average.
    row_bytes: usize,
    pub(super) parked: Parked,
}

/// An event that cannot be handled.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    pub(super) position: Position,
    pub(super) error: FailedBy,
}

#[derive(Debug, Clone)]
pub(super) enum FailedBy {
    Projection(Box<ProjectionError>),
    /// A handler has refused it, or one after it.
    Handler(SharedError),
    Store(StoreError),
    /// One event more would be parked than a partition may have.
    TooManyParked,
}

/// A row after all that an event changes in it, or why the event cannot be folded.
type Folded<P> = Result<(Option<<P as Projection>::Row>, Origin), ProjectionError>;

/// Why the events of a page are not folded.
pub(super) enum Unfolded {
    /// An event fails, so the partition stops before it.
    Stop(Failed),
    /// An event fails, and its row is folded once more, up to the event.
    Again,
}

impl Failed {
    /// The event after a position. Its own position cannot be read, but nothing between is wanted.
    pub(super) fn after(position: Option<Position>, error: StoreError) -> Self {
        Self { position: position.map_or(Position::FIRST, Position::next), error: FailedBy::Store(error) }
    }
}

impl From<Unread> for Failed {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Store(after, error) => Self::after(after, error),
            Unread::Projection(error) => error.into(),
        }
    }
}

impl From<ProjectionError> for Failed {
    fn from(error: ProjectionError) -> Self {
        Self { position: error.position, error: FailedBy::Projection(Box::new(error)) }
    }
}

/// What a batch changes.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// `None` for those that are removed.
    pub(super) rows: Vec<(AggregateId, Option<EventData>)>,
    pub(super) letters: Vec<DeadLetter>,
}

impl<P: Projection> KeptRows<P> {
    pub(super) fn new(parked: Parked, has_all: bool) -> Self {
        Self { rows: HashMap::new(), has_all, row_bytes: 0, parked }
    }

    /// Forgets the rows, because they contain events that are neither pending nor committed.
    pub(super) fn forget(&mut self) {
        self.rows.clear();
        self.has_all = false;
    }

    /// The keys of the rows that have to be read. Those that are pending are kept.
    pub(super) fn missing(&mut self, changes: &Changes<P>, pending: &Pending) -> Result<Vec<AggregateId>, StoreError> {
        let mut missing = HashSet::new();
        for key in changes.changes.iter().map(Change::key) {
            if self.rows.contains_key(key) {
                continue;
            }
            match pending.row(key) {
                Some(row) => {
                    let row = row.as_ref().map(|row| decode_row::<P>(key, row)).transpose()?;
                    self.rows.insert(key.clone(), row);
                }
                None if self.has_all => {}
                None => {
                    missing.insert(key);
                }
            }
        }
        Ok(missing.into_iter().cloned().collect())
    }

    /// Keeps the stored rows with these keys.
    pub(super) fn keep(&mut self, keys: Vec<AggregateId>, stored: StoredRows) -> Result<(), StoreError> {
        self.rows.extend(keys.into_iter().map(|key| (key, None)));
        for (key, row) in stored.rows {
            let row = decode_row::<P>(&key, &row)?;
            self.rows.insert(key, Some(row));
        }
        Ok(())
    }

    /// Folds the changes, and writes the rows that they change. After an error the rows in memory
    /// are not valid any more.
    pub(super) fn fold(&mut self, changes: Changes<P>) -> Result<Written, Unfolded> {
        let mut touched: HashMap<AggregateId, Origin> = HashMap::new();
        let (mut letters, mut failing) = (BatchLetters::default(), HashSet::new());
        let mut changes = changes.changes.into_iter().peekable();
        while let Some(first) = changes.next() {
            let (key, position) = (first.key().clone(), first.origin().position());
            let mut rest = std::iter::from_fn(|| changes.next_if(|next| next.is_of(&key, position)));
            let folded = match self.parked.treatment(&key, position, &letters) {
                Treatment::Folded if failing.contains(&key) => None,
                Treatment::Folded => Some(fold_event(first, &mut rest, self.rows.remove(&key).flatten())),
                Treatment::FoldedCarefully => match self.fold_carefully(&key, first, &mut rest)? {
                    Err(error) => {
                        letters.park(key.clone(), position, failed(ErrorChain::new(&error).to_string()));
                        None
                    }
                    folded => Some(folded),
                },
                Treatment::Parked(reason) => {
                    letters.park(key.clone(), position, reason);
                    None
                }
                Treatment::Skipped => None,
            };
            rest.for_each(drop);
            match folded {
                None => {}
                Some(Ok((row, origin))) => {
                    self.rows.insert(key.clone(), row);
                    touched.insert(key, origin);
                }
                Some(Err(_)) if self.parked.is_chosen() => {
                    failing.insert(key);
                }
                Some(Err(error)) => return Err(Unfolded::Stop(error.into())),
            }
        }
        let mut rows = Vec::with_capacity(touched.len());
        for (key, origin) in touched {
            match store_row::<P>(self.rows.get(&key).and_then(Option::as_ref), &key, &origin) {
                Ok(row) => rows.push((key, row)),
                // A row that could be written after each event is not written alike each time.
                Err(_) if self.parked.is_chosen() && !self.parked.is_careful(&key) => {
                    failing.insert(key);
                }
                Err(error) => return Err(Unfolded::Stop(error.into())),
            }
        }
        if failing.is_empty() {
            if let Some(average) = rows.iter().map(|(_, row)| size(row.as_ref())).sum::<usize>().checked_div(rows.len())
            {
                self.row_bytes = average;
            }
            return Ok(Written { rows, letters: letters.into_letters() });
        }
        self.parked.be_careful(failing);
        Err(Unfolded::Again)
    }

    /// Folds an event, and requires that the row can be stored after it. If not, the row stays as it
    /// was.
    fn fold_carefully(
        &mut self,
        key: &AggregateId,
        first: Change<P>,
        rest: &mut impl Iterator<Item = Change<P>>,
    ) -> Result<Folded<P>, Unfolded> {
        // A row need not be cloneable.
        let row = self.rows.remove(key).flatten();
        let before = store_row::<P>(row.as_ref(), key, first.origin()).map_err(|error| Unfolded::Stop(error.into()))?;
        let origin = first.origin().clone();
        let folded = fold_event(first, rest, row);
        let folded = folded.and_then(|(row, last)| store_row::<P>(row.as_ref(), key, &last).map(|_| (row, last)));
        if folded.is_err() {
            let row = before.map(|row| decode_row::<P>(key, &row)).transpose();
            let row = row.map_err(|error| Unfolded::Stop(origin.unstorable::<P>(key, error).into()))?;
            self.rows.insert(key.clone(), row);
        }
        Ok(folded)
    }

    /// What is folded is committed.
    pub(super) fn committed(&mut self) {
        self.parked.committed();
        if self.rows.len().saturating_mul(self.row_bytes) > KEPT_BYTES {
            self.forget();
        }
    }
}

/// Folds all that an event changes in a row.
pub(crate) fn fold_event<P: Projection>(
    first: Change<P>,
    rest: impl Iterator<Item = Change<P>>,
    row: Option<P::Row>,
) -> Folded<P> {
    let (mut row, mut origin) = first.fold(row)?;
    for change in rest {
        (row, origin) = change.fold(row)?;
    }
    Ok((row, origin))
}

/// Writes a row as it is stored after an event.
pub(crate) fn store_row<P: Projection>(
    row: Option<&P::Row>,
    key: &AggregateId,
    origin: &Origin,
) -> Result<Option<EventData>, ProjectionError> {
    let Some(row) = row else { return Ok(None) };
    let row = encode_row::<P>(row).and_then(|row| match row.as_raw().as_bytes().len() {
        bytes if bytes > MAX_EVENT_BYTES => {
            let what = format!("row {key} of {}", ReadModelId::of::<P>());
            Err(StoreError::TooLarge { what, bytes, limit: MAX_EVENT_BYTES })
        }
        _ => Ok(row),
    });
    row.map(Some).map_err(|error| origin.unstorable::<P>(key, error))
}
