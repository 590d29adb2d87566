//! Checks the laws of a store with only the rights of a writer.
#![allow(clippy::disallowed_methods, reason = "the administrator is not the library")]

use bson::doc;
use es_mongo::dev::{DevServer, fresh_database_name};
use es_mongo::mongodb::Client;
use es_mongo::{CollectionNames, MongoStore, Role, Roles};
use tokio::sync::OnceCell;

static SERVER: OnceCell<DevServer> = OnceCell::const_new();

/// A store without events, in a new database, opened as a user with one role.
async fn empty_store() -> MongoStore {
    let opened = try_empty_store().await;
    opened.unwrap_or_else(|error| panic!("{error}"))
}

async fn try_empty_store() -> Result<MongoStore, Box<dyn std::error::Error>> {
    let start = || DevServer::builder().always_own().authentication("root", "secret").start();
    let uri = SERVER.get_or_try_init(start).await?.uri();
    let database = fresh_database_name("writer");
    MongoStore::connect(uri, &database).await?;
    let admin = Client::with_uri_str(uri).await?.database(&database);
    let roles = Roles::of(CollectionNames::default());
    roles.create(&admin).await?;
    let writer = doc! { "createUser": "writer", "pwd": "secret", "roles": [roles.name(Role::Writer)] };
    admin.run_command(writer).await?;
    let uri = uri.replacen("root:", "writer:", 1) + "&authSource=" + &database;
    Ok(MongoStore::connect(&uri, &database).await?)
}

es_core::conformance_tests!(empty_store().await);
es_core::query_conformance_tests!(empty_store().await);
es_core::feed_conformance_tests!(empty_store().await);
