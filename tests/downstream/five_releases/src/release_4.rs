//! Payment and shipment are two facts: `PaidAndShipped` is split.

use es_core::store::Store;
use es_core::{Aggregate, Apply, Context, Init, Repository, event};

pub use super::release_3::{Issued, Paid, ReminderSent};

#[event(version = 1)]
pub struct Shipped {
    pub address: String,
}

#[event(version = 1, split(Paid, Shipped))]
pub struct PaidAndShipped {
    pub cents: i64,
    pub address: String,
}

impl From<PaidAndShipped> for (Paid, Shipped) {
    fn from(old: PaidAndShipped) -> Self {
        (Paid { cents: old.cents, method: "unknown".to_owned() }, Shipped { address: old.address })
    }
}

#[derive(Aggregate, Debug)]
#[aggregate(
    init(Issued),
    events(Paid, ReminderSent, Shipped),
    split(PaidAndShipped),
    snapshot(every = 100, version = 2)
)]
pub struct Invoice {
    pub number: String,
    pub cents: i64,
    pub paid_cents: i64,
    pub address: Option<String>,
}

impl Init<Issued> for Invoice {
    fn init(event: Issued, _: &Context) -> Self {
        Self { number: event.number, cents: event.cents, paid_cents: 0, address: None }
    }
}

impl Apply<Paid> for Invoice {
    fn apply(&mut self, event: Paid, _: &Context) {
        self.paid_cents += event.cents;
    }
}

impl Apply<ReminderSent> for Invoice {
    fn apply(&mut self, _: ReminderSent, _: &Context) {}
}

impl Apply<Shipped> for Invoice {
    fn apply(&mut self, event: Shipped, _: &Context) {
        self.address = Some(event.address);
    }
}

pub async fn work(store: impl Store + Clone) -> super::Outcome {
    let invoices = Repository::<Invoice>::new(&store);
    let paid = || Paid { cents: 500, method: "cash".to_owned() };
    let shipped = || Shipped { address: "4 Main Street".to_owned() };
    let issued = Issued { number: "of-release-4".to_owned(), cents: 10_000 };
    invoices.create("of-release-4", (issued, paid(), shipped())).await?;
    invoices.update("of-all-releases", |_| super::certainly((paid(), shipped()))).await?;
    invoices.take_snapshot("of-all-releases").await?;
    Ok(())
}
