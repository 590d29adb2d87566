//! The store that the commands use.

use es_core::{Repository, StoreError};
use es_mongo::MongoStore;

use crate::cli::Options;
use crate::domain::Invoice;
use crate::failure::Failure;
use crate::own_server::OwnServer;

/// An open store, and its server if the program has started one.
#[derive(Debug)]
pub struct Connection {
    pub store: MongoStore,
    server: Option<OwnServer>,
}

impl Connection {
    /// Opens the database that the options name.
    pub async fn open(options: &Options) -> Result<Self, Failure> {
        Self::open_database(options, &options.database).await
    }

    pub async fn open_database(options: &Options, database: &str) -> Result<Self, Failure> {
        if options.memory {
            return Err("--memory is only for the demo; the other commands need a server".into());
        }
        if let Some(uri) = options.uri.as_deref().filter(|uri| !uri.is_empty()) {
            return Ok(Self { store: MongoStore::connect(uri, database).await?, server: None });
        }
        let mut server = OwnServer::start().await?;
        let store = match MongoStore::connect(server.uri(), database).await {
            // The server belonged to another process, which has just ended with it.
            Err(StoreError::Unavailable { .. }) => {
                server = OwnServer::start().await?;
                MongoStore::connect(server.uri(), database).await?
            }
            store => store?,
        };
        Ok(Self { store, server: Some(server) })
    }

    pub fn invoices(&self) -> Repository<Invoice> {
        Repository::new(&self.store)
    }

    /// Closes the connection. If another process uses the server, it waits for that process.
    pub async fn close(self) -> Result<(), Failure> {
        self.store.close().await;
        let client = self.store.database().client().clone();
        let left = match &self.server {
            Some(server) => server.leave(&client).await,
            None => Ok(()),
        };
        // A client that is only dropped ends its sessions in the background, which panics if the
        // program ends before that.
        client.shutdown().immediate(true).await;
        left
    }
}
