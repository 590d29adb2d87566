//! Records skips for the positions that a batch did not use.

use es_core::Position;

use crate::append::attempt::{self, Claims};
use crate::append::commit::Writer;
use crate::append::prepared::Written;
use crate::append::slots::Slots;
use crate::error::{Objection, WriteOutcome};
use crate::positions::skip::{Reason, Skip};

/// The number of skips that are written at once.
const AT_ONCE: usize = 1_000;

/// How often skips are tried. If they fail, readers record them.
const TRIES: u32 = 5;

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
        while let Some(lowest) = positions.first() {
            let skips = positions.iter().map(|position| Written::Skip(Skip::new(*position, Reason::Unused))).collect();
            let outcome = match self.collections.archive_is_present().await {
                Ok(false) => attempt::insert(&self.collections, skips, self.attempt_limit).await,
                Ok(true) => {
                    let claims = Claims { slots: Slots::of(&[]), position: Some(*lowest) };
                    attempt::transact(&self.collections, skips, Some(claims), self.attempt_limit).await
                }
                Err(error) => WriteOutcome::NotWritten(error.into()),
            };
            match outcome {
                WriteOutcome::Stored | WriteOutcome::Outdated => return,
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
