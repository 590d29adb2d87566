//! A read model with two types of rows, on a server.

use std::sync::atomic::{AtomicBool, Ordering};

use es_core::dead_letters::Retried;
use es_core::projection::{Project, Projection, Row, RowChanges};
use es_core::read_model::ReadModelError;
use es_core::rebuild::Sample;
use es_core::store::ReadModelStore;
use es_core::subscription::OnError;
use es_core::{Context, EventId, StoreError};
use es_mongo::FindRows;
use tests::{empty_store, open};

use super::*;

/// A line for each event, and the total of each owner.
#[derive(Projection)]
#[projection(version = 1, rows(Line, OwnerTotal), events(Wallet(Earned, Spent)))]
struct Ledger;

#[derive(Row, Debug, PartialEq)]
#[row(key = EventId, index(last_owner, cents = -1))]
struct Line {
    last_owner: String,
    cents: i64,
    wallet: String,
}

#[derive(Row, Debug, Default, PartialEq)]
#[row(key = String, index(cents = -1), index(last_owner, cents = -1))]
struct OwnerTotal {
    last_owner: String,
    cents: i64,
    events: u64,
}

fn enter(owner: String, cents: i64, context: &Context, rows: &mut RowChanges<Ledger>) {
    let wallet = context.aggregate_id().to_string();
    rows.insert(context.event_id(), Line { last_owner: owner.clone(), cents, wallet });
    rows.change_or_default(owner.clone(), move |total: &mut OwnerTotal| {
        total.last_owner = owner;
        total.cents += cents;
        total.events += 1;
    });
}

impl Project<Earned> for Ledger {
    fn project(event: Earned, context: &Context, rows: &mut RowChanges<Self>) {
        enter(event.owner, event.cents, context, rows);
    }
}

impl Project<Spent> for Ledger {
    fn project(event: Spent, context: &Context, rows: &mut RowChanges<Self>) {
        enter(event.owner, -event.cents, context, rows);
    }
}

fn folding<P: Projection>(store: &MongoStore, partitions: u32) -> Subscriptions {
    Subscriptions::on(store).project_with::<P>(|options| options.partitions(partitions).on_error(OnError::Park))
}

/// Catches up, also if the lease of a process that was killed has not ended.
async fn catch_up<P: Projection>(store: &MongoStore, partitions: u32) {
    while let Err(error) = folding::<P>(store, partitions).catch_up().await {
        assert!(matches!(error, SubscriptionError::Held { .. }), "{error}");
        end_leases(store).await;
    }
}

/// Checks that every row of both types is the fold of the log, and that there is no other row.
async fn assert_ledger_is_folded(store: &MongoStore) {
    catch_up::<Ledger>(store, 4).await;
    let log = folded::<Ledger>(store).await;
    let (lines, totals) = (log.of::<Line>(), log.of::<OwnerTotal>());
    let stored = store.read_model::<Ledger>().rows::<Line>().find(doc! {}).await.unwrap();
    assert_eq!(stored.len(), lines.len());
    for (id, line) in &stored {
        assert_eq!(Some(line), lines.get(*id), "{id}");
    }
    let read = store.read_model::<Ledger>().rows::<OwnerTotal>();
    for owner in OWNERS {
        assert_eq!(read.get(owner).await.unwrap().as_ref(), totals.get(owner), "{owner}");
    }
    assert_eq!(keys(store, "ledger_v1").await.len(), log.len());
    let comparison = store.rebuild::<Ledger>().compare(Sample::All).await.unwrap();
    assert_eq!(comparison.differences(), []);
    assert_eq!(comparison.keys(), u64::try_from(log.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_both_types_is_the_fold_of_the_log_whenever_a_process_is_killed() {
    let store = empty_store().await;
    let writing = async {
        for number in 0..300 {
            record(&store, &format!("wallet {}", number % 9), number).await;
        }
    };
    let killing = async {
        for round in 0..30 {
            let other = open(store.database().name()).await;
            let run = folding::<Ledger>(&other, 4).run();
            let killed = tokio::time::timeout(Duration::from_millis(7 * round), run).await;
            assert!(killed.is_err(), "{killed:?}");
            end_leases(&store).await;
        }
    };
    tokio::join!(writing, killing);
    assert_ledger_is_folded(&store).await;
    let lines = store.read_model::<Ledger>().rows::<Line>().find(doc! {}).await.unwrap();
    assert_eq!(lines.len(), 300);
}

/// The keys and the partial filter of each index, by the server.
async fn indexes(store: &MongoStore, name: &str) -> BTreeMap<String, (Document, Option<Document>)> {
    let listed = rows(store, name).list_indexes().await.unwrap();
    let listed: Vec<_> = listed.try_collect().await.unwrap();
    let described = listed.into_iter().map(|index| {
        let options = index.options.unwrap();
        (options.name.unwrap(), (index.keys, options.partial_filter_expression))
    });
    described.filter(|(name, _)| name != "_id_").collect()
}

/// How often an index was used.
async fn uses(store: &MongoStore, name: &str) -> i64 {
    let stages = [doc! { "$indexStats": {} }, doc! { "$match": { "name": name } }];
    let stats = rows(store, "ledger_v1").aggregate(stages).await.unwrap();
    let stats: Vec<_> = stats.try_collect().await.unwrap();
    stats[0].get_document("accesses").unwrap().get_i64("ops").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_has_the_rows_of_its_type_and_find_uses_it() {
    let store = empty_store().await;
    for number in 0..70 {
        record(&store, "wallet", number).await;
    }
    for _ in 0..2 {
        catch_up::<Ledger>(&store, 4).await;
        let lines = doc! { "_id": { "$gte": "line/", "$lt": "line0" } };
        let totals = doc! { "_id": { "$gte": "owner_total/", "$lt": "owner_total0" } };
        let by_owner = doc! { "lastOwner": 1, "cents": -1 };
        let expected = BTreeMap::from([
            ("line/lastOwner_1_cents_-1".to_owned(), (by_owner.clone(), Some(lines))),
            ("owner_total/cents_-1".to_owned(), (doc! { "cents": -1 }, Some(totals.clone()))),
            ("owner_total/lastOwner_1_cents_-1".to_owned(), (by_owner, Some(totals))),
        ]);
        assert_eq!(indexes(&store, "ledger_v1").await, expected);
    }

    // Rows of both types have this owner.
    let (filter, sort) = (doc! { "lastOwner": "bob" }, doc! { "cents": -1 });
    let of_type = doc! { "$and": [&filter, { "_id": { "$gte": "line/", "$lt": "line0" } }] };
    let find = doc! { "find": "ledger_v1", "filter": of_type, "sort": sort.clone() };
    let explained = store.database().run_command(doc! { "explain": find, "verbosity": "queryPlanner" }).await.unwrap();
    let plan = explained.get_document("queryPlanner").unwrap().get_document("winningPlan").unwrap().to_string();
    assert!(plan.contains("IXSCAN") && plan.contains("line/lastOwner_1_cents_-1") && !plan.contains("SORT"), "{plan}");

    let before = uses(&store, "line/lastOwner_1_cents_-1").await;
    let lines = store.read_model::<Ledger>().rows::<Line>();
    let found = lines.find(filter.clone()).sort(sort.clone()).await.unwrap();
    assert_eq!(found.len(), 10);
    assert!(found.iter().all(|(_, line)| line.last_owner == "bob"));
    assert!(found.is_sorted_by_key(|(_, line)| -line.cents));
    assert_eq!(uses(&store, "line/lastOwner_1_cents_-1").await, before + 1);

    let before = uses(&store, "owner_total/cents_-1").await;
    let totals = store.read_model::<Ledger>().rows::<OwnerTotal>();
    let found = totals.find(doc! { "cents": { "$gt": 0 } }).sort(sort).await.unwrap();
    assert!(!found.is_empty() && found.iter().all(|(owner, total)| *owner == total.last_owner), "{found:?}");
    assert_eq!(uses(&store, "owner_total/cents_-1").await, before + 1);
    assert_eq!(totals.find(doc! {}).limit(5).await.unwrap().len(), 5);
    let by_key = totals.find(doc! { "_id": "owner_total/bob" }).await.unwrap();
    assert_eq!(by_key, [("bob".to_owned(), totals.get("bob").await.unwrap().unwrap())]);
}

/// The last entries of wallets and of owners, which have the same fields.
#[derive(Projection)]
#[projection(version = 1, rows(LastOfWallet, LastOfOwner), events(Wallet(Earned, ..)))]
struct LastEntries;

#[derive(Row, Debug, PartialEq)]
#[row(key = String, unique(cents))]
struct LastOfWallet {
    cents: i64,
}

#[derive(Row, Debug, PartialEq)]
#[row(key = String, unique(cents))]
struct LastOfOwner {
    cents: i64,
}

impl Project<Earned> for LastEntries {
    fn project(event: Earned, context: &Context, rows: &mut RowChanges<Self>) {
        rows.replace(context.aggregate_id(), LastOfWallet { cents: event.cents });
        rows.replace(event.owner, LastOfOwner { cents: event.cents });
    }
}

async fn earn(store: &MongoStore, wallet: &str, owner: &str, cents: i64) -> Position {
    let earned = Earned { owner: owner.to_owned(), cents };
    let committed = Repository::<Wallet>::new(store).upsert(wallet, move |_| earned.clone()).await.unwrap();
    committed.position().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_unique_among_the_rows_of_its_type() {
    let store = empty_store().await;
    earn(&store, "w1", "ann", 1).await;
    earn(&store, "w2", "bob", 2).await;
    let fold = || Subscriptions::on(&store).project::<LastEntries>().catch_up();
    fold().await.unwrap();
    // The rows of both types exchange their values in one batch.
    for (wallet, owner, cents) in [("w1", "ann", 3), ("w2", "bob", 1), ("w1", "ann", 2)] {
        earn(&store, wallet, owner, cents).await;
    }
    fold().await.unwrap();
    let wallets = store.read_model::<LastEntries>().rows::<LastOfWallet>();
    let owners = store.read_model::<LastEntries>().rows::<LastOfOwner>();
    assert_eq!(wallets.get("w1").await.unwrap(), Some(LastOfWallet { cents: 2 }));
    assert_eq!(owners.get("bob").await.unwrap(), Some(LastOfOwner { cents: 1 }));

    // The wallet has the value in its own row, and `cid` takes that of `ann`.
    earn(&store, "w1", "cid", 2).await;
    let refused = fold().await.unwrap_err();
    let text = es_core::error::ErrorChain::new(&refused).to_string();
    assert!(text.contains("`last_of_owner/cents_1`") && text.contains("last_of_owner/cid"), "{text}");
    assert_eq!(owners.get("cid").await.unwrap(), None);
}

static IS_MENDED: AtomicBool = AtomicBool::new(false);

/// The same as the ledger, with code that cannot fold some events into a total at first.
#[derive(Projection)]
#[projection(version = 1, rows(Line, OwnerTotal), events(Wallet(Earned, ..)))]
struct BuggyLedger;

impl Project<Earned> for BuggyLedger {
    fn project(event: Earned, context: &Context, rows: &mut RowChanges<Self>) {
        let Earned { owner, cents } = event;
        let wallet = context.aggregate_id().to_string();
        rows.insert(context.event_id(), Line { last_owner: owner.clone(), cents, wallet });
        rows.change_or_default(owner, move |total: &mut OwnerTotal| {
            assert!(cents != 13 || IS_MENDED.load(Ordering::Relaxed), "thirteen");
            total.cents += cents;
            total.events += 1;
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_parked_for_one_row_and_folded_into_the_others() {
    let store = empty_store().await;
    let earned = [("ann", 1), ("bob", 2), ("ann", 13), ("ann", 4), ("bob", 5)];
    let mut positions = Vec::new();
    for (owner, cents) in earned {
        positions.push(earn(&store, "wallet", owner, cents).await);
    }
    catch_up::<BuggyLedger>(&store, 4).await;
    let lines = store.read_model::<BuggyLedger>().rows::<Line>();
    let totals = store.read_model::<BuggyLedger>().rows::<OwnerTotal>();
    assert_eq!(lines.find(doc! {}).await.unwrap().len(), 5);
    assert_eq!(totals.get("bob").await.unwrap().map(|total| (total.cents, total.events)), Some((7, 2)));
    let closed = totals.get("ann").await.unwrap_err();
    let ReadModelError::Parked { key, position, .. } = &closed else { panic!("{closed}") };
    assert_eq!((key.as_str(), *position), ("owner_total/ann", positions[2]));
    let letters = store.dead_letters::<BuggyLedger>();
    let listed = letters.list().await.unwrap();
    let parked: Vec<_> = listed.iter().map(|letter| (letter.key.as_str(), letter.position)).collect();
    assert_eq!(parked, [("owner_total/ann", positions[2]), ("owner_total/ann", positions[3])]);

    IS_MENDED.store(true, Ordering::Relaxed);
    let retried = letters.retry(&listed[0].key).await.unwrap();
    assert!(matches!(retried, Retried { folded: 2, failed: None, .. }), "{retried:?}");
    assert_eq!(totals.get("ann").await.unwrap().map(|total| (total.cents, total.events)), Some((18, 3)));
    let comparison = store.rebuild::<BuggyLedger>().compare(Sample::All).await.unwrap();
    assert_eq!((comparison.keys(), comparison.differences()), (7, [].as_slice()));
}

/// A row whose stored key names no type of the projection, as a different program may write it.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_an_unknown_type_is_not_one_of_the_others() {
    let store = empty_store().await;
    earn(&store, "wallet", "ann", 1).await;
    catch_up::<Ledger>(&store, 1).await;
    let strange = doc! { "_id": "owner_totals/ann", "lastOwner": "ann", "cents": 1_i64, "events": 1_i64 };
    rows(&store, "ledger_v1").insert_one(strange).await.unwrap();
    let totals = store.read_model::<Ledger>().rows::<OwnerTotal>();
    assert_eq!(totals.find(doc! { "lastOwner": "ann" }).await.unwrap().len(), 1);
    // A row of the type that is asked for is an error if it cannot be read.
    rows(&store, "ledger_v1").insert_one(doc! { "_id": "owner_total/zoe", "cents": "one" }).await.unwrap();
    let unreadable = totals.get("zoe").await.unwrap_err();
    assert!(matches!(&unreadable, ReadModelError::Store(StoreError::NotReadBack { .. })), "{unreadable:?}");
}
