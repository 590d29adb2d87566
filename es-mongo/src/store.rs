//! The handle of an open store.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Acquire, Ordering::Release};
use std::time::{Duration, Instant};

use bson::doc;
use bson::raw::RawDocumentBuf;
use es_core::{BoxFuture, Ordering, Runtime, StoreError};
use mongodb::options::ClientOptions;
use mongodb::{Client, Collection, Database};

use crate::append::Appender;
use crate::document::field;
use crate::error::{connection_string_refused, store_error};
use crate::handles::Handles;
use crate::index;
use crate::options::{StoreBuilder, StoreOptions};
use crate::patience::{Patience, attempt_within};
use crate::seeds::Seeds;
use crate::sessions::Sessions;

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
}

/// The handles of the collections.
#[derive(Clone)]
pub(crate) struct Collections {
    pub(crate) handles: Handles,
    pub(crate) events: Collection<RawDocumentBuf>,
    pub(crate) snapshots: Collection<RawDocumentBuf>,
    pub(crate) archive: Collection<RawDocumentBuf>,
    pub(crate) patience: Patience,
    pub(crate) sessions: Sessions,
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
}

/// How long the information that there is no archive may be used.
pub(crate) const ARCHIVE_STATE_LASTS: Duration = Duration::from_secs(1);

impl MongoStore {
    /// Connects to a replica set and opens the store in one of its databases.
    ///
    /// If the connection string sets no timeout, the search for a server ends after 4 s. The read
    /// preference, read concern and write concern of the connection string have no effect, because
    /// the store sets its own. An option that cannot be used is refused by name.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if no server answers or the connection string is invalid,
    /// [`StoreError::Unauthorized`] if the server refuses the credentials or the user lacks a
    /// right, and [`StoreError::Unsafe`] if the server is not a replica set or an index differs
    /// from the expected one. No error contains the password.
    pub async fn connect(uri: &str, database: &str) -> Result<Self, StoreError> {
        let mut options = ClientOptions::parse(uri)
            .await
            .map_err(|error| StoreError::Unavailable { source: connection_string_refused(uri, &error) })?;
        options.server_selection_timeout.get_or_insert(Duration::from_secs(4));
        options.connect_timeout.get_or_insert(Duration::from_secs(4));
        options.max_pool_size.get_or_insert(64);
        if options.server_selection_timeout.is_some_and(|timeout| timeout.is_zero()) {
            let source =
                "`serverSelectionTimeoutMS=0` leaves no time to find a server; remove the option or give it more";
            return Err(StoreError::Unavailable { source: source.into() });
        }
        let seeds = Seeds::of(&options);
        let client = Client::with_options(options)
            .map_err(|error| StoreError::Unavailable { source: connection_string_refused(uri, &error) })?;
        seeds.beside(Self::builder(client, database).open()).await
    }

    /// Opens a store with other options than the defaults, on an existing client.
    pub fn builder(client: Client, database: impl Into<String>) -> StoreBuilder {
        StoreBuilder::new(client, database)
    }

    pub(crate) async fn open(builder: StoreBuilder) -> Result<Self, StoreError> {
        let StoreBuilder { client, database, options } = builder;
        let handles = Handles::new(&client, &database);
        let patience = Patience::new(options.read_deadline, "read deadline");
        if deployment(&handles, &patience).await? == Deployment::ShardedCluster {
            require_possible(options.ordering, &handles, &options.names.events, &patience).await?;
        }
        index::ensure(&handles, &options.names, options.ordering, &patience).await?;
        let collections = Collections {
            sessions: Sessions::new(&handles, &options.names),
            events: handles.collection(&options.names.events),
            snapshots: handles.collection(&options.names.snapshots),
            archive: handles.collection(&options.names.archive),
            archive_state: Arc::new(ArchiveState {
                present: AtomicBool::new(false),
                started: Instant::now(),
                checked_millis: AtomicI64::new(i64::MIN / 2),
            }),
            patience,
            handles,
        };
        // A batch runs its queries between its attempts to write, so a query must not delay an
        // append longer than an attempt does.
        let hurried =
            Patience::new(attempt_within(options.append_deadline), "limit of one try within the append deadline");
        let appender = Appender::start(Collections { patience: hurried, ..collections.clone() }, &options);
        Ok(Self { inner: Arc::new(Inner { collections, options, appender }) })
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

impl Collections {
    /// Whether the archive contains an event. See [`ArchiveState`] for how old the answer may be.
    pub(crate) async fn archive_is_present(&self) -> Result<bool, StoreError> {
        let state = &self.archive_state;
        if state.present.load(Acquire) {
            return Ok(true);
        }
        // The time before the query is decisive, not the time of the answer.
        let now = i64::try_from(state.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let lasts = i64::try_from(ARCHIVE_STATE_LASTS.as_millis()).unwrap_or(i64::MAX);
        if now - state.checked_millis.load(Acquire) < lasts {
            return Ok(false);
        }
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deployment {
    ReplicaSet,
    ShardedCluster,
}

/// Finds out the kind of the server, and refuses a server that cannot record several events
/// together.
async fn deployment(handles: &Handles, patience: &Patience) -> Result<Deployment, StoreError> {
    let asked = handles.clone();
    let hello = patience.once(async move { asked.command(doc! { "hello": 1 }).await }).await?.map_err(store_error)?;
    if hello.contains_key("setName") {
        let members = ["hosts", "passives"].map(|members| hello.get_array(members).map_or(0, Vec::len));
        if members.into_iter().sum::<usize>() > 1 && {
            let asked = handles.clone();
            patience.once(async move { asked.is_direct().await }).await?
        } {
            return Err(StoreError::Unsafe {
                reason: "`directConnection=true` connects to a single node, which answers from its own copy when it is no longer the primary; remove the option and name the set with `replicaSet`".to_owned(),
            });
        }
        return Ok(Deployment::ReplicaSet);
    }
    if hello.get_str("msg").is_ok_and(|message| message == "isdbgrid") {
        return Ok(Deployment::ShardedCluster);
    }
    Err(StoreError::Unsafe {
        reason: "the server is not a replica set, so several events could not be recorded together; start it with `--replSet rs0` and run `rs.initiate()` (one node is enough)".to_owned(),
    })
}

/// Refuses a global order if the events are sharded. A collection that is not sharded is on one
/// shard, so both orderings are possible.
async fn require_possible(
    ordering: Ordering,
    handles: &Handles,
    events: &str,
    patience: &Patience,
) -> Result<(), StoreError> {
    if ordering == Ordering::PerAggregate {
        return Ok(());
    }
    let (asked, question) = (handles.clone(), doc! { "collStats": events });
    let stats = patience.once(async move { asked.command(question).await }).await?.map_err(store_error)?;
    if stats.get_bool("sharded").unwrap_or(false) {
        return Err(StoreError::Unsafe {
            reason: format!(
                "`{events}` is sharded, so its positions cannot be unique; open the store with `.ordering(Ordering::PerAggregate)`"
            ),
        });
    }
    Ok(())
}

impl Runtime for MongoStore {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        tokio::spawn(work);
    }
}

impl fmt::Debug for Collections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collections").field("events", &self.events.namespace()).finish_non_exhaustive()
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
