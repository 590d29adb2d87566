//! Collections, validators and indexes with which the server deletes, hides or merges documents, or
//! accepts invalid ones: a store refuses to open on them.

use es_core::StoreError;
use es_core::store::Ordering;
use es_mongo::MongoStore;
use es_mongo::dev::fresh_database_name;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::{Client, Database};
use tests::server;

const EVENTS: &str = "events";
const SNAPSHOTS: &str = "snapshots";
const ARCHIVE: &str = "events_archive";

async fn database() -> Database {
    let client = Client::with_uri_str(server().await.uri()).await.unwrap();
    client.database(&fresh_database_name("unsafe"))
}

async fn open(database: &Database) -> Result<MongoStore, StoreError> {
    MongoStore::connect(server().await.uri(), database.name()).await
}

/// Opening fails, and the error contains all of these.
async fn assert_refused(database: &Database, parts: &[&str]) {
    let error = open(database).await.map(drop).expect_err(&format!("opened, although {parts:?}"));
    assert!(matches!(error, StoreError::Unsafe { .. }), "{error:?}");
    let text = error.to_string();
    assert!(parts.iter().all(|part| text.contains(part)), "{text} lacks one of {parts:?}");
}

/// Somebody has created the collection before, with different options.
async fn refused_if_made(collection: &str, options: Document, reason: &str) {
    let database = database().await;
    let mut create = doc! { "create": collection };
    create.extend(options);
    database.run_command(create).await.unwrap();
    assert_refused(&database, &[&format!("`{collection}`"), reason]).await;
}

#[tokio::test]
async fn a_collection_whose_documents_the_server_deletes_or_hides_is_refused() {
    for collection in [EVENTS, SNAPSHOTS, ARCHIVE] {
        let clustered = doc! { "key": { "_id": 1 }, "unique": true };
        let cases = [
            (doc! { "capped": true, "size": 1 << 20 }, "deletes its oldest documents"),
            (doc! { "timeseries": { "timeField": "timestamp" } }, "is not a collection but a timeseries"),
            (doc! { "viewOn": "other", "pipeline": [] }, "is not a collection but a view"),
            (doc! { "clusteredIndex": clustered.clone() }, "is clustered"),
            (doc! { "clusteredIndex": clustered, "expireAfterSeconds": 3600 }, "is clustered"),
            (doc! { "collation": { "locale": "en", "strength": 2 } }, "has a collation"),
            (doc! { "validator": { "other": { "$exists": true } } }, "validator of somebody else's"),
        ];
        for (options, reason) in cases {
            refused_if_made(collection, options, reason).await;
        }
    }
}

/// Somebody has changed the store after it was opened.
async fn refused_if_changed(change: impl Fn(&str) -> Document, collection: &str, parts: &[&str]) {
    let database = database().await;
    open(&database).await.unwrap();
    database.run_command(change(collection)).await.unwrap();
    assert_refused(&database, parts).await;
}

#[tokio::test]
async fn a_validator_that_accepts_everything_is_refused() {
    for (option, value) in [("validationLevel", "off"), ("validationLevel", "moderate"), ("validationAction", "warn")] {
        refused_if_changed(|events| doc! { "collMod": events, option: value }, EVENTS, &[option, "db.runCommand"])
            .await;
    }
    // The remedy in the error is sufficient.
    let database = database().await;
    open(&database).await.unwrap();
    database.run_command(doc! { "collMod": EVENTS, "validationAction": "warn" }).await.unwrap();
    assert_refused(&database, &[r#"{ collMod: "events", validationAction: "error" }"#]).await;
    database.run_command(doc! { "collMod": EVENTS, "validationAction": "error" }).await.unwrap();
    open(&database).await.unwrap();
}

#[tokio::test]
async fn a_missing_validator_or_one_of_an_older_release_is_replaced() {
    for validator in [doc! {}, doc! { "$jsonSchema": { "title": "es-mongo event envelope", "bsonType": "object" } }] {
        let database = database().await;
        open(&database).await.unwrap();
        database.run_command(doc! { "collMod": EVENTS, "validator": validator }).await.unwrap();
        open(&database).await.unwrap();
        let events = database.collection::<Document>(EVENTS);
        assert!(
            events.insert_one(doc! { "aggregateId": "x" }).await.is_err(),
            "the validator accepts an invalid document"
        );
    }
}

#[tokio::test]
async fn an_expiring_index_is_refused_whatever_its_name() {
    for collection in [EVENTS, SNAPSHOTS, ARCHIVE] {
        let expiring = |name: &'static str| {
            move |collection: &str| {
                let index = doc! { "key": { "timestamp": -1 }, "name": name, "expireAfterSeconds": 3600 };
                doc! { "createIndexes": collection, "indexes": [index] }
            }
        };
        let parts = [collection, "expireAfterSeconds", "dropIndex"];
        refused_if_changed(expiring("of_somebody_else"), collection, &parts).await;
    }
    // The library's own index too, if somebody has changed it into one.
    let expire =
        |events: &str| doc! { "collMod": events, "index": { "name": "timestamp_1", "expireAfterSeconds": 3600 } };
    let database = database().await;
    open(&database).await.unwrap();
    if database.run_command(expire(EVENTS)).await.is_err() {
        // Versions before 5.1 cannot convert one into the other.
        database.run_command(doc! { "dropIndexes": EVENTS, "index": "timestamp_1" }).await.unwrap();
        let index = doc! { "key": { "timestamp": 1 }, "name": "timestamp_1", "expireAfterSeconds": 3600 };
        database.run_command(doc! { "createIndexes": EVENTS, "indexes": [index] }).await.unwrap();
    }
    assert_refused(&database, &["timestamp_1", "expireAfterSeconds"]).await;
}

#[tokio::test]
async fn a_hidden_index_is_refused_until_it_is_visible() {
    let name = "aggregateId_1_sequenceNumber_1_aggregateType_1";
    let hide = |hidden: bool| doc! { "collMod": EVENTS, "index": { "name": name, "hidden": hidden } };
    let database = database().await;
    open(&database).await.unwrap();
    database.run_command(hide(true)).await.unwrap();
    assert_refused(&database, &[name, "hidden: false"]).await;
    database.run_command(hide(false)).await.unwrap();
    open(&database).await.unwrap();
}

#[tokio::test]
async fn an_index_with_a_required_name_and_any_different_option_is_refused() {
    let unique_position = doc! { "key": { "position": 1 }, "name": "position_1", "unique": true };
    let with = |options: Document| unique_position.clone().into_iter().chain(options).collect::<Document>();
    let cases = [
        (EVENTS, with(doc! { "sparse": true }), "sparse"),
        (EVENTS, with(doc! { "collation": { "locale": "en" } }), "collation"),
        (EVENTS, with(doc! { "partialFilterExpression": { "position": { "$gt": 5 } } }), "partialFilterExpression"),
        (EVENTS, with(doc! { "hidden": true }), "hidden"),
        (EVENTS, with(doc! { "unique": false }), "Ordering::PerAggregate"),
        (ARCHIVE, with(doc! { "sparse": true }), "sparse"),
        (EVENTS, with(doc! { "key": { "position": -1 } }), "keys"),
        (
            EVENTS,
            doc! { "key": { "appendId": 1, "aggregateId": 1 }, "name": "aggregateId_1_aggregateType_1_appendId_1" },
            "keys",
        ),
        (
            SNAPSHOTS,
            doc! { "key": { "aggregateId": 1, "aggregateType": 1, "version": -1 }, "name": "aggregateId_1_aggregateType_1_version_-1" },
            "unique is false",
        ),
    ];
    for (collection, index, reason) in cases {
        let database = database().await;
        database.run_command(doc! { "createIndexes": collection, "indexes": [index] }).await.unwrap();
        assert_refused(&database, &[collection, reason]).await;
    }
}

#[tokio::test]
async fn other_indexes_of_the_user_are_accepted() {
    let database = database().await;
    open(&database).await.unwrap();
    let indexes = [
        doc! { "key": { "eventData.owner": 1 }, "name": "owner", "unique": true, "sparse": true },
        doc! { "key": { "eventData.at": 1 }, "name": "hidden", "hidden": true },
        doc! { "key": { "eventData.$**": 1 }, "name": "any" },
        doc! { "key": { "eventData.name": 1 }, "name": "name", "collation": { "locale": "en", "strength": 1 } },
    ];
    database.run_command(doc! { "createIndexes": EVENTS, "indexes": indexes.to_vec() }).await.unwrap();
    open(&database).await.unwrap();
}

#[tokio::test]
async fn a_database_without_replication_or_transactions_is_refused() {
    for name in ["admin", "config", "local"] {
        let client = Client::with_uri_str(server().await.uri()).await.unwrap();
        let store = MongoStore::builder(client, name).ordering(Ordering::Global).open().await;
        let error = store.map(drop).unwrap_err();
        assert!(matches!(error, StoreError::InvalidName { .. }), "{error:?}");
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
}
