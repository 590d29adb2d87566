//! The options for opening a store.

use std::sync::Arc;
use std::time::Duration;

use es_core::StoreError;
use es_core::clock::{Clock, SystemClock};

use crate::error::{check_name, invalid};

/// The names of the collections. The indexes are created and checked under these names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CollectionNames {
    /// The events; `events` by default.
    pub events: String,
    /// The snapshots; `snapshots` by default.
    pub snapshots: String,
    /// The archived events; `events_archive` by default.
    pub archive: String,
    /// The sessions of the store's writers, with which other writers can end the transactions of a
    /// writer that died; `events_sessions` by default.
    pub sessions: String,
}

impl Default for CollectionNames {
    fn default() -> Self {
        Self {
            events: "events".into(),
            snapshots: "snapshots".into(),
            archive: "events_archive".into(),
            sessions: "events_sessions".into(),
        }
    }
}

impl CollectionNames {
    /// The names with a prefix: `billing_events`, `billing_snapshots`, `billing_events_archive`,
    /// `billing_events_sessions` for `billing_`.
    #[must_use]
    pub fn prefixed(prefix: &str) -> Self {
        let Self { events, snapshots, archive, sessions } = Self::default();
        Self {
            events: format!("{prefix}{events}"),
            snapshots: format!("{prefix}{snapshots}"),
            archive: format!("{prefix}{archive}"),
            sessions: format!("{prefix}{sessions}"),
        }
    }

    /// Refuses names that the server cannot use, and duplicate names: if the archive were the
    /// events collection, an archive run would take each event for its own copy, and delete it.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let names = [&self.events, &self.snapshots, &self.archive, &self.sessions];
        for (at, name) in names.into_iter().enumerate() {
            check_name(name)?;
            if names[..at].contains(&name) {
                let reason = "events, snapshots, the archive and sessions each need their own collection; choose a different name";
                return Err(invalid(name, reason));
            }
        }
        Ok(())
    }
}

/// The order that the positions of a store's events define.
///
/// It is a property of the stored data: the index on `position` depends on it. A store that was
/// created with one ordering cannot be opened with the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Ordering {
    /// Positions number all events of the store from 1, without gaps and in commit order. This
    /// needs a unique index on `position`, which is impossible on a sharded collection.
    #[default]
    Global,
    /// Events are ordered only within their aggregate, and the position of an event is its
    /// sequence. This is for a sharded cluster in which `events` and its archive are sharded by
    /// `{ aggregateId: 1 }`, with which the unique index on streams begins:
    ///
    /// ```js
    /// sh.shardCollection("billing.events", { aggregateId: 1 })
    /// ```
    ///
    /// All other promises are the same, but there is no order across aggregates: readers cannot
    /// follow positions, a [trace](crate::MongoStore::trace) sorts events without a common cause by
    /// timestamp, and [verify](crate::MongoStore::verify) cannot find that a whole aggregate is
    /// missing.
    PerAggregate,
}

/// All options of a store.
#[derive(Debug, Clone)]
pub(crate) struct StoreOptions {
    pub(crate) names: CollectionNames,
    pub(crate) ordering: Ordering,
    pub(crate) keep_snapshots: u32,
    pub(crate) append_deadline: Duration,
    pub(crate) read_deadline: Duration,
    pub(crate) queue: usize,
    pub(crate) archive_grace: Duration,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The default deadline of reads and appends.
const DEADLINE: Duration = Duration::from_secs(30);

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            names: CollectionNames::default(),
            ordering: Ordering::default(),
            keep_snapshots: 2,
            append_deadline: DEADLINE,
            read_deadline: DEADLINE,
            queue: 4096,
            archive_grace: Duration::from_secs(2),
            clock: Arc::new(SystemClock),
        }
    }
}
