//! Reading the rows of a projection, and one's own writes among them.

mod error;

use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

pub use error::ReadModelError;
pub(crate) use error::reached;

use crate::projection::{LogRows, Projection, RowOf, decode_row};
use crate::store::{Activity, Checkpoint, ReadModelId, ReadModelStore, SkippedEvent, StoredRows};
use crate::subscription::partition_of;
use crate::{AggregateId, IdFor, Position, StoreError};

/// The wait before a checkpoint is read again is a quarter of the time that has passed, within
/// these limits.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// The rows of projection `P`, for reading; `store.read_model::<P>()` creates it.
///
/// If the projection has several types of rows, [`rows`](Self::rows) chooses the type `R`:
/// `store.read_model::<Ledger>().rows::<DailyTotal>()`.
///
/// A row is the fold of exactly the events up to the checkpoint of its partition, without those that
/// somebody has [skipped](crate::dead_letters).
///
/// # Reading one's own writes
///
/// Rows are folded shortly after an append was acknowledged. [`at_least`](Self::at_least) waits
/// until the rows contain it:
///
/// ```
/// # use es_core::{event, Aggregate, Apply, Context, Repository};
/// # use es_core::projection::Projection;
/// # use es_core::subscription::Subscriptions;
/// # #[event(version = 1)]
/// # pub struct Deposited { pub cents: i64 }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(Deposited))]
/// # pub struct Account { cents: i64 }
/// # impl Apply<Deposited> for Account {
/// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
/// # }
/// # #[derive(Projection, Default)]
/// # #[projection(version = 1, key = aggregate_id, events(Account(Deposited)))]
/// # pub struct Balance { cents: i64 }
/// # impl Apply<Deposited> for Balance {
/// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let store = es_core::memory::MemoryStore::new();
/// # let accounts = Repository::<Account>::new(&store);
/// use std::time::Duration;
///
/// let deposited = accounts.create("alice", Deposited { cents: 500 }).await?;
/// # Subscriptions::on(&store).project::<Balance>().catch_up().await?;
/// let balances = store.read_model::<Balance>().at_least(deposited.position()).within(Duration::from_secs(2));
/// assert_eq!(balances.get("alice").await?.map(|row| row.cents), Some(500));
/// # Ok(())
/// # }
/// ```
///
/// A position prints and parses, so it can travel to a client and back in a header.
///
/// # Errors
///
/// [`ReadModelError`] if the rows were never folded, or are folded for the first time. So a read
/// never sees a part of the log as if it were all.
#[must_use = "nothing is read before `get`"]
pub struct ReadModel<P, S, R = P> {
    store: S,
    at_least: Option<Position>,
    within: Duration,
    projection: PhantomData<fn() -> (P, R)>,
}

impl<P: Projection, S: ReadModelStore> ReadModel<P, S> {
    pub(crate) fn new(store: S) -> Self {
        Self { store, at_least: None, within: Duration::from_secs(5), projection: PhantomData }
    }
}

impl<P: Projection, S: ReadModelStore, R> ReadModel<P, S, R> {
    /// The rows of one type, if the projection has several.
    pub fn rows<T: RowOf<P>>(self) -> ReadModel<P, S, T> {
        let Self { store, at_least, within, projection: PhantomData } = self;
        ReadModel { store, at_least, within, projection: PhantomData }
    }

    /// Reads rows that contain every event up to this position: [`Committed::position`], or
    /// [`RecordedEvent::position`]. `None` requires nothing.
    ///
    /// [`Committed::position`]: crate::Committed::position
    /// [`RecordedEvent::position`]: crate::RecordedEvent::position
    pub fn at_least(self, position: impl Into<Option<Position>>) -> Self {
        Self { at_least: position.into(), ..self }
    }

    /// For how long a read waits for the position; 5 s by default.
    pub fn within(self, duration: Duration) -> Self {
        Self { within: duration, ..self }
    }

    /// The row with this key, or `None` if there is none. If some of its events are parked, it fails
    /// with [`ReadModelError::Parked`] at once.
    ///
    /// # Errors
    ///
    /// [`ReadModelError`].
    pub async fn get(&self, key: impl IdFor<R::Key>) -> Result<Option<R>, ReadModelError>
    where
        R: RowOf<P>,
    {
        let key = [R::stored_key(key).map_err(StoreError::from)?];
        let begun = Instant::now();
        // Most read models have one partition, so its number of partitions and the row are one read.
        let is_enough = |checkpoint: &Checkpoint| checkpoint.partitions > 1 || self.accepts(checkpoint);
        let (first, mut rows) = self.wait(0, &key, begun, is_enough).await?;
        if first.partitions > 1 {
            rows = self.read(partition_of(key[0].as_str(), first.partitions), &key, begun).await?;
        }
        let row = rows.rows.first().map(|(key, row)| decode_row::<P>(key, row));
        Ok(row.transpose()?.and_then(R::from_row))
    }

    /// The row with this key, folded now from the log. It needs no stored rows, so the projection
    /// need not run.
    ///
    /// It reads all events of the aggregates that the projection lists, so it is for tests, for
    /// examining a row, and for read models that are rarely read.
    ///
    /// # Errors
    ///
    /// [`ReadModelError::Unfoldable`], [`ReadModelError::Store`], or [`ReadModelError::Late`] if the
    /// position to wait for is not reached.
    pub async fn fold_now(&self, key: impl IdFor<R::Key>) -> Result<Option<R>, ReadModelError>
    where
        R: RowOf<P>,
    {
        let key = R::stored_key(key).map_err(StoreError::from)?;
        let begun = Instant::now();
        let frontier = loop {
            let frontier = self.store.frontier().await?;
            if frontier >= self.at_least {
                break frontier;
            }
            if begun.elapsed() >= self.within {
                let partition = ReadModelId::of::<P>().partition(0);
                return Err(ReadModelError::Late { partition, position: frontier, within: self.within });
            }
            self.pause(begun).await;
        };
        let wanted = key.clone();
        let mut rows = LogRows::<P>::new(1, move |key| *key == wanted);
        rows.leave_out(self.skipped(&key).await?);
        rows.fold::<ReadModelError>(&self.store, 0..1, frontier).await?;
        Ok(rows.take(&key)?.and_then(R::from_row))
    }

    /// What somebody has skipped in the partition of a key.
    async fn skipped(&self, key: &AggregateId) -> Result<Vec<SkippedEvent>, StoreError> {
        let model = ReadModelId::of::<P>();
        let Some((first, _)) = self.store.read_rows(&model.partition(0), &[]).await? else { return Ok(Vec::new()) };
        let partition = model.partition_of(key, first.partitions);
        let letters = self.store.letters(&partition).await?;
        Ok(letters.map(|letters| letters.skipped).unwrap_or_default())
    }

    /// Waits until every partition has reached the position, for a read of several rows by other
    /// means than this type. A row whose events are parked is as of the event before them.
    ///
    /// # Errors
    ///
    /// [`ReadModelError`].
    pub async fn ready(&self) -> Result<(), ReadModelError> {
        let begun = Instant::now();
        let (first, _) = self.wait(0, &[], begun, |checkpoint| self.accepts(checkpoint)).await?;
        for partition in 1..first.partitions {
            self.read(partition, &[], begun).await?;
        }
        Ok(())
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Whether rows as of a checkpoint are those that are asked for, for a read of several rows by
    /// other means than this type.
    pub fn accepts(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.is_live && checkpoint.position >= self.at_least
    }

    /// The stored rows with these keys, as of the position or later.
    async fn read(&self, partition: u32, keys: &[AggregateId], begun: Instant) -> Result<StoredRows, ReadModelError> {
        let (_, rows) = self.wait(partition, keys, begun, |checkpoint| self.accepts(checkpoint)).await?;
        Ok(rows)
    }

    /// Reads until the checkpoint meets a condition.
    async fn wait(
        &self,
        partition: u32,
        keys: &[AggregateId],
        begun: Instant,
        is_ready: impl Fn(&Checkpoint) -> bool,
    ) -> Result<(Checkpoint, StoredRows), ReadModelError> {
        let projection = ReadModelId::of::<P>();
        let partition = projection.partition(partition);
        loop {
            let is_late = self.at_least.is_none() || begun.elapsed() >= self.within;
            let mut read = self.store.read_rows(&partition, keys).await?;
            if let Some((key, position)) = read.as_mut().and_then(|(_, rows)| rows.parked.pop()) {
                return Err(ReadModelError::Parked { partition, key, position });
            }
            match read {
                Some((checkpoint, rows)) if is_ready(&checkpoint) => return Ok((checkpoint, rows)),
                Some((Checkpoint { activity: Activity::Stopped(failure), .. }, _)) => {
                    return Err(ReadModelError::Stopped { partition, failure });
                }
                Some((Checkpoint { activity: Activity::Paused, position, .. }, _)) => {
                    return Err(ReadModelError::Paused { partition, position });
                }
                Some((Checkpoint { position, is_live: false, .. }, _)) if is_late => {
                    return Err(ReadModelError::Building { partition, position });
                }
                Some((Checkpoint { position, .. }, _)) if is_late => {
                    return Err(ReadModelError::Late { partition, position, within: self.within });
                }
                None if is_late => return Err(ReadModelError::NeverFolded { projection }),
                _ => {}
            }
            self.pause(begun).await;
        }
    }

    async fn pause(&self, begun: Instant) {
        self.store.sleep((begun.elapsed() / 4).clamp(SHORTEST_WAIT, LONGEST_WAIT)).await;
    }
}

impl<P: Projection, S, R> fmt::Debug for ReadModel<P, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadModel")
            .field("projection", &ReadModelId::of::<P>())
            .field("at_least", &self.at_least)
            .finish_non_exhaustive()
    }
}
