//! Events that cannot be folded, and that are parked with all that follows in their rows.

mod behind;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use es_core::dead_letters::{DeadLetters, DeadLettersError};
use es_core::memory::MemoryStore;
use es_core::projection::{Keyed, Keys, Projection};
use es_core::read_model::ReadModelError;
use es_core::store::{Activity, DeadLetter, ParkReason, ReadModelId, ReadModelStore};
use es_core::subscription::{OnError, Problem, SubscriptionError, Subscriptions};
use es_core::{Aggregate, Apply, Context, Position, Repository, event};
use serde::Serializer;

thread_local! {
    /// Whether the code of the projections is mended. Each test has its own thread.
    static IS_MENDED: Cell<bool> = const { Cell::new(false) };
}

/// Something happened to two accounts.
#[event(version = 1)]
struct Moved {
    from: String,
    to: String,
    cents: i64,
}

/// It happened twice.
#[event(version = 1, split(Vec<Moved>))]
struct MovedTwice {
    from: String,
    to: String,
    cents: i64,
}

impl From<MovedTwice> for Vec<Moved> {
    fn from(MovedTwice { from, to, cents }: MovedTwice) -> Self {
        let first = Moved { from: from.clone(), to: to.clone(), cents };
        vec![first, Moved { from, to, cents: cents + 1 }]
    }
}

#[derive(Aggregate, Default)]
#[aggregate(events(Moved), split(MovedTwice))]
struct Bank {}

impl Apply<Moved> for Bank {
    fn apply(&mut self, _: Moved, _: &Context) {}
}

/// What happened to an account, in order. It cannot be folded for 13 cents.
#[derive(Projection, Debug, Default, PartialEq)]
#[projection(version = 1, key = String, events(Bank(Moved)))]
struct Entries {
    cents: Vec<i64>,
    #[serde(serialize_with = "not_one_hundred_and_thirty")]
    last: i64,
}

/// A row cannot be written whose last entry is 130.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn not_one_hundred_and_thirty<S: Serializer>(last: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    match last {
        130 if !IS_MENDED.get() => Err(serde::ser::Error::custom("one hundred and thirty")),
        last => serializer.serialize_i64(*last),
    }
}

impl Keyed<Moved> for Entries {
    fn key(event: &Moved, _: &Context) -> Keys<String> {
        assert!(event.cents != 1_000_000, "the keys of a million are unknown");
        if event.from == event.to {
            event.from.clone().into()
        } else {
            vec![event.from.clone(), event.to.clone()].into()
        }
    }
}

impl Apply<Moved> for Entries {
    fn apply(&mut self, event: Moved, _: &Context) {
        self.cents.push(event.cents);
        self.last = event.cents;
        assert!(event.cents != 13 || IS_MENDED.get(), "thirteen");
    }
}

struct Scene {
    store: MemoryStore,
    recorded: u32,
}

impl Scene {
    fn new() -> Self {
        Self { store: MemoryStore::new(), recorded: 0 }
    }

    async fn record(&mut self, from: &str, to: &str, cents: i64) -> Position {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.recorded += 1;
        let id = format!("bank{}", self.recorded);
        let moved = Repository::<Bank>::new(&self.store).create(id, Moved { from, to, cents }).await;
        moved.unwrap().position().unwrap()
    }

    /// Records what happened to one account.
    async fn records<const N: usize>(&mut self, account: &str, cents: [i64; N]) -> [Position; N] {
        let mut positions = Vec::new();
        for cents in cents {
            positions.push(self.record(account, account, cents).await);
        }
        positions.try_into().unwrap()
    }

    async fn catch_up(&self, on_error: OnError) -> Result<(), SubscriptionError> {
        let subscriptions = Subscriptions::on(&self.store);
        subscriptions.project_with::<Entries>(|options| options.partitions(2).on_error(on_error)).catch_up().await
    }

    async fn park(&self) {
        self.catch_up(OnError::Park).await.unwrap();
    }

    fn letters(&self) -> DeadLetters<Entries, MemoryStore> {
        self.store.dead_letters::<Entries>()
    }

    /// What is parked: the keys, the positions, and whether they failed themselves.
    async fn parked(&self) -> Vec<(String, Position, bool)> {
        let letters = self.letters().list().await.unwrap();
        let is_failed = |letter: &DeadLetter| matches!(letter.reason, ParkReason::Failed { .. });
        letters.iter().map(|letter| (letter.key.to_string(), letter.position, is_failed(letter))).collect()
    }

    async fn row(&self, account: &str) -> Vec<i64> {
        self.store.read_model::<Entries>().get(account).await.unwrap().unwrap().cents
    }

    /// The first position that is parked of a row.
    async fn closed_at(&self, account: &str) -> Position {
        match self.store.read_model::<Entries>().get(account).await {
            Err(ReadModelError::Parked { key, position, .. }) if key.as_str() == account => position,
            read => panic!("{account} is not closed: {read:?}"),
        }
    }

    /// The row as it is stored, also if it is closed.
    async fn stored(&self, account: &str) -> Option<Vec<i64>> {
        for number in 0..2 {
            let keys = [es_core::AggregateId::new(account).unwrap()];
            let partition = ReadModelId::of::<Entries>().partition(number);
            let (_, stored) = self.store.read_rows(&partition, &keys).await.unwrap().unwrap();
            if let Some((key, row)) = stored.rows.first() {
                return Some(es_core::projection::decode_row::<Entries>(key, row).unwrap().cents);
            }
        }
        None
    }
}

#[tokio::test]
async fn an_event_that_fails_closes_its_row_and_the_others_are_folded() {
    let mut scene = Scene::new();
    scene.records("ann", [1, 2]).await;
    scene.records("bob", [3]).await;
    let [failed, behind] = scene.records("ann", [13, 4]).await;
    scene.records("bob", [5]).await;
    scene.park().await;
    assert_eq!(scene.parked().await, [("ann".into(), failed, true), ("ann".into(), behind, false)]);
    assert_eq!(scene.row("bob").await, [3, 5]);
    assert_eq!(scene.closed_at("ann").await, failed);
    assert_eq!(scene.stored("ann").await.unwrap(), [1, 2], "the row is as it was before the event");
    let letters = scene.letters().list().await.unwrap();
    let ParkReason::Failed { error, attempts: 1 } = &letters[0].reason else { panic!("{letters:?}") };
    assert!(error.contains("thirteen") && error.contains("`entries`"), "{error}");

    // The key is closed under the next lease too, and a program that stops does not open it.
    let [later] = scene.records("ann", [6]).await;
    let [last] = scene.records("bob", [7]).await;
    scene.catch_up(OnError::Stop).await.unwrap();
    assert_eq!(scene.parked().await[2], ("ann".into(), later, false));
    assert_eq!(scene.row("bob").await, [3, 5, 7]);

    // A read that waits fails at once, also for a position that is not reached yet.
    let begun = Instant::now();
    let rows = scene.store.read_model::<Entries>().at_least(last.next()).within(Duration::from_secs(600));
    assert!(matches!(rows.get("ann").await, Err(ReadModelError::Parked { position, .. }) if position == failed));
    assert!(begun.elapsed() < Duration::from_secs(300), "it has waited");
    let health = scene.store.health().await.unwrap();
    let problems: Vec<_> = health.problems().map(|(partition, problem)| (partition.parked, problem)).collect();
    assert_eq!(problems, [(3, Problem::Parked { events: 3 })]);
    assert_eq!(problems[0].1.to_string(), "3 events are parked");

    IS_MENDED.set(true);
    let retried = scene.letters().retry("ann").await.unwrap();
    assert_eq!((retried.folded, retried.failed), (3, None));
    assert_eq!(scene.parked().await, []);
    assert_eq!(scene.row("ann").await, [1, 2, 13, 4, 6]);
    scene.records("ann", [8]).await;
    scene.park().await;
    assert_eq!(scene.row("ann").await, [1, 2, 13, 4, 6, 8]);
    assert_eq!(scene.letters().retry("ann").await.unwrap().folded, 0, "nothing is parked");
}

#[tokio::test]
async fn of_an_event_that_changes_two_rows_one_can_be_parked() {
    let mut scene = Scene::new();
    scene.records("ann", [1]).await;
    let [first] = scene.records("bob", [13]).await;
    let both = scene.record("ann", "bob", 2).await;
    scene.park().await;
    assert_eq!(scene.parked().await, [("bob".into(), first, true), ("bob".into(), both, false)]);
    assert_eq!(scene.row("ann").await, [1, 2]);
    assert_eq!(scene.stored("bob").await, None);
    // An event that failed for two rows is skipped for both.
    let failed = scene.record("cid", "dora", 13).await;
    scene.park().await;
    let skipped = scene.letters().skip(failed, "eve", "never happened").await.unwrap();
    assert_eq!(skipped.len(), 2);
    assert_eq!(scene.parked().await.len(), 2);
    assert!(scene.store.read_model::<Entries>().get("cid").await.unwrap().is_none());
}

#[tokio::test]
async fn an_event_that_is_read_as_two_is_folded_completely_or_not_at_all() {
    let mut scene = Scene::new();
    scene.records("ann", [1]).await;
    // The first part is folded, and the second fails.
    let data = es_core::store::EventData::encode(
        "MovedTwice",
        &MovedTwice { from: "ann".into(), to: "bob".into(), cents: 12 },
    );
    let twice = es_core::store::NewEvent::from_data("MovedTwice", 1, data.unwrap(), es_core::Metadata::new()).unwrap();
    let stream = es_core::StreamId::of::<Bank>("twice").unwrap();
    let append = es_core::store::Append::new(stream, es_core::store::ExpectedVersion::NONE, vec![twice]);
    es_core::store::EventStore::append(&scene.store, append).await.unwrap();
    let failed = Position::try_from(2).unwrap();
    let [behind] = scene.records("ann", [2]).await;
    scene.park().await;
    let expected = [("ann".into(), failed, true), ("bob".into(), failed, true), ("ann".into(), behind, false)];
    assert_eq!(scene.parked().await, expected);
    assert_eq!(scene.stored("ann").await.unwrap(), [1]);
    IS_MENDED.set(true);
    assert_eq!(scene.letters().retry("ann").await.unwrap().folded, 2);
    assert_eq!(scene.row("ann").await, [1, 12, 13, 2]);
    assert_eq!(scene.closed_at("bob").await, failed);
}

#[tokio::test]
async fn a_row_that_cannot_be_stored_is_closed_at_the_first_event_after_which_it_cannot() {
    let mut scene = Scene::new();
    // All of them are one batch, and the last event of it makes nothing worse.
    let [_, failed, behind, last] = scene.records("ann", [1, 130, 130, 130]).await;
    scene.records("bob", [2]).await;
    scene.park().await;
    let expected = [("ann".into(), failed, true), ("ann".into(), behind, false), ("ann".into(), last, false)];
    assert_eq!(scene.parked().await, expected);
    assert_eq!(scene.stored("ann").await.unwrap(), [1]);
    assert_eq!(scene.row("bob").await, [2]);
    // It fails again, and that is recorded.
    let again = scene.letters().retry("ann").await.unwrap();
    assert_eq!(again.folded, 0);
    let DeadLetter { position, reason: ParkReason::Failed { error, attempts }, .. } = again.failed.unwrap() else {
        panic!("it has not failed")
    };
    assert_eq!((position, attempts), (failed, 2));
    assert!(error.contains("one hundred and thirty"), "{error}");
    assert_eq!(scene.parked().await, expected);
}

#[tokio::test]
async fn a_skipped_event_is_left_out_forever_and_what_is_behind_it_stays_until_a_retry() {
    let mut scene = Scene::new();
    let [_, failed, behind, second] = scene.records("ann", [1, 13, 2, 13]).await;
    scene.park().await;
    let letters = scene.letters();
    for (who, why) in [("", "a reason"), ("ann", " ")] {
        assert!(matches!(letters.skip(failed, who, why).await, Err(DeadLettersError::Unnamed)));
    }
    for position in [behind, second.next()] {
        let refused = letters.skip(position, "ann", "a reason").await;
        assert!(matches!(refused, Err(DeadLettersError::NotFailed { .. })), "{refused:?}");
    }
    let skipped = letters.skip(failed, "eve", "recorded twice").await.unwrap();
    assert_eq!((skipped[0].who.as_str(), skipped[0].why.as_str()), ("eve", "recorded twice"));
    assert!(skipped[0].error.contains("thirteen"), "{}", skipped[0].error);
    assert_eq!(letters.skipped().await.unwrap(), skipped);
    assert_eq!(scene.closed_at("ann").await, behind);
    assert_eq!(scene.stored("ann").await.unwrap(), [1]);
    // What was behind has failed itself, so it can be skipped too.
    let retried = letters.retry("ann").await.unwrap();
    assert_eq!((retried.folded, retried.failed.map(|letter| letter.position)), (1, Some(second)));
    assert_eq!(scene.stored("ann").await.unwrap(), [1, 2]);
    letters.skip(second, "eve", "recorded twice").await.unwrap();
    assert_eq!(scene.row("ann").await, [1, 2], "nothing is parked any more");
    scene.records("ann", [3]).await;
    scene.park().await;
    assert_eq!(scene.row("ann").await, [1, 2, 3]);

    // A reset folds everything again, except what was skipped, also with code that could fold it.
    IS_MENDED.set(true);
    scene.store.reset(&ReadModelId::of::<Entries>()).await.unwrap();
    scene.catch_up(OnError::Stop).await.unwrap();
    assert_eq!(scene.row("ann").await, [1, 2, 3]);
    assert_eq!(letters.skipped().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_reset_deletes_what_is_parked_so_that_it_is_folded_again() {
    let mut scene = Scene::new();
    scene.records("ann", [1, 13, 2]).await;
    scene.park().await;
    scene.store.reset(&ReadModelId::of::<Entries>()).await.unwrap();
    assert_eq!(scene.parked().await, []);
    IS_MENDED.set(true);
    scene.park().await;
    assert_eq!(scene.row("ann").await, [1, 13, 2]);
}

#[tokio::test]
async fn a_partition_stops_before_it_parks_more_than_a_thousand_events() {
    let mut scene = Scene::new();
    scene.records("bob", [7]).await;
    let mut limit = None;
    for number in 0..=1_001 {
        let position = scene.record("ann", "ann", if number == 0 { 13 } else { number }).await;
        limit = limit.or((number == 1_000).then_some(position));
    }
    let stopped = scene.catch_up(OnError::Park).await.unwrap_err();
    let SubscriptionError::TooManyParked { partition, position, limit: 1_000 } = &stopped else { panic!("{stopped}") };
    assert_eq!(Some(*position), limit);
    assert_eq!(scene.parked().await.len(), 1_000);
    let (checkpoint, _) = scene.store.read_rows(partition, &[]).await.unwrap().unwrap();
    assert_eq!(checkpoint.position.map(Position::next), limit);
    let Activity::Stopped(failure) = checkpoint.activity else { panic!("{checkpoint:?}") };
    assert!(failure.error.contains("1000 of its events are parked"), "{}", failure.error);
    // It stops again, until somebody has decided.
    assert!(matches!(scene.catch_up(OnError::Stop).await, Err(SubscriptionError::TooManyParked { .. })));
    assert_eq!(scene.parked().await.len(), 1_000);
    IS_MENDED.set(true);
    assert_eq!(scene.letters().retry("ann").await.unwrap().folded, 1_000);
    scene.park().await;
    let expected: Vec<_> = std::iter::once(13).chain(1..=1_001).collect();
    assert_eq!(scene.row("ann").await, expected);
}

#[tokio::test]
async fn an_event_whose_rows_are_unknown_stops_the_partition() {
    let mut scene = Scene::new();
    scene.records("ann", [1]).await;
    let [unknown] = scene.records("ann", [1_000_000]).await;
    let stopped = scene.catch_up(OnError::Park).await.unwrap_err();
    let SubscriptionError::Stopped { source, .. } = &stopped else { panic!("{stopped}") };
    assert_eq!(source.position, unknown);
    assert_eq!(scene.parked().await, []);
}

#[tokio::test]
async fn each_of_many_rows_that_fail_in_one_batch_is_parked_at_its_first_failure() {
    let mut scene = Scene::new();
    let mut expected = BTreeMap::new();
    for round in 0..3 {
        for account in 0..40_i64 {
            let name = format!("account{account}");
            let cents = match (account % 4, round) {
                (0, 1) => 13,
                (2, 2) => 130,
                _ => round,
            };
            let position = scene.record(&name, &name, cents).await;
            if cents != round {
                expected.insert(name, position);
            }
        }
    }
    scene.park().await;
    let mut failed = scene.parked().await;
    failed.retain(|(_, _, is_failed)| *is_failed);
    assert_eq!(failed.into_iter().map(|(key, position, _)| (key, position)).collect::<BTreeMap<_, _>>(), expected);
    assert_eq!(scene.parked().await.len(), 30);
    for account in 0..40 {
        let name = format!("account{account}");
        let rounds: &[i64] = match account % 4 {
            0 => &[0],
            2 => &[0, 1],
            _ => &[0, 1, 2],
        };
        assert_eq!(scene.stored(&name).await.unwrap(), rounds, "{name}");
    }
}

#[tokio::test]
async fn dead_letters_are_listed_without_the_code_of_the_projection() {
    let mut scene = Scene::new();
    let model = ReadModelId::of::<Entries>();
    let letters = scene.store.dead_letters_of(&model);
    assert!(matches!(letters.list().await, Err(DeadLettersError::NeverFolded { .. })));
    let [failed] = scene.records("ann", [13]).await;
    scene.park().await;
    assert_eq!(letters.list().await.unwrap(), scene.letters().list().await.unwrap());
    scene.store.pause(&model).await.unwrap();
    assert!(matches!(scene.letters().retry("ann").await, Err(DeadLettersError::Interrupted { .. })));
    assert!(matches!(letters.skip(failed, "eve", "why").await, Err(DeadLettersError::Interrupted { .. })));
    scene.store.resume(&model).await.unwrap();
    letters.skip(failed, "eve", "why").await.unwrap();
    assert_eq!(letters.list().await.unwrap(), []);
}
