//! A reader that follows the positions while writers run.

mod source;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::clock;
use super::worker::Shared;
use crate::history::Seen;
use source::Source;

/// How long a reader waits for the last event of its process after the writers have ended. A fault
/// holds up a reader for a shorter time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Follows until everything that the process has appended was seen.
pub(super) async fn follow(shared: Arc<Shared>, reader: String) {
    let mut source = Source::new(&shared.store);
    let (mut passed, mut drained) = (0, None);
    loop {
        // This is read before the events.
        if shared.is_drained() {
            let since = *drained.get_or_insert_with(Instant::now);
            if passed >= shared.recorder.highest_position() || since.elapsed() > PATIENCE {
                return;
            }
        }
        let events = source.next().await;
        let given = clock::now();
        let seen = events.into_iter().map(|event| {
            let (position, mark, index) = (event.position, event.mark, event.index);
            Seen { position, mark, index, given }
        });
        let seen: Vec<Seen> = seen.collect();
        if let Some(last) = seen.last() {
            passed = last.position;
            shared.recorder.seen(&reader, seen);
        }
    }
}
