//! Clocks that go back: timestamps never determine an order.

use es_core::clock::ManualClock;
use es_core::memory::MemoryStore;
use es_core::repository::ImportedEvent;
use es_core::store::{Snapshot, Store};
use es_core::{Metadata, Repository, StreamId, Version};
use es_mongo::MongoStore;
use es_mongo::dev::fresh_database_name;
use tests::account::{Account, Deposited, Opened, accounts, day};
use tests::empty_store;

/// The days on which the events of one account were recorded, by a clock that goes back twice.
const DAYS: [i64; 6] = [5, 9, 2, 7, 1, 8];

async fn import(accounts: &Repository<Account>, id: &str) {
    let opened = ImportedEvent::new(Opened { owner: id.into() }, day(DAYS[0]), Metadata::new());
    let mut past = vec![opened];
    for at in &DAYS[1..] {
        past.push(ImportedEvent::new(Deposited { cents: 1, source: "x".into() }, day(*at), Metadata::new()));
    }
    accounts.import(id, past).await.unwrap();
}

async fn keeps_the_order(store: impl Store + Clone) {
    let accounts = Repository::<Account>::new(&store);
    import(&accounts, "a").await;
    assert_eq!(accounts.load("a").await.unwrap().version, 6);
    let history = accounts.history("a").unwrap().collect().await.unwrap();
    assert_eq!(history.iter().map(|event| event.timestamp).collect::<Vec<_>>(), DAYS.map(day));
    // The longest prefix that was recorded by then. Events after a later timestamp do not count.
    for (at, version) in [(5, 1), (6, 1), (8, 1), (9, 6), (100, 6)] {
        assert_eq!(accounts.load_as_of("a", day(at)).await.unwrap().version, version, "day {at}");
    }
    assert!(accounts.load_as_of("a", day(4)).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_order_of_a_stream_nor_its_state_as_of_a_time_follows_a_clock_that_went_back() {
    keeps_the_order(MemoryStore::new()).await;
    keeps_the_order(empty_store().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_takes_no_event_that_follows_one_that_stays() {
    let store = empty_store().await;
    import(&accounts(&store), "a").await;
    import(&accounts(&store), "last").await;
    for (cut, moved) in [(5, 0), (6, 2), (9, 0), (10, 9)] {
        let report = store.archive::<Account>(day(cut)).run().await.unwrap();
        assert_eq!(report.moved, moved, "before day {cut}: {report:?}");
        for (at, version) in [(5, 1), (8, 1), (9, 6)] {
            assert_eq!(accounts(&store).load_as_of("a", day(at)).await.unwrap().version, version, "{cut} {at}");
        }
        assert!(store.verify::<Account>().run().await.unwrap().is_sound());
    }
    let found = store.events().since(day(2)).until(day(7)).read().collect().await.unwrap();
    let days: Vec<_> = found.iter().map(|event| event.timestamp).collect();
    assert_eq!(days, [2, 2, 5, 5, 7, 7].map(day));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_snapshots_bear_the_time_of_the_clock_that_a_store_is_opened_with() {
    let clock = ManualClock::new(day(3));
    let server = empty_store().await;
    let builder = MongoStore::builder(server.database().client().clone(), fresh_database_name("clock"));
    let store = builder.clock(clock.clone()).open().await.unwrap();
    let accounts = accounts(&store);
    accounts.create("a", Opened { owner: "a".into() }).await.unwrap();
    clock.set(day(1));
    accounts.update("a", |_| Deposited { cents: 1, source: "x".into() }).await.unwrap();
    accounts.take_snapshot("a").await.unwrap();
    let history = accounts.history("a").unwrap().collect().await.unwrap();
    assert_eq!(history.iter().map(|event| event.timestamp).collect::<Vec<_>>(), [3, 1].map(day));
    let stream = StreamId::of::<Account>("a").unwrap();
    let snapshot = Snapshot::<Account>::newest(&store, &stream, Version::MAX).await.unwrap().unwrap();
    assert_eq!(snapshot.timestamp, day(1));
}
