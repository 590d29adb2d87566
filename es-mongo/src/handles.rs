//! Creates every handle, command and session of the library with explicit settings.
//!
//! In the driver each of them inherits unset options from the collection, the database, the session
//! or the client, and so from the connection string. The guarantees must not depend on these, so
//! all options are set here, and `clippy.toml` forbids the rest of the crate to create a handle.
#![allow(clippy::disallowed_methods, reason = "this is the one place for them")]

use std::io;
use std::time::Duration;

use bson::raw::RawDocumentBuf;
use bson::{Document, doc};
use futures_util::TryStreamExt;
use mongodb::error::{ErrorKind, Result as DriverResult};
use mongodb::options::{
    Acknowledgment, CollectionOptions, DatabaseOptions, ReadConcern, ReadPreference, ReadPreferenceOptions,
    SelectionCriteria, TransactionOptions, WriteConcern,
};
use mongodb::{Client, ClientSession, Collection, Database};

/// The write concern of this library: durable on a majority, with a time limit.
///
/// `j: true` is explicit. With `j: false` a majority waits for the server's periodic flush, up to
/// 100 ms.
pub(crate) fn durable() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(Duration::from_secs(10)).build()
}

fn primary() -> SelectionCriteria {
    SelectionCriteria::ReadPreference(ReadPreference::Primary)
}

/// Creates all handles on one database.
#[derive(Debug, Clone)]
pub(crate) struct Handles {
    database: Database,
}

impl Handles {
    pub(crate) fn new(client: &Client, database: &str) -> Self {
        let options = DatabaseOptions::builder()
            .write_concern(durable())
            .read_concern(ReadConcern::majority())
            .selection_criteria(primary())
            .build();
        Self { database: client.database_with_options(database, options) }
    }

    /// The database, with the settings that its collections inherit.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// A collection with majority reads from the primary and durable writes. In a transaction, the
    /// driver uses the concerns of the transaction instead.
    pub(crate) fn collection(&self, name: &str) -> Collection<RawDocumentBuf> {
        self.database.collection(name)
    }

    /// The same collection for the reads of a [snapshot session](Self::snapshot_session).
    ///
    /// The driver keeps the level of a read concern that the collection has, and adds only the time.
    /// So with any other level, the reads would not be of one time.
    pub(crate) fn of_snapshot<T: Send + Sync>(&self, collection: &Collection<T>) -> Collection<T> {
        let options =
            CollectionOptions::builder().read_concern(ReadConcern::snapshot()).selection_criteria(primary()).build();
        self.database.collection_with_options(collection.name(), options)
    }

    /// A collection as the primary has it, whether or not a majority does. This is only for finding
    /// out why the primary refused a write, never for an answer about stored events.
    pub(crate) fn collection_of_the_primary(&self, name: &str) -> Collection<RawDocumentBuf> {
        let options = CollectionOptions::builder()
            .write_concern(durable())
            .read_concern(ReadConcern::local())
            .selection_criteria(primary())
            .build();
        self.database.collection_with_options(name, options)
    }

    /// Runs a command on the primary. A command that writes must contain its write concern, because
    /// the driver adds none.
    pub(crate) async fn command(&self, command: Document) -> DriverResult<Document> {
        self.database.run_command(command).selection_criteria(primary()).await
    }

    /// Runs a command in the transaction of a session, which has the concerns.
    pub(crate) async fn command_in(
        &self,
        session: &mut ClientSession,
        command: RawDocumentBuf,
    ) -> DriverResult<Document> {
        self.database.run_raw_command(command).session(session).await
    }

    /// Runs a command that writes, durably.
    pub(crate) async fn write_command(&self, mut command: Document) -> DriverResult<Document> {
        command.insert("writeConcern", bson::serialize_to_bson(&durable())?);
        let answer = self.command(command).await?;
        // The driver does not check for this error: the caller must.
        match answer.get("writeConcernError") {
            None => Ok(answer),
            // It is written on the primary, and an election may undo it, as if the answer were lost.
            Some(error) => Err(io::Error::other(format!("a majority has not acknowledged it: {error}")).into()),
        }
    }

    /// Runs a command on the `admin` database of the primary.
    pub(crate) async fn admin_command(&self, command: Document) -> DriverResult<Document> {
        self.database.client().database("admin").run_command(command).selection_criteria(primary()).await
    }

    /// Lists the operations of the server, from the `admin` database of the primary.
    pub(crate) async fn operations(&self, stages: impl IntoIterator<Item = Document>) -> DriverResult<Vec<Document>> {
        let admin = self.database.client().database("admin");
        let found = admin.aggregate(stages).read_concern(ReadConcern::local()).selection_criteria(primary());
        found.await?.try_collect().await
    }

    /// A session. The library reads with majority read concern, so the session needs no causal
    /// consistency.
    pub(crate) async fn session(&self) -> DriverResult<ClientSession> {
        self.database.client().start_session().causal_consistency(false).await
    }

    /// A session whose reads all see the store as a majority had it at one time: that of the first
    /// read. They need collections [of a snapshot](Self::of_snapshot).
    pub(crate) async fn snapshot_session(&self) -> DriverResult<ClientSession> {
        self.database.client().start_session().snapshot(true).await
    }

    /// Starts a transaction in a session.
    pub(crate) async fn start_transaction(&self, session: &mut ClientSession) -> DriverResult<()> {
        let options = TransactionOptions::builder()
            .read_concern(ReadConcern::snapshot())
            .write_concern(durable())
            .selection_criteria(primary())
            .build();
        session.start_transaction().with_options(options).await
    }

    /// The records of the sessions. They need no majority: if the primary that has them is lost, so
    /// are the transactions.
    pub(crate) fn records(&self, name: &str) -> Collection<Document> {
        let options = CollectionOptions::builder()
            .write_concern(WriteConcern::nodes(1))
            .read_concern(ReadConcern::local())
            .selection_criteria(primary())
            .build();
        self.database.collection_with_options(name, options)
    }

    /// Whether the client is connected to a single node, whatever the role of the node is:
    /// `directConnection=true`.
    ///
    /// The client does not expose this setting. But a client that knows a replica set refuses a
    /// staleness that is too short without asking a node, while a direct client passes it on.
    pub(crate) async fn is_direct(&self) -> bool {
        let too_short = ReadPreferenceOptions::builder().max_staleness(Duration::from_secs(1)).build();
        let stale = ReadPreference::SecondaryPreferred { options: Some(too_short) };
        let asked = self.database.run_command(doc! { "ping": 1 }).selection_criteria(stale.into()).await;
        !asked.is_err_and(|error| matches!(*error.kind, ErrorKind::InvalidArgument { .. }))
    }
}

impl From<&Database> for Handles {
    /// The same database with the settings of this library, whatever the settings of this handle
    /// are.
    fn from(database: &Database) -> Self {
        Self::new(database.client(), database.name())
    }
}
