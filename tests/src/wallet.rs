//! A domain with a read model: wallets of owners, what each owner has, and every entry.

use es_core::projection::{Keyed, Keys, Projection};
use es_core::store::ReadModelStore;
use es_core::subscription::Subscriptions;
use es_core::{Aggregate, Apply, Context, event};

/// Money came in.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earned {
    /// Whose money it is.
    pub owner: String,
    /// How much.
    pub cents: i64,
}

/// Money was spent.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// Whose money it was.
    pub owner: String,
    /// How much.
    pub cents: i64,
}

/// A wallet.
#[derive(Aggregate, Debug, Clone, Default)]
#[aggregate(events(Earned, Spent))]
pub struct Wallet {
    /// What is in it.
    pub cents: i64,
}

impl Apply<Earned> for Wallet {
    fn apply(&mut self, event: Earned, _: &Context) {
        self.cents += event.cents;
    }
}

impl Apply<Spent> for Wallet {
    fn apply(&mut self, event: Spent, _: &Context) {
        self.cents -= event.cents;
    }
}

/// What an owner has in all wallets. An event that counts twice, or not at all, shows in the sum.
#[derive(Projection, Debug, Clone, Default, PartialEq, Eq)]
#[projection(version = 1, key = String, events(Wallet(Earned, Spent)))]
pub struct Balance {
    /// The sum.
    pub cents: i64,
    /// The number of events.
    pub events: u64,
}

impl Keyed<Earned> for Balance {
    fn key(event: &Earned, _: &Context) -> Keys<String> {
        event.owner.clone().into()
    }
}

impl Apply<Earned> for Balance {
    fn apply(&mut self, event: Earned, _: &Context) {
        self.cents += event.cents;
        self.events += 1;
    }
}

impl Keyed<Spent> for Balance {
    fn key(event: &Spent, _: &Context) -> Keys<String> {
        event.owner.clone().into()
    }
}

impl Apply<Spent> for Balance {
    fn apply(&mut self, event: Spent, _: &Context) {
        self.cents -= event.cents;
        self.events += 1;
    }
}

/// Every entry of a wallet in order. An event in the wrong place shows in the list.
#[derive(Projection, Debug, Clone, Default, PartialEq, Eq)]
#[projection(version = 1, key = aggregate_id, events(Wallet(Earned, Spent)))]
pub struct Entries {
    /// What came in, and, negative, what was spent.
    pub cents: Vec<i64>,
}

impl Apply<Earned> for Entries {
    fn apply(&mut self, event: Earned, _: &Context) {
        self.cents.push(event.cents);
    }
}

impl Apply<Spent> for Entries {
    fn apply(&mut self, event: Spent, _: &Context) {
        self.cents.push(-event.cents);
    }
}

/// Folds both read models, the balances in four partitions.
pub fn subscriptions(store: &(impl ReadModelStore + Clone)) -> Subscriptions {
    Subscriptions::on(store).project_with::<Balance>(|options| options.partitions(4)).project::<Entries>()
}
