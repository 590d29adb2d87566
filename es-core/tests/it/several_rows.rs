//! Projections with several types of rows, in memory.

use std::sync::atomic::{AtomicBool, Ordering};

use es_core::dead_letters::Retried;
use es_core::error::{ErrorChain, InvalidId};
use es_core::memory::MemoryStore;
use es_core::projection::{Dispatch, Project, Projection, ProjectionFailure, Row, RowChanges, RowOf, Rows, decode_row};
use es_core::read_model::ReadModelError;
use es_core::rebuild::Sample;
use es_core::store::{EventData, ReadModelStore};
use es_core::subscription::{OnError, SubscriptionError, Subscriptions};
use es_core::testing::{given, rows};
use es_core::{Aggregate, AggregateId, Apply, Context, EventId, Repository, StoreError, bson, event};

/// What a projection is to do with its rows: `insert sum a 5` for each step.
#[event(version = 1)]
struct Told {
    steps: Vec<String>,
}

#[event(version = 1)]
struct Sold {
    item: String,
    day: u32,
    cents: i64,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Told, Sold))]
struct Shop {}

impl Apply<Told> for Shop {
    fn apply(&mut self, _: Told, _: &Context) {}
}

impl Apply<Sold> for Shop {
    fn apply(&mut self, _: Sold, _: &Context) {}
}

/// Makes the changes that its event lists, in two types of rows with the same keys.
#[derive(Projection)]
#[projection(version = 1, rows(Sum, List), events(Shop(Told, ..)))]
struct Obedient;

#[derive(Row, Debug, Default, PartialEq)]
#[row(key = String)]
struct Sum {
    cents: i64,
}

#[derive(Row, Debug, Default, PartialEq)]
#[row(key = String, name = "all")]
struct List(Vec<i64>);

/// A row of both types.
trait Add: RowOf<Obedient, Key = String> + Default {
    fn add(&mut self, cents: i64);
}

impl Add for Sum {
    fn add(&mut self, cents: i64) {
        self.cents += cents;
    }
}

impl Add for List {
    fn add(&mut self, cents: i64) {
        self.0.push(cents);
    }
}

fn obey<R: Add>(verb: &str, key: &str, cents: i64, rows: &mut RowChanges<Obedient>) {
    let mut row = R::default();
    row.add(cents);
    match verb {
        "insert" => rows.insert(key, row),
        "replace" => rows.replace(key, row),
        "change" => rows.change(key, move |row: &mut R| row.add(cents)),
        "default" => rows.change_or_default(key, move |row: &mut R| row.add(cents)),
        "remove" => rows.remove::<R>(key),
        "broken" => rows.change_or_default(key, |_: &mut R| panic!("a broken change")),
        _ => panic!("{verb} is not a verb"),
    }
}

impl Project<Told> for Obedient {
    fn project(event: Told, _: &Context, rows: &mut RowChanges<Self>) {
        for step in event.steps {
            let words: Vec<_> = step.split(' ').collect();
            let [verb, of_type, key, cents] = words[..] else { panic!("{step} is not a step") };
            let cents = cents.parse().unwrap();
            match of_type {
                "sum" => obey::<Sum>(verb, key, cents, rows),
                _ => obey::<List>(verb, key, cents, rows),
            }
        }
    }
}

fn told(steps: &[&str]) -> Told {
    Told { steps: steps.iter().map(|step| (*step).to_owned()).collect() }
}

#[test]
fn the_changes_of_an_event_are_made_in_their_order() {
    let steps = told(&[
        "default sum a 1",
        "change sum a 2",
        "insert all a 7",
        "insert sum b 10",
        "change all a 8",
        "replace sum b 20",
        "change sum b 3",
        "change sum a 4",
        "insert sum c 5",
        "remove sum c 0",
        "insert sum c 6",
        "remove all never 0",
        "remove all a 0",
        "default all a 9",
        "default all a 10",
        "replace sum d 1",
        "remove sum d 0",
    ]);
    let rows = given::<Shop>(steps).rows::<Obedient>();
    let sums = rows.of::<Sum>();
    assert_eq!(["a", "b", "c", "d"].map(|key| sums.get(key).map(|sum| sum.cents)), [Some(7), Some(23), Some(6), None]);
    assert_eq!(rows.of::<List>().get("a"), Some(&List(vec![9, 10])));
    assert_eq!((rows.len(), sums.len(), rows.of::<List>().len(), sums.is_empty()), (4, 3, 1, false));
    assert_eq!(sums.iter().map(|sum| sum.cents).collect::<Vec<_>>(), [7, 23, 6]);
}

/// A store with these events of one shop.
async fn store_with(events: Vec<Told>) -> MemoryStore {
    let store = MemoryStore::new();
    let events: Vec<_> = events.into_iter().map(ShopEvent::from).collect();
    Repository::<Shop>::new(&store).create("1", events).await.unwrap();
    store
}

/// Why the last of two events, each with these steps, cannot be folded.
async fn failure(before: &[&str], last: &[&str]) -> ProjectionFailure {
    let store = store_with(vec![told(before), told(last)]).await;
    let (dispatch, mut rows) = (Dispatch::<Obedient>::new(), Rows::new());
    let log = store.log();
    rows.push(&dispatch, &log[0].as_stored()).unwrap();
    let error = rows.push(&dispatch, &log[1].as_stored()).unwrap_err();
    assert_eq!((error.projection, error.position), ("obedient", log[1].position));
    error.failure
}

#[tokio::test]
async fn a_change_that_does_not_fit_the_row_is_an_error_that_names_it() {
    let missing = failure(&["insert sum a 1"], &["change all a 1"]).await;
    assert!(matches!(&missing, ProjectionFailure::NothingToChange { key } if key == "all/a"), "{missing:?}");
    let exists = failure(&["insert sum a 1"], &["insert all a 1", "insert sum a 1"]).await;
    assert!(matches!(&exists, ProjectionFailure::CannotInsert { key } if key == "sum/a"), "{exists:?}");
    let twice = failure(&[], &["insert sum a 1", "insert sum a 1"]).await;
    assert!(matches!(&twice, ProjectionFailure::CannotInsert { key } if key == "sum/a"), "{twice:?}");
    let broken = failure(&[], &["broken sum a 1"]).await;
    assert!(matches!(&broken, ProjectionFailure::Panicked(panic) if panic.message == "a broken change"), "{broken:?}");
    let project = failure(&[], &["paint sum a 1"]).await;
    assert!(matches!(&project, ProjectionFailure::Panicked(panic) if panic.message.contains("verb")), "{project:?}");
}

#[tokio::test]
async fn a_key_that_cannot_be_stored_is_an_error() {
    // With the name of its type, the key has 512 bytes, or one more.
    let longest = "k".repeat(508);
    let folded = given::<Shop>(told(&[&format!("insert sum {longest} 1")])).rows::<Obedient>();
    assert_eq!(folded.of::<Sum>().get(&longest), Some(&Sum { cents: 1 }));
    let long = failure(&[], &["insert sum a 1", &format!("insert sum {longest}k 1"), "insert sum  1"]).await;
    let ProjectionFailure::Key(invalid) = &long else { panic!("{long:?}") };
    assert_eq!(**invalid, InvalidId::TooLong { bytes: 513 });
    let empty = failure(&[], &["insert sum  1"]).await;
    assert!(matches!(&empty, ProjectionFailure::Key(invalid) if **invalid == InvalidId::Empty), "{empty:?}");
}

fn folding<P: Projection>(store: &MemoryStore) -> Subscriptions {
    Subscriptions::on(store).project_with::<P>(|options| options.partitions(3).on_error(OnError::Park))
}

#[tokio::test]
async fn rows_of_each_type_are_read_by_their_own_keys() {
    let store = store_with(vec![told(&["insert sum a 1", "insert all a 2", "insert sum a/b 3"])]).await;
    let last = store.log().last().unwrap().position;
    folding::<Obedient>(&store).catch_up().await.unwrap();
    let sums = store.read_model::<Obedient>().at_least(last).rows::<Sum>();
    let lists = store.read_model::<Obedient>().rows::<List>().at_least(last);
    assert_eq!(sums.get("a").await.unwrap(), Some(Sum { cents: 1 }));
    assert_eq!(sums.get("a/b").await.unwrap(), Some(Sum { cents: 3 }));
    assert_eq!(sums.get("all/a").await.unwrap(), None);
    assert_eq!(lists.get("a").await.unwrap(), Some(List(vec![2])));
    assert_eq!(lists.get("a/b").await.unwrap(), None);
    assert_eq!(sums.fold_now("a").await.unwrap(), Some(Sum { cents: 1 }));
    assert_eq!(lists.fold_now("a").await.unwrap(), Some(List(vec![2])));
    assert_eq!(lists.fold_now("a/b").await.unwrap(), None);
    let log = rows::<Obedient>(&store);
    assert_eq!((log.len(), log.of::<Sum>().len()), (3, 2));
}

#[test]
fn a_row_of_a_type_that_is_not_listed_is_not_read() {
    let row = EventData::encode("row", &bson::doc! { "cents": 5_i64 }).unwrap();
    let read = |key: &str| decode_row::<Obedient>(&AggregateId::new(key).unwrap(), &row);
    assert_eq!(read("sum/a").ok().and_then(<Sum as RowOf<Obedient>>::from_row), Some(Sum { cents: 5 }));
    for key in ["sums/a", "a", "sum", "all/a"] {
        let Err(StoreError::NotReadBack { what, .. }) = read(key) else { panic!("{key} is read") };
        assert_eq!(what, "obedient");
    }
}

static IS_MENDED: AtomicBool = AtomicBool::new(false);

/// What was sold: a line for each sale, and the total of each item, of which one is refused at first.
#[derive(Projection)]
#[projection(version = 1, rows(Sale, ItemTotal), events(Shop(Sold, ..)))]
struct Sales;

#[derive(Row, Debug, PartialEq)]
#[row(key = EventId)]
struct Sale {
    item: String,
    cents: i64,
}

#[derive(Row, Debug, Default, PartialEq)]
#[row(key = String)]
struct ItemTotal {
    cents: i64,
    sales: u64,
}

impl Project<Sold> for Sales {
    fn project(event: Sold, context: &Context, rows: &mut RowChanges<Self>) {
        let Sold { item, cents, .. } = event;
        rows.insert(context.event_id(), Sale { item: item.clone(), cents });
        rows.change_or_default(item, move |total: &mut ItemTotal| {
            assert!(cents >= 0 || IS_MENDED.load(Ordering::Relaxed), "a negative price");
            total.cents += cents;
            total.sales += 1;
        });
    }
}

/// A second type of rows was added, and the version was not increased.
#[derive(Projection)]
#[projection(version = 1, name = "sales", rows(Sale, ItemTotal, Sum), events(Shop(Sold, ..)))]
struct MoreSales;

impl Project<Sold> for MoreSales {
    fn project(event: Sold, context: &Context, rows: &mut RowChanges<Self>) {
        rows.insert(context.event_id(), Sale { item: event.item, cents: event.cents });
    }
}

/// The rule of a total was changed, and the version was not increased.
#[derive(Projection)]
#[projection(version = 1, name = "sales", rows(Sale, ItemTotal), events(Shop(Sold, ..)))]
struct ChangedSales;

impl Project<Sold> for ChangedSales {
    fn project(event: Sold, context: &Context, rows: &mut RowChanges<Self>) {
        let Sold { item, cents, .. } = event;
        rows.insert(context.event_id(), Sale { item: item.clone(), cents });
        let twice = if item == "ink" { 2 } else { 1 };
        rows.change_or_default(item, move |total: &mut ItemTotal| {
            total.cents += twice * cents;
            total.sales += 1;
        });
    }
}

async fn sell(store: &MemoryStore, sales: &[(&str, i64)]) {
    let sold = sales.iter().map(|(item, cents)| ShopEvent::from(Sold { item: (*item).into(), day: 1, cents: *cents }));
    let sold: Vec<_> = sold.collect();
    Repository::<Shop>::new(store).upsert("1", move |_| sold.iter().map(copy).collect::<Vec<_>>()).await.unwrap();
}

fn copy(event: &ShopEvent) -> ShopEvent {
    let ShopEvent::Sold(Sold { item, day, cents }) = event else { panic!("{event:?} is not a sale") };
    Sold { item: item.clone(), day: *day, cents: *cents }.into()
}

#[tokio::test]
async fn an_event_is_parked_only_for_the_row_into_which_it_cannot_be_folded() {
    let store = MemoryStore::new();
    sell(&store, &[("pen", 5), ("ink", 9), ("pen", -1), ("pen", 7), ("ink", 1)]).await;
    folding::<Sales>(&store).catch_up().await.unwrap();
    let totals = store.read_model::<Sales>().rows::<ItemTotal>();
    let sales = store.read_model::<Sales>().rows::<Sale>();
    assert_eq!(totals.get("ink").await.unwrap(), Some(ItemTotal { cents: 10, sales: 2 }));
    let parked = totals.get("pen").await.unwrap_err();
    assert!(matches!(&parked, ReadModelError::Parked { key, .. } if key == "item_total/pen"), "{parked}");
    for (event, cents) in store.log().iter().zip([5, 9, -1, 7, 1]) {
        assert_eq!(sales.get(event.id).await.unwrap().map(|sale| sale.cents), Some(cents));
    }
    let letters = store.dead_letters::<Sales>();
    let listed = letters.list().await.unwrap();
    let keys: Vec<_> = listed.iter().map(|letter| (letter.key.as_str(), letter.position)).collect();
    let log = store.log();
    assert_eq!(keys, [("item_total/pen", log[2].position), ("item_total/pen", log[3].position)]);

    IS_MENDED.store(true, Ordering::Relaxed);
    assert!(matches!(letters.retry(&listed[0].key).await.unwrap(), Retried { folded: 2, failed: None, .. }));
    assert_eq!(totals.get("pen").await.unwrap(), Some(ItemTotal { cents: 11, sales: 3 }));

    // The rows of both types equal the log, and a rule that was changed is found.
    let comparison = store.rebuild::<Sales>().compare(Sample::All).await.unwrap();
    assert_eq!((comparison.keys(), comparison.differences()), (7, [].as_slice()));
    let comparison = store.rebuild::<ChangedSales>().compare(Sample::All).await.unwrap();
    let differences: Vec<_> = comparison.differences().iter().map(|difference| difference.key.as_str()).collect();
    assert_eq!(differences, ["item_total/ink"]);

    let refused = folding::<MoreSales>(&store).catch_up().await.unwrap_err();
    let SubscriptionError::Changed { stored, declared, .. } = &refused else { panic!("{refused}") };
    assert_eq!(stored, "Shop(Sold) into item_total, sale");
    assert_eq!(declared, "Shop(Sold) into item_total, sale, sum");
}

/// The totals of days and of items, which have the same fields.
#[derive(Projection)]
#[projection(version = 1, rows(OfDay, OfItem), events(Shop(Sold, ..)))]
struct Totals;

#[derive(Row, Debug, PartialEq)]
#[row(key = u32, unique(cents))]
struct OfDay {
    cents: i64,
}

#[derive(Row, Debug, PartialEq)]
#[row(key = String, unique(cents))]
struct OfItem {
    cents: i64,
}

impl Project<Sold> for Totals {
    fn project(event: Sold, _: &Context, rows: &mut RowChanges<Self>) {
        rows.replace(event.day, OfDay { cents: event.cents });
        rows.replace(event.item, OfItem { cents: event.cents });
    }
}

#[tokio::test]
async fn an_index_is_unique_among_the_rows_of_its_type() {
    let store = MemoryStore::new();
    sell(&store, &[("pen", 5), ("ink", 9)]).await;
    let fold = || Subscriptions::on(&store).project::<Totals>().catch_up();
    // Both sales are on day 1, so its row has the value of the second one.
    fold().await.unwrap();
    assert_eq!(store.read_model::<Totals>().rows::<OfDay>().get(1_u32).await.unwrap(), Some(OfDay { cents: 9 }));
    sell(&store, &[("cap", 9)]).await;
    let refused = fold().await.unwrap_err();
    let text = ErrorChain::new(&refused).to_string();
    assert!(text.contains("`of_item/cents_1`") && text.contains("of_item/cap"), "{text}");
    assert_eq!(store.read_model::<Totals>().rows::<OfItem>().get("cap").await.unwrap(), None);
}
