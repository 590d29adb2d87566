//! Projections that fold many pages at once, and what goes wrong in a later one of them.

use std::cell::Cell;
use std::collections::BTreeMap;

use es_core::memory::MemoryStore;
use es_core::projection::{Keyed, Keys, Projection};
use es_core::read_model::ReadModelError;
use es_core::store::{ParkReason, ReadModelId, ReadModelStore};
use es_core::subscription::{OnError, SubscriptionError, Subscriptions};
use es_core::{Aggregate, Apply, Context, Position, Repository, event};

thread_local! {
    /// Whether the code of the projections is mended. Each test has its own thread.
    static IS_MENDED: Cell<bool> = const { Cell::new(false) };
}

/// The number of events: several pages of the store.
const EVENTS: u64 = 5_000;

/// The number of rows. Each page changes all of them.
const ROWS: u64 = 40;

/// Something happened to a slot.
#[event(version = 1)]
#[derive(Debug, Clone)]
struct Used {
    slot: u64,
    number: u64,
    /// What nobody else may have.
    label: Option<String>,
    fails: bool,
}

/// A slot is gone, until it is used again.
#[event(version = 1)]
#[derive(Debug, Clone)]
struct Closed {
    slot: u64,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Used, Closed), event_enum(Clone))]
struct Log {}

impl Apply<Used> for Log {
    fn apply(&mut self, _: Used, _: &Context) {}
}

impl Apply<Closed> for Log {
    fn apply(&mut self, _: Closed, _: &Context) {}
}

/// How often a slot was used.
#[derive(Projection, Debug, Default, Clone, PartialEq)]
#[projection(version = 1, key = u64, events(Log(Used)), remove(Log(Closed)))]
struct Slot {
    used: u64,
    last: u64,
}

/// The same, with a label that is unique.
#[derive(Projection, Debug, Default, Clone, PartialEq)]
#[projection(version = 1, key = u64, events(Log(Used)), remove(Log(Closed)), unique(label))]
struct Labelled {
    label: String,
}

impl Keyed<Used> for Slot {
    fn key(event: &Used, _: &Context) -> Keys<u64> {
        event.slot.into()
    }
}

impl Keyed<Closed> for Slot {
    fn key(event: &Closed, _: &Context) -> Keys<u64> {
        event.slot.into()
    }
}

impl Apply<Used> for Slot {
    fn apply(&mut self, event: Used, _: &Context) {
        assert!(!event.fails || IS_MENDED.get(), "a use that fails");
        self.used += 1;
        self.last = event.number;
    }
}

impl Keyed<Used> for Labelled {
    fn key(event: &Used, _: &Context) -> Keys<u64> {
        event.slot.into()
    }
}

impl Keyed<Closed> for Labelled {
    fn key(event: &Closed, _: &Context) -> Keys<u64> {
        event.slot.into()
    }
}

impl Apply<Used> for Labelled {
    fn apply(&mut self, event: Used, _: &Context) {
        if let Some(label) = event.label {
            self.label = label;
        } else if self.label.is_empty() {
            self.label = format!("slot {}", event.slot);
        }
    }
}

/// One event a position, from 1.
struct Scene {
    store: MemoryStore,
    events: Vec<LogEvent>,
}

impl Scene {
    /// Uses of all slots. Each of them is closed now and then.
    async fn with(mut change: impl FnMut(&mut Used)) -> Self {
        let events: Vec<LogEvent> = (1..=EVENTS)
            .map(|number| {
                let slot = number * 7 % ROWS;
                if number % 601 == 0 {
                    return Closed { slot }.into();
                }
                let mut used = Used { slot, number, label: None, fails: false };
                change(&mut used);
                used.into()
            })
            .collect();
        let store = MemoryStore::new();
        for (number, some) in events.chunks(500).enumerate() {
            Repository::<Log>::new(&store).create(format!("log{number}"), some.to_vec()).await.unwrap();
        }
        Self { store, events }
    }

    /// The rows after the events before a position, without those that an event may not change.
    fn rows(&self, before: u64, may_change: impl Fn(u64, u64) -> bool) -> BTreeMap<u64, Slot> {
        let mut rows = BTreeMap::<u64, Slot>::new();
        for (number, event) in (1..before).zip(&self.events) {
            match event {
                LogEvent::Used(used) if may_change(used.slot, number) => {
                    let row = rows.entry(used.slot).or_default();
                    (row.used, row.last) = (row.used + 1, used.number);
                }
                LogEvent::Closed(closed) if may_change(closed.slot, number) => {
                    rows.remove(&closed.slot);
                }
                _ => {}
            }
        }
        rows
    }

    async fn stored(&self) -> BTreeMap<u64, Slot> {
        let mut rows = BTreeMap::new();
        for slot in 0..ROWS {
            match self.store.read_model::<Slot>().get(slot).await {
                Ok(row) => rows.extend(row.map(|row| (slot, row))),
                Err(
                    ReadModelError::Parked { .. } | ReadModelError::Building { .. } | ReadModelError::Stopped { .. },
                ) => {}
                Err(error) => panic!("{error}"),
            }
        }
        rows
    }

    async fn checkpoint<P: Projection>(&self) -> u64 {
        let partition = ReadModelId::of::<P>().partition(0);
        let (checkpoint, _) = self.store.read_rows(&partition, &[]).await.unwrap().unwrap();
        checkpoint.position.map_or(0, Position::get)
    }
}

#[tokio::test]
async fn every_row_equals_the_fold_of_all_pages() {
    let scene = Scene::with(|_| {}).await;
    let subscriptions = Subscriptions::on(&scene.store);
    subscriptions.project_with::<Slot>(|options| options.partitions(3)).catch_up().await.unwrap();
    assert_eq!(scene.stored().await, scene.rows(EVENTS + 1, |_, _| true));
}

#[tokio::test]
async fn an_event_of_a_later_page_that_fails_stops_the_partition_directly_before_it() {
    const FAILS: u64 = 3_407;
    let scene = Scene::with(|used| used.fails = used.number == FAILS).await;
    let stopped = Subscriptions::on(&scene.store).project::<Slot>().catch_up().await;
    let Err(SubscriptionError::Stopped { source, .. }) = stopped else { panic!("{stopped:?}") };
    assert_eq!((source.position.get(), scene.checkpoint::<Slot>().await), (FAILS, FAILS - 1));
    let expected = scene.rows(FAILS, |_, _| true);
    let partition = ReadModelId::of::<Slot>().partition(0);
    let keys: Vec<_> = (0..ROWS).map(|slot| es_core::AggregateId::new(slot.to_string()).unwrap()).collect();
    let (_, stored) = scene.store.read_rows(&partition, &keys).await.unwrap().unwrap();
    let stored = stored.rows.iter().map(|(key, row)| {
        let row = es_core::projection::decode_row::<Slot>(key, row).unwrap();
        (key.as_str().parse::<u64>().unwrap(), row)
    });
    assert_eq!(stored.collect::<BTreeMap<_, _>>(), expected);
}

#[tokio::test]
async fn an_event_of_a_later_page_that_fails_closes_its_row_and_no_other() {
    const FAILS: u64 = 3_407;
    let scene = Scene::with(|used| used.fails = used.number == FAILS).await;
    let subscriptions = Subscriptions::on(&scene.store);
    subscriptions.project_with::<Slot>(|options| options.on_error(OnError::Park)).catch_up().await.unwrap();
    let slot = FAILS * 7 % ROWS;
    let letters = scene.store.dead_letters::<Slot>().list().await.unwrap();
    let parked: Vec<_> = letters.iter().map(|letter| letter.position.get()).collect();
    let expected: Vec<_> = (FAILS..=EVENTS).filter(|number| number * 7 % ROWS == slot).collect();
    assert_eq!(parked, expected);
    assert!(letters.iter().all(|letter| letter.key.as_str() == slot.to_string()));
    let failed = letters.iter().filter(|letter| matches!(letter.reason, ParkReason::Failed { .. }));
    assert_eq!(failed.count(), 1);
    let mut rows = scene.rows(EVENTS + 1, |_, _| true);
    rows.remove(&slot);
    assert_eq!(scene.stored().await, rows);
    // The closed row is as it was before the event.
    let key = [es_core::AggregateId::new(slot.to_string()).unwrap()];
    let (_, stored) = scene.store.read_rows(&ReadModelId::of::<Slot>().partition(0), &key).await.unwrap().unwrap();
    let stored = es_core::projection::decode_row::<Slot>(&key[0], &stored.rows[0].1).unwrap();
    assert_eq!(Some(&stored), scene.rows(FAILS, |_, _| true).get(&slot));
}

#[tokio::test]
async fn partitions_that_continue_at_different_events_of_a_page_fold_each_event_once() {
    let partition = |number: u64| {
        let key = es_core::AggregateId::new((number * 7 % ROWS).to_string()).unwrap();
        ReadModelId::of::<Slot>().partition_of(&key, 2).number
    };
    // The process still has the page in which the first partition continues when the second one needs
    // it, because the log ends soon after it.
    let first = (EVENTS - 1_700..EVENTS).find(|number| partition(*number) == 0).unwrap();
    let second = (EVENTS - 1_300..EVENTS).find(|number| partition(*number) == 1).unwrap();
    let scene = Scene::with(|used| used.fails = [first, second].contains(&used.number)).await;
    let run = || Subscriptions::on(&scene.store).project_with::<Slot>(|options| options.partitions(2)).catch_up();
    assert!(matches!(run().await, Err(SubscriptionError::Stopped { .. })));
    let stopped = scene.store.partitions().await.unwrap();
    let stopped: Vec<_> = stopped.iter().map(|stored| stored.checkpoint.position.map(Position::get)).collect();
    assert_eq!(stopped, [Some(first - 1), Some(second - 1)]);
    IS_MENDED.set(true);
    run().await.unwrap();
    assert_eq!(scene.stored().await, scene.rows(EVENTS + 1, |_, _| true));
}

#[tokio::test]
async fn the_event_that_a_unique_index_refuses_is_found_in_a_later_page() {
    const REFUSED: u64 = 3_409;
    // Two rows exchange what is unique, on different pages. Then a row takes what a different one has.
    let label = |number: u64| match number {
        1_003 | 2_044 => Some("a"),
        1_004 | 2_083 => Some("b"),
        2_043 => Some("c"),
        REFUSED => Some("slot 12"),
        _ => None,
    };
    let scene = Scene::with(|used| used.label = label(used.number).map(str::to_owned)).await;
    let stopped = Subscriptions::on(&scene.store).project::<Labelled>().catch_up().await;
    let Err(SubscriptionError::Stopped { source, .. }) = stopped else { panic!("{stopped:?}") };
    assert_eq!((source.position.get(), scene.checkpoint::<Labelled>().await), (REFUSED, REFUSED - 1));
    let subscriptions = Subscriptions::on(&scene.store);
    subscriptions.project_with::<Labelled>(|options| options.on_error(OnError::Park)).catch_up().await.unwrap();
    let letters = scene.store.dead_letters::<Labelled>().list().await.unwrap();
    assert_eq!(letters[0].position.get(), REFUSED);
    assert!(letters.iter().all(|letter| letter.key == letters[0].key));
}

#[tokio::test]
async fn the_event_that_a_unique_index_refuses_is_found_if_the_log_ends_with_a_full_page() {
    // The pages of the store have 1,000 positions.
    const REFUSED: u64 = 1_729;
    let scene = Scene::with(|used| used.label = (used.number == REFUSED).then(|| "slot 12".to_owned())).await;
    let store = MemoryStore::new();
    let running = tokio::spawn(Subscriptions::on(&store).project::<Labelled>().run());
    let first = Repository::<Log>::new(&store).create("first", Closed { slot: 0 }).await.unwrap();
    store.read_model::<Labelled>().at_least(first.position()).get(0).await.unwrap();
    // The subscription is at the end of the log, and gets two pages at once.
    Repository::<Log>::new(&store).create("log", scene.events[..2_000].to_vec()).await.unwrap();
    let stopped = running.await.unwrap();
    let Err(SubscriptionError::Stopped { source, .. }) = stopped else { panic!("{stopped:?}") };
    assert_eq!(source.position.get(), REFUSED + 1);
    let (checkpoint, _) = store.read_rows(&ReadModelId::of::<Labelled>().partition(0), &[]).await.unwrap().unwrap();
    assert_eq!(checkpoint.position.map(Position::get), Some(REFUSED));
}
