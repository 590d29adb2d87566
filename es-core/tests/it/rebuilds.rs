//! New versions of read models in memory: progress, comparison and switch.

use std::collections::HashMap;

use es_core::memory::MemoryStore;
use es_core::projection::Projection;
use es_core::read_model::ReadModelError;
use es_core::rebuild::{RebuildError, Sample};
use es_core::store::{Activity, Dropped, LiveVersion, ReadModelId, ReadModelStore};
use es_core::subscription::Subscriptions;
use es_core::{Aggregate, Apply, Context, Repository, event};
use serde::{Deserialize, Serialize};

#[event(version = 1)]
struct Sold {
    item: String,
    cents: i64,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Sold))]
struct Shop {}

impl Apply<Sold> for Shop {
    fn apply(&mut self, _: Sold, _: &Context) {}
}

/// Version 1 has the sum.
#[derive(Projection, Default)]
#[projection(name = "sales", version = 1, key = aggregate_id, events(Shop(Sold)))]
struct OldSales {
    cents: i64,
}

impl Apply<Sold> for OldSales {
    fn apply(&mut self, event: Sold, _: &Context) {
        self.cents += event.cents;
    }
}

/// Version 2 has the sum of each item, in a map whose order is different each time.
#[derive(Projection, Default)]
#[projection(name = "sales", version = 2, key = aggregate_id, events(Shop(Sold)))]
struct Sales {
    items: HashMap<String, Item>,
}

#[derive(Default, Serialize, Deserialize)]
struct Item {
    cents: i64,
    /// A value that is different from itself.
    mean: f64,
}

impl Apply<Sold> for Sales {
    fn apply(&mut self, event: Sold, _: &Context) {
        let item = self.items.entry(event.item).or_default();
        *item = Item { cents: item.cents + event.cents, mean: f64::NAN };
    }
}

/// The rule of version 2 was changed, and its number was not.
#[derive(Projection, Default)]
#[projection(name = "sales", version = 2, key = aggregate_id, events(Shop(Sold)))]
struct ChangedSales {
    items: HashMap<String, Item>,
}

impl Apply<Sold> for ChangedSales {
    fn apply(&mut self, event: Sold, context: &Context) {
        let twice = if context.aggregate_id().as_str() == "shop 3" { 2 } else { 1 };
        let item = self.items.entry(event.item).or_default();
        *item = Item { cents: item.cents + twice * event.cents, mean: f64::NAN };
    }
}

async fn sell(store: &MemoryStore, shop: usize) {
    let sold = ["a", "b", "c", "d", "e", "f"].map(|item| Sold { item: item.to_owned(), cents: 7 });
    Repository::<Shop>::new(store).create(format!("shop {shop}"), sold).await.unwrap();
}

async fn store_with(shops: usize) -> MemoryStore {
    let store = MemoryStore::new();
    for shop in 0..shops {
        sell(&store, shop).await;
    }
    store
}

async fn fold<P: Projection>(store: &MemoryStore, partitions: u32) {
    Subscriptions::on(store).project_with::<P>(|options| options.partitions(partitions)).catch_up().await.unwrap();
}

#[tokio::test]
async fn rows_with_maps_and_numbers_that_are_not_numbers_equal_the_log() {
    let store = store_with(40).await;
    fold::<Sales>(&store, 3).await;
    let comparison = store.rebuild::<Sales>().compare(Sample::All).await.unwrap();
    assert_eq!((comparison.keys(), comparison.differences()), (40, [].as_slice()));
    assert_eq!(
        comparison.up_to(),
        store.read_rows(&ReadModelId::of::<Sales>().partition(0), &[]).await.unwrap().unwrap().0.position
    );
    let some = store.rebuild::<Sales>().compare(Sample::About(20)).await.unwrap();
    assert!((1..40).contains(&some.keys()), "{some:?}");
}

#[tokio::test]
async fn a_rule_that_was_changed_without_a_new_version_is_found() {
    let store = store_with(10).await;
    fold::<OldSales>(&store, 1).await;
    fold::<Sales>(&store, 3).await;
    let rebuild = store.rebuild::<ChangedSales>();
    let comparison = rebuild.compare(Sample::All).await.unwrap();
    let [different] = comparison.differences() else { panic!("{comparison:?}") };
    assert_eq!(different.key.as_str(), "shop 3");
    assert!(different.to_string().starts_with("row `shop 3` is different from that of the log, as of position "));
    let refused = rebuild.switch(comparison).await.unwrap_err();
    assert_eq!(refused.to_string(), "1 of 10 rows of sales@2 are not those of the log, the first one is `shop 3`");
}

#[tokio::test]
async fn a_version_is_watched_compared_made_live_and_left_again() {
    let store = store_with(3).await;
    let (old, new) = (store.rebuild::<OldSales>(), store.rebuild::<Sales>());
    let never = new.watch().next().await.unwrap_err();
    assert!(matches!(never, RebuildError::NeverFolded { .. }), "{never}");
    assert!(matches!(new.switch_back().await.unwrap_err(), RebuildError::NeverFolded { .. }));
    fold::<OldSales>(&store, 2).await;
    assert!(matches!(old.switch_back().await.unwrap_err(), RebuildError::NoPrevious { .. }));

    let progress = old.watch().next().await.unwrap();
    assert_eq!((progress.folded, progress.of, progress.is_built), (18, 18, true));
    assert_eq!((progress.activity.clone(), progress.remaining()), (Activity::Running, None));
    fold::<Sales>(&store, 1).await;
    let live = new.switch(new.compare(Sample::All).await.unwrap()).await.unwrap();
    assert_eq!(live, LiveVersion { version: 2, previous: Some(1) });
    // A second switch changes nothing.
    assert_eq!(new.switch(new.compare(Sample::All).await.unwrap()).await.unwrap(), live);
    let live = old.switch_back().await.unwrap();
    assert_eq!(live, LiveVersion { version: 1, previous: Some(2) });

    store.pause(&ReadModelId::of::<Sales>()).await.unwrap();
    let paused = new.switch(new.compare(Sample::All).await.unwrap()).await.unwrap_err();
    assert_eq!(paused.to_string(), "sales@2/0 is not folded, because it is paused");
    assert_eq!(store.drop_version(&ReadModelId::of::<OldSales>()).await.unwrap(), Dropped::IsLive);
    assert_eq!(store.drop_version(&ReadModelId::of::<Sales>()).await.unwrap(), Dropped::Done);
    assert!(matches!(old.switch_back().await.unwrap_err(), RebuildError::NoPrevious { .. }));
}

#[tokio::test]
async fn the_rate_of_a_build_shows_the_remaining_time() {
    let store = store_with(3).await;
    fold::<Sales>(&store, 1).await;
    let rebuild = store.rebuild::<Sales>();
    let mut watch = rebuild.watch();
    assert_eq!(watch.next().await.unwrap().per_second, None);
    sell(&store, 3).await;
    fold::<Sales>(&store, 1).await;
    sell(&store, 4).await;
    let progress = watch.next().await.unwrap();
    assert_eq!((progress.folded, progress.of), (24, 30));
    let (rate, remaining) = (progress.per_second.unwrap(), progress.remaining().unwrap());
    assert!((rate * remaining.as_secs_f64() - 6.0).abs() < 0.01, "{rate} {remaining:?}");
}

#[tokio::test]
async fn a_row_is_folded_now_without_a_read_model() {
    let store = store_with(2).await;
    let sales = store.read_model::<OldSales>();
    assert_eq!(sales.fold_now("shop 1").await.unwrap().map(|row| row.cents), Some(42));
    assert!(sales.fold_now("shop 9").await.unwrap().is_none());
    let later = es_core::Position::try_from(13_u64).unwrap();
    let late = sales.at_least(later).within(std::time::Duration::ZERO).fold_now("shop 1").await.err().unwrap();
    assert!(matches!(late, ReadModelError::Late { .. }), "{late}");
}
