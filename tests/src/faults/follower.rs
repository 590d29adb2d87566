//! A reader that follows the store while writers run.

use std::sync::Arc;
use std::time::Duration;

use es_core::feed::{Follower, From};
use es_core::store::EventData;
use es_core::{Position, RecordedEvent};
use es_mongo::mongodb::Collection;
use es_mongo::mongodb::bson::{Document, deserialize_from_document, deserialize_from_slice, doc};
use es_mongo::mongodb::options::ReadConcern;
use futures_util::FutureExt as _;
use serde::Deserialize;
use tokio::time::{sleep, timeout};

use super::worker::Shared;
use crate::history::{Mark, Seen, Stored};

/// The number of events that are noted at once.
const AT_ONCE: usize = 1_000;
/// The time limit of one read, because the driver has no limit.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(200);

/// A stored event, read without the library.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StoredDocument {
    aggregate_id: String,
    sequence_number: i64,
    position: i64,
    event_data: Data,
}

#[derive(Deserialize)]
struct Data {
    mark: Mark,
    index: u32,
}

impl StoredDocument {
    pub(super) fn read(document: Document) -> Self {
        deserialize_from_document(document).unwrap()
    }

    pub(super) fn stored(self) -> Stored {
        Stored {
            mark: self.event_data.mark,
            index: self.event_data.index,
            stream: self.aggregate_id,
            sequence: u64::try_from(self.sequence_number).unwrap(),
            position: u64::try_from(self.position).unwrap(),
        }
    }
}

pub(super) async fn follow(shared: Arc<Shared>, reader: String) {
    let mut follower = shared.store.follow(From::beginning()).read();
    loop {
        // This is read before the newest position, so that the reader sees everything that the
        // writers have stored.
        let is_over = shared.is_drained();
        match timeout(PAUSE, follower.next()).await {
            Ok(Some(Ok(event))) => {
                let seen = with_ready(event, &mut follower);
                shared.recorder.seen(&reader, seen);
            }
            // A fault. A new follower continues.
            Ok(Some(Err(_)) | None) => {
                let from = follower.reaches().map_or(From::beginning(), From::position);
                sleep(PAUSE).await;
                follower = shared.store.follow(from).read();
            }
            Err(_) => {
                if is_over && newest(&shared).await.is_some_and(|newest| newest <= follower.reaches()) {
                    return;
                }
            }
        }
    }
}

/// An event, and those that are ready behind it.
fn with_ready(first: RecordedEvent<EventData>, follower: &mut Follower<EventData>) -> Vec<Seen> {
    let mut all = vec![seen(&first)];
    // An error is the last item: the next call reports it again by the end of the stream.
    while all.len() < AT_ONCE
        && let Some(Some(Ok(event))) = follower.next().now_or_never()
    {
        all.push(seen(&event));
    }
    all
}

fn seen(event: &RecordedEvent<EventData>) -> Seen {
    let Data { mark, index } = deserialize_from_slice(event.data.as_raw().as_bytes()).unwrap();
    Seen { position: event.position.get(), mark, index }
}

/// The newest position of the store, or `None` if it could not be read.
async fn newest(shared: &Shared) -> Option<Option<Position>> {
    let events: Collection<Document> = shared.store.database().collection("events");
    let found = async move {
        let newest =
            events.find_one(doc! {}).sort(doc! { "position": -1 }).projection(doc! { "_id": 0, "position": 1 });
        newest.read_concern(ReadConcern::majority()).await
    };
    // In a separate task, because the driver does not promise to survive a future that is dropped
    // before its end.
    let found = timeout(PATIENCE, tokio::spawn(found)).await.ok()?.unwrap().ok()?;
    Some(found.and_then(|newest| Position::try_from(newest.get_i64("position").ok()?).ok()))
}
