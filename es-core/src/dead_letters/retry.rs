//! Folds what is parked once more.

use super::{DeadLetters, DeadLettersError};
use crate::error::{ErrorChain, SharedError};
use crate::projection::{Change, Dispatch, PageRange, Projection, Unread, decode_row};
use crate::store::{DeadLetter, EventData, FeedFilter, FeedPage, LetterChanges, ParkReason, ReadModelStore};
use crate::subscription::{Taken, before, fold_event, store_row};
use crate::{AggregateId, IdFor, Position, StoreError, Timestamp};

/// What a retry did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retried {
    /// The number of events that are folded and no longer parked.
    pub folded: usize,
    /// The event that could not be folded again. It stays parked, and so do all behind it.
    pub failed: Option<DeadLetter>,
}

impl<P: Projection, S: ReadModelStore> DeadLetters<P, S> {
    /// Folds the parked events of a row in order, up to the first one that fails again. If nothing
    /// remains, the row is folded as the others are from then on.
    ///
    /// The key of a row of a projection with `rows(..)` is that of its [letter](DeadLetter::key), as
    /// `daily_total/2026-11-26`.
    ///
    /// Each event is a commit, so if this process dies, the rest stays parked.
    ///
    /// # Errors
    ///
    /// [`DeadLettersError`]. Before it, some events may have been folded.
    pub async fn retry(&self, key: impl IdFor<P::Key>) -> Result<Retried, DeadLettersError> {
        let key = key.to_stored()?;
        let partitions = u32::try_from(self.partitions().await?.len()).unwrap_or(u32::MAX);
        let partition = self.model.partition_of(&key, partitions);
        // Nothing is taken from its owner in vain.
        if self.letters(&partition).await?.parked.iter().all(|letter| letter.key != key) {
            return Ok(Retried::default());
        }
        let taken = self.take(partition).await?;
        let retried = retry::<P, S>(&taken, &key).await;
        taken.give_back().await;
        let retried = retried?;
        let (folded, failed) = (retried.folded, retried.failed.as_ref().map(|letter| letter.position.get()));
        tracing::info!(read_model = %self.model, %key, folded, failed, "parked events were folded again");
        Ok(retried)
    }
}

async fn retry<P: Projection, S: ReadModelStore>(
    taken: &Taken<'_, S>,
    key: &AggregateId,
) -> Result<Retried, DeadLettersError> {
    let mut letters = taken.letters().await?.parked;
    letters.retain(|letter| letter.key == *key);
    let mut row: Option<P::Row> = taken.row(key).await?.map(|row| decode_row::<P>(key, &row)).transpose()?;
    let mut log = Log::new(taken.store, Dispatch::<P>::new());
    let mut retried = Retried::default();
    for letter in letters {
        log.read(letter.position).await?;
        match fold(taken, &mut log, key, letter.position, row).await? {
            Ok(folded) => {
                row = folded;
                retried.folded += 1;
            }
            Err(error) => {
                let removed = vec![(key.clone(), letter.position)];
                let failed = failed_again(letter, error);
                let letters = LetterChanges { removed, parked: vec![failed.clone()], skipped: Vec::new() };
                taken.commit(Vec::new(), letters).await.map_err(|error| taken.failed(error))?;
                retried.failed = Some(failed);
                break;
            }
        }
    }
    Ok(retried)
}

/// Folds the event at a position, and removes its letter. Returns the row, or why it fails again.
async fn fold<P: Projection, S: ReadModelStore>(
    taken: &Taken<'_, S>,
    log: &mut Log<'_, P, S>,
    key: &AggregateId,
    position: Position,
    row: Option<P::Row>,
) -> Result<Result<Option<P::Row>, String>, DeadLettersError> {
    let (row, stored) = match log.fold(key, position, row).await? {
        Ok(folded) => folded,
        Err(error) => return Ok(Err(error)),
    };
    let letters = LetterChanges { removed: vec![(key.clone(), position)], ..LetterChanges::default() };
    match taken.commit(vec![(key.clone(), stored)], letters).await {
        Ok(()) => Ok(Ok(row)),
        Err(error) => {
            let refused = error.refused().map_err(|error| taken.failed(error))?;
            Ok(Err(ErrorChain::new(&refused).to_string()))
        }
    }
}

/// The letter after its event has failed once more.
fn failed_again(letter: DeadLetter, error: String) -> DeadLetter {
    let attempts = match letter.reason {
        ParkReason::Failed { attempts, .. } => attempts.saturating_add(1),
        ParkReason::Behind => 1,
    };
    DeadLetter { reason: ParkReason::Failed { error, attempts }, at: Timestamp::now(), ..letter }
}

/// Reads events at their positions, in order.
struct Log<'a, P: Projection, S> {
    store: &'a S,
    dispatch: Dispatch<P>,
    filter: FeedFilter,
    page: Option<FeedPage>,
}

impl<'a, P: Projection, S: ReadModelStore> Log<'a, P, S> {
    fn new(store: &'a S, dispatch: Dispatch<P>) -> Self {
        Self { store, filter: dispatch.filter(), dispatch, page: None }
    }

    /// Reads the page with a position, which is higher than those before.
    async fn read(&mut self, position: Position) -> Result<(), StoreError> {
        if self.page.as_ref().is_none_or(|page| page.reaches < Some(position)) {
            self.page = Some(self.store.page(before(position), &self.filter).await?);
        }
        Ok(())
    }

    /// Folds the event at a position of the page into a row. Returns the row, also as it is stored.
    async fn fold(
        &self,
        key: &AggregateId,
        position: Position,
        row: Option<P::Row>,
    ) -> Result<Result<(Option<P::Row>, Option<EventData>), String>, StoreError> {
        let changes = match self.changes(position).await? {
            Ok(changes) => changes,
            Err(error) => return Ok(Err(ErrorChain::new(error.as_error()).to_string())),
        };
        let mut of_row = changes.into_iter().filter(|change| change.is_of(key, position));
        let Some(first) = of_row.next() else {
            let error = "the event does not change the row any more; increase the `version` of the projection";
            return Ok(Err(error.into()));
        };
        let folded = fold_event(first, of_row, row).and_then(|(row, origin)| {
            let stored = store_row::<P>(row.as_ref(), key, &origin)?;
            Ok((row, stored))
        });
        Ok(folded.map_err(|error| ErrorChain::new(&error).to_string()))
    }

    /// What the event at a position changes.
    async fn changes(&self, position: Position) -> Result<Result<Vec<Change<P>>, SharedError>, StoreError> {
        let Some(page) = &self.page else { return Ok(Ok(Vec::new())) };
        let range = PageRange { after: before(position), end: Some(position.next()) };
        let (changes, unread) = self.dispatch.changes(self.store, page, range, |_| true).await?;
        Ok(match unread {
            None => Ok(changes),
            Some(Unread::Store(_, error)) => Err(error.into()),
            Some(Unread::Projection(error)) => Err(error.into()),
        })
    }
}
