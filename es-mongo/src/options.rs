//! How a store is opened.

use std::time::Duration;

use es_core::StoreError;
use mongodb::Client;
use tokio::sync::Semaphore;

use crate::error::{check_database, check_name, invalid};
use crate::store::MongoStore;

/// The names of the collections. Indexes are made, and checked, under the names in use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CollectionNames {
    /// The events; `events` unless told otherwise.
    pub events: String,
    /// The snapshots; `snapshots` unless told otherwise.
    pub snapshots: String,
    /// The archived events; `events_archive` unless told otherwise.
    pub archive: String,
    /// The sessions of the store's writers, so that whoever is held up by one that died can end it; `events_sessions` unless told otherwise.
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
    /// The names with a prefix: `billing_events`, `billing_snapshots`, `billing_events_archive`, `billing_events_sessions` for `billing_`.
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
}

impl CollectionNames {
    /// Refuses names that the server could not hold, and one name twice: an archive run that copies events onto themselves would
    /// take each for its own copy, and delete it.
    fn check(&self) -> Result<(), StoreError> {
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

/// What the positions of a store's events order.
///
/// It is a property of what is stored, kept by the index on `position`: a store that was opened with one cannot be opened with the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Ordering {
    /// Positions count all events of the store from 1, without holes and in commit order. It needs a unique index on `position`, which
    /// a sharded collection cannot have.
    #[default]
    Global,
    /// Events are in order within their aggregate only, and the position of an event is its sequence there. For a sharded
    /// cluster, with `events` and its archive sharded by `{ aggregateId: 1 }`, which the unique index on streams begins with:
    ///
    /// ```js
    /// sh.shardCollection("billing.events", { aggregateId: 1 })
    /// ```
    ///
    /// Everything else holds as it does otherwise. What is lost is the order across aggregates: nobody can follow positions, a
    /// [trace](crate::MongoStore::trace) puts events without a common cause in the order of their moments, and
    /// [verify](crate::MongoStore::verify) cannot tell that a whole aggregate is missing.
    PerAggregate,
}

/// What a store does besides the defaults. Made by [`MongoStore::builder`].
#[derive(Debug, Clone)]
pub struct StoreBuilder {
    pub(crate) client: Client,
    pub(crate) database: String,
    pub(crate) options: StoreOptions,
}

/// Everything that a store can be told.
#[derive(Debug, Clone)]
pub(crate) struct StoreOptions {
    pub(crate) names: CollectionNames,
    pub(crate) ordering: Ordering,
    pub(crate) keep_snapshots: u32,
    pub(crate) append_deadline: Duration,
    pub(crate) read_deadline: Duration,
    pub(crate) queue: usize,
    pub(crate) archive_grace: Duration,
}

/// How long a caller is patient unless told otherwise.
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
        }
    }
}

impl StoreBuilder {
    pub(crate) fn new(client: Client, database: impl Into<String>) -> Self {
        Self { client, database: database.into(), options: StoreOptions::default() }
    }

    /// The names of the collections.
    #[must_use]
    pub fn collections(mut self, names: CollectionNames) -> Self {
        self.options.names = names;
        self
    }

    /// What positions order; everything in the store unless told otherwise.
    #[must_use]
    pub fn ordering(mut self, ordering: Ordering) -> Self {
        self.options.ordering = ordering;
        self
    }

    /// How many snapshots of one aggregate are kept, the newest ones; 2 unless told otherwise, and at least 1.
    #[must_use]
    pub fn keep_snapshots(mut self, count: u32) -> Self {
        self.options.keep_snapshots = count.max(1);
        self
    }

    /// How long an append is tried before its outcome is reported as unknown, or the store as unavailable; 30 s unless told otherwise.
    ///
    /// The driver has no time limit of its own for a server that does not answer.
    #[must_use]
    pub fn append_deadline(mut self, deadline: Duration) -> Self {
        self.options.append_deadline = deadline;
        self
    }

    /// How long an answer of the server to a read is waited for before the store is reported as unavailable; 30 s unless told otherwise.
    ///
    /// It holds for each answer, not for a whole stream: for a lookup, for each batch of a load or a query, for each step of an archive run, a
    /// migration or a check, and for keeping a snapshot. Within it a read is asked again, with growing waits, while no node can answer, so a load during an election takes
    /// longer and does not fail. [`stats`](MongoStore::stats) counts all events in one answer: give it more time where there are very many.
    ///
    /// The driver has no time limit of its own for a server that does not answer.
    #[must_use]
    pub fn read_deadline(mut self, deadline: Duration) -> Self {
        self.options.read_deadline = deadline;
        self
    }

    /// How many appends may wait for the one that is being written; 4096 unless told otherwise. Further callers wait for a place.
    #[must_use]
    pub fn queue(mut self, appends: usize) -> Self {
        self.options.queue = appends.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Opens the store: checks the deployment, and creates collections, indexes and the validator where they are missing.
    /// Where nothing is missing it writes nothing, so it needs no right to; [`Role`](crate::Role) has who needs which.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidName`] for a name that a database or collection cannot have, and [`StoreError::Unsafe`] if the server is not a replica set, if the client is tied to one node of several, if two collections have one name, if a collection, its
    /// validator or an index is such that the server deletes, hides or lets in what it must not, or if the [ordering](Self::ordering) is one that the collection
    /// cannot have, or was not opened with before: the error says what to do. [`StoreError::RuntimeEnded`] if the runtime ends meanwhile.
    /// [`StoreError::Unavailable`] and [`StoreError::Unauthorized`] as the server reports.
    pub async fn open(self) -> Result<MongoStore, StoreError> {
        let Self { database, options, .. } = &self;
        check_database(database)?;
        refuse_system_database(database)?;
        options.names.check()?;
        MongoStore::open(self).await
    }
}

/// Refuses the databases of the server itself: one of them is not replicated, and none takes transactions.
fn refuse_system_database(name: &str) -> Result<(), StoreError> {
    if matches!(name, "admin" | "config" | "local") {
        return Err(invalid(
            name,
            "it is a database of the server itself, which takes no transactions; choose a different name",
        ));
    }
    Ok(())
}
