//! What a reader gets, and when it gets an error instead.

use es_core::projection::{Keyed, Keys, Projection};
use es_core::read_model::ReadModelError;
use es_core::store::{Ordering, Prepare, ReadModelStore};
use es_core::{Apply, Context, Position, StoreError};
use es_mongo::{FindRows, MongoStore};
use tests::{empty_store, server};
use tokio::sync::oneshot;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_its_own_write() {
    let store = empty_store().await;
    let (stop, stopped) = oneshot::channel::<()>();
    let running = Subscriptions::on(&store).project::<Balance>().project::<Entries>();
    let running = tokio::spawn(running.run_until(async { drop(stopped.await) }));
    let wallets = Repository::<Wallet>::new(&store);
    let mut sum = 0;
    for number in 1..=50 {
        let earn = move |_: Option<&es_core::Loaded<Wallet>>| Earned { owner: "ann".into(), cents: number };
        let recorded = wallets.upsert(format!("wallet {}", number % 3), earn).await.unwrap();
        sum += number;
        let position = recorded.position();
        let balance = store.read_model::<Balance>().at_least(position).get("ann").await.unwrap().unwrap();
        assert_eq!((balance.cents, balance.events), (sum, number.unsigned_abs()));
        let entries = store.read_model::<Entries>().at_least(position);
        assert_eq!(entries.get(recorded.id).await.unwrap().unwrap().cents.last(), Some(&number));
    }
    let none = store.read_model::<Balance>().get("nobody").await.unwrap();
    assert_eq!(none, None);
    drop(stop);
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_found_by_filters() {
    let store = empty_store().await;
    for number in 0..40 {
        record(&store, &format!("wallet {number}"), number).await;
    }
    Subscriptions::on(&store).project_with::<Balance>(|options| options.partitions(4)).catch_up().await.unwrap();
    let balances = store.read_model::<Balance>();
    let all = balances.find(doc! {}).sort(doc! { "cents": -1 }).await.unwrap();
    assert_eq!(all.len(), OWNERS.len());
    assert!(all.is_sorted_by(|(_, left), (_, right)| left.cents >= right.cents));
    let second = balances.find(doc! {}).sort(doc! { "cents": -1 }).skip(1).limit(1).await.unwrap();
    assert_eq!(second, all[1..2]);
    let (owner, _) = &all[3];
    assert_eq!(balances.find(doc! { "_id": owner }).await.unwrap(), all[3..4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_not_folded_yet_are_an_error_and_not_an_empty_answer() {
    let store = empty_store().await;
    record(&store, "wallet", 1).await;
    let balances = store.read_model::<Balance>();
    let never = balances.get("bob").await.unwrap_err();
    assert!(matches!(never, ReadModelError::NeverFolded { .. }), "{never}");
    let never = balances.at_least(Position::FIRST).within(Duration::from_millis(20)).get("bob").await.unwrap_err();
    assert!(matches!(never, ReadModelError::NeverFolded { .. }), "{never}");
    // A process has begun, and died.
    store.prepare(&Prepare::of::<Balance>(1)).await.unwrap();
    for at_least in [None, Some(Position::FIRST)] {
        let balances = store.read_model::<Balance>().at_least(at_least).within(Duration::from_millis(20));
        let building = balances.get("bob").await.unwrap_err();
        assert!(matches!(building, ReadModelError::Building { position: None, .. }), "{building}");
        let building = balances.find(doc! {}).await.unwrap_err();
        assert!(matches!(building, ReadModelError::Building { .. }), "{building}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_is_not_reached_in_time_is_an_error() {
    let store = empty_store().await;
    record(&store, "wallet", 1).await;
    Subscriptions::on(&store).project::<Balance>().catch_up().await.unwrap();
    let future = Position::try_from(1_000_u64).unwrap();
    let late = store.read_model::<Balance>().at_least(future).within(Duration::from_millis(50)).get("bob").await;
    let late = late.unwrap_err();
    assert!(matches!(late, ReadModelError::Late { position: Some(position), .. } if position.get() == 1), "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_a_global_order_has_no_read_models() {
    let name = es_mongo::dev::fresh_database_name("read_models");
    let client = es_mongo::mongodb::Client::with_uri_str(server().await.uri()).await.unwrap();
    let store = MongoStore::builder(client, &name).ordering(Ordering::PerAggregate).open().await.unwrap();
    let refused = Subscriptions::on(&store).project::<Balance>().run().await.unwrap_err();
    assert!(matches!(refused, SubscriptionError::Store(StoreError::NoGlobalOrder)), "{refused}");
}

/// A newer version of `Balance`, which counts what was earned only.
#[derive(Projection, Debug, Default)]
#[projection(name = "balance", version = 2, key = String, events(Wallet(Earned, ..)))]
struct EarnedOnly {
    cents: i64,
}

impl Keyed<Earned> for EarnedOnly {
    fn key(event: &Earned, _: &Context) -> Keys<String> {
        event.owner.clone().into()
    }
}

impl Apply<Earned> for EarnedOnly {
    fn apply(&mut self, event: Earned, _: &Context) {
        self.cents += event.cents;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_is_built_beside_the_old_one() {
    let store = empty_store().await;
    for number in 0..20 {
        record(&store, "wallet", number).await;
    }
    Subscriptions::on(&store).project::<Balance>().catch_up().await.unwrap();
    let old = store.read_model::<Balance>().get("ann").await.unwrap().unwrap();
    assert!(matches!(store.read_model::<EarnedOnly>().get("ann").await, Err(ReadModelError::NeverFolded { .. })));
    Subscriptions::on(&store).project::<EarnedOnly>().catch_up().await.unwrap();
    let new = store.read_model::<EarnedOnly>().get("ann").await.unwrap().unwrap();
    let expected = folded::<EarnedOnly>(&store).await;
    assert_eq!(Some(new.cents), expected.get("ann").map(|row| row.cents));
    assert_ne!(new.cents, old.cents);
    assert_eq!(store.read_model::<Balance>().get("ann").await.unwrap().unwrap(), old);
}

/// `Balance` with the same version, and fewer events.
#[derive(Projection, Debug, Default)]
#[projection(name = "balance", version = 1, key = String, events(Wallet(Earned, ..)))]
struct Changed {}

impl Keyed<Earned> for Changed {
    fn key(event: &Earned, _: &Context) -> Keys<String> {
        event.owner.clone().into()
    }
}

impl Apply<Earned> for Changed {
    fn apply(&mut self, _: Earned, _: &Context) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn other_events_or_partitions_under_the_same_version_are_refused() {
    let store = empty_store().await;
    Subscriptions::on(&store).project::<Balance>().catch_up().await.unwrap();
    let changed = Subscriptions::on(&store).project::<Changed>().catch_up().await.unwrap_err();
    assert!(matches!(changed, SubscriptionError::Changed { .. }), "{changed}");
    assert!(changed.to_string().contains("increase the `version`"), "{changed}");
    let divided = Subscriptions::on(&store).project_with::<Balance>(|options| options.partitions(2)).catch_up().await;
    assert!(matches!(divided, Err(SubscriptionError::Partitions { stored: 1, wanted: 2, .. })), "{divided:?}");
    let twice = Subscriptions::on(&store).project::<Balance>().project::<Changed>().catch_up().await.unwrap_err();
    assert!(matches!(&twice, SubscriptionError::Twice { name } if name == "balance"), "{twice}");
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_events_and_skips_are_invisible_to_the_rows() {
    let store = empty_store().await;
    for number in 0..60 {
        record(&store, &format!("wallet {}", number % 5), number).await;
    }
    store.archive::<Wallet>(es_core::Timestamp::now()).run().await.unwrap();
    for number in 60..80 {
        record(&store, &format!("wallet {}", number % 5), number).await;
    }
    assert_folded(&store).await;
}
