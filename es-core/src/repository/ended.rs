//! Finds out whether an aggregate has ended.

use super::Repository;
use crate::replay::check_next;
use crate::store::{Head, ReadRange, next_batch};
use crate::{Aggregate, StoreError, StreamId, Version};

/// How many times more events each further read covers.
const GROWTH: u64 = 16;

impl<A: Aggregate> Repository<A> {
    /// As [`before_beginning`](Self::before_beginning), for an aggregate that can end.
    ///
    /// The newest event that is not retired answers this, so a long stream is read from its end.
    pub(super) async fn after_end(&self, stream: &StreamId) -> Result<Option<Head>, StoreError> {
        let version = self.store.head(stream).await?.version();
        let mut newest = 1;
        loop {
            let before = Version::NONE.plus(version.get().saturating_sub(newest));
            let (mut version, mut head, mut exists) = (before, Head::NONE, None);
            let mut batches = self.store.read(stream, ReadRange::after(before));
            while let Some(batch) = next_batch(&mut batches).await {
                for event in batch?.events() {
                    let event = event?;
                    check_next(stream, version, &event)?;
                    (version, head) = (event.sequence.into(), Head::from(&event));
                    match event.decode::<A::Event>().map(|decoded| decoded.last().map(A::is_end)) {
                        Ok(Some(is_end)) => exists = Some(!is_end),
                        Ok(None) => {}
                        Err(_) => exists = Some(true),
                    }
                }
            }
            match exists {
                Some(true) => return Ok(None),
                None if before > Version::NONE => newest = newest.saturating_mul(GROWTH),
                Some(false) | None => return Ok(Some(head)),
            }
        }
    }
}
