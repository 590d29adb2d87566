//! A new version of a read model that is built beside the old one while events are recorded.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use es_core::projection::{Keyed, Keys, Projection};
use es_core::read_model::ReadModelError;
use es_core::store::{Prepare, ReadModelStore};
use es_core::{Apply, Context};
use tests::empty_store;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

/// For how long a reader waits on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Version 2 of `Balance`: the same balance in a different shape.
#[derive(Projection, Debug, Default)]
#[projection(name = "balance", version = 2, key = String, events(Wallet(Earned, Spent)))]
struct InAndOut {
    earned: Flow,
    spent: Flow,
}

#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
struct Flow {
    cents: i64,
    events: u64,
}

impl Keyed<Earned> for InAndOut {
    fn key(event: &Earned, _: &Context) -> Keys<String> {
        event.owner.clone().into()
    }
}

impl Apply<Earned> for InAndOut {
    fn apply(&mut self, event: Earned, _: &Context) {
        self.earned = Flow { cents: self.earned.cents + event.cents, events: self.earned.events + 1 };
    }
}

impl Keyed<Spent> for InAndOut {
    fn key(event: &Spent, _: &Context) -> Keys<String> {
        event.owner.clone().into()
    }
}

impl Apply<Spent> for InAndOut {
    fn apply(&mut self, event: Spent, _: &Context) {
        self.spent = Flow { cents: self.spent.cents + event.cents, events: self.spent.events + 1 };
    }
}

/// What is true, independent of any read model.
#[derive(Default)]
struct Truth {
    /// The balance of each owner after each number of events, also of those that are being recorded.
    balances: HashMap<&'static str, Vec<i64>>,
    /// The number of acknowledged events of each owner, and the position of the last one.
    acknowledged: HashMap<&'static str, (u64, Position)>,
}

/// Records events one by one, and knows what is true.
struct Writer {
    store: MongoStore,
    truth: Mutex<Truth>,
    recorded: AtomicUsize,
}

impl Writer {
    /// Records the next events in one append.
    async fn record_next(&self, events: usize) {
        let first = self.recorded.fetch_add(events, Ordering::Relaxed);
        let numbers = first..first + events;
        for number in numbers.clone() {
            // A reader may see the event before the writer gets the answer.
            let balances = &mut self.truth.lock().unwrap().balances;
            let balances = balances.entry(OWNERS[number % OWNERS.len()]).or_insert_with(|| vec![0]);
            balances.push(balances.last().unwrap() + cents(number));
        }
        let position = record_all(&self.store, &format!("wallet {}", first % 9), numbers.clone()).await;
        let acknowledged = &mut self.truth.lock().unwrap().acknowledged;
        for number in numbers {
            let (count, last) = acknowledged.entry(OWNERS[number % OWNERS.len()]).or_insert((0, position));
            (*count, *last) = (*count + 1, position);
        }
    }

    /// The number of acknowledged events of an owner, and the position of the last one.
    fn acknowledged(&self, owner: &str) -> (u64, Position) {
        self.truth.lock().unwrap().acknowledged[owner]
    }

    /// Checks a row: a balance that was true once, and not before the acknowledged events.
    fn check(&self, version: u32, owner: &str, at_least: u64, (cents, events): (i64, u64)) {
        assert!(events >= at_least, "version {version} shows {owner} {events} events of {at_least}");
        let truth = self.truth.lock().unwrap().balances[owner][usize::try_from(events).unwrap()];
        assert_eq!(cents, truth, "version {version} shows {owner} a wrong balance after {events} events");
    }

    /// Reads version 1 as of the last acknowledged event of an owner.
    async fn check_version_1(&self, owner: &str) {
        let (count, last) = self.acknowledged(owner);
        let row = self.store.read_model::<Balance>().at_least(last).within(PATIENCE).get(owner).await.unwrap().unwrap();
        self.check(1, owner, count, (row.cents, row.events));
    }

    /// Reads version 2, and checks the row if there is an answer.
    async fn check_version_2(&self, owner: &str, count: u64, at_least: Option<Position>) -> Result<(), ReadModelError> {
        let row = self.store.read_model::<InAndOut>().at_least(at_least).within(PATIENCE).get(owner).await?.unwrap();
        let InAndOut { earned, spent } = row;
        self.check(2, owner, count, (earned.cents - spent.cents, earned.events + spent.events));
        Ok(())
    }
}

/// Folds a projection until the sender is dropped.
fn fold<P: Projection>(store: &MongoStore) -> (oneshot::Sender<()>, JoinHandle<Result<(), SubscriptionError>>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let subscriptions = Subscriptions::on(store).project::<P>();
    (stop, tokio::spawn(subscriptions.run_until(async { drop(stopped.await) })))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reader_sees_a_wrong_balance_while_a_new_version_is_built() {
    let store = empty_store().await;
    let writer = Writer { store: store.clone(), truth: Mutex::default(), recorded: AtomicUsize::new(0) };
    // More events than a page of the feed has, so that version 2 is built in several commits.
    for _ in 0..25 {
        writer.record_next(1_000).await;
    }
    let (stop_1, version_1) = fold::<Balance>(&store);
    let has_switched = AtomicBool::new(false);
    let (old_reads, owners) = (AtomicU64::new(0), || OWNERS.iter().copied().cycle());

    let writing = async {
        while !has_switched.load(Ordering::Relaxed) {
            writer.record_next(1).await;
        }
    };
    let reading_version_1 = async {
        for owner in owners() {
            writer.check_version_1(owner).await;
            old_reads.fetch_add(1, Ordering::Relaxed);
            if has_switched.load(Ordering::Relaxed) {
                break;
            }
        }
    };
    let switching = async {
        let never = writer.check_version_2("ann", 0, None).await.unwrap_err();
        assert!(matches!(never, ReadModelError::NeverFolded { .. }), "{never}");
        // A process begins version 2, and has not folded any event yet.
        store.prepare(&Prepare::of::<InAndOut>(1)).await.unwrap();
        let building = writer.check_version_2("ann", 0, None).await.unwrap_err();
        assert!(matches!(building, ReadModelError::Building { position: None, .. }), "{building}");

        let begun: HashMap<&str, u64> = OWNERS.map(|owner| (owner, writer.acknowledged(owner).0)).into();
        let running = fold::<InAndOut>(&store);
        // A read fails until the end of the log is reached.
        for owner in owners() {
            match writer.check_version_2(owner, begun[owner], None).await {
                Ok(()) => break,
                Err(ReadModelError::Building { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let old_reads_before = old_reads.load(Ordering::Relaxed);
        // Now every reader can move to version 2, and sees its own writes there.
        for owner in owners().take(200) {
            let (count, last) = writer.acknowledged(owner);
            writer.check_version_2(owner, count, Some(last)).await.unwrap();
        }
        // Version 1 is right as long as it is folded.
        while old_reads.load(Ordering::Relaxed) < old_reads_before + 50 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        has_switched.store(true, Ordering::Relaxed);
        running
    };
    let all = async { tokio::join!(writing, reading_version_1, switching) };
    let all = tokio::time::timeout(Duration::from_secs(120), all).await;
    let ((), (), (stop_2, version_2)) = all.expect("version 2 is built within two minutes");

    // At the end both versions contain every event.
    for owner in OWNERS {
        writer.check_version_1(owner).await;
        let (count, last) = writer.acknowledged(owner);
        writer.check_version_2(owner, count, Some(last)).await.unwrap();
        assert_eq!(writer.truth.lock().unwrap().balances[owner].len() - 1, usize::try_from(count).unwrap());
    }
    drop((stop_1, stop_2));
    version_1.await.unwrap().unwrap();
    version_2.await.unwrap().unwrap();
}

/// A read model that is folded more slowly than events are recorded.
#[derive(Projection, Debug, Default)]
#[projection(version = 1, key = String, events(Wallet(Earned, ..)))]
struct Slow {
    events: u64,
}

impl Keyed<Earned> for Slow {
    fn key(event: &Earned, _: &Context) -> Keys<String> {
        event.owner.clone().into()
    }
}

impl Apply<Earned> for Slow {
    fn apply(&mut self, _: Earned, _: &Context) {
        std::thread::sleep(Duration::from_millis(10));
        self.events += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_version_can_be_read_although_there_are_always_events_to_fold() {
    let store = empty_store().await;
    let (recorded, is_read) = (AtomicUsize::new(0), AtomicBool::new(false));
    let write = async |wallet: &str| {
        while !is_read.load(Ordering::Relaxed) {
            record(&store, wallet, recorded.fetch_add(1, Ordering::Relaxed)).await;
        }
    };
    let reading = async {
        while recorded.load(Ordering::Relaxed) < 100 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let running = fold::<Slow>(&store);
        let rows = store.read_model::<Slow>().at_least(Position::FIRST).within(Duration::from_secs(15));
        let row = rows.get("bob").await;
        is_read.store(true, Ordering::Relaxed);
        (row, running)
    };
    let (.., (row, (stop, running))) = tokio::join!(write("1"), write("2"), write("3"), write("4"), reading);
    drop(stop);
    running.await.unwrap().unwrap();
    assert!(row.unwrap().unwrap().events > 0);
}
