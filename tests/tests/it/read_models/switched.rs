//! A new version of a read model that becomes the live one, and readers of the live version.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use es_core::rebuild::{Difference, RebuildError, Sample};
use es_core::store::{Dropped, LiveVersion, ReadModelStore};
use es_mongo::mongodb::bson::oid::ObjectId;
use tests::empty_store;

use super::two_versions::{InAndOut, Writer, fold};
use super::*;

const NAME: &str = "balance";

/// What a reader has seen of an owner: the cents after a number of events.
type Seen = Option<(i64, u64)>;

/// Reads the version that is live, as a program with the code of both does.
async fn read_live(store: &MongoStore, owner: &str) -> Seen {
    let live = store.live_version(NAME).await.unwrap()?;
    if live.version == 1 {
        let row = store.read_model::<Balance>().get(owner).await.unwrap()?;
        Some((row.cents, row.events))
    } else {
        let row = store.read_model::<InAndOut>().get(owner).await.unwrap()?;
        Some((row.earned.cents - row.spent.cents, row.earned.events + row.spent.events))
    }
}

/// Reads the view of the live version, as a tool does that knows no versions.
async fn read_view(store: &MongoStore, owner: &str) -> Seen {
    let row = rows(store, NAME).find_one(doc! { "_id": owner }).await.unwrap()?;
    let number = |row: &Document, field: &str| row.get_i64(field).unwrap();
    match (row.get_document("earned"), row.get_document("spent")) {
        (Ok(earned), Ok(spent)) => {
            let cents = number(earned, "cents") - number(spent, "cents");
            Some((cents, u64::try_from(number(earned, "events") + number(spent, "events")).unwrap()))
        }
        _ => Some((number(&row, "cents"), u64::try_from(number(&row, "events")).unwrap())),
    }
}

/// Reads until the end, and checks that each row was true once, and never older than the last one.
async fn check_all_the_time(
    writer: &Writer,
    is_over: &AtomicBool,
    read: impl AsyncFn(&MongoStore, &str) -> Seen,
) -> u64 {
    let (mut seen, mut reads) = (BTreeMap::new(), 0);
    while !is_over.load(Ordering::Relaxed) {
        for owner in OWNERS {
            let least = *seen.get(owner).unwrap_or(&0);
            let Some((cents, events)) = read(&writer.store, owner).await else {
                assert_eq!(least, 0, "the row of {owner} has disappeared");
                continue;
            };
            writer.check(0, owner, least, (cents, events));
            seen.insert(owner, events);
            reads += 1;
        }
    }
    reads
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reader_of_the_live_version_sees_a_wrong_or_an_older_balance_during_switches() {
    let store = empty_store().await;
    let writer = Writer::new(&store);
    for _ in 0..5 {
        writer.record_next(500).await;
    }
    // Both versions run in two processes each, and have several partitions.
    Subscriptions::on(&store).project_with::<Balance>(|options| options.partitions(3)).catch_up().await.unwrap();
    Subscriptions::on(&store).project_with::<InAndOut>(|options| options.partitions(2)).catch_up().await.unwrap();
    let running = [fold::<Balance>(&store, 3), fold::<Balance>(&store, 3), fold::<InAndOut>(&store, 2)];
    let is_over = AtomicBool::new(false);
    let writing = async {
        while !is_over.load(Ordering::Relaxed) {
            writer.record_next(1).await;
        }
    };
    let switches = AtomicU64::new(0);
    let switching = async {
        let rebuild = store.rebuild::<InAndOut>();
        for round in 0..6_u64 {
            let comparison = rebuild.compare(Sample::About(3)).await.unwrap();
            assert_eq!(comparison.differences(), []);
            if round % 2 == 1 {
                // The process that switches dies at any step.
                let died = Duration::from_millis(3 * round);
                let _ = tokio::time::timeout(died, rebuild.switch(comparison.clone())).await;
            }
            let live = rebuild.switch(comparison).await.unwrap();
            assert_eq!((live.version, live.previous), (2, Some(1)));
            let live = rebuild.switch_back().await.unwrap();
            assert_eq!((live.version, live.previous), (1, Some(2)));
            switches.fetch_add(2, Ordering::Relaxed);
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let reading = async {
        tokio::join!(check_all_the_time(&writer, &is_over, read_live), check_all_the_time(&writer, &is_over, read_view))
    };
    let all = async { tokio::join!(writing, switching, reading) };
    let ((), (), reads) = tokio::time::timeout(Duration::from_secs(180), all).await.expect("the switches end");
    assert!(reads.0 > 50 && reads.1 > 50, "{reads:?}");
    assert_eq!(switches.load(Ordering::Relaxed), 12);
    for (stop, running) in running {
        drop(stop);
        running.await.unwrap().unwrap();
    }
}

/// A store with both versions, built up to the same position.
async fn built() -> (MongoStore, Writer) {
    let store = empty_store().await;
    let writer = Writer::new(&store);
    writer.record_next(300).await;
    Subscriptions::on(&store).project_with::<Balance>(|options| options.partitions(2)).catch_up().await.unwrap();
    Subscriptions::on(&store).project_with::<InAndOut>(|options| options.partitions(3)).catch_up().await.unwrap();
    (store, writer)
}

fn keys_of(differences: &[Difference]) -> Vec<(&str, bool, bool)> {
    let mut keys: Vec<_> = differences
        .iter()
        .map(|difference| (difference.key.as_str(), difference.stored.is_some(), difference.log.is_some()))
        .collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn a_version_with_rows_that_are_not_those_of_the_log_does_not_become_live() {
    let (store, _) = built().await;
    let stored = rows(&store, "balance_v2");
    stored.update_one(doc! { "_id": "bob" }, doc! { "$inc": { "earned.cents": 1_i64 } }).await.unwrap();
    stored.delete_one(doc! { "_id": "dora" }).await.unwrap();
    let row = stored.find_one(doc! { "_id": "ann" }).await.unwrap().unwrap();
    let mut nobody = row.clone();
    nobody.insert("_id", "nobody");
    stored.insert_one(nobody).await.unwrap();

    let rebuild = store.rebuild::<InAndOut>();
    let comparison = rebuild.compare(Sample::All).await.unwrap();
    assert_eq!(comparison.keys(), 8);
    let found = [("bob", true, true), ("dora", false, true), ("nobody", true, false)];
    assert_eq!(keys_of(comparison.differences()), found);
    let refused = rebuild.switch(comparison).await.unwrap_err();
    assert!(matches!(refused, RebuildError::Differs { keys: 8, differences: 3, .. }), "{refused}");
    let live = store.live_version(NAME).await.unwrap();
    assert_eq!(live, Some(LiveVersion { version: 1, previous: None }));

    // After a reset the rows are those of the log.
    let model = es_core::store::ReadModelId::of::<InAndOut>();
    store.reset(&model).await.unwrap();
    let building = rebuild.compare(Sample::All).await.unwrap_err();
    assert!(matches!(building, RebuildError::NotBuilt { position: None, .. }), "{building}");
    Subscriptions::on(&store).project_with::<InAndOut>(|options| options.partitions(3)).catch_up().await.unwrap();
    let comparison = rebuild.compare(Sample::All).await.unwrap();
    assert_eq!((comparison.keys(), comparison.differences()), (7, [].as_slice()));
    assert_eq!(rebuild.switch(comparison).await.unwrap().version, 2);
}

#[tokio::test]
async fn a_version_that_is_behind_does_not_become_live_and_the_old_one_continues() {
    let (store, writer) = built().await;
    let comparison = store.rebuild::<InAndOut>().compare(Sample::All).await.unwrap();
    writer.record_next(20).await;
    let (stop, running) = fold::<Balance>(&store, 2);
    writer.check_version_1("ann").await;
    let behind = store.rebuild::<InAndOut>().switch(comparison).await.unwrap_err();
    assert!(matches!(behind, RebuildError::Behind { .. }), "{behind}");
    writer.record_next(20).await;
    writer.check_version_1("ann").await;
    assert_eq!(store.live_version(NAME).await.unwrap().unwrap().version, 1);
    drop(stop);
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_version_that_is_dropped_while_a_process_folds_it_stays_dropped() {
    let (store, writer) = built().await;
    let rebuild = store.rebuild::<InAndOut>();
    let comparison = rebuild.compare(Sample::All).await.unwrap();
    let (old, new) = (fold::<Balance>(&store, 2), fold::<InAndOut>(&store, 3));
    rebuild.switch(comparison).await.unwrap();
    let model = es_core::store::ReadModelId::of::<Balance>();
    assert_eq!(store.drop_version(&model).await.unwrap(), Dropped::Done);
    writer.record_next(50).await;
    let (count, last) = writer.acknowledged("ann");
    writer.check_version_2("ann", count, Some(last)).await.unwrap();
    assert_eq!(keys(&store, "balance_v1").await, Vec::<String>::new());
    let no_previous = rebuild.switch_back().await.unwrap_err();
    assert!(matches!(no_previous, RebuildError::NoPrevious { .. }), "{no_previous}");
    for (stop, running) in [old, new] {
        drop(stop);
        running.await.unwrap().unwrap();
    }
    // A program with the old code builds it again.
    Subscriptions::on(&store).project::<Balance>().catch_up().await.unwrap();
    writer.check_version_1("ann").await;
}

#[tokio::test]
async fn a_store_of_an_earlier_release_has_its_old_version_live() {
    let store = empty_store().await;
    let writer = Writer::new(&store);
    writer.record_next(30).await;
    Subscriptions::on(&store).project::<Balance>().catch_up().await.unwrap();
    // Earlier releases had neither the document nor the view.
    rows(&store, "subscriptions").delete_one(doc! { "_id": NAME }).await.unwrap();
    rows(&store, NAME).drop().await.unwrap();
    Subscriptions::on(&store).project::<InAndOut>().catch_up().await.unwrap();
    let live = store.live_version(NAME).await.unwrap();
    assert_eq!(live, Some(LiveVersion { version: 1, previous: None }));
    assert_eq!(read_view(&store, "ann").await, read_live(&store, "ann").await);
}

#[tokio::test]
async fn a_collection_with_the_name_of_the_view_is_not_touched() {
    let store = empty_store().await;
    let mine = doc! { "_id": ObjectId::new(), "text": "mine" };
    rows(&store, NAME).insert_one(mine.clone()).await.unwrap();
    let writer = Writer::new(&store);
    writer.record_next(30).await;
    for _ in 0..2 {
        Subscriptions::on(&store).project::<Balance>().catch_up().await.unwrap();
    }
    writer.check_version_1("ann").await;
    let found: Vec<Document> = rows(&store, NAME).find(doc! {}).await.unwrap().try_collect().await.unwrap();
    assert_eq!(found, [mine]);
}

#[tokio::test]
async fn a_row_is_folded_from_the_log_without_a_read_model() {
    let store = empty_store().await;
    let writer = Writer::new(&store);
    writer.record_next(30).await;
    let (count, last) = writer.acknowledged("ann");
    let row = store.read_model::<Balance>().at_least(last).fold_now("ann").await.unwrap().unwrap();
    writer.check(1, "ann", count, (row.cents, row.events));
    assert!(store.read_model::<Balance>().fold_now("nobody").await.unwrap().is_none());
    assert!(store.partitions().await.unwrap().is_empty());
}
