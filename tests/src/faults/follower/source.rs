//! Where a reader gets the events from: a follower of the store.

use std::pin::Pin;
use std::time::Duration;

use es_core::feed::From;
use es_core::store::Decoded;
use es_core::{Position, RecordedEvent, Sequence, StoreError};
use es_mongo::MongoStore;
use futures_util::{FutureExt as _, Stream, StreamExt as _};

use crate::faults::tally::{Noted, Tally, TallyEvent};
use crate::history::Stored;

/// How long a reader waits before it looks whether the run is over.
const PAUSE: Duration = Duration::from_millis(50);
/// The greatest number of events that are recorded together.
const BATCH: usize = 1_000;

pub(super) struct Source(Pin<Box<dyn Stream<Item = Result<Stored, StoreError>> + Send>>);

impl Source {
    /// Follows all events in a process with an even number, and those of one aggregate type in the
    /// others, because the store reads them in different ways.
    pub(super) fn new(store: &MongoStore, process: u32) -> Self {
        let follow = store.follow(From::beginning());
        if process.is_multiple_of(2) {
            Self(Box::pin(follow.read().map(|event| {
                let event = event?;
                match event.decode::<Tally>()? {
                    Decoded::One(data) => Ok(stored(&data, event.aggregate_id, event.sequence, event.position)),
                    _ => panic!("one event is stored as {event:?}"),
                }
            })))
        } else {
            Self(Box::pin(follow.of::<Tally>().read().map(|event| {
                let RecordedEvent { data, aggregate_id, sequence, position, .. } = event?;
                Ok(stored(&data, aggregate_id, sequence, position))
            })))
        }
    }

    /// The next events. Waits a little, and returns none if there are none by then.
    pub(super) async fn next(&mut self) -> Vec<Stored> {
        let mut events = Vec::new();
        let mut next = tokio::time::timeout(PAUSE, self.0.next()).await.ok();
        while let Some(event) = next {
            // It ends only with an error, and not because the store is unavailable for a while.
            let event = event.expect("a follower has no end");
            events.push(event.unwrap_or_else(|error| panic!("a follower has failed: {error}")));
            next = if events.len() < BATCH { self.0.next().now_or_never() } else { None };
        }
        events
    }
}

fn stored(data: &TallyEvent, stream: String, sequence: Sequence, position: Position) -> Stored {
    let TallyEvent::Noted(Noted { mark, index }) = *data;
    Stored { mark, index, stream, sequence: sequence.get(), position: position.get() }
}
