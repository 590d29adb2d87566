//! Compares the rows of a read model with a fold of the log.

use std::fmt;
use std::marker::PhantomData;

use bson::{Bson, Document};

use super::sample::Drawn;
use super::{RebuildError, Sample, partitions};
use crate::projection::{LogRows, Projection, encode_row};
use crate::store::{EventData, ReadModelId, ReadModelStore, StoredRows};
use crate::subscription::partition_of;
use crate::{AggregateId, Position, StoreError};

/// The number of rows that are read at once.
const AT_ONCE: usize = 500;

/// What a comparison of rows of projection `P` with the log has found.
#[must_use = "the differences may be of interest"]
pub struct Comparison<P> {
    keys: u64,
    up_to: Option<Position>,
    differences: Vec<Difference>,
    projection: PhantomData<fn() -> P>,
}

/// A row that is not the fold of its events.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// The key of the row.
    pub key: AggregateId,
    /// The checkpoint as of which it was compared.
    pub position: Option<Position>,
    /// The row that is stored, if there is one.
    pub stored: Option<EventData>,
    /// The row that the log has, if there is one.
    pub log: Option<EventData>,
}

impl<P: Projection> Comparison<P> {
    /// The number of keys that were compared. A row whose events are [parked](crate::dead_letters) is
    /// not compared.
    pub fn keys(&self) -> u64 {
        self.keys
    }

    /// The position up to which the log was folded at least.
    pub fn up_to(&self) -> Option<Position> {
        self.up_to
    }

    /// The rows that are not those of the log, in the order of their partitions and keys.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// Fails if there are differences.
    pub(super) fn passed(&self, model: &ReadModelId) -> Result<(), RebuildError> {
        let Some(first) = self.differences.first() else { return Ok(()) };
        Err(RebuildError::Differs {
            projection: model.clone(),
            keys: self.keys,
            differences: u64::try_from(self.differences.len()).unwrap_or(u64::MAX),
            first: first.key.clone(),
        })
    }
}

// Not derived, because the row need not be cloneable.
impl<P> Clone for Comparison<P> {
    fn clone(&self) -> Self {
        Self { keys: self.keys, up_to: self.up_to, differences: self.differences.clone(), projection: PhantomData }
    }
}

impl<P> fmt::Debug for Comparison<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keys, up_to, differences, projection: PhantomData } = self;
        f.debug_struct("Comparison")
            .field("keys", keys)
            .field("up_to", up_to)
            .field("differences", differences)
            .finish()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, position, stored, log } = self;
        match (stored, log) {
            (None, _) => write!(f, "row `{key}` is missing")?,
            (_, None) => write!(f, "row `{key}` is stored, and the log has no such row")?,
            (Some(_), Some(_)) => write!(f, "row `{key}` is different from that of the log")?,
        }
        match position {
            Some(position) => write!(f, ", as of position {position}"),
            None => Ok(()),
        }
    }
}

pub(super) async fn compare<P: Projection, S: ReadModelStore>(
    store: &S,
    sample: Sample,
) -> Result<Comparison<P>, RebuildError> {
    let model = ReadModelId::of::<P>();
    let records = partitions(store, &model).await?;
    if let Some(record) = records.iter().find(|record| !record.checkpoint.is_live) {
        let (partition, position) = (record.partition.clone(), record.checkpoint.position);
        return Err(RebuildError::NotBuilt { partition, position });
    }
    let number = u32::try_from(records.len()).unwrap_or(u32::MAX);
    let up_to = records.iter().map(|record| record.checkpoint.position).min().flatten();
    let drawn = match sample {
        Sample::All => Drawn::new(sample, 0),
        Sample::About(_) => Drawn::new(sample, count(store, &model).await?),
    };
    let mut log = LogRows::<P>::new(number, move |key| drawn.includes(key));
    for record in &records {
        let letters = store.letters(&record.partition).await?;
        log.leave_out(letters.map(|letters| letters.skipped).unwrap_or_default());
    }
    log.fold::<RebuildError>(store, 0..number, up_to).await?;
    // Every partition has reached `up_to`. What its rows contain beyond is folded as they are read.
    let mut of_partitions = vec![Vec::new(); records.len()];
    let mut draw = |key: &AggregateId| {
        let partition = usize::try_from(partition_of(key.as_str(), number)).unwrap_or(0);
        if let Some(keys) = of_partitions.get_mut(partition).filter(|_| drawn.includes(key)) {
            keys.push(key.clone());
        }
    };
    log.keys().for_each(&mut draw);
    each_key(store, &model, |key| draw(key)).await?;

    let mut comparison = Comparison { keys: 0, up_to, differences: Vec::new(), projection: PhantomData };
    for (number, mut keys) in (0..).zip(of_partitions) {
        keys.sort_unstable();
        keys.dedup();
        let partition = model.partition(number);
        for keys in keys.chunks(AT_ONCE) {
            let read = store.read_rows(&partition, keys).await?;
            let Some((checkpoint, StoredRows { rows: mut stored, parked, .. })) =
                read.filter(|(checkpoint, _)| checkpoint.is_live)
            else {
                return Err(RebuildError::Reset { partition });
            };
            if checkpoint.position < log.position(number) {
                return Err(RebuildError::Reset { partition });
            }
            log.fold::<RebuildError>(store, number..number + 1, checkpoint.position).await?;
            for key in keys {
                if parked.iter().any(|(parked, _)| parked == key) {
                    continue;
                }
                let at = stored.iter().position(|(stored, _)| stored == key);
                let stored = at.map(|at| stored.swap_remove(at).1);
                let log = log.take(key)?.as_ref().map(encode_row::<P>).transpose()?;
                if !are_equal(stored.as_ref(), log.as_ref())? {
                    let (key, position) = (key.clone(), checkpoint.position);
                    comparison.differences.push(Difference { key, position, stored, log });
                }
                comparison.keys += 1;
            }
        }
    }
    Ok(comparison)
}

/// The number of rows.
async fn count(store: &impl ReadModelStore, model: &ReadModelId) -> Result<u64, StoreError> {
    let mut count = 0;
    each_key(store, model, |_| count += 1).await?;
    Ok(count)
}

/// Lists the keys of all rows.
async fn each_key(
    store: &impl ReadModelStore,
    model: &ReadModelId,
    mut list: impl FnMut(&AggregateId),
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let keys = store.row_keys(model, after.as_ref()).await?;
        keys.iter().for_each(&mut list);
        match keys.into_iter().next_back() {
            Some(key) => after = Some(key),
            None => return Ok(()),
        }
    }
}

/// Whether two rows are equal. The entries of a map may be in any order.
fn are_equal(stored: Option<&EventData>, log: Option<&EventData>) -> Result<bool, StoreError> {
    let (Some(stored), Some(log)) = (stored, log) else { return Ok(stored.is_none() && log.is_none()) };
    if stored.as_raw().as_bytes() == log.as_raw().as_bytes() {
        return Ok(true);
    }
    let document = |row: &EventData| {
        Document::try_from(row.as_raw()).map_err(|error| StoreError::Backend { source: error.to_string().into() })
    };
    Ok(are_same(&document(stored)?.into(), &document(log)?.into()))
}

fn are_same(a: &Bson, b: &Bson) -> bool {
    match (a, b) {
        (Bson::Document(a), Bson::Document(b)) => {
            let is_in_b = |(name, value)| b.get(name).is_some_and(|other| are_same(value, other));
            a.len() == b.len() && a.iter().all(is_in_b)
        }
        (Bson::Array(a), Bson::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| are_same(a, b)),
        // A value that is not a number is equal to itself here.
        (Bson::Double(a), Bson::Double(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a == b,
    }
}
