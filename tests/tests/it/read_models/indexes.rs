//! Indexes on rows.

use es_core::projection::Projection;
use es_core::{Apply, Context, StoreError};
use es_mongo::{FindRows, Role};
use tests::empty_store;
use tests::secured::{PASSWORD, Secured};

use super::*;

/// A projection of what was earned in a wallet, with these indexes.
macro_rules! earnings {
    ($row:ident $(, $index:ident($($fields:tt)*))*) => {
        #[derive(Projection, Debug, Default, PartialEq)]
        #[projection(version = 1, key = aggregate_id, name = "earnings", events(Wallet(Earned, ..)))]
        #[projection($($index($($fields)*)),*)]
        struct $row {
            last_owner: String,
            cents: i64,
            #[serde(rename = "count")]
            events: i64,
        }

        impl Apply<Earned> for $row {
            fn apply(&mut self, event: Earned, _: &Context) {
                self.last_owner = event.owner;
                self.cents += event.cents;
                self.events += 1;
            }
        }
    };
}

earnings!(Earnings, index(cents = -1), index(last_owner, events = -1), unique(events, cents));
earnings!(Plain);
earnings!(ByOwner, index(last_owner));
earnings!(UniqueOwner, unique(last_owner));

const ROWS: &str = "earnings_v1";

async fn fold<P: Projection>(store: &MongoStore) -> Result<(), SubscriptionError> {
    Subscriptions::on(store).project::<P>().catch_up().await
}

async fn earn(store: &MongoStore, wallet: &str, owner: &str, cents: i64) {
    let earned = Earned { owner: owner.to_owned(), cents };
    Repository::<Wallet>::new(store).upsert(wallet, move |_| earned.clone()).await.unwrap();
}

/// The name, the keys and the uniqueness of each index but that of `_id`, by the server.
async fn indexes(store: &MongoStore) -> BTreeMap<String, (Document, bool)> {
    let listed = rows(store, ROWS).list_indexes().await.unwrap();
    let listed: Vec<_> = listed.try_collect().await.unwrap();
    let described = listed.into_iter().map(|index| {
        let options = index.options.unwrap();
        (options.name.unwrap(), (index.keys, options.unique.unwrap_or(false)))
    });
    described.filter(|(name, _)| name != "_id_").collect()
}

/// How often an index was used.
async fn uses(store: &MongoStore, name: &str) -> i64 {
    let stages = [doc! { "$indexStats": {} }, doc! { "$match": { "name": name } }];
    let stats = rows(store, ROWS).aggregate(stages).await.unwrap();
    let stats: Vec<_> = stats.try_collect().await.unwrap();
    stats[0].get_document("accesses").unwrap().get_i64("ops").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_indexes_have_the_declared_keys_and_find_uses_them() {
    let store = empty_store().await;
    for number in 0..50 {
        earn(&store, &format!("w{number}"), OWNERS[number % 7], i64::try_from(number).unwrap()).await;
    }
    for _ in 0..2 {
        fold::<Earnings>(&store).await.unwrap();
        let expected = BTreeMap::from([
            ("cents_-1".to_owned(), (doc! { "cents": -1 }, false)),
            ("lastOwner_1_count_-1".to_owned(), (doc! { "lastOwner": 1, "count": -1 }, false)),
            ("count_1_cents_1".to_owned(), (doc! { "count": 1, "cents": 1 }, true)),
        ]);
        assert_eq!(indexes(&store).await, expected);
    }

    let filter = doc! { "lastOwner": "bob" };
    let find = doc! { "find": ROWS, "filter": filter.clone(), "sort": { "count": -1 } };
    let explained = store.database().run_command(doc! { "explain": find, "verbosity": "queryPlanner" }).await.unwrap();
    let plan = explained.get_document("queryPlanner").unwrap().get_document("winningPlan").unwrap().to_string();
    assert!(plan.contains("IXSCAN") && plan.contains("lastOwner_1_count_-1") && !plan.contains("SORT"), "{plan}");

    let before = uses(&store, "lastOwner_1_count_-1").await;
    let found = store.read_model::<Earnings>().find(filter).sort(doc! { "count": -1 }).await.unwrap();
    assert_eq!(found.len(), 7);
    assert_eq!(uses(&store, "lastOwner_1_count_-1").await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_added_to_rows_that_exist_and_one_that_is_no_longer_declared_stays() {
    let store = empty_store().await;
    earn(&store, "w1", "ann", 1).await;
    earn(&store, "w2", "ann", 1).await;
    fold::<Plain>(&store).await.unwrap();
    assert_eq!(indexes(&store).await.len(), 0);

    let refused = fold::<UniqueOwner>(&store).await.unwrap_err();
    let SubscriptionError::Store(StoreError::NotUnique { key: None, index, .. }) = &refused else {
        panic!("{refused:?}")
    };
    assert_eq!(index, "lastOwner_1");
    assert!(refused.to_string().contains("earnings@1"), "{refused}");

    earn(&store, "w2", "bob", 1).await;
    fold::<Plain>(&store).await.unwrap();
    fold::<UniqueOwner>(&store).await.unwrap();
    fold::<Plain>(&store).await.unwrap();
    assert_eq!(indexes(&store).await.into_keys().collect::<Vec<_>>(), ["lastOwner_1"]);
    earn(&store, "w1", "bob", 1).await;
    let stopped = fold::<Plain>(&store).await.unwrap_err();
    assert!(matches!(stopped, SubscriptionError::Stopped { .. }), "{stopped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_differs_from_the_declared_one_is_refused() {
    let store = empty_store().await;
    fold::<ByOwner>(&store).await.unwrap();
    let refused = fold::<UniqueOwner>(&store).await.unwrap_err();
    assert!(matches!(refused, SubscriptionError::Store(StoreError::Unsafe { .. })), "{refused:?}");
    assert!(refused.to_string().contains("`lastOwner_1`") && refused.to_string().contains(ROWS), "{refused}");
    rows(&store, ROWS).drop_index("lastOwner_1").await.unwrap();
    fold::<UniqueOwner>(&store).await.unwrap();
}

/// A user who folds rows, but may not create an index.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_create_an_index_only_a_unique_one_is_refused() {
    let secured = Secured::prepared().await;
    let on = |collection: &str, actions: &[&str]| {
        doc! { "resource": { "db": secured.admin.name(), "collection": collection }, "actions": actions }
    };
    let folds = doc! { "createRole": "folder", "roles": [secured.roles.name(Role::Writer)], "privileges": [
        on("subscriptions", &["find", "insert", "update", "createCollection"]),
        on(ROWS, &["find", "insert", "update", "remove", "createCollection", "listIndexes"]),
        on("dead_letters", &["find"]),
        on("skipped_events", &["find"]),
    ] };
    secured.admin.run_command(folds).await.unwrap();
    let folder = doc! { "createUser": "folder", "pwd": PASSWORD, "roles": ["folder"] };
    secured.admin.run_command(folder).await.unwrap();
    let store = secured.try_open("folder").await.unwrap();
    earn(&store, "w1", "ann", 1).await;
    fold::<ByOwner>(&store).await.unwrap();
    assert_eq!(store.read_model::<ByOwner>().get("w1").await.unwrap().unwrap().cents, 1);

    let refused = fold::<UniqueOwner>(&store).await.unwrap_err();
    assert!(matches!(refused, SubscriptionError::Store(StoreError::Unauthorized { .. })), "{refused:?}");
    let text = es_core::error::ErrorChain::new(&refused).to_string();
    assert!(text.contains("`createIndex`") && text.contains(ROWS), "{text}");

    let unique = es_mongo::mongodb::options::IndexOptions::builder().unique(true).build();
    let unique = es_mongo::mongodb::IndexModel::builder().keys(doc! { "lastOwner": 1 }).options(unique).build();
    secured.admin.collection::<Document>(ROWS).create_index(unique).await.unwrap();
    fold::<UniqueOwner>(&store).await.unwrap();
}
