//! Two stores on one database with different options.

use std::time::Duration;

use es_core::{CreateError, StoreError};
use es_mongo::dev::fresh_database_name;
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::{CollectionNames, MongoStore, StoreBuilder};
use tests::account::{Account, Deposited, Opened, accounts, day, import};
use tests::server;

async fn builder(database: &str) -> StoreBuilder {
    MongoStore::builder(Client::with_uri_str(server().await.uri()).await.unwrap(), database)
}

async fn deposit(store: &MongoStore) {
    let decide = |_: &_| Deposited { cents: 1, source: "x".into() };
    accounts(store).update("a", decide).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_with_different_collection_names_do_not_see_each_other() {
    let database = fresh_database_name("names");
    let own = builder(&database).await.open().await.unwrap();
    let other = builder(&database).await.collections(CollectionNames::prefixed("other_")).open().await.unwrap();
    import(&own, "a", 3).await;
    import(&other, "a", 2).await;
    own.archive::<Account>(day(2)).run().await.unwrap();
    for (store, events) in [(&own, 3), (&other, 2)] {
        assert_eq!(accounts(store).load("a").await.unwrap().version, events);
        assert_eq!(store.events().read().collect().await.unwrap().len() as u64, events);
        let report = store.verify::<Account>().run().await.unwrap();
        assert!(report.is_sound() && report.events == events, "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smaller_number_of_kept_snapshots_wins_and_costs_only_time() {
    let database = fresh_database_name("snapshots");
    let many = builder(&database).await.keep_snapshots(50).open().await.unwrap();
    let one = builder(&database).await.keep_snapshots(1).open().await.unwrap();
    import(&many, "a", 1).await;
    let kept = async || one.database().collection::<Document>("snapshots").count_documents(doc! {}).await.unwrap();
    for _ in 0..4 {
        accounts(&many).take_snapshot("a").await.unwrap();
        deposit(&many).await;
    }
    assert_eq!(kept().await, 4);
    accounts(&one).take_snapshot("a").await.unwrap();
    assert_eq!(kept().await, 1);
    for store in [&many, &one] {
        assert_eq!(accounts(store).load_at("a", 3).await.unwrap().cents, 2);
        assert!(store.verify::<Account>().run().await.unwrap().is_sound());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_a_different_deadline_and_queue_writes_to_the_same_stream() {
    let database = fresh_database_name("deadlines");
    let patient = builder(&database).await.open().await.unwrap();
    let hasty = builder(&database).await.append_deadline(Duration::from_secs(5)).queue(1).open().await.unwrap();
    import(&patient, "a", 1).await;
    for _ in 0..10 {
        deposit(&patient).await;
        deposit(&hasty).await;
    }
    assert_eq!(accounts(&hasty).load("a").await.unwrap().version, 21);
    let again = accounts(&hasty).create("a", Opened { owner: "b".into() }).await;
    assert!(matches!(again, Err(CreateError::AlreadyExists { .. })), "{again:?}");
    assert!(patient.verify::<Account>().run().await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_validator_is_refused_and_not_changed() {
    let database = fresh_database_name("validator");
    let client = Client::with_uri_str(server().await.uri()).await.unwrap();
    let theirs = doc! { "color": "blue" };
    client.database(&database).create_collection("events").validator(theirs).await.unwrap();
    let error = builder(&database).await.open().await.unwrap_err();
    assert!(matches!(error, StoreError::Unsafe { .. }), "{error}");
    assert!(error.to_string().contains("validator of somebody else"), "{error}");
    let blue = client.database(&database).collection::<Document>("events").insert_one(doc! { "color": "blue" }).await;
    assert!(blue.is_ok(), "{blue:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_collection_for_two_purposes_is_refused() {
    let mut names = CollectionNames::default();
    names.archive.clone_from(&names.events);
    let error = builder(&fresh_database_name("same")).await.collections(names).open().await.unwrap_err();
    assert!(matches!(error, StoreError::InvalidName { .. }), "{error}");
}
