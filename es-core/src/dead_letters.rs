//! Events that a projection could not fold, for those who operate it.
//!
//! With [`OnError::Park`](crate::subscription::OnError::Park), an event that cannot be folded into a
//! row is *parked*, and so is each later event of the row, because they have to be folded in order.
//! The events stay in the log, and their positions are recorded in the commit that moves the
//! checkpoint over them. So an event is folded, or after the checkpoint, or parked with all that
//! follows it in its row, or skipped by somebody.
//!
//! ```
//! # use es_core::{event, Aggregate, Apply, Context, Repository};
//! # use es_core::projection::Projection;
//! # #[event(version = 1)]
//! # pub struct Deposited { pub cents: i64 }
//! # #[derive(Aggregate, Default)]
//! # #[aggregate(events(Deposited))]
//! # pub struct Account { cents: i64 }
//! # impl Apply<Deposited> for Account {
//! #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
//! # }
//! #[derive(Projection, Default)]
//! #[projection(version = 1, key = aggregate_id, events(Account(Deposited)))]
//! pub struct Balance { cents: u32 }
//!
//! impl Apply<Deposited> for Balance {
//!     fn apply(&mut self, event: Deposited, _: &Context) {
//!         self.cents += u32::try_from(event.cents).expect("a deposit is positive");
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let store = es_core::memory::MemoryStore::new();
//! use es_core::store::ReadModelStore;
//! use es_core::subscription::{OnError, Subscriptions};
//!
//! let accounts = Repository::<Account>::new(&store);
//! let wrong = accounts.create("alice", Deposited { cents: -500 }).await?;
//! accounts.update("alice", |_| Deposited { cents: 300 }).await?;
//! accounts.create("bob", Deposited { cents: 700 }).await?;
//!
//! let subscriptions = Subscriptions::on(&store);
//! subscriptions.project_with::<Balance>(|options| options.on_error(OnError::Park)).catch_up().await?;
//! assert_eq!(store.read_model::<Balance>().get("bob").await?.map(|row| row.cents), Some(700));
//! assert!(store.read_model::<Balance>().get("alice").await.is_err());
//!
//! let letters = store.dead_letters::<Balance>();
//! assert_eq!(letters.list().await?.len(), 2);
//! let position = wrong.position().expect("an event was recorded");
//! letters.skip(position, "ann", "recorded by mistake").await?;
//! letters.retry("alice").await?;
//! assert_eq!(store.read_model::<Balance>().get("alice").await?.map(|row| row.cents), Some(300));
//! # Ok(())
//! # }
//! ```

mod error;
mod retry;
mod taken;

use std::fmt;
use std::marker::PhantomData;

pub use error::DeadLettersError;
pub use retry::Retried;

use crate::store::{
    DeadLetter, LetterChanges, ParkReason, Partition, PartitionLetters, ReadModelId, ReadModelStore, SkippedEvent,
};
use crate::subscription::Taken;
use crate::{Position, StoreError, Timestamp};

/// The events of a read model that are parked or skipped; `store.dead_letters::<P>()` and
/// `store.dead_letters_of(&model)` create it. The second one does not need the code of the
/// projection, so it cannot [`retry`](Self::retry).
///
/// [`retry`](Self::retry) and [`skip`](Self::skip) take the lease of a partition from the process
/// that folds it. That process continues a second after they have given it back. If their futures
/// are dropped, it continues after up to 10 s.
pub struct DeadLetters<P, S> {
    store: S,
    model: ReadModelId,
    projection: PhantomData<fn() -> P>,
}

impl<P, S: ReadModelStore> DeadLetters<P, S> {
    pub(crate) fn new(store: S, model: ReadModelId) -> Self {
        Self { store, model, projection: PhantomData }
    }

    /// What is parked, in the order of positions.
    ///
    /// # Errors
    ///
    /// [`DeadLettersError`] if the projection was never folded, or the store cannot be read.
    pub async fn list(&self) -> Result<Vec<DeadLetter>, DeadLettersError> {
        let letters = self.all_letters().await?.into_iter();
        let mut listed: Vec<_> = letters.flat_map(|letters| letters.parked).collect();
        listed.sort_by(|a, b| (a.position, &a.key).cmp(&(b.position, &b.key)));
        Ok(listed)
    }

    /// What was skipped, in the order of positions.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    pub async fn skipped(&self) -> Result<Vec<SkippedEvent>, DeadLettersError> {
        let letters = self.all_letters().await?.into_iter();
        let mut listed: Vec<_> = letters.flat_map(|letters| letters.skipped).collect();
        listed.sort_by(|a, b| (a.position, &a.key).cmp(&(b.position, &b.key)));
        Ok(listed)
    }

    /// Leaves an event out of the rows into which it could not be folded. It is recorded who has
    /// decided that, and why. The events behind it stay parked until [`retry`](Self::retry).
    ///
    /// The event stays left out, also if the read model is reset. A new version of the projection
    /// folds it again.
    ///
    /// # Errors
    ///
    /// [`DeadLettersError::NotFailed`] if no row failed at this position, also if the event is only
    /// behind one that did, and the other variants. After an error, `skip` may have succeeded for
    /// some of the rows, and can be called again for the others.
    pub async fn skip(
        &self,
        position: Position,
        who: impl Into<String>,
        why: impl Into<String>,
    ) -> Result<Vec<SkippedEvent>, DeadLettersError> {
        let (who, why) = (who.into(), why.into());
        if who.trim().is_empty() || why.trim().is_empty() {
            return Err(DeadLettersError::Unnamed);
        }
        let skip = |letter: &DeadLetter| match &letter.reason {
            ParkReason::Failed { error, .. } if letter.position == position => {
                let (key, error) = (letter.key.clone(), error.clone());
                Some(SkippedEvent { key, position, error, who: who.clone(), why: why.clone(), at: Timestamp::now() })
            }
            _ => None,
        };
        let mut skipped = Vec::new();
        for partition in self.partitions().await? {
            if self.letters(&partition).await?.parked.iter().any(|letter| skip(letter).is_some()) {
                let taken = self.take(partition).await?;
                let done = skip_in(&taken, skip).await;
                taken.give_back().await;
                skipped.extend(done?);
            }
        }
        if skipped.is_empty() {
            return Err(DeadLettersError::NotFailed { read_model: self.model.clone(), position });
        }
        for event in &skipped {
            let SkippedEvent { key, error, who, why, .. } = event;
            tracing::warn!(read_model = %self.model, %position, %key, error, who, why, "an event is skipped");
        }
        Ok(skipped)
    }

    /// All partitions of the read model.
    async fn partitions(&self) -> Result<Vec<Partition>, DeadLettersError> {
        let read = self.store.read_rows(&self.model.partition(0), &[]).await?;
        let (checkpoint, _) = read.ok_or_else(|| self.never_folded())?;
        Ok((0..checkpoint.partitions).map(|number| self.model.partition(number)).collect())
    }

    /// Takes the lease of a partition from its owner.
    async fn take(&self, partition: Partition) -> Result<Taken<'_, S>, DeadLettersError> {
        let taken = Taken::take(&self.store, partition.clone()).await?;
        taken.ok_or(DeadLettersError::Interrupted { partition })
    }

    /// The letters of each partition.
    async fn all_letters(&self) -> Result<Vec<PartitionLetters>, DeadLettersError> {
        let mut all = Vec::new();
        for partition in self.partitions().await? {
            all.push(self.letters(&partition).await?);
        }
        Ok(all)
    }

    async fn letters(&self, partition: &Partition) -> Result<PartitionLetters, DeadLettersError> {
        self.store.letters(partition).await?.ok_or_else(|| self.never_folded())
    }

    fn never_folded(&self) -> DeadLettersError {
        DeadLettersError::NeverFolded { read_model: self.model.clone() }
    }
}

/// Skips the letters of a partition for which there is a record.
async fn skip_in<S: ReadModelStore>(
    taken: &Taken<'_, S>,
    skip: impl Fn(&DeadLetter) -> Option<SkippedEvent>,
) -> Result<Vec<SkippedEvent>, DeadLettersError> {
    let skipped: Vec<_> = taken.letters().await?.parked.iter().filter_map(skip).collect();
    let removed = skipped.iter().map(|event| (event.key.clone(), event.position)).collect();
    let letters = LetterChanges { removed, skipped: skipped.clone(), ..LetterChanges::default() };
    taken.commit(Vec::new(), letters).await.map_err(|error| taken.failed(error))?;
    Ok(skipped)
}

impl<P, S> fmt::Debug for DeadLetters<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetters").field("read_model", &self.model).finish_non_exhaustive()
    }
}

/// Why a commit did not happen.
enum NotCommitted {
    Lost,
    Failed(StoreError),
}
