//! An import can be repeated, and continues where the stream ends.

use std::collections::HashMap;

use es_core::memory::MemoryStore;
use es_core::repository::{ImportDifference, ImportError, ImportedEvent};
use es_core::store::Store;
use es_core::{Aggregate, Apply, Context, Metadata, Outcome, RecordedEvent, Repository, Timestamp, event};
use tests::account::{Account, AccountEvent, AccountMigrated, Deposited, Opened, day};
use tests::empty_store;
use tokio::task::JoinSet;

type Past = Vec<ImportedEvent<AccountEvent>>;

fn by() -> Metadata {
    Metadata::new().user("clerk").correlation("c")
}

fn deposit(cents: i64, at: Timestamp, metadata: Metadata) -> ImportedEvent<AccountEvent> {
    ImportedEvent::new(Deposited { cents, source: "s".into() }, at, metadata).caused_by_first()
}

fn past(events: i64) -> Past {
    let opened = ImportedEvent::new(Opened { owner: "o".into() }, day(0), by()).caused_by_first();
    [opened].into_iter().chain((1..events).map(|at| deposit(at, day(at), by()))).collect()
}

async fn history(accounts: &Repository<Account>, id: &str) -> Vec<RecordedEvent<AccountEvent>> {
    accounts.history(id).unwrap().collect().await.unwrap()
}

async fn can_be_repeated(store: impl Store + Clone) {
    let accounts = Repository::<Account>::new(&store);
    let first = accounts.import("a", past(3)).await.unwrap();
    assert_eq!((first.outcome, first.version.get()), (Outcome::Appended, 3));
    for _ in 0..3 {
        let again = accounts.import("a", past(3)).await.unwrap();
        assert_eq!((again.outcome, again.version.get()), (Outcome::AlreadyAppended, 3));
        let ids = |events: &[RecordedEvent<AccountEvent>]| events.iter().map(|event| event.id).collect::<Vec<_>>();
        assert_eq!(ids(&again.events), ids(&first.events));
    }
    // Later events do not matter, and neither does a past that ends earlier.
    let live = || Ok::<_, String>(Deposited { cents: 100, source: "live".into() });
    accounts.update("a", |_| live()).await.unwrap();
    for events in 1..=3_u32 {
        let again = accounts.import("a", past(events.into())).await.unwrap();
        assert_eq!((again.outcome, again.version), (Outcome::AlreadyAppended, events.into()));
    }
    assert_eq!(history(&accounts, "a").await.len(), 4);
    let nothing = accounts.import("none", Vec::new()).await.unwrap();
    assert_eq!(nothing.outcome, Outcome::Unchanged);
}

async fn goes_on_where_the_stream_ends(store: impl Store + Clone) {
    let accounts = Repository::<Account>::new(&store);
    for (events, recorded) in [(1, 1), (3, 2), (3, 0), (7, 4), (5, 0)] {
        let committed = accounts.import("a", past(events)).await.unwrap();
        let expected = if recorded == 0 { Outcome::AlreadyAppended } else { Outcome::Appended };
        assert_eq!((committed.outcome, committed.version.get()), (expected, events.unsigned_abs()), "{events} events");
        if recorded > 0 {
            assert_eq!(committed.events.len(), recorded, "{events} events");
        }
    }
    let history = history(&accounts, "a").await;
    let stored: Vec<_> = history.iter().map(|event| event.timestamp).collect();
    assert_eq!(stored, (0..7).map(day).collect::<Vec<_>>(), "each event has its own time");
    let first = history[0].id.to_string();
    let causes: Vec<_> = history.iter().map(|event| event.metadata.causation_id()).collect();
    assert_eq!(causes, [None].into_iter().chain([Some(&*first); 6]).collect::<Vec<_>>());
    assert_eq!(accounts.load("a").await.unwrap().cents, (1..7).sum::<i64>());
    // The answer of an extended import equals the stored events.
    let committed = accounts.import("a", past(8)).await.unwrap();
    let read = self::history(&accounts, "a").await.pop().unwrap();
    assert_eq!(committed.events[0].metadata, read.metadata);
    assert_eq!((committed.events[0].id, committed.events[0].timestamp), (read.id, read.timestamp));
}

async fn reports_the_difference(store: impl Store + Clone) {
    let accounts = Repository::<Account>::new(&store);
    accounts.import("a", past(3)).await.unwrap();
    let changed = |change: fn(&mut Past)| {
        let mut past = past(5);
        change(&mut past);
        past
    };
    let cases: [(Past, u64, ImportDifference); 6] = [
        (
            changed(|past| {
                past[0] = ImportedEvent::new(AccountMigrated { owner: "o".into(), cents: 0 }, day(0), by());
            }),
            1,
            ImportDifference::Type { stored: "Opened".into(), imported: "AccountMigrated".into() },
        ),
        (changed(|past| past[2] = deposit(9, day(2), by())), 3, ImportDifference::Data { field: "cents".into() }),
        (
            changed(|past| past[1] = deposit(1, day(2), by())),
            2,
            ImportDifference::Timestamp { stored: day(1), imported: day(2) },
        ),
        (
            changed(|past| past[1] = deposit(1, day(1), by().user("other"))),
            2,
            ImportDifference::Metadata { field: "userId".into() },
        ),
        (
            changed(|past| past[1] = deposit(1, day(1), by().with("note", "n").unwrap())),
            2,
            ImportDifference::Metadata { field: "note".into() },
        ),
        (
            changed(|past| {
                past[2] = ImportedEvent::new(Deposited { cents: 2, source: "s".into() }, day(2), by());
            }),
            3,
            ImportDifference::Metadata { field: "causationId".into() },
        ),
    ];
    for (past, sequence, expected) in cases {
        let error = accounts.import("a", past).await.unwrap_err();
        let ImportError::Differs { sequence: place, difference, .. } = &error else { panic!("{error}") };
        assert_eq!((place.get(), difference), (sequence, &expected), "{error}");
        assert!(error.to_string().starts_with("the past of Account `a` differs from the import: event "), "{error}");
    }
    // A live event is at the place where the import would continue.
    accounts.update("a", |_| Deposited { cents: 3, source: "s".into() }).metadata(by()).await.unwrap();
    let error = accounts.import("a", past(5)).await.unwrap_err();
    assert!(matches!(&error, ImportError::Differs { sequence, .. } if sequence.get() == 4), "{error}");
    assert_eq!(history(&accounts, "a").await.len(), 4, "an import that differs has written");
}

async fn is_recorded_once(store: impl Store + Clone) {
    let accounts = Repository::<Account>::new(&store);
    let mut running = JoinSet::new();
    // Some have a longer past than others, and all of them agree.
    for importer in 0..16 {
        let accounts = accounts.clone();
        running.spawn(async move { accounts.import("a", past(3 + importer % 4)).await.unwrap().outcome });
    }
    let outcomes = running.join_all().await;
    assert!(outcomes.contains(&Outcome::Appended) && outcomes.contains(&Outcome::AlreadyAppended), "{outcomes:?}");
    let history = history(&accounts, "a").await;
    let times: Vec<_> = history.iter().map(|event| event.timestamp).collect();
    assert_eq!(times, (0..6).map(day).collect::<Vec<_>>());
}

async fn is_done_during_live_updates(store: impl Store + Clone) {
    let accounts = Repository::<Account>::new(&store);
    accounts.import("a", past(3)).await.unwrap();
    let mut running = JoinSet::new();
    for number in 0..8 {
        let accounts = accounts.clone();
        running.spawn(async move {
            if number % 2 == 0 {
                assert_eq!(accounts.import("a", past(3)).await.unwrap().outcome, Outcome::AlreadyAppended);
            } else {
                let live = Deposited { cents: 1, source: "live".into() };
                accounts.update("a", |_| live.clone()).await.unwrap();
            }
        });
    }
    running.join_all().await;
    assert_eq!(history(&accounts, "a").await.len(), 3 + 4);
}

/// The events as an earlier release recorded them, and as the current release defines them.
mod before {
    use super::*;

    #[event(version = 1)]
    pub struct Sold {
        pub prices: HashMap<String, i32>,
    }

    #[event(version = 1)]
    pub struct PaidAndSent;

    #[event(version = 1)]
    pub struct Reminded;

    #[derive(Aggregate, Default)]
    #[aggregate(name = "Sale", events(Sold, PaidAndSent, Reminded))]
    pub struct Sale {}

    impl Apply<Sold> for Sale {
        fn apply(&mut self, _: Sold, _: &Context) {}
    }
    impl Apply<PaidAndSent> for Sale {
        fn apply(&mut self, _: PaidAndSent, _: &Context) {}
    }
    impl Apply<Reminded> for Sale {
        fn apply(&mut self, _: Reminded, _: &Context) {}
    }
}

mod after {
    use super::*;

    #[event(version = 2, name = "Ordered", alias = "Sold", from = OrderedV1)]
    pub struct Ordered {
        pub prices: HashMap<String, f64>,
        pub currency: String,
    }

    #[event(version = 1, name = "Ordered", alias = "Sold")]
    pub struct OrderedV1 {
        pub prices: HashMap<String, f64>,
    }

    impl From<OrderedV1> for Ordered {
        fn from(old: OrderedV1) -> Self {
            Self { prices: old.prices, currency: "EUR".into() }
        }
    }

    #[event(version = 1, split(Paid, Sent))]
    pub struct PaidAndSent;

    #[event(version = 1)]
    pub struct Paid;

    #[event(version = 1)]
    pub struct Sent;

    impl From<PaidAndSent> for (Paid, Sent) {
        fn from(_: PaidAndSent) -> Self {
            (Paid, Sent)
        }
    }

    #[derive(Aggregate, Default)]
    #[aggregate(name = "Sale", events(Ordered, Paid, Sent), split(PaidAndSent), retired("Reminded"))]
    pub struct Sale {}

    impl Apply<Ordered> for Sale {
        fn apply(&mut self, _: Ordered, _: &Context) {}
    }
    impl Apply<Paid> for Sale {
        fn apply(&mut self, _: Paid, _: &Context) {}
    }
    impl Apply<Sent> for Sale {
        fn apply(&mut self, _: Sent, _: &Context) {}
    }
}

async fn can_be_repeated_by_a_newer_program(store: impl Store + Clone) {
    let prices = |number: i32| (format!("item-{number}"), number);
    let by = || Metadata::new().with("b", 1_i32).unwrap().with("a", 2.0_f64).unwrap();
    let old = Repository::<before::Sale>::new(&store);
    let then = vec![
        ImportedEvent::new(before::Sold { prices: (0..12).map(prices).collect() }, day(0), by()),
        ImportedEvent::new(before::Reminded, day(1), by()),
        ImportedEvent::new(before::PaidAndSent, day(2), by()),
    ];
    old.import("s", then).await.unwrap();

    let new = Repository::<after::Sale>::new(&store);
    let price = |number: i32| (format!("item-{number}"), f64::from(number));
    let now = || {
        let prices = (0..12).rev().map(price).collect();
        let by = || Metadata::new().with("a", 2_i64).unwrap().with("b", 1_i64).unwrap();
        let ordered = after::Ordered { prices, currency: "EUR".into() };
        vec![
            ImportedEvent::new(ordered, day(0), by()),
            ImportedEvent::new(after::Paid, day(2), by()),
            ImportedEvent::new(after::Sent, day(2), by()),
        ]
    };
    let again = new.import("s", now()).await.unwrap();
    assert_eq!((again.outcome, again.version.get()), (Outcome::AlreadyAppended, 3));
    let longer = now().into_iter().chain([ImportedEvent::new(after::Sent, day(3), by())]).collect();
    let longer = new.import("s", longer).await.unwrap();
    assert_eq!((longer.outcome, longer.version.get(), longer.events.len()), (Outcome::Appended, 4, 1));
}

macro_rules! on_both_stores {
    ($($test:ident => $check:ident;)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            $check(MemoryStore::new()).await;
            $check(empty_store().await).await;
        }
    )+};
}

on_both_stores! {
    a_repeated_import_of_the_same_past_changes_nothing => can_be_repeated;
    an_import_of_a_longer_past_records_the_rest => goes_on_where_the_stream_ends;
    an_import_of_another_past_reports_the_difference => reports_the_difference;
    concurrent_imports_are_recorded_once => is_recorded_once;
    an_import_during_live_updates_affects_nobody => is_done_during_live_updates;
    an_import_by_a_newer_program_recognizes_the_import_of_an_older_one => can_be_repeated_by_a_newer_program;
}
