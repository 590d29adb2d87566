//! Migration of an existing collection, and the gradual switch to it.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use es_core::{CreateError, LoadError, Metadata, StoreError, Timestamp};
use es_mongo::mongodb::bson::oid::ObjectId;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::{LoadedFrom, Migrated, MigratingRepository, MigrationReport, MongoStore, ReadMode};
use serde::Deserialize;
use tests::account::{Account, AccountMigrated, Deposited, Opened, accounts, day};
use tests::empty_store;

/// A document of the older system.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct OldAccount {
    #[serde(rename = "_id")]
    id: String,
    owner: String,
    balance: f64,
}

fn convert(old: OldAccount) -> Result<Migrated<Account>, String> {
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
    assert_eq!(counts(&run.run(convert).await.unwrap()), [500, 500, 0, 0]);
    assert_eq!(told.load(Ordering::Relaxed), 500);

    let loaded = accounts(&store).load("old-17").await.unwrap();
    assert_eq!((loaded.version.get(), loaded.cents), (1, 1_700));
    let history = accounts(&store).history("old-17").unwrap().collect().await.unwrap();
    assert_eq!((history[0].timestamp, history[0].metadata.user_id()), (day(3), Some("migration")));
    assert_eq!(counts(&migrate(&store).await), [500, 0, 500, 0]);
    // Aggregates with later events, or whose document has changed, are skipped.
    let deposit = |_: &_| Deposited { cents: 1, source: "x".into() };
    accounts(&store).update("old-17", deposit).await.unwrap();
    let documents = store.database().collection::<Document>("accounts");
    documents.update_one(doc! { "_id": "old-18" }, doc! { "$set": { "balance": 9.0 } }).await.unwrap();
    assert_eq!(counts(&migrate(&store).await), [500, 0, 500, 0]);
    assert_eq!(accounts(&store).load("old-17").await.unwrap().cents, 1_701);
    assert!(store.verify::<Account>().run().await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_collection_is_an_error_that_names_it_and_the_existing_ones() {
    let store = empty_store().await;
    let name = store.database().name().to_owned();
    insert(&store, [doc! { "_id": "a", "owner": "o", "balance": 1.0 }]).await;
    store.database().create_collection("empty").await.unwrap();
    let is_missing = |error: &StoreError| {
        let text = error.to_string();
        assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
        assert!(
            text.contains("the collection `acounts`") && text.contains(&name) && text.contains("`accounts`"),
            "{text}"
        );
    };
    let migration = tokio::spawn({
        let store = store.clone();
        async move { store.migrate::<Account, OldAccount>("acounts").run(convert).await }
    });
    is_missing(&migration.await.unwrap().unwrap_err());
    let empty = store.migrate::<Account, OldAccount>("empty").run(convert).await.unwrap();
    assert_eq!(counts(&empty), [0; 4]);

    let gradual = |collection, mode| MigratingRepository::<Account, OldAccount>::new(&store, collection, mode);
    for mode in [ReadMode::Documents, ReadMode::WhereMigrated] {
        let Err(LoadError::Store(error)) = gradual("acounts", mode).load("a").await else {
            panic!("the document was found")
        };
        is_missing(&error);
        let existing = gradual("accounts", mode);
        for _ in 0..2 {
            assert!(matches!(existing.load("b").await, Err(LoadError::NotFound { .. })));
        }
    }
    assert!(matches!(gradual("acounts", ReadMode::EventSourced).load("a").await, Err(LoadError::NotFound { .. })));
}

/// A document whose id differs from that of its aggregate.
#[derive(Debug, Deserialize)]
struct OldCard {
    account: String,
    cents: i64,
}

async fn migrate_cards(store: &MongoStore, collection: &str) -> MigrationReport {
    let convert = |card: OldCard| {
        let event = AccountMigrated { owner: "o".into(), cents: card.cents };
        Ok::<_, String>(Migrated::new(card.account, event).metadata(Metadata::new().user("migration")))
    };
    store.migrate::<Account, OldCard>(collection).run(convert).await.unwrap()
}

fn reasons(report: &MigrationReport) -> Vec<String> {
    report.failures.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_documents_that_map_to_one_aggregate_are_a_failure_of_the_second_by_name() {
    let store = empty_store().await;
    let cards = |name: &str| store.database().collection::<Document>(name);
    let card = |id: i32, account: &str, cents: i64| doc! { "_id": id, "account": account, "cents": cents };
    // Next to each other, so that both are processed concurrently; far apart; and with the same
    // content.
    let many = (10..90).map(|id| card(id, &format!("account-{id}"), 1));
    let clashing =
        [card(1, "a", 100), card(2, "a", 200), card(3, "b", 300), card(95, "b", 400), card(4, "c", 5), card(5, "c", 5)];
    cards("cards").insert_many(clashing.into_iter().chain(many)).await.unwrap();
    for run in ["first", "second", "archived"] {
        let report = migrate_cards(&store, "cards").await;
        let expected = if run == "first" { [86, 83, 0, 3] } else { [86, 0, 83, 3] };
        assert_eq!(counts(&report), expected, "{run}: {report:?}");
        let mut reasons = reasons(&report);
        reasons.sort_unstable();
        // If two are processed concurrently, either may be first. The second run reports the same
        // as the first.
        for (reason, account) in reasons.iter().zip(["a", "c", "b"]) {
            assert!(reason.contains(&format!("Account `{account}` was made of the document")), "{run}: {reasons:?}");
            assert!(reason.contains("of the collection `cards`"), "{reason}");
        }
        assert!(reasons[2].starts_with("95: ") && reasons[2].contains("the document 3 of"), "{reasons:?}");
        if run == "second" {
            assert!(store.archive::<Account>(Timestamp::now()).run().await.unwrap().moved > 70);
        }
    }
    let history = accounts(&store).history("b").unwrap().collect().await.unwrap();
    let metadata = Document::try_from(history[0].metadata.as_raw()).unwrap();
    assert_eq!(metadata, doc! { "userId": "migration", "migratedFrom": { "collection": "cards", "id": 3 } });

    // The same ids from a different collection, and an aggregate that the program created.
    cards("others").insert_many([card(3, "b", 300), card(1, "new", 1), card(2, "fresh", 1)]).await.unwrap();
    accounts(&store).create("new", Opened { owner: "n".into() }).await.unwrap();
    let report = migrate_cards(&store, "others").await;
    assert_eq!(counts(&report), [3, 1, 0, 2]);
    let reasons = reasons(&report);
    assert_eq!(reasons[0], "1: Account `new` exists already, and was not made by a migration");
    assert_eq!(reasons[1], "3: Account `b` was made of the document 3 of the collection `cards`");
    assert!(store.verify::<Account>().run().await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_an_earlier_release_migrated_is_recognized_by_its_content() {
    let store = empty_store().await;
    let balances = [("same", 1.0), ("changed", 2.0), ("other-origin", 3.0)];
    insert(&store, balances.map(|(id, balance)| doc! { "_id": id, "owner": "o", "balance": balance })).await;
    migrate(&store).await;
    // Earlier releases stored the collection as the key of the append, and nothing about the
    // document.
    let events = store.database().collection::<Document>("events");
    let earlier = doc! { "$set": { "appendId": "migration:accounts" }, "$unset": { "metadata.migratedFrom": 1 } };
    events.update_many(doc! {}, earlier).await.unwrap();
    let other = doc! { "$set": { "appendId": "migration:elsewhere" } };
    events.update_one(doc! { "aggregateId": "other-origin" }, other).await.unwrap();
    let documents = store.database().collection::<Document>("accounts");
    documents.update_one(doc! { "_id": "changed" }, doc! { "$set": { "balance": 9.0 } }).await.unwrap();
    let changed =
        "changed: an earlier release has made Account `changed` of a document of `accounts` with other content";
    for archived in [false, true] {
        if archived {
            assert_eq!(store.archive::<Account>(Timestamp::now()).run().await.unwrap().moved, 2);
        }
        let report = migrate(&store).await;
        assert_eq!(counts(&report), [3, 0, 1, 2], "{report:?}");
        let reasons = reasons(&report);
        assert!(reasons[0].starts_with(changed), "{reasons:?}");
        assert!(reasons[1].starts_with("other-origin: Account `other-origin` exists already"), "{reasons:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_document_is_named_and_the_others_are_migrated() {
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
            // The largest possible document. Its event would be larger.
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
async fn an_archived_aggregate_is_not_migrated_again() {
    let store = empty_store().await;
    insert(&store, ["a", "b"].map(|id| doc! { "_id": id, "owner": "o", "balance": 1.0 })).await;
    migrate(&store).await;
    let archived = store.archive::<Account>(Timestamp::now()).run().await.unwrap();
    assert_eq!(archived.moved, 1);
    assert_eq!(counts(&migrate(&store).await), [2, 0, 2, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_concurrent_migrations_create_each_aggregate_once() {
    let store = empty_store().await;
    insert(&store, (0..300).map(|number| doc! { "_id": format!("old-{number}"), "owner": "o", "balance": 1.0 })).await;
    let other = tests::open(store.database().name()).await;
    let (one, two) = tokio::join!(migrate(&store), migrate(&other));
    assert_eq!((one.migrated + two.migrated, one.already + two.already), (300, 300), "{one:?} {two:?}");
    assert_eq!(store.stats().await.unwrap().events, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_ends_with_an_error_if_the_store_accepts_nothing() {
    let store = empty_store().await;
    insert(&store, [doc! { "_id": "a", "owner": "o", "balance": 1.0 }]).await;
    store.close().await;
    let error = store.migrate::<Account, OldAccount>("accounts").run(convert).await.unwrap_err();
    assert!(matches!(error, StoreError::Closed), "{error}");
    let error = store.migrate::<Account, OldAccount>("$accounts").run(convert).await.unwrap_err();
    assert!(matches!(error, StoreError::InvalidName { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_switch_determines_the_source_of_a_read() {
    let store = empty_store().await;
    let id = ObjectId::new();
    insert(&store, ["migrated", "old"].map(|id| doc! { "_id": id, "owner": "o", "balance": 7.0 })).await;
    let gradual = |switch| MigratingRepository::<Account, OldAccount>::new(&store, "accounts", switch);
    let migrated = AccountMigrated { owner: "o".into(), cents: 700 };
    accounts(&store).create("migrated", migrated).await.unwrap();
    accounts(&store).create("new", Opened { owner: "n".into() }).await.unwrap();

    for (switch, id, expected) in [
        (ReadMode::Documents, "migrated", "document"),
        (ReadMode::Documents, "new", "none"),
        (ReadMode::WhereMigrated, "migrated", "events"),
        (ReadMode::WhereMigrated, "old", "document"),
        (ReadMode::WhereMigrated, "new", "events"),
        (ReadMode::WhereMigrated, "nothing", "none"),
        (ReadMode::EventSourced, "migrated", "events"),
        (ReadMode::EventSourced, "old", "none"),
    ] {
        let found = match gradual(switch).load(id).await {
            Ok(LoadedFrom::Document(document)) => {
                assert_eq!(document.id, id);
                "document"
            }
            Ok(LoadedFrom::EventSourced(account)) => {
                assert_eq!(account.id.as_str(), id);
                "events"
            }
            Err(LoadError::NotFound { .. }) => "none",
            Err(error) => panic!("{error}"),
        };
        assert_eq!(found, expected, "{switch:?} {id}");
    }
    // A document with an ObjectId is found by its digits. A document that does not decode is an
    // error.
    insert(&store, [doc! { "_id": id, "owner": "o" }]).await;
    let error = gradual(ReadMode::WhereMigrated).load(id.to_hex()).await.unwrap_err();
    assert!(matches!(error, LoadError::Store(StoreError::Malformed { .. })), "{error}");
    let duplicate = accounts(&store).create("migrated", Opened { owner: "n".into() }).await;
    assert!(matches!(duplicate, Err(CreateError::AlreadyExists { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_that_cannot_be_loaded_does_not_fall_back_to_the_old_document() {
    let store = empty_store().await;
    insert(&store, [doc! { "_id": "a", "owner": "o", "balance": 7.0 }]).await;
    migrate(&store).await;
    let events = store.database().collection::<Document>("events");
    events.update_one(doc! {}, doc! { "$set": { "eventType": "Alien" } }).await.unwrap();
    let gradual = MigratingRepository::<Account, OldAccount>::new(&store, "accounts", ReadMode::WhereMigrated);
    assert!(matches!(gradual.load("a").await, Err(LoadError::Store(StoreError::Decode { .. }))));
}
