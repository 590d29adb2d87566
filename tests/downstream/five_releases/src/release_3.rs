//! `Created` is renamed to `Issued`. The state counts payments, so its version is 2.

use es_core::store::Store;
use es_core::{Aggregate, Apply, Context, Init, Repository, event};

pub use super::release_2::{Paid, PaidAndShipped, ReminderSent};

#[event(version = 1, alias = "Created")]
pub struct Issued {
    pub number: String,
    pub cents: i64,
}

#[derive(Aggregate, Debug)]
#[aggregate(init(Issued), events(Paid, ReminderSent, PaidAndShipped), snapshot(every = 100, version = 2))]
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

impl Apply<PaidAndShipped> for Invoice {
    fn apply(&mut self, event: PaidAndShipped, _: &Context) {
        self.paid_cents += event.cents;
        self.address = Some(event.address);
    }
}

pub async fn work(store: impl Store + Clone) -> super::Outcome {
    let invoices = Repository::<Invoice>::new(&store);
    let paid = || Paid { cents: 400, method: "transfer".to_owned() };
    let issued = Issued { number: "of-release-3".to_owned(), cents: 10_000 };
    invoices.create("of-release-3", (issued, paid(), ReminderSent { level: 1 })).await?;
    invoices.update("of-all-releases", |_| super::certainly(paid())).await?;
    invoices.take_snapshot("of-all-releases").await?;
    Ok(())
}
