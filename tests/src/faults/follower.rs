//! A reader that follows the positions while writers run, with a majority read each time.

use std::sync::Arc;
use std::time::Duration;

use es_mongo::mongodb::Collection;
use es_mongo::mongodb::bson::{Document, deserialize_from_document, doc};
use es_mongo::mongodb::options::ReadConcern;
use futures_util::TryStreamExt as _;
use serde::Deserialize;

use super::worker::Shared;
use crate::history::{Mark, Seen, Stored};

/// The number of events per read.
const BATCH: u16 = 1_000;
/// The time limit of one read, because the driver has no limit.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);

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
    let mut last = 0;
    let database = shared.store.database();
    let (events, archive) = (database.collection("events"), database.collection("events_archive"));
    loop {
        // This is read before the events, so that the last read includes everything that the
        // writers have stored.
        let is_over = shared.is_drained();
        let Some(mut found) = after(&events, last, i64::MAX).await else {
            if is_over {
                return;
            }
            continue;
        };
        let is_dense = found.iter().zip(last + 1..).all(|(event, expected)| event.position == expected);
        if !is_dense {
            // An archive run has moved some of the events. It copies them before it deletes them,
            // so the archive has them by now.
            let until = found.last().map_or(last, |event| event.position);
            let Some(archived) = after(&archive, last, until).await else { continue };
            let known_until = archived.last().filter(|_| is_full(&archived)).map_or(until, |event| event.position);
            found.extend(archived);
            found.retain(|event| event.position <= known_until);
            found.sort_by_key(|event| event.position);
            found.dedup_by_key(|event| event.position);
        }
        last = found.last().map_or(last, |event| event.position);
        if found.is_empty() && is_over {
            return;
        }
        let is_full = is_full(&found);
        let seen = found.into_iter().map(StoredDocument::stored);
        let seen = seen.map(|Stored { position, mark, index, .. }| Seen { position, mark, index });
        let seen: Vec<Seen> = seen.collect();
        if !seen.is_empty() {
            shared.recorder.seen(&reader, seen);
        }
        if !is_full {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The events after a position and up to another position, or `None` if the read failed.
async fn after(collection: &Collection<Document>, position: i64, until: i64) -> Option<Vec<StoredDocument>> {
    let filter = doc! { "position": { "$gt": position, "$lte": until } };
    let collection = collection.clone();
    let found = async move {
        let found = collection.find(filter).sort(doc! { "position": 1 }).limit(BATCH.into());
        found.read_concern(ReadConcern::majority()).await?.try_collect::<Vec<Document>>().await
    };
    // In a separate task, because the driver does not promise to survive a future that is dropped
    // before its end.
    let found = tokio::time::timeout(PATIENCE, tokio::spawn(found)).await.ok()?.unwrap().ok()?;
    Some(found.into_iter().map(StoredDocument::read).collect())
}

/// Whether there may be more events.
fn is_full(events: &[StoredDocument]) -> bool {
    events.len() >= BATCH.into()
}
