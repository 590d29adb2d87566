//! Decides a position that stays open: if no writer records an event there, a skip is recorded.
//!
//! Skips are recorded in the order of positions, and never above a position that is still open. A
//! transaction that is about to record an event at one of them makes the insert wait, or fail.
//! Either the event or the skip is stored, because the index on positions is unique.

use std::time::{Duration, Instant};

use es_core::{Position, StoreError};

use super::page::Reader;
use super::snapshot::Snapshot;
use super::{Hole, RETRY_AFTER};
use crate::error::{Objection, WriteOutcome, is_unauthorized, malformed, store_error};
use crate::positions::skip::{Reason, Skip};
use crate::{append, metrics};

/// The number of skips that are recorded at once.
const AT_ONCE: usize = 1_000;

/// How long one attempt waits for a transaction that has written at one of the positions.
const WAITS: Duration = Duration::from_secs(20);

/// The wait before skips are recorded again that conflict with a transaction.
const PAUSE: Duration = Duration::from_millis(50);

/// What a snapshot shows at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// An event or a skip.
    Something,
    /// Nothing, and it is beyond the frontier.
    Nothing,
    /// Nothing, although it is not beyond the frontier.
    Missing,
}

impl Reader {
    /// Decides the lowest open positions, if they were open for long enough. Returns whether it is
    /// worth reading them again at once.
    pub(super) async fn decide(&self, hole: &Hole) -> Result<bool, StoreError> {
        if hole.since.elapsed() < self.feed.0.grace {
            return Ok(false);
        }
        if *hole.positions.start() <= self.feed.proven().saturating_add(1) {
            return self.decide_lowest(hole).await;
        }
        // A reader may begin anywhere. There may be open positions below those that it has found.
        match self.lowest_hole().await? {
            (_, Some(lowest)) if lowest.positions.start() < hole.positions.start() => {
                Ok(lowest.since.elapsed() >= self.feed.0.grace && self.decide_lowest(&lowest).await?)
            }
            _ => self.decide_lowest(hole).await,
        }
    }

    async fn decide_lowest(&self, hole: &Hole) -> Result<bool, StoreError> {
        let mut next = self.feed.0.turn.lock().await;
        if next.is_some_and(|next| next > Instant::now()) {
            return Ok(false);
        }
        match self.at(*hole.positions.start()).await? {
            At::Something => return Ok(true),
            At::Missing => return Err(StoreError::MissingPosition { position: position(*hole.positions.start())? }),
            At::Nothing => {}
        }
        let positions = hole.positions.clone().take(AT_ONCE).map(position);
        let positions = positions.collect::<Result<Vec<_>, _>>()?;
        let count = positions.len() as u64;
        let recorded = self.collections.sessions.clear_the_way(self.record(&positions)).await;
        tracing::debug!(?recorded, positions = ?hole.positions, "positions without an event are skipped");
        match recorded {
            WriteOutcome::Stored => {
                metrics::positions_skipped(count);
                return Ok(true);
            }
            WriteOutcome::Refused { stored, why: Objection::DuplicateKey, .. } => {
                // A writer was faster. A majority may not have its event yet, so this is not read
                // again at once.
                metrics::positions_skipped(stored as u64);
                return Ok(stored > 0);
            }
            WriteOutcome::Outdated(_) | WriteOutcome::Archived => return Ok(true),
            WriteOutcome::Permanent(error) if is_unauthorized(&error) => metrics::position_not_decided("denied"),
            WriteOutcome::Permanent(error) | WriteOutcome::Refused { why: Objection::Permanent, error, .. } => {
                metrics::position_not_decided("refused");
                return Err(store_error(error));
            }
            WriteOutcome::NotWritten(_) | WriteOutcome::Unknown(_) | WriteOutcome::Refused { .. } => {
                metrics::position_not_decided("unavailable");
            }
        }
        *next = Some(Instant::now() + RETRY_AFTER);
        Ok(false)
    }

    /// Records skips. In a transaction they fail at once if a different transaction has written at
    /// one of the positions, so they are repeated until that one has ended.
    async fn record(&self, positions: &[Position]) -> WriteOutcome {
        let begun = Instant::now();
        loop {
            let skips = positions.iter().map(|position| Skip::new(*position, Reason::Abandoned)).collect();
            match append::record_skips(&self.collections, skips, WAITS).await {
                WriteOutcome::NotWritten(_) if begun.elapsed() < WAITS => tokio::time::sleep(PAUSE).await,
                outcome => return outcome,
            }
        }
    }

    async fn at(&self, open: i64) -> Result<At, StoreError> {
        let read = move |mut snapshot: Snapshot| async move {
            let decided = snapshot.recorded().await?.max(snapshot.newest_archived().await?);
            Ok((snapshot.has(open).await?, decided))
        };
        let (is_there, decided) = self.in_snapshot(read).await?;
        Ok(if is_there {
            At::Something
        } else if open <= decided {
            At::Missing
        } else {
            At::Nothing
        })
    }
}

fn position(position: i64) -> Result<Position, StoreError> {
    Position::try_from(position).map_err(|error| malformed("an event", error))
}
