//! Migration of an existing collection, and the gradual switch to it.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use es_core::{CreateError, LoadError, Metadata, StoreError, Timestamp};
use es_mongo::mongodb::bson::oid::ObjectId;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::{Gradual, Migrated, MigrationReport, MongoStore, Source, Switch};
use serde::Deserialize;
use tests::account::{Account, AccountEvent, AccountMigrated, Deposited, Opened, accounts, day};
use tests::empty_store;

/// A document of the time before.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct OldAccount {
    #[serde(rename = "_id")]
    id: String,
    owner: String,
    balance: f64,
}

fn convert(old: OldAccount) -> Result<Migrated<AccountEvent>, String> {
    if old.balance < 0.0 {
        return Err(format!("{} owes {}", old.owner, -old.balance));
    }
    #[allow(clippy::cast_possible_truncation, reason = "the balances of this test are whole")]
    let event = AccountMigrated { owner: old.owner, cents: old.balance as i64 * 100 };
    Ok(Migrated::new(old.id, event).metadata(Metadata::new().user("migration")).at(day(3)))
}

async fn insert(store: &MongoStore, documents: impl IntoIterator<Item = Document>) {
    store.database().collection::<Document>("accounts").insert_many(documents).await.unwrap();
}

async fn migrate(store: &MongoStore) -> MigrationReport {
    store.migrate::<Account, OldAccount>("accounts").run(convert).await.unwrap()
}

fn counts(report: &MigrationReport) -> [u64; 4] {
    [report.documents, report.migrated, report.already, report.failed]
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_become_aggregates_once_however_often_it_runs() {
    let store = empty_store().await;
    insert(
        &store,
        (0..500).map(|number| doc! { "_id": format!("old-{number}"), "owner": "o", "balance": f64::from(number) }),
    )
    .await;
    let told = Arc::new(AtomicU64::new(0));
    let listener = Arc::clone(&told);
    let run = store.migrate::<Account, OldAccount>("accounts");
    let run = run.progress(move |report| listener.store(report.documents, Ordering::Relaxed));
    let report = tokio::spawn({
        let store = store.clone();
        async move { store.migrate::<Account, OldAccount>("nothing").run(convert).await }
    });
    assert_eq!(counts(&report.await.unwrap().unwrap()), [0; 4]);
    assert_eq!(counts(&run.run(convert).await.unwrap()), [500, 500, 0, 0]);
    assert_eq!(told.load(Ordering::Relaxed), 500);

    let loaded = accounts(&store).load("old-17").await.unwrap();
    assert_eq!((loaded.version.get(), loaded.cents), (1, 1_700));
    let history = accounts(&store).history("old-17").unwrap().collect().await.unwrap();
    assert_eq!((history[0].timestamp, history[0].metadata.user_id()), (day(3), Some("migration")));
    assert_eq!(counts(&migrate(&store).await), [500, 0, 500, 0]);
    // Aggregates that have gone on, or whose document has changed, are left alone.
    let deposit = |_: &Account| Ok::<_, StoreError>(Deposited { cents: 1, source: "x".into() });
    accounts(&store).update("old-17", Metadata::new(), deposit).await.unwrap();
    let documents = store.database().collection::<Document>("accounts");
    documents.update_one(doc! { "_id": "old-18" }, doc! { "$set": { "balance": 9.0 } }).await.unwrap();
    assert_eq!(counts(&migrate(&store).await), [500, 0, 500, 0]);
    assert_eq!(accounts(&store).load("old-17").await.unwrap().cents, 1_701);
    assert!(store.verify::<Account>().run().await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_cannot_be_migrated_is_named_and_stops_nothing() {
    let store = empty_store().await;
    let id = ObjectId::new();
    insert(
        &store,
        [
            doc! { "_id": "a", "owner": "o", "balance": 1.0 },
            doc! { "_id": "b", "owner": "o" },
            doc! { "_id": "c", "owner": "Carl", "balance": -5.0 },
            doc! { "_id": "", "owner": "o", "balance": 1.0 },
            doc! { "_id": "x".repeat(513), "owner": "o", "balance": 1.0 },
            doc! { "_id": id, "owner": "o", "balance": 1.0 },
            // As large as a document can be; the event around it would be larger.
            doc! { "_id": "large", "owner": "o".repeat(16 * 1024 * 1024 - 60), "balance": 1.0 },
            doc! { "_id": "z", "owner": "o", "balance": 2.0 },
        ],
    )
    .await;
    let report = migrate(&store).await;
    assert_eq!(counts(&report), [8, 2, 0, 6]);
    let reason = |id: &str| &report.failures.iter().find(|failure| failure.document_id == id).unwrap().reason;
    assert!(reason("b").contains("balance"), "{report:?}");
    assert_eq!(reason("c"), "Carl owes 5");
    assert!(reason("").contains("empty"));
    assert!(reason(&"x".repeat(513)).contains("512"));
    assert!(reason(&id.to_hex()).contains("string"), "{}", reason(&id.to_hex()));
    assert!(reason("large").contains("bytes"));
    assert_eq!(counts(&migrate(&store).await), [8, 0, 2, 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_names_the_first_hundred_failures_and_counts_all() {
    let store = empty_store().await;
    insert(&store, (0..150).map(|number| doc! { "_id": format!("{number:03}") })).await;
    let report = migrate(&store).await;
    assert_eq!((counts(&report), report.failures.len()), ([150, 0, 0, 150], 100));
    assert_eq!(report.failures[99].document_id, "099");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_archived_already_is_not_migrated_again() {
    let store = empty_store().await;
    insert(&store, ["a", "b"].map(|id| doc! { "_id": id, "owner": "o", "balance": 1.0 })).await;
    migrate(&store).await;
    let archived = store.archive::<Account>(Timestamp::now()).run().await.unwrap();
    assert_eq!(archived.moved, 1);
    assert_eq!(counts(&migrate(&store).await), [2, 0, 2, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_migrations_at_once_make_each_aggregate_once() {
    let store = empty_store().await;
    insert(&store, (0..300).map(|number| doc! { "_id": format!("old-{number}"), "owner": "o", "balance": 1.0 })).await;
    let other = tests::open(store.database().name()).await;
    let (one, two) = tokio::join!(migrate(&store), migrate(&other));
    assert_eq!((one.migrated + two.migrated, one.already + two.already), (300, 300), "{one:?} {two:?}");
    assert_eq!(store.stats().await.unwrap().events, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_ends_with_an_error_where_the_store_takes_nothing() {
    let store = empty_store().await;
    insert(&store, [doc! { "_id": "a", "owner": "o", "balance": 1.0 }]).await;
    store.close().await;
    let error = store.migrate::<Account, OldAccount>("accounts").run(convert).await.unwrap_err();
    assert!(matches!(error, StoreError::Closed), "{error}");
    let error = store.migrate::<Account, OldAccount>("$accounts").run(convert).await.unwrap_err();
    assert!(matches!(error, StoreError::Unsafe { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_switch_says_where_a_read_goes() {
    let store = empty_store().await;
    let id = ObjectId::new();
    insert(&store, ["migrated", "old"].map(|id| doc! { "_id": id, "owner": "o", "balance": 7.0 })).await;
    let gradual = |switch| Gradual::<Account, OldAccount>::new(accounts(&store), "accounts", switch);
    let migrated = AccountMigrated { owner: "o".into(), cents: 700 };
    accounts(&store).create("migrated", migrated, Metadata::new()).await.unwrap();
    accounts(&store).create("new", Opened { owner: "n".into() }, Metadata::new()).await.unwrap();

    for (switch, id, expected) in [
        (Switch::Documents, "migrated", "document"),
        (Switch::Documents, "new", "none"),
        (Switch::WhereMigrated, "migrated", "events"),
        (Switch::WhereMigrated, "old", "document"),
        (Switch::WhereMigrated, "new", "events"),
        (Switch::WhereMigrated, "nothing", "none"),
        (Switch::EventSourced, "migrated", "events"),
        (Switch::EventSourced, "old", "none"),
    ] {
        let found = match gradual(switch).load(id).await {
            Ok(Source::Document(document)) => {
                assert_eq!(document.id, id);
                "document"
            }
            Ok(Source::EventSourced(account)) => {
                assert_eq!(account.id.as_str(), id);
                "events"
            }
            Err(LoadError::NotFound { .. }) => "none",
            Err(error) => panic!("{error}"),
        };
        assert_eq!(found, expected, "{switch:?} {id}");
    }
    // A document under an ObjectId is found by its digits, and one that does not decode is an error.
    insert(&store, [doc! { "_id": id, "owner": "o" }]).await;
    let error = gradual(Switch::WhereMigrated).load(&id.to_hex()).await.unwrap_err();
    assert!(matches!(error, LoadError::Store(StoreError::Malformed { .. })), "{error}");
    let duplicate = accounts(&store).create("migrated", Opened { owner: "n".into() }, Metadata::new()).await;
    assert!(matches!(duplicate, Err(CreateError::AlreadyExists { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_that_cannot_be_loaded_does_not_fall_back_to_the_old_document() {
    let store = empty_store().await;
    insert(&store, [doc! { "_id": "a", "owner": "o", "balance": 7.0 }]).await;
    migrate(&store).await;
    let events = store.database().collection::<Document>("events");
    events.update_one(doc! {}, doc! { "$set": { "eventType": "Alien" } }).await.unwrap();
    let gradual = Gradual::<Account, OldAccount>::new(accounts(&store), "accounts", Switch::WhereMigrated);
    assert!(matches!(gradual.load("a").await, Err(LoadError::Store(StoreError::Decode { .. }))));
}
