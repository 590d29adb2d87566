//! Records skips.

use std::time::Duration;

use es_core::Position;

use crate::append::attempt::{self, Claims};
use crate::append::commit::Writer;
use crate::append::prepared::Written;
use crate::append::slots::Slots;
use crate::collections::Collections;
use crate::error::{Objection, WriteOutcome};
use crate::metrics;
use crate::positions::skip::{Reason, Skip};

/// The number of skips that are written at once.
const AT_ONCE: usize = 1_000;

/// How often skips are tried. If they fail, readers record them.
const TRIES: u32 = 5;

/// Records skips, in order.
pub(crate) async fn record_skips(collections: &Collections, skips: Vec<Skip>, limit: Duration) -> WriteOutcome {
    let lowest = skips.iter().map(Skip::position).min();
    let skips = skips.into_iter().map(Written::Skip).collect();
    match collections.archive_is_present().await {
        Ok(false) => attempt::insert(collections, skips, limit).await,
        Ok(true) => {
            let claims = Claims { slots: Slots::of(&[]), position: lowest };
            attempt::transact(collections, skips, Some(claims), limit).await
        }
        Err(error) => WriteOutcome::NotWritten(error.into()),
    }
}

impl Writer {
    /// Records skips for these positions, unless they are decided.
    pub(super) async fn skip(&self, mut positions: Vec<Position>) {
        positions.sort_unstable();
        for positions in positions.chunks(AT_ONCE) {
            self.skip_some(positions).await;
        }
    }

    async fn skip_some(&self, mut positions: &[Position]) {
        let mut failed = 0;
        while !positions.is_empty() {
            let skips = positions.iter().map(|position| Skip::new(*position, Reason::Unused)).collect();
            let outcome = record_skips(&self.collections, skips, self.attempt_limit).await;
            match outcome {
                WriteOutcome::Stored => return metrics::positions_skipped(positions.len() as u64),
                WriteOutcome::Outdated(highest) => {
                    positions = &positions[positions.partition_point(|position| *position <= highest)..];
                }
                WriteOutcome::Refused { index, stored, why: Objection::DuplicateKey, .. } => {
                    // The position is decided. In a transaction, those before it are not.
                    if stored == 0 && index > 0 {
                        Box::pin(self.skip_some(&positions[..index])).await;
                    }
                    positions = &positions[index + 1..];
                }
                outcome => {
                    failed += 1;
                    tracing::debug!(?outcome, failed, "unused positions could not be skipped");
                    let Some(wait) = self.wait_after(failed).filter(|_| failed < TRIES) else { return };
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }
}
