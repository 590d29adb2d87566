//! Events that cannot be folded.

use std::sync::atomic::{AtomicBool, Ordering};

use es_core::error::ErrorChain;
use es_core::projection::{Keyed, Keys, Projection, ProjectionFailure};
use es_core::read_model::ReadModelError;
use es_core::store::{Activity, ReadModelId, ReadModelStore};
use es_core::{AggregateId, Apply, Context, Position, StoreError, event};
use tests::empty_store;
use tests::stores::TestStore;

use super::*;

static IS_FIXED: AtomicBool = AtomicBool::new(false);

/// A projection whose code has a bug at first.
#[derive(Projection, Debug, Default)]
#[projection(version = 1, key = aggregate_id, events(Wallet(Earned, Spent)))]
struct Buggy {
    events: u64,
}

impl Apply<Earned> for Buggy {
    fn apply(&mut self, event: Earned, _: &Context) {
        assert!(event.cents != 13 || IS_FIXED.load(Ordering::Relaxed), "thirteen");
        self.events += 1;
    }
}

impl Apply<Spent> for Buggy {
    fn apply(&mut self, _: Spent, _: &Context) {
        self.events += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_folded_stops_the_projection_before_it() {
    let store = empty_store().await;
    let wallets = Repository::<Wallet>::new(&store);
    let mut thirteenth = None;
    for cents in 1..=20 {
        let recorded = wallets.upsert("w", move |_| Earned { owner: "ann".into(), cents }).await.unwrap();
        thirteenth = thirteenth.or(recorded.position().filter(|_| cents == 13));
    }
    let stopped = Subscriptions::on(&store).project::<Buggy>().project::<Entries>().run_until(async {
        while store.read_model::<Entries>().get("w").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let stopped = stopped.await.unwrap_err();
    let SubscriptionError::Stopped { source, .. } = &stopped else { panic!("{stopped}") };
    assert_eq!(Some(source.position), thirteenth);
    assert!(ErrorChain::new(&stopped).to_string().contains("thirteen"));
    // The other projection has continued.
    assert_eq!(store.read_model::<Entries>().get("w").await.unwrap().unwrap().cents.len(), 20);

    let waits = store.read_model::<Buggy>().at_least(thirteenth).get("w").await.unwrap_err();
    let ReadModelError::Stopped { failure, .. } = waits else { panic!("{waits}") };
    assert_eq!(Some(failure.position), thirteenth);
    assert!(failure.error.contains("thirteen"), "{}", failure.error);
    let stored = rows(&store, "buggy_v1").find_one(doc! { "_id": "w" }).await.unwrap().unwrap();
    assert_eq!(stored.get_i64("events").unwrap(), 12);

    IS_FIXED.store(true, Ordering::Relaxed);
    Subscriptions::on(&store).project::<Buggy>().catch_up().await.unwrap();
    let row = store.read_model::<Buggy>().at_least(thirteenth).get("w").await.unwrap().unwrap();
    assert_eq!(row.events, 20);
}

/// `Earned` of newer code.
#[event(version = 2, name = "Earned", since = 1)]
struct NewerEarned {
    owner: String,
    cents: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_newer_code_is_left_to_newer_code() {
    use es_core::store::{Append, EventStore, ExpectedVersion, NewEvent};
    use es_core::{Metadata, StreamId};
    let store = empty_store().await;
    let newer = NewerEarned { owner: "ann".into(), cents: 5 };
    let data = es_core::store::EventData::encode("Earned", &newer).unwrap();
    let newer = NewEvent::from_data("Earned", 2, data, Metadata::new()).unwrap();
    let stream = StreamId::of::<Wallet>("w").unwrap();
    store.append(Append::new(stream, ExpectedVersion::NONE, vec![newer])).await.unwrap();
    let error = Subscriptions::on(&store).project::<Balance>().catch_up().await.unwrap_err();
    let SubscriptionError::Stopped { source, .. } = &error else { panic!("{error}") };
    assert!(source.is_newer_event(), "{error}");
    // A program that runs on gives the lease back, and waits for newer code.
    let waits = tokio::time::timeout(Duration::from_secs(2), Subscriptions::on(&store).project::<Balance>().run());
    assert!(waits.await.is_err(), "it has stopped");
    let partition = rows(&store, "subscriptions").find_one(doc! { "_id": "balance@1/0" }).await.unwrap().unwrap();
    assert!(!partition.contains_key("owner") && !partition.contains_key("failure"), "{partition}");
}

/// A row that grows until it is too large.
#[derive(Projection, Debug, Default)]
#[projection(version = 1, key = String, events(Wallet(Earned, ..)))]
struct Growing {
    text: String,
}

impl Keyed<Earned> for Growing {
    fn key(event: &Earned, _: &Context) -> Keys<String> {
        event.owner.clone().into()
    }
}

impl Apply<Earned> for Growing {
    fn apply(&mut self, _: Earned, _: &Context) {
        self.text.push_str(&"x".repeat(3 << 20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_becomes_too_large_stops_the_projection_and_large_batches_are_divided() {
    let store = empty_store().await;
    let wallets = Repository::<Wallet>::new(&store);
    for number in 0..16 {
        let owner = OWNERS[number % 2].to_owned();
        wallets.create(format!("w{number}"), Earned { owner, cents: 1 }).await.unwrap();
    }
    let error = Subscriptions::on(&store).project::<Growing>().catch_up().await.unwrap_err();
    let text = ErrorChain::new(&error).to_string();
    assert!(text.contains("growing@1") && text.contains("bytes"), "{text}");
    let mut lengths = BTreeMap::new();
    for owner in ["ann", "bob"] {
        let row = rows(&store, "growing_v1").find_one(doc! { "_id": owner }).await.unwrap().unwrap();
        lengths.insert(owner, row.get_str("text").unwrap().len() >> 20);
    }
    assert_eq!(lengths, BTreeMap::from([("ann", 15), ("bob", 15)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_malformed_stops_the_projection_where_it_is() {
    let store = empty_store().await;
    for number in 0..5 {
        record(&store, "w", number).await;
    }
    Subscriptions::on(&store).project::<Entries>().catch_up().await.unwrap();
    let before = store.read_model::<Entries>().get("w").await.unwrap();
    record(&store, "w", 5).await;
    let events = rows(&store, "events");
    let malformed = doc! { "$set": { "eventVersion": "one" } };
    events.update_one(doc! { "position": 6_i64 }, malformed).bypass_document_validation(true).await.unwrap();
    for _ in 0..2 {
        let stopped = Subscriptions::on(&store).project::<Entries>().catch_up().await.unwrap_err();
        assert!(matches!(stopped, SubscriptionError::Store(_)), "{stopped}");
        let partition = rows(&store, "subscriptions").find_one(doc! { "_id": "entries@1/0" }).await.unwrap().unwrap();
        assert_eq!(partition.get_i64("position").unwrap(), 5);
        assert_eq!(partition.get_document("failure").unwrap().get_i64("position").unwrap(), 6);
    }
    assert_eq!(store.read_model::<Entries>().get("w").await.unwrap(), before);
    events.update_one(doc! { "position": 6_i64 }, doc! { "$set": { "eventVersion": 1 } }).await.unwrap();
    Subscriptions::on(&store).project::<Entries>().catch_up().await.unwrap();
    assert_eq!(store.read_model::<Entries>().get("w").await.unwrap().unwrap().cents.len(), 6);
}

/// The last owner who earned something in a wallet, which is to differ from those of all others.
#[derive(Projection, Debug, Default, PartialEq)]
#[projection(version = 1, key = aggregate_id, events(Wallet(Earned, ..)), unique(last_owner))]
struct Owned {
    last_owner: Option<String>,
}

impl Apply<Earned> for Owned {
    fn apply(&mut self, event: Earned, _: &Context) {
        self.last_owner = Some(event.owner);
    }
}

/// Records that somebody earned something in a wallet, and returns the position.
async fn earn(store: &impl TestStore, wallet: &str, owner: &str) -> Option<Position> {
    let earned = Earned { owner: owner.to_owned(), cents: 1 };
    Repository::<Wallet>::new(store).upsert(wallet, move |_| earned.clone()).await.unwrap().position()
}

/// In batches of any size, the projection stops at the event and not at the first of its batch.
async fn a_unique_index_stops_the_projection_at_the_event_that_breaks_it(store: impl TestStore + ReadModelStore) {
    let mut broken = None;
    for number in 1..=40 {
        let owner = if number == 23 { 5 } else { number };
        let position = earn(&store, &format!("w{number}"), &format!("owner {owner}")).await;
        broken = broken.or(position.filter(|_| number == 23));
    }
    // Both times: the event stays where it is, and so does the checkpoint.
    for _ in 0..2 {
        let stopped = Subscriptions::on(&store).project::<Owned>().catch_up().await.unwrap_err();
        let SubscriptionError::Stopped { source, .. } = &stopped else { panic!("{stopped:?}") };
        assert_eq!(Some(source.position), broken);
        assert_eq!((source.event_type.as_str(), source.aggregate.as_str()), ("Earned", "Wallet `w23`"));
        let ProjectionFailure::Row { key, source } = &source.failure else { panic!("{stopped:?}") };
        let StoreError::NotUnique { read_model, key: Some(refused), index } = &**source else { panic!("{stopped:?}") };
        assert_eq!((key.as_str(), refused.as_str()), ("w23", "w23"));
        assert_eq!((read_model.clone(), index.as_str()), (ReadModelId::of::<Owned>(), "lastOwner_1"));

        let partition = ReadModelId::of::<Owned>().partition(0);
        let (checkpoint, _) = store.read_rows(&partition, &[]).await.unwrap().unwrap();
        assert_eq!(checkpoint.position.map(Position::next), broken);
        let Activity::Stopped(failure) = checkpoint.activity else { panic!("it has not stopped") };
        assert_eq!(Some(failure.position), broken);
        for named in ["`w23`", "owned@1", "`lastOwner_1`"] {
            assert!(failure.error.contains(named), "{}", failure.error);
        }
        let keys: Vec<_> = (1..=40).map(|number| AggregateId::new(format!("w{number}")).unwrap()).collect();
        let (_, rows) = store.read_rows(&partition, &keys).await.unwrap().unwrap();
        assert_eq!(rows.rows.len(), 22, "all events before it are folded, and none after it");
    }
}

/// Two events after which the rows are different again stop nothing if they are in one batch.
async fn rows_may_exchange_unique_values_between_two_events(store: impl TestStore + ReadModelStore) {
    for (wallet, owner) in [("w1", "ann"), ("w2", "bob"), ("w3", "cid"), ("w1", "bob"), ("w2", "cid"), ("w3", "ann")] {
        earn(&store, wallet, owner).await;
    }
    Subscriptions::on(&store).project::<Owned>().catch_up().await.unwrap();
    for (wallet, owner) in [("w1", "bob"), ("w2", "cid"), ("w3", "ann")] {
        earn(&store, wallet, owner).await;
    }
    for (wallet, owner) in [("w1", "ann"), ("w2", "bob"), ("w3", "cid")] {
        earn(&store, wallet, owner).await;
    }
    Subscriptions::on(&store).project::<Owned>().catch_up().await.unwrap();
    let owned = ReadModelStore::read_model::<Owned>(&store);
    assert_eq!(owned.get("w2").await.unwrap(), Some(Owned { last_owner: Some("bob".into()) }));
}

/// Partitions are folded independently, so the order of their rows is unknown.
async fn a_unique_index_is_refused_with_several_partitions(store: impl TestStore + ReadModelStore) {
    let subscriptions = Subscriptions::on(&store).project_with::<Owned>(|options| options.partitions(2));
    let refused = subscriptions.catch_up().await.unwrap_err();
    assert!(matches!(refused, SubscriptionError::UniqueInPartitions { partitions: 2, .. }), "{refused:?}");
    assert!(refused.to_string().contains("lastOwner_1"), "{refused}");
}

tests::on_both_stores! {
    a_unique_index_stops_the_projection_at_the_event_that_breaks_it
    rows_may_exchange_unique_values_between_two_events
    a_unique_index_is_refused_with_several_partitions
}
