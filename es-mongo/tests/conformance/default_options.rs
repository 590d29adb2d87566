//! Checks the laws of a store on `MongoStore`.

use es_mongo::MongoStore;
use es_mongo::dev::{DevServer, fresh_database_name};

/// A store without events, in a new database.
async fn empty_store() -> MongoStore {
    let server = DevServer::shared().await.unwrap_or_else(|error| panic!("{error}"));
    let opened = MongoStore::connect(server.uri(), &fresh_database_name("conformance")).await;
    opened.unwrap_or_else(|error| panic!("{error}"))
}

es_core::conformance_tests!(empty_store().await);
es_core::query_conformance_tests!(empty_store().await);
es_core::feed_conformance_tests!(empty_store().await);
es_core::read_model_conformance_tests!(empty_store().await);
