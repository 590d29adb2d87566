//! Every handle, command and session of the library, with settings of its own.
//!
//! The driver lets each of them inherit what it does not state: from the collection, the database, the session, the client, and so from the connection string. What
//! is promised does not depend on any of these, so everything is stated here, and `clippy.toml` keeps the rest of the crate from making a handle.
#![allow(clippy::disallowed_methods, reason = "this is the one place for them")]

use std::time::Duration;

use bson::raw::RawDocumentBuf;
use bson::{Document, doc};
use futures_util::TryStreamExt;
use mongodb::error::{Error, ErrorKind, Result as DriverResult};
use mongodb::options::{
    Acknowledgment, CollectionOptions, DatabaseOptions, ReadConcern, ReadPreference, ReadPreferenceOptions,
    SelectionCriteria, TransactionOptions, WriteConcern,
};
use mongodb::{Client, ClientSession, Collection, Database};

/// What every write of this library asks for: durable on a majority, with a limit to the wait.
///
/// `j: true` is explicit. With `j: false` a majority waits for the server's periodic flush, up to 100 ms.
pub(crate) fn durable() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(Duration::from_secs(10)).build()
}

fn primary() -> SelectionCriteria {
    SelectionCriteria::ReadPreference(ReadPreference::Primary)
}

/// Makes all handles on one database.
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

    /// A collection: majority reads from the primary, durable writes. In a transaction the driver leaves both concerns to the transaction.
    pub(crate) fn collection(&self, name: &str) -> Collection<RawDocumentBuf> {
        self.database.collection(name)
    }

    /// A collection as the primary has it, whether or not a majority does. For what a refusal of the primary is about, and never for an answer that says what
    /// is stored.
    pub(crate) fn collection_of_the_primary(&self, name: &str) -> Collection<RawDocumentBuf> {
        let options = CollectionOptions::builder()
            .write_concern(durable())
            .read_concern(ReadConcern::local())
            .selection_criteria(primary())
            .build();
        self.database.collection_with_options(name, options)
    }

    /// Runs a command on the primary. A command that writes names its write concern, for the driver adds none.
    pub(crate) async fn command(&self, command: Document) -> DriverResult<Document> {
        self.database.run_command(command).selection_criteria(primary()).await
    }

    /// Runs a command that writes, durably.
    pub(crate) async fn write_command(&self, mut command: Document) -> DriverResult<Document> {
        command.insert("writeConcern", bson::serialize_to_bson(&durable())?);
        let answer = self.command(command).await?;
        // The driver leaves it to the caller whether a majority has it.
        match answer.get("writeConcernError") {
            None => Ok(answer),
            Some(error) => Err(Error::custom(format!("a majority has not acknowledged it: {error}"))),
        }
    }

    /// Runs a command on the `admin` database of the primary.
    pub(crate) async fn admin_command(&self, command: Document) -> DriverResult<Document> {
        self.database.client().database("admin").run_command(command).selection_criteria(primary()).await
    }

    /// Asks the `admin` database of the primary for the operations of the server.
    pub(crate) async fn operations(&self, stages: impl IntoIterator<Item = Document>) -> DriverResult<Vec<Document>> {
        let admin = self.database.client().database("admin");
        let found = admin.aggregate(stages).read_concern(ReadConcern::local()).selection_criteria(primary());
        found.await?.try_collect().await
    }

    /// A session. What the library reads it reads at a majority, so it needs no causal consistency.
    pub(crate) async fn session(&self) -> DriverResult<ClientSession> {
        self.database.client().start_session().causal_consistency(false).await
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

    /// The records of the sessions. They need no majority: with the primary that has them, the transactions go too.
    pub(crate) fn records(&self, name: &str) -> Collection<Document> {
        let options = CollectionOptions::builder()
            .write_concern(WriteConcern::nodes(1))
            .read_concern(ReadConcern::local())
            .selection_criteria(primary())
            .build();
        self.database.collection_with_options(name, options)
    }

    /// Whether the client talks to the one node that it was given, whatever that node is: `directConnection=true`.
    ///
    /// A client does not say so. But a client that knows a replica set refuses a staleness that is too short before it asks any node, and one that does not
    /// know it passes it on.
    pub(crate) async fn is_direct(&self) -> bool {
        let too_short = ReadPreferenceOptions::builder().max_staleness(Duration::from_secs(1)).build();
        let stale = ReadPreference::SecondaryPreferred { options: Some(too_short) };
        let asked = self.database.run_command(doc! { "ping": 1 }).selection_criteria(stale.into()).await;
        !asked.is_err_and(|error| matches!(*error.kind, ErrorKind::InvalidArgument { .. }))
    }
}

impl From<&Database> for Handles {
    /// The same database, whatever the settings of this handle are.
    fn from(database: &Database) -> Self {
        Self::new(database.client(), database.name())
    }
}
