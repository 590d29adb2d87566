//! The handles of the collections, and what is known about the archive.

pub(crate) mod ensure;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::time::{Duration, Instant};

use bson::raw::RawDocumentBuf;
use bson::{Document, doc};
use es_core::{Position, StoreError};
use mongodb::Collection;

use crate::document::{field, position_in};
use crate::error::malformed;
use crate::feed::wakes::Wakes;
use crate::find::Find;
use crate::handles::Handles;
use crate::options::CollectionNames;
use crate::patience::Patience;
use crate::positions::Known;
use crate::positions::counter::Counter;
use crate::sessions::Sessions;

/// The handles of the collections.
#[derive(Clone)]
pub(crate) struct Collections {
    pub(crate) handles: Handles,
    pub(crate) events: Collection<RawDocumentBuf>,
    pub(crate) snapshots: Collection<RawDocumentBuf>,
    pub(crate) archive: Collection<RawDocumentBuf>,
    /// What is stored about positions, for the frontier.
    pub(crate) positions: Collection<RawDocumentBuf>,
    pub(crate) patience: Patience,
    pub(crate) sessions: Sessions,
    pub(crate) counter: Counter,
    pub(crate) known: Known,
    /// Wakes followers.
    pub(crate) wakes: Wakes,
    archive_state: Arc<ArchiveState>,
}

/// Whether the archive contains an event, as far as this process knows.
///
/// Once this is true it stays true. While it is false it is checked every [`ARCHIVE_STATE_LASTS`],
/// and an archive run waits longer than that between its first copy and its first deletion. So no
/// event is deleted while a process does not check the archive.
struct ArchiveState {
    present: AtomicBool,
    started: Instant,
    checked_millis: AtomicI64,
    /// Whether it is being checked although the last answer may still be used.
    refreshing: AtomicBool,
}

impl ArchiveState {
    fn now(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// The age of the last answer.
    fn age(&self) -> Duration {
        let millis = self.now().saturating_sub(self.checked_millis.load(Acquire));
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

/// How long the information that there is no archive may be used.
pub(crate) const ARCHIVE_STATE_LASTS: Duration = Duration::from_secs(1);

impl Collections {
    pub(crate) fn new(handles: Handles, names: &CollectionNames, patience: Patience) -> Self {
        Self {
            sessions: Sessions::new(&handles, names),
            events: handles.collection(&names.events),
            snapshots: handles.collection(&names.snapshots),
            archive: handles.collection(&names.archive),
            counter: Counter::new(handles.clone(), &names.positions, patience.clone()),
            known: Known::default(),
            positions: handles.collection(&names.positions),
            wakes: Wakes::default(),
            archive_state: Arc::new(ArchiveState {
                present: AtomicBool::new(false),
                started: Instant::now(),
                checked_millis: AtomicI64::new(i64::MIN / 2),
                refreshing: AtomicBool::new(false),
            }),
            patience,
            handles,
        }
    }

    /// The same collections, with another time limit for their answers.
    pub(crate) fn with_patience(&self, patience: Patience) -> Self {
        Self { counter: self.counter.with_patience(patience.clone()), patience, ..self.clone() }
    }

    /// Queries one collection, of this store or of a different program in the same database.
    pub(crate) fn find(&self, collection: &Collection<RawDocumentBuf>, filter: Document) -> Find {
        Find::new(collection.clone(), self.patience.clone(), filter)
    }

    /// The highest position in the events collection, which is the highest one of the store: the
    /// archive never moves the newest event.
    pub(crate) async fn read_newest(&self) -> Result<Option<Position>, StoreError> {
        let newest = self.find(&self.events, doc! {}).sort(doc! { field::POSITION: -1 });
        let Some(newest) = newest.projection(doc! { field::ID: 0, field::POSITION: 1 }).one().await? else {
            return Ok(None);
        };
        let position = position_in(&newest).ok_or_else(|| malformed("the newest event", "it has no valid position"))?;
        self.known.raise(position);
        Ok(Some(position))
    }

    /// Whether the archive contains an event. See [`ArchiveState`] for how old the answer may be.
    pub(crate) async fn archive_is_present(&self) -> Result<bool, StoreError> {
        let state = &self.archive_state;
        if state.present.load(Acquire) {
            return Ok(true);
        }
        if state.age() < ARCHIVE_STATE_LASTS {
            return Ok(false);
        }
        self.look_for_archive().await
    }

    /// Asks in the background if the answer about the archive is soon too old. So a process that
    /// appends all the time never waits for it.
    pub(crate) fn refresh_archive_state(&self) {
        let state = &self.archive_state;
        let is_due = (ARCHIVE_STATE_LASTS / 2..ARCHIVE_STATE_LASTS).contains(&state.age());
        if !is_due || state.present.load(Acquire) || state.refreshing.swap(true, AcqRel) {
            return;
        }
        let collections = self.clone();
        drop(self.patience.spawn(async move {
            // If it fails, the next append waits for an answer.
            let _ = collections.look_for_archive().await;
            collections.archive_state.refreshing.store(false, Release);
        }));
    }

    async fn look_for_archive(&self) -> Result<bool, StoreError> {
        let state = &self.archive_state;
        // The time before the query is decisive, not the time of the answer.
        let now = state.now();
        let any = self.find(&self.archive, doc! {}).projection(doc! { field::ID: 1 }).one().await?;
        if any.is_some() {
            self.archive_becomes_present();
        }
        state.checked_millis.store(now, Release);
        Ok(any.is_some())
    }

    /// Runs a query. If the information about the archive is too old, this refreshes it at the same
    /// time.
    ///
    /// The result of [`archive_is_present`](Self::archive_is_present) after the query is decisive.
    /// This only saves it a separate round trip.
    pub(crate) async fn beside_archive_state<T>(&self, question: impl Future<Output = T>) -> T {
        let (answer, _) = tokio::join!(question, self.archive_is_present());
        answer
    }

    /// Records that the archive contains an event.
    pub(crate) fn archive_becomes_present(&self) {
        self.archive_state.present.store(true, Release);
    }
}

impl fmt::Debug for Collections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collections").field("events", &self.events.namespace()).finish_non_exhaustive()
    }
}
