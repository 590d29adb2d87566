//! A payment has a method: version 2 of `Paid`.

use es_core::store::Store;
use es_core::{Aggregate, Apply, Context, Init, Repository, event};

pub use super::release_1::{Created, PaidAndShipped, ReminderSent};

#[event(version = 1, name = "Paid")]
pub struct PaidV1 {
    pub cents: i64,
}

#[event(version = 2, from = PaidV1)]
pub struct Paid {
    pub cents: i64,
    pub method: String,
}

impl From<PaidV1> for Paid {
    fn from(old: PaidV1) -> Self {
        Self { cents: old.cents, method: "unknown".to_owned() }
    }
}

#[derive(Aggregate, Debug)]
#[aggregate(init(Created), events(Paid, ReminderSent, PaidAndShipped), snapshot(every = 100, version = 1))]
pub struct Invoice {
    pub number: String,
    pub open_cents: i64,
    pub reminders: u32,
    pub address: Option<String>,
}

impl Init<Created> for Invoice {
    fn init(event: Created, _: &Context) -> Self {
        Self { number: event.number, open_cents: event.cents, reminders: 0, address: None }
    }
}

impl Apply<Paid> for Invoice {
    fn apply(&mut self, event: Paid, _: &Context) {
        self.open_cents -= event.cents;
    }
}

impl Apply<ReminderSent> for Invoice {
    fn apply(&mut self, event: ReminderSent, _: &Context) {
        self.reminders += event.level;
    }
}

impl Apply<PaidAndShipped> for Invoice {
    fn apply(&mut self, event: PaidAndShipped, _: &Context) {
        self.open_cents -= event.cents;
        self.address = Some(event.address);
    }
}

pub async fn work(store: impl Store + Clone) -> super::Outcome {
    let invoices = Repository::<Invoice>::new(&store);
    let paid = || Paid { cents: 300, method: "card".to_owned() };
    let created = Created { number: "of-release-2".to_owned(), cents: 10_000 };
    let shipped = PaidAndShipped { cents: 200, address: "2 Main Street".to_owned() };
    invoices.create("of-release-2", (created, paid(), shipped)).await?;
    invoices.update("of-all-releases", |_| super::certainly((paid(), ReminderSent { level: 2 }))).await?;
    invoices.take_snapshot("of-all-releases").await?;
    Ok(())
}
