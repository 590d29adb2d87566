//! Where a reader gets the events from: both collections, with a majority read each time.

use std::time::{Duration, Instant};

use es_mongo::MongoStore;
use es_mongo::mongodb::Collection;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::options::ReadConcern;
use futures_util::TryStreamExt as _;

use crate::faults::stored::Decided;
use crate::faults::waits::OPEN_SECONDS;
use crate::history::Stored;

/// The number of documents per read.
const BATCH: u16 = 1_000;
/// The time limit of one read, because the driver has no limit.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);

pub(super) struct Source {
    events: Collection<Document>,
    archive: Collection<Document>,
    /// Everything up to this position was read.
    passed: u64,
    /// Since when the next position is open.
    open: Option<Instant>,
}

impl Source {
    pub(super) fn new(store: &MongoStore) -> Self {
        let database = store.database();
        let (events, archive) = (database.collection("events"), database.collection("events_archive"));
        Self { events, archive, passed: 0, open: None }
    }

    /// The next events, in the order of positions and up to the first position that is neither an
    /// event nor a skip. Waits a little, and returns none if there are none by then.
    pub(super) async fn next(&mut self) -> Vec<Stored> {
        let Some(decided) = self.decided().await else { return Vec::new() };
        let (passed, read) = (self.passed, decided.len());
        let reached = decided.iter().zip(passed + 1..).take_while(|(found, expected)| found.position == *expected);
        let reached = reached.count();
        self.passed += u64::try_from(reached).unwrap();
        if reached > 0
            && let Some(open) = self.open.take()
        {
            metrics::histogram!(OPEN_SECONDS).record(open.elapsed().as_secs_f64());
        }
        if reached < read {
            self.open.get_or_insert_with(Instant::now);
        }
        if reached < BATCH.into() {
            tokio::time::sleep(PAUSE).await;
        }
        decided.into_iter().take(reached).filter_map(|found| found.event).collect()
    }

    /// What is stored after the passed position, without a gap that an archive run has made, or
    /// `None` if a read failed.
    async fn decided(&self) -> Option<Vec<Decided>> {
        let mut found = after(&self.events, self.passed).await?;
        let is_dense = found.iter().zip(self.passed + 1..).all(|(found, expected)| found.position == expected);
        if !is_dense {
            // An archive run copies events before it deletes them, so the archive has them by now.
            found.extend(after(&self.archive, self.passed).await?);
            found.sort_by_key(|found| found.position);
            found.dedup_by_key(|found| found.position);
        }
        Some(found)
    }
}

async fn after(collection: &Collection<Document>, position: u64) -> Option<Vec<Decided>> {
    let filter = doc! { "position": { "$gt": i64::try_from(position).unwrap() } };
    let collection = collection.clone();
    let found = async move {
        let found = collection.find(filter).sort(doc! { "position": 1 }).limit(BATCH.into());
        found.read_concern(ReadConcern::majority()).await?.try_collect::<Vec<Document>>().await
    };
    // In a separate task, because the driver does not promise to survive a future that is dropped
    // before its end.
    let found = tokio::time::timeout(PATIENCE, tokio::spawn(found)).await.ok()?.unwrap().ok()?;
    Some(found.into_iter().map(Decided::read).collect())
}
