//! Opening a store.

use std::sync::Arc;
use std::time::Duration;

use es_core::StoreError;
use es_core::clock::Clock;
use es_core::store::Ordering;
use mongodb::Client;
use tokio::sync::Semaphore;

use super::{Inner, MongoStore};
use crate::append::Appender;
use crate::collections::Collections;
use crate::error::{check_database, invalid};
use crate::feed::Feed;
use crate::handles::Handles;
use crate::options::{CollectionNames, StoreOptions};
use crate::patience::{Patience, attempt_within};
use crate::{deployment, index};

/// A builder that opens a store with other options than the defaults; created by
/// [`MongoStore::builder`].
#[derive(Debug, Clone)]
pub struct StoreBuilder {
    client: Client,
    database: String,
    options: StoreOptions,
}

impl StoreBuilder {
    pub(super) fn new(client: Client, database: impl Into<String>) -> Self {
        Self { client, database: database.into(), options: StoreOptions::default() }
    }

    /// The names of the collections.
    #[must_use]
    pub fn collections(mut self, names: CollectionNames) -> Self {
        self.options.names = names;
        self
    }

    /// The order that positions define; [`Ordering::Global`] by default.
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

    /// The clock whose time is recorded with events and snapshots; the one of the machine by
    /// default.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.options.clock = Arc::new(clock);
        self
    }

    /// The number of appends that may wait for the one that is being written; 4096 by default.
    /// Further callers wait for a free place.
    #[must_use]
    pub fn queue(mut self, appends: usize) -> Self {
        self.options.queue = appends.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// How long a follower waits for an event at a position that a writer has reserved, before it
    /// records that the position is skipped; 1 s by default.
    ///
    /// A writer that is slower than this gets a new position for its event, so nothing is lost. If
    /// the writer is in a transaction that has written the event already, the follower waits for
    /// it.
    #[must_use]
    pub fn position_grace(mut self, grace: Duration) -> Self {
        self.options.position_grace = grace;
        self
    }

    /// Opens the store: checks the deployment, and creates missing collections, indexes and the
    /// validator. If nothing is missing it writes nothing, so it does not need the right to do so;
    /// [`Role`](crate::Role) lists the rights.
    ///
    /// # Errors
    ///
    /// - [`StoreError::InvalidName`] for a name that a database or collection cannot have, and if
    ///   two collections have the same name.
    /// - [`StoreError::Unsafe`] if the server is not a replica set, or the client is connected to
    ///   one node of several.
    /// - [`StoreError::Unsafe`] if a collection, its validator or an index makes the server delete
    ///   or hide documents or accept invalid ones.
    /// - [`StoreError::Unsafe`] if the [ordering](Self::ordering) is impossible for the collection,
    ///   or differs from the one with which the store was created.
    /// - [`StoreError::RuntimeEnded`] if the runtime ends in the meantime.
    /// - [`StoreError::Unavailable`] and [`StoreError::Unauthorized`] as the server reports.
    ///
    /// The error describes the remedy.
    pub async fn open(self) -> Result<MongoStore, StoreError> {
        let Self { client, database, options } = self;
        check_database(&database)?;
        refuse_system_database(&database)?;
        options.names.check()?;
        let handles = Handles::new(&client, &database);
        let patience = Patience::new(options.read_deadline, "read deadline");
        deployment::require_suitable(&handles, &options.names.events, options.ordering, &patience).await?;
        index::ensure(&handles, &options.names, options.ordering, &patience).await?;
        let collections = Collections::new(handles, &options.names, patience);
        // A batch runs its queries between its attempts to write, so a query must not delay an
        // append longer than an attempt does.
        let hurried =
            Patience::new(attempt_within(options.append_deadline), "limit of one try within the append deadline");
        let appender = Appender::start(collections.with_patience(hurried), &options);
        let feed = Feed::new(&options);
        Ok(MongoStore { inner: Arc::new(Inner { collections, options, appender, feed }) })
    }
}

/// Refuses the databases of the server: one of them is not replicated, and none supports
/// transactions.
fn refuse_system_database(name: &str) -> Result<(), StoreError> {
    if matches!(name, "admin" | "config" | "local") {
        let reason =
            "it is a database of the server itself, which does not support transactions; choose a different name";
        return Err(invalid(name, reason));
    }
    Ok(())
}
