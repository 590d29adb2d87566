//! Deployments in which processes differ: in what they fold, and in how old their code is.

use es_core::projection::{Keyed, Keys, Projection};
use es_core::store::ReadModelStore;
use es_core::{Aggregate, Apply, Context, event};
use tests::empty_store;

use super::process::Process;
use super::*;

/// `Earned` of newer code.
#[event(version = 2, name = "Earned", from = Earned)]
#[derive(Debug, Clone, PartialEq, Eq)]
struct NewerEarned {
    owner: String,
    cents: i64,
    reason: String,
}

impl From<Earned> for NewerEarned {
    fn from(Earned { owner, cents }: Earned) -> Self {
        Self { owner, cents, reason: "unknown".into() }
    }
}

/// The wallet of newer code.
#[derive(Aggregate, Debug, Clone, Default)]
#[aggregate(name = "Wallet", events(NewerEarned, Spent))]
struct NewerWallet {
    events: u64,
}

impl Apply<NewerEarned> for NewerWallet {
    fn apply(&mut self, _: NewerEarned, _: &Context) {
        self.events += 1;
    }
}

impl Apply<Spent> for NewerWallet {
    fn apply(&mut self, _: Spent, _: &Context) {
        self.events += 1;
    }
}

/// The same version of `Balance` in newer code.
#[derive(Projection, Debug, Clone, Default, PartialEq, Eq)]
#[projection(name = "balance", version = 1, key = String, events(NewerWallet(NewerEarned, Spent)))]
struct NewerBalance {
    cents: i64,
    events: u64,
}

impl Keyed<NewerEarned> for NewerBalance {
    fn key(event: &NewerEarned, _: &Context) -> Keys<String> {
        event.owner.clone().into()
    }
}

impl Apply<NewerEarned> for NewerBalance {
    fn apply(&mut self, event: NewerEarned, _: &Context) {
        self.cents += event.cents;
        self.events += 1;
    }
}

impl Keyed<Spent> for NewerBalance {
    fn key(event: &Spent, _: &Context) -> Keys<String> {
        event.owner.clone().into()
    }
}

impl Apply<Spent> for NewerBalance {
    fn apply(&mut self, event: Spent, _: &Context) {
        self.cents -= event.cents;
        self.events += 1;
    }
}

/// What newer code folds besides: the number of events of a wallet.
#[derive(Projection, Debug, Clone, Default, PartialEq, Eq)]
#[projection(version = 1, key = aggregate_id, events(NewerWallet(NewerEarned, Spent)))]
struct Count {
    events: u64,
}

impl Apply<NewerEarned> for Count {
    fn apply(&mut self, _: NewerEarned, _: &Context) {
        self.events += 1;
    }
}

impl Apply<Spent> for Count {
    fn apply(&mut self, _: Spent, _: &Context) {
        self.events += 1;
    }
}

fn newer(store: &MongoStore) -> Subscriptions {
    Subscriptions::on(store).project_with::<NewerBalance>(|options| options.partitions(4)).project::<Count>()
}

/// Records an event of newer code for an owner, and returns its position.
async fn record_newer(store: &MongoStore, owner: &str) -> Position {
    let earned = NewerEarned { owner: owner.to_owned(), cents: 100, reason: "sold".into() };
    let wallets = Repository::<NewerWallet>::new(store);
    wallets.upsert("wallet 1", move |_| earned.clone()).await.unwrap().position().unwrap()
}

/// Waits until newer code has folded all events of its read models up to a position.
async fn folded_up_to(store: &MongoStore, position: Position) {
    let within = Duration::from_secs(60);
    store.read_model::<NewerBalance>().at_least(position).within(within).ready().await.unwrap();
    store.read_model::<Count>().at_least(position).within(within).ready().await.unwrap();
}

async fn assert_newer_folded(store: &MongoStore) {
    let (balances, counts) = (folded::<NewerBalance>(store).await, folded::<Count>(store).await);
    for owner in OWNERS {
        let row = store.read_model::<NewerBalance>().get(owner).await.unwrap();
        assert_eq!(row.as_ref(), balances.get(owner), "{owner}");
    }
    for wallet in keys(store, "count_v1").await {
        let row = store.read_model::<Count>().get(wallet.as_str()).await.unwrap();
        assert_eq!(row.as_ref(), counts.get(wallet.as_str()), "{wallet}");
    }
    assert_eq!(keys(store, "balance_v1").await.len(), balances.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_with_different_projections_and_old_and_new_code_go_on_together() {
    let store = empty_store().await;
    record_all(&store, "wallet 1", 0..20).await;
    let old = Process::start(subscriptions(&store));
    let new = Process::start(newer(&store));
    // As long as all events are old, both fold the projection that both have.
    let mut number = 20;
    let begun = std::time::Instant::now();
    let owners = async || {
        let records = store.partitions().await.unwrap().into_iter();
        let owners =
            records.filter(|record| record.partition.model.name == "balance").filter_map(|record| record.owner);
        owners.collect::<std::collections::BTreeSet<_>>().len()
    };
    while owners().await < 2 {
        assert!(begun.elapsed() < Duration::from_secs(60), "they do not share the partitions");
        folded_up_to(&store, record_all(&store, "wallet 2", number..number + 1).await).await;
        number += 1;
    }
    // The process with old code cannot fold the new events, and leaves all partitions to the other.
    for owner in OWNERS.iter().cycle().take(21) {
        record_newer(&store, owner).await;
    }
    let last = record_newer(&store, "ann").await;
    folded_up_to(&store, last).await;
    assert_newer_folded(&store).await;
    assert!(!old.running.is_finished() && !new.running.is_finished());

    old.stop().await;
    new.stop().await;
    newer(&store).catch_up().await.unwrap();
    assert_newer_folded(&store).await;
}
