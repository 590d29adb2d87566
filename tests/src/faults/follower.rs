//! A reader that follows the positions while writers run.

mod source;

use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::store::FeedStore as _;
use es_mongo::MongoStore;

use super::clock;
use super::worker::Shared;
use crate::history::{Reader, Seen, Stored};
use source::Source;

/// How long a reader waits for the last event of its process after the writers have ended. A fault
/// holds up a reader for a shorter time.
const PATIENCE: Duration = Duration::from_secs(60);

/// The number of the process whose reader begins after all others have ended.
pub(super) const AFTER_THE_END: u32 = u32::MAX;

/// A store that nobody writes to has no more events after this time.
const QUIET: Duration = Duration::from_secs(2);

/// Follows until everything that the process has appended was seen.
pub(super) async fn follow(shared: Arc<Shared>, reader: String) {
    let mut source = Source::new(&shared.store, shared.process);
    let (mut passed, mut drained) = (0, None);
    loop {
        // This is read before the events.
        if shared.is_drained() {
            let since = *drained.get_or_insert_with(Instant::now);
            if passed >= shared.recorder.highest_position() || since.elapsed() > PATIENCE {
                return;
            }
        }
        let seen = seen(source.next().await);
        if let Some(last) = seen.last() {
            passed = last.position;
            shared.recorder.seen(&reader, seen);
        }
    }
}

/// Follows from the beginning after all processes have ended, until nothing arrives any more.
pub(super) async fn read_all(store: &MongoStore) -> Reader {
    // This decides the last positions, if a process was killed that had not.
    store.frontier().await.unwrap();
    let process = AFTER_THE_END;
    let mut source = Source::new(store, process);
    let mut reader = Reader { process, seen: Vec::new() };
    let mut arrived = Instant::now();
    while arrived.elapsed() < QUIET {
        let seen = seen(source.next().await);
        if !seen.is_empty() {
            arrived = Instant::now();
        }
        reader.seen.extend(seen);
    }
    reader
}

fn seen(events: Vec<Stored>) -> Vec<Seen> {
    let given = clock::now();
    let seen = |event: Stored| Seen { position: event.position, mark: event.mark, index: event.index, given };
    events.into_iter().map(seen).collect()
}
