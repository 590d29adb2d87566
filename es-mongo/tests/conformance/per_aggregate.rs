//! Checks the laws of a store that orders events only within their aggregate: all laws except the
//! one about positions of several aggregates.

use es_core::store::Ordering;
use es_mongo::MongoStore;
use es_mongo::dev::{DevServer, fresh_database_name};
use es_mongo::mongodb::Client;

/// A store without events, in a new database.
async fn empty_store() -> MongoStore {
    let server = DevServer::shared().await.unwrap_or_else(|error| panic!("{error}"));
    let client = Client::with_uri_str(server.uri()).await.unwrap_or_else(|error| panic!("{error}"));
    let builder = MongoStore::builder(client, fresh_database_name("per-aggregate")).ordering(Ordering::PerAggregate);
    builder.open().await.unwrap_or_else(|error| panic!("{error}"))
}

es_core::conformance_tests!(empty_store().await, order within aggregates);
es_core::query_conformance_tests!(empty_store().await, order within aggregates);
es_core::feed_conformance_tests!(empty_store().await, order within aggregates);
