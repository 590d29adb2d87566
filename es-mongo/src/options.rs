//! The options for opening a store.

use std::time::Duration;

use es_core::{Ordering, StoreError};
use mongodb::Client;
use tokio::sync::Semaphore;

use crate::error::{check_database, check_name};
use crate::store::MongoStore;

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
}

impl CollectionNames {
    /// Refuses names that the server cannot use, and duplicate names: if the archive were the
    /// events collection, an archive run would take each event for its own copy, and delete it.
    fn check(&self) -> Result<(), StoreError> {
        let names = [&self.events, &self.snapshots, &self.archive, &self.sessions];
        for (at, name) in names.into_iter().enumerate() {
            check_name(name)?;
            if names[..at].contains(&name) {
                return Err(StoreError::Unsafe {
                    reason: format!(
                        "`{name}` cannot be the name of two of the collections for events, snapshots, the archive and sessions; choose another name"
                    ),
                });
            }
        }
        Ok(())
    }
}

/// A builder that opens a store with other options than the defaults; created by
/// [`MongoStore::builder`].
#[derive(Debug, Clone)]
pub struct StoreBuilder {
    pub(crate) client: Client,
    pub(crate) database: String,
    pub(crate) options: StoreOptions,
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

    /// The order that positions define; [`Ordering::Global`] by default. That needs a unique index
    /// on `position`, which is impossible on a sharded collection.
    #[must_use]
    pub fn ordering(mut self, ordering: Ordering) -> Self {
        self.options.ordering = ordering;
        self
    }

    /// The number of snapshots that are kept per aggregate, the newest ones; 2 by default, and at
    /// least 1.
    #[must_use]
    pub fn keep_snapshots(mut self, count: u32) -> Self {
        self.options.keep_snapshots = count.max(1);
        self
    }

    /// How long an append is retried before it fails as unknown or unavailable; 30 s by default.
    ///
    /// The driver has no time limit for a server that does not answer.
    #[must_use]
    pub fn append_deadline(mut self, deadline: Duration) -> Self {
        self.options.append_deadline = deadline;
        self
    }

    /// How long a read waits for an answer of the server before it fails as unavailable; 30 s by
    /// default.
    ///
    /// The limit applies to each answer, not to a whole stream: to a lookup, to each batch of a
    /// load or a query, to each step of an archive run, a migration or a check, and to storing a
    /// snapshot. Within the limit a read is retried, with growing waits, as long as no node can
    /// answer. So a load during an election takes longer but does not fail.
    /// [`stats`](MongoStore::stats) counts all events in one answer: increase the limit if there
    /// are very many.
    ///
    /// The driver has no time limit for a server that does not answer.
    #[must_use]
    pub fn read_deadline(mut self, deadline: Duration) -> Self {
        self.options.read_deadline = deadline;
        self
    }

    /// The number of appends that may wait for the one that is being written; 4096 by default.
    /// Further callers wait for a free place.
    #[must_use]
    pub fn queue(mut self, appends: usize) -> Self {
        self.options.queue = appends.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Opens the store: checks the deployment, and creates missing collections, indexes and the
    /// validator. If nothing is missing it writes nothing, so it does not need the right to do so;
    /// [`Role`](crate::Role) lists the rights.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unsafe`] if the server is not a replica set, if the client is connected to one
    /// node of several, or if two collections have the same name. Also if the server would delete
    /// or hide documents or accept invalid ones, because of a collection, its validator or an
    /// index, and if the [ordering](Self::ordering) is impossible for the collection or differs
    /// from the one with which the store was created. The error describes the remedy.
    /// [`StoreError::RuntimeEnded`] if the runtime ends in the meantime.
    /// [`StoreError::Unavailable`] and [`StoreError::Unauthorized`] as the server reports.
    pub async fn open(self) -> Result<MongoStore, StoreError> {
        let Self { database, options, .. } = &self;
        check_database(database)?;
        refuse_system_database(database)?;
        options.names.check()?;
        MongoStore::open(self).await
    }
}

/// Refuses the databases of the server: one of them is not replicated, and none supports
/// transactions.
fn refuse_system_database(name: &str) -> Result<(), StoreError> {
    if matches!(name, "admin" | "config" | "local") {
        let reason = format!(
            "`{name}` is a database of the server itself, which does not support transactions; choose another name"
        );
        return Err(StoreError::Unsafe { reason });
    }
    Ok(())
}
