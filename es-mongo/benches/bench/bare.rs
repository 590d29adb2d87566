//! The same work with the bare driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use es_core::store::NewEvent;
use es_mongo::mongodb::bson::raw::RawDocumentBuf;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::error::Result as DriverResult;
use es_mongo::mongodb::options::{Acknowledgment, ClientOptions, CollectionOptions, WriteConcern};
use es_mongo::mongodb::{Client, ClientSession, Collection};
use es_mongo::{CollectionNames, MongoStore};

use crate::document::document;

/// Collections with the indexes and durability of the library, written without the library.
#[derive(Clone)]
pub(crate) struct Bare {
    pub(crate) client: Client,
    pub(crate) events: Collection<RawDocumentBuf>,
    /// Without a write concern, as a transaction requires.
    pub(crate) in_transaction: Collection<Document>,
    /// The next position. It comes from a counter in the process, so no two inserts compete for it.
    position: Arc<AtomicI64>,
    step: i64,
}

pub(crate) async fn client(uri: &str) -> DriverResult<Client> {
    let mut options = ClientOptions::parse(uri).await?;
    options.max_pool_size = Some(64);
    options.write_concern = Some(durable());
    Client::with_options(options)
}

fn durable() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build()
}

/// Creates the collections. The library creates the indexes and the validator. After that it is not
/// used.
pub(crate) async fn create_collections(client: &Client, database: &str) -> Result<(), Box<dyn std::error::Error>> {
    MongoStore::builder(client.clone(), database).collections(names()).open().await?.close().await;
    Ok(())
}

fn names() -> CollectionNames {
    CollectionNames::prefixed("bare_")
}

impl Bare {
    pub(crate) async fn open(uri: &str, database: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let client = client(uri).await?;
        create_collections(&client, database).await?;
        Ok(Self::of_process(client, database, 0, 1))
    }

    /// One of several processes, which share the positions: one takes each third of three.
    pub(crate) fn of_process(client: Client, database: &str, process: u32, of: u32) -> Self {
        let name = names().events;
        let options = CollectionOptions::builder().write_concern(durable()).build();
        let database = client.database(database);
        let events = database.collection_with_options(&name, options);
        let position = Arc::new(AtomicI64::new(i64::from(process) + 1));
        Self { in_transaction: database.collection(&name), events, client, position, step: of.into() }
    }

    /// Inserts one event by `insert_one`, with the same bytes that the library would write.
    pub(crate) async fn insert(&self, id: &str, sequence: i64, event: &NewEvent) -> DriverResult<()> {
        self.events.insert_one(self.next_document(id, sequence, event)).await.map(drop)
    }

    /// Appends one event as in the chapter: reads the head and inserts after it, in a transaction.
    pub(crate) async fn append_the_seeds_way(&self, id: &str, event: &NewEvent) -> DriverResult<()> {
        let mut session = self.client.start_session().await?;
        session
            .start_transaction()
            .and_run((self, id, event), |session, (bare, id, event)| {
                Box::pin(async move { bare.find_then_insert(session, id, event).await })
            })
            .await
    }

    async fn find_then_insert(&self, session: &mut ClientSession, id: &str, event: &NewEvent) -> DriverResult<()> {
        let newest = self
            .in_transaction
            .find_one(doc! { "aggregateId": id })
            .sort(doc! { "sequenceNumber": -1 })
            .session(&mut *session)
            .await?;
        let sequence = newest.and_then(|newest| newest.get_i64("sequenceNumber").ok()).unwrap_or(0) + 1;
        let document = Document::try_from(self.next_document(id, sequence, event))?;
        self.in_transaction.insert_one(document).session(session).await.map(drop)
    }

    pub(crate) fn next_document(&self, id: &str, sequence: i64, event: &NewEvent) -> RawDocumentBuf {
        document(id, sequence, self.position.fetch_add(self.step, Ordering::Relaxed), event)
    }
}
