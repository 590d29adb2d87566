//! The first release.

use es_core::store::Store;
use es_core::{Aggregate, Apply, Context, Init, Repository, event};

#[event(version = 1)]
pub struct Created {
    pub number: String,
    pub cents: i64,
}

#[event(version = 1)]
pub struct Paid {
    pub cents: i64,
}

#[event(version = 1)]
pub struct ReminderSent {
    pub level: u32,
}

#[event(version = 1)]
pub struct PaidAndShipped {
    pub cents: i64,
    pub address: String,
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

/// Records an invoice with everything that this release can record, and an event and a snapshot of
/// the invoice that exists in all releases.
pub async fn work(store: impl Store + Clone) -> super::Outcome {
    let invoices = Repository::<Invoice>::new(&store);
    for id in ["of-release-1", "of-all-releases"] {
        let events = (
            Created { number: id.to_owned(), cents: 10_000 },
            Paid { cents: 100 },
            ReminderSent { level: 1 },
            PaidAndShipped { cents: 200, address: "1 Main Street".to_owned() },
        );
        invoices.create(id, events).await?;
        invoices.take_snapshot(id).await?;
    }
    Ok(())
}
