//! The handle of an open store.

mod builder;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use es_core::store::{
    Append, AppendId, Appended, BatchStream, BoxFuture, EventStore, Head, ReadRange, Receipt, Runtime, SnapshotStore,
    StoredSnapshot,
};
use es_core::{StoreError, StreamId, Timestamp, Version};
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};

pub use builder::StoreBuilder;

use crate::append::{self, Appender};
use crate::collections::Collections;
use crate::error::connection_string_refused;
use crate::feed::Feed;
use crate::metrics::Timer;
use crate::options::StoreOptions;
use crate::seeds::Seeds;
use crate::{read, snapshot};

/// Events, snapshots and the archive in one database of a MongoDB replica set.
///
/// Cheap to clone; clones share the connections and the appender. One store per process is enough.
///
/// ```no_run
/// # use es_core::{event, Aggregate, Apply, Context, Repository};
/// # #[event(version = 1)]
/// # pub struct Deposited { pub cents: i64 }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(Deposited))]
/// # pub struct Account { cents: i64 }
/// # impl Apply<Deposited> for Account {
/// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
/// # }
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use es_mongo::MongoStore;
///
/// let store = MongoStore::connect("mongodb://localhost:27017/?replicaSet=rs0", "bank").await?;
/// let accounts = Repository::<Account>::new(&store);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MongoStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) collections: Collections,
    pub(crate) options: StoreOptions,
    pub(crate) appender: Appender,
    pub(crate) feed: Feed,
}

impl MongoStore {
    /// Connects to a replica set and opens the store in one of its databases.
    ///
    /// If the connection string sets no timeout, the search for a server ends after 4 s. The read
    /// preference, read concern and write concern of the connection string have no effect, because
    /// the store sets its own. An option that cannot be used is refused by name.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidOptions`] if the connection string is invalid,
    /// [`StoreError::Unavailable`] if no server answers, [`StoreError::Unauthorized`] if the server
    /// refuses the credentials or the user lacks a right, [`StoreError::InvalidName`] if a database
    /// cannot have the name, and [`StoreError::Unsafe`] if the server is not a replica set or an
    /// index differs from the expected one. No error contains the password.
    pub async fn connect(uri: &str, database: &str) -> Result<Self, StoreError> {
        let mut options = ClientOptions::parse(uri).await.map_err(|error| connection_string_refused(uri, &error))?;
        options.server_selection_timeout.get_or_insert(Duration::from_secs(4));
        options.connect_timeout.get_or_insert(Duration::from_secs(4));
        options.max_pool_size.get_or_insert(64);
        if options.server_selection_timeout.is_some_and(|timeout| timeout.is_zero()) {
            let reason =
                "`serverSelectionTimeoutMS=0` leaves no time to find a server; remove the option or increase it";
            return Err(StoreError::InvalidOptions { reason: reason.to_owned() });
        }
        let seeds = Seeds::of(&options);
        let client = Client::with_options(options).map_err(|error| connection_string_refused(uri, &error))?;
        seeds.beside(Self::builder(client, database).open()).await
    }

    /// Opens a store with other options than the defaults, on an existing client.
    pub fn builder(client: Client, database: impl Into<String>) -> StoreBuilder {
        StoreBuilder::new(client, database)
    }

    /// The database with the settings that the store uses: a collection of this handle reads from
    /// the primary with majority read concern, and writes durably, unless it has other settings.
    /// The settings of the client and of the connection string have no effect.
    pub fn database(&self) -> &Database {
        self.inner.collections.handles.database()
    }

    /// Stops accepting appends, and waits until the accepted ones are answered.
    ///
    /// This closes every clone of the store. Reads still work.
    pub async fn close(&self) {
        self.inner.appender.close().await;
    }

    pub(crate) fn collections(&self) -> &Collections {
        &self.inner.collections
    }
}

impl EventStore for MongoStore {
    /// Records events.
    ///
    /// If the caller drops this future or stops waiting, the append is not affected: once it is in
    /// the queue, it is written or refused.
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(append::append(self.collections(), &self.inner.appender, append, self.now()))
    }

    /// Records appends to one stream, of which each expects the version after the previous one.
    ///
    /// Up to 2,000 events share one commit.
    fn append_in_turn(&self, appends: Vec<Append>) -> BoxFuture<'_, Vec<Result<Appended, StoreError>>> {
        Box::pin(append::append_in_turn(self.collections(), &self.inner.appender, appends, self.now()))
    }

    fn read(&self, stream: &StreamId, range: ReadRange) -> BatchStream {
        Box::pin(read::stream(self.collections().clone(), stream.clone(), range))
    }

    fn find_append<'a>(
        &'a self,
        stream: &'a StreamId,
        append_id: &'a AppendId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        Box::pin(append::find(self.collections(), stream, append_id))
    }

    fn head<'a>(&'a self, stream: &'a StreamId) -> BoxFuture<'a, Result<Head, StoreError>> {
        Box::pin(read::head(self.collections(), stream))
    }
}

impl SnapshotStore for MongoStore {
    fn newest_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        state_version: u32,
        at_most: Version,
    ) -> BoxFuture<'a, Result<Option<StoredSnapshot>, StoreError>> {
        Box::pin(snapshot::newest(self.collections(), stream, state_version, at_most))
    }

    fn put_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        snapshot: StoredSnapshot,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(snapshot::put(self.collections(), self.inner.options.keep_snapshots, stream, snapshot))
    }

    fn snapshot_passed_over(&self, stream: &StreamId, version: Version, error: &dyn std::error::Error) {
        snapshot::passed_over(stream, version, error);
    }

    fn snapshot_refused(&self, stream: &StreamId, version: Version, error: &dyn std::error::Error) {
        snapshot::not_kept(stream, version, error, Timer::start());
    }
}

impl Runtime for MongoStore {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        tokio::spawn(work);
    }

    fn now(&self) -> Timestamp {
        self.inner.options.clock.now()
    }
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore")
            .field("database", &self.database().name())
            .field("collections", &self.inner.options.names)
            .finish_non_exhaustive()
    }
}
