//! Events that cannot be folded are refused before anything is written.

use es_core::error::FoldError;
use es_core::memory::MemoryStore;
use es_core::repository::{ImportError, ImportedEvent};
use es_core::store::Store;
use es_core::{
    Aggregate, Apply, Context, CreateError, Init, Metadata, Repository, StoreError, StreamId, Timestamp, UpdateError,
    event,
};
use es_mongo::Migrated;
use tests::account::{Account, AccountEvent, AccountMigrated, Deposited, Opened};
use tests::empty_store;

fn opened() -> AccountEvent {
    Opened { owner: "o".into() }.into()
}

fn deposited() -> AccountEvent {
    Deposited { cents: 1, source: "s".into() }.into()
}

fn imported(event: AccountEvent) -> ImportedEvent<AccountEvent> {
    ImportedEvent::new(event, Timestamp::from_millis(0), Metadata::new())
}

async fn head<S: Store>(store: &S, id: &str) -> u64 {
    store.head(&StreamId::of::<Account>(id).unwrap()).await.unwrap().version().get()
}

fn assert_blames(error: &StoreError, sequence: u64, event: &str) {
    let StoreError::Unfoldable { sequence: place, source, .. } = error else { panic!("{error}") };
    let (FoldError::NotInitial { event_type } | FoldError::OnlyInitial { event_type }) = source else {
        panic!("{source}")
    };
    assert_eq!((place.get(), *event_type), (sequence, event), "{error}");
}

/// The events of a create, and the index of the invalid one.
fn beginnings() -> Vec<(Vec<AccountEvent>, u64, &'static str)> {
    vec![
        (vec![deposited()], 1, "Deposited"),
        (vec![deposited(), opened()], 1, "Deposited"),
        (vec![opened(), opened()], 2, "Opened"),
        (vec![opened(), deposited(), AccountMigrated { owner: "o".into(), cents: 1 }.into()], 3, "AccountMigrated"),
    ]
}

async fn a_create_is_refused(store: impl Store + Clone) {
    let accounts = Repository::<Account>::new(&store);
    for (events, sequence, blamed) in beginnings() {
        match accounts.create("a", events).await.unwrap_err() {
            CreateError::Store(error) => assert_blames(&error, sequence, blamed),
            other => panic!("{other}"),
        }
        assert_eq!(head(&store, "a").await, 0, "something was written");
    }
    accounts.create("a", opened()).await.unwrap();
}

async fn an_update_is_refused(store: impl Store + Clone) {
    let accounts = Repository::<Account>::new(&store);
    accounts.create("a", opened()).await.unwrap();
    for events in [|| vec![opened()], || vec![deposited(), opened()]] {
        let sequence = 1 + events().len() as u64;
        match accounts.update("a", |_| events()).await.unwrap_err() {
            UpdateError::Store(error) => assert_blames(&error, sequence, "Opened"),
            other => panic!("{other}"),
        }
        assert_eq!(head(&store, "a").await, 1, "something was written");
    }
    accounts.update("a", |_| deposited()).await.unwrap();
    assert_eq!(accounts.load("a").await.unwrap().cents, 1);
}

async fn an_import_is_refused(store: impl Store + Clone) {
    let accounts = Repository::<Account>::new(&store);
    for (events, sequence, blamed) in beginnings() {
        match accounts.import("a", events.into_iter().map(imported).collect()).await.unwrap_err() {
            ImportError::Store(error) => assert_blames(&error, sequence, blamed),
            other => panic!("{other}"),
        }
        assert_eq!(head(&store, "a").await, 0, "something was written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_no_load_could_fold_is_refused_before_it_is_written() {
    a_create_is_refused(MemoryStore::new()).await;
    a_create_is_refused(empty_store().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_no_load_could_fold_is_refused_before_it_is_written() {
    an_update_is_refused(MemoryStore::new()).await;
    an_update_is_refused(empty_store().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_no_load_could_fold_is_refused_before_it_is_written() {
    an_import_is_refused(MemoryStore::new()).await;
    an_import_is_refused(empty_store().await).await;
}

#[test]
#[should_panic(expected = "`Opened` can only begin the aggregate")]
fn the_test_kit_refuses_a_decision_that_could_not_be_folded() {
    es_core::testing::given::<Account>(opened()).when(|_| opened()).then(opened());
}

#[test]
#[should_panic(expected = "`Deposited` cannot begin the aggregate")]
fn the_test_kit_refuses_a_beginning_that_could_not_be_folded() {
    es_core::testing::given::<Account>(()).when_new(|| Ok::<_, String>(deposited())).then(deposited());
}

#[test]
#[should_panic(expected = "`Deposited` cannot begin the aggregate")]
fn the_test_kit_refuses_given_events_that_could_not_be_folded() {
    let _ = es_core::testing::given::<Account>(deposited());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_no_load_could_fold_is_a_failure_of_its_document() {
    use es_mongo::mongodb::bson::{Document, doc};

    let store = empty_store().await;
    let documents = [doc! { "_id": "good", "begins": true }, doc! { "_id": "bad", "begins": false }];
    store.database().collection::<Document>("old").insert_many(documents).await.unwrap();
    let convert = |old: Document| {
        let event = if old.get_bool("begins").unwrap() { opened() } else { deposited() };
        Ok::<_, String>(Migrated::new(old.get_str("_id").unwrap(), event))
    };
    let report = store.migrate::<Account, Document>("old").run(convert).await.unwrap();
    assert_eq!((report.migrated, report.failed), (1, 1), "{report:?}");
    let failure = report.failures[0].to_string();
    assert!(failure.starts_with("bad: `Deposited` cannot begin the aggregate"), "{failure}");
    assert_eq!((head(&store, "good").await, head(&store, "bad").await), (1, 0));
}

/// A measured value, recorded completely each time, as in real logs.
#[event(version = 1)]
#[derive(Debug, Clone)]
struct Stated {
    value: i64,
}

#[derive(Aggregate, Debug, PartialEq)]
#[aggregate(init(Stated), events(Stated))]
struct Meter {
    begun_with: i64,
    values: Vec<i64>,
}

impl Init<Stated> for Meter {
    fn init(event: Stated, _: &Context) -> Self {
        Self { begun_with: event.value, values: Vec::new() }
    }
}

impl Apply<Stated> for Meter {
    fn apply(&mut self, event: Stated, _: &Context) {
        self.values.push(event.value);
    }
}

async fn begins_and_continues_with_one_event(store: impl Store + Clone) {
    let meters = Repository::<Meter>::new(&store);
    let stated = |value| Stated { value };
    meters.create("m", (stated(1), stated(2))).await.unwrap();
    meters.update("m", |_| stated(3)).await.unwrap();
    let past = (4..7).map(|value| ImportedEvent::new(stated(value), Timestamp::from_millis(value), Metadata::new()));
    meters.import("imported", past.collect()).await.unwrap();
    let loaded = meters.load("m").await.unwrap();
    assert_eq!(loaded.state, Meter { begun_with: 1, values: vec![2, 3] });
    let loaded = meters.load("imported").await.unwrap();
    assert_eq!(loaded.state, Meter { begun_with: 4, values: vec![5, 6] });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_in_both_lists_begins_the_aggregate_first_and_changes_it_later() {
    begins_and_continues_with_one_event(MemoryStore::new()).await;
    begins_and_continues_with_one_event(empty_store().await).await;
    es_core::testing::given::<Meter>(Stated { value: 1 })
        .when(|_| Stated { value: 2 })
        .then_state(|meter| assert_eq!((meter.begun_with, &*meter.values), (1, &[2][..])));
}
