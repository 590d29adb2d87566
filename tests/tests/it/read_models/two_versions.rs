//! Two versions of one read model, and a writer that knows what is true.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use es_core::projection::{Keyed, Keys, Projection};
use es_core::read_model::ReadModelError;
use es_core::{Apply, Context};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

/// For how long a reader waits on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Version 2 of `Balance`: the same balance in a different shape.
#[derive(Projection, Debug, Default)]
#[projection(name = "balance", version = 2, key = String, events(Wallet(Earned, Spent)))]
pub(super) struct InAndOut {
    pub(super) earned: Flow,
    pub(super) spent: Flow,
}

#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Flow {
    pub(super) cents: i64,
    pub(super) events: u64,
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
pub(super) struct Truth {
    /// The balance of each owner after each number of events, also of those that are being recorded.
    pub(super) balances: HashMap<&'static str, Vec<i64>>,
    /// The number of acknowledged events of each owner, and the position of the last one.
    acknowledged: HashMap<&'static str, (u64, Position)>,
}

/// Records events one by one, and knows what is true.
pub(super) struct Writer {
    pub(super) store: MongoStore,
    pub(super) truth: Mutex<Truth>,
    recorded: AtomicUsize,
}

impl Writer {
    pub(super) fn new(store: &MongoStore) -> Self {
        Self { store: store.clone(), truth: Mutex::default(), recorded: AtomicUsize::new(0) }
    }

    /// Records the next events in one append.
    pub(super) async fn record_next(&self, events: usize) {
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
    pub(super) fn acknowledged(&self, owner: &str) -> (u64, Position) {
        self.truth.lock().unwrap().acknowledged[owner]
    }

    /// Checks a row: a balance that was true once, and not before the acknowledged events.
    pub(super) fn check(&self, version: u32, owner: &str, at_least: u64, (cents, events): (i64, u64)) {
        assert!(events >= at_least, "version {version} shows {owner} {events} events of {at_least}");
        let truth = self.truth.lock().unwrap().balances[owner][usize::try_from(events).unwrap()];
        assert_eq!(cents, truth, "version {version} shows {owner} a wrong balance after {events} events");
    }

    /// Reads version 1 as of the last acknowledged event of an owner.
    pub(super) async fn check_version_1(&self, owner: &str) {
        let (count, last) = self.acknowledged(owner);
        let row = self.store.read_model::<Balance>().at_least(last).within(PATIENCE).get(owner).await.unwrap().unwrap();
        self.check(1, owner, count, (row.cents, row.events));
    }

    /// Reads version 2, and checks the row if there is an answer.
    pub(super) async fn check_version_2(
        &self,
        owner: &str,
        count: u64,
        at_least: Option<Position>,
    ) -> Result<(), ReadModelError> {
        let row = self.store.read_model::<InAndOut>().at_least(at_least).within(PATIENCE).get(owner).await?.unwrap();
        let InAndOut { earned, spent } = row;
        self.check(2, owner, count, (earned.cents - spent.cents, earned.events + spent.events));
        Ok(())
    }
}

/// Folds a projection until the sender is dropped.
pub(super) fn fold<P: Projection>(
    store: &MongoStore,
    partitions: u32,
) -> (oneshot::Sender<()>, JoinHandle<Result<(), SubscriptionError>>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let subscriptions = Subscriptions::on(store).project_with::<P>(|options| options.partitions(partitions));
    (stop, tokio::spawn(subscriptions.run_until(async { drop(stopped.await) })))
}
