//! Version 3 of `Paid`, with a separate type for the method. Reminders are retired. The state lists
//! the payments.

use es_core::store::Store;
use es_core::{Aggregate, Apply, Context, Init, Repository, event};
use serde::{Deserialize, Serialize};

pub use super::release_4::{Issued, Shipped};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    Card,
    Cash,
    Transfer,
    Unknown,
}

#[event(version = 1, name = "Paid")]
pub struct PaidV1 {
    pub cents: i64,
}

#[event(version = 2, name = "Paid", from = PaidV1)]
pub struct PaidV2 {
    pub cents: i64,
    pub method: String,
}

impl From<PaidV1> for PaidV2 {
    fn from(old: PaidV1) -> Self {
        Self { cents: old.cents, method: "unknown".to_owned() }
    }
}

#[event(version = 3, from = PaidV2)]
pub struct Paid {
    pub cents: i64,
    pub method: Method,
}

impl From<PaidV2> for Paid {
    fn from(old: PaidV2) -> Self {
        let method = match old.method.as_str() {
            "card" => Method::Card,
            "cash" => Method::Cash,
            "transfer" => Method::Transfer,
            _ => Method::Unknown,
        };
        Self { cents: old.cents, method }
    }
}

#[event(version = 1, split(Paid, Shipped))]
pub struct PaidAndShipped {
    pub cents: i64,
    pub address: String,
}

impl From<PaidAndShipped> for (Paid, Shipped) {
    fn from(old: PaidAndShipped) -> Self {
        (Paid { cents: old.cents, method: Method::Unknown }, Shipped { address: old.address })
    }
}

#[derive(Aggregate, Debug, PartialEq)]
#[aggregate(
    init(Issued),
    events(Paid, Shipped),
    split(PaidAndShipped),
    retired("ReminderSent"),
    snapshot(every = 100, version = 3)
)]
pub struct Invoice {
    pub number: String,
    pub payments: Vec<(i64, Method)>,
    pub address: Option<String>,
}

impl Init<Issued> for Invoice {
    fn init(event: Issued, _: &Context) -> Self {
        Self { number: event.number, payments: Vec::new(), address: None }
    }
}

impl Apply<Paid> for Invoice {
    fn apply(&mut self, event: Paid, _: &Context) {
        self.payments.push((event.cents, event.method));
    }
}

impl Apply<Shipped> for Invoice {
    fn apply(&mut self, event: Shipped, _: &Context) {
        self.address = Some(event.address);
    }
}

pub async fn work(store: impl Store + Clone) -> super::Outcome {
    let invoices = Repository::<Invoice>::new(&store);
    let paid = || Paid { cents: 600, method: Method::Card };
    let issued = Issued { number: "of-release-5".to_owned(), cents: 10_000 };
    invoices.create("of-release-5", (issued, paid())).await?;
    // This release has recorded nothing there yet, so the newest snapshot is from an earlier
    // release.
    check(&invoices, "of-all-releases", 9, &[100, 200, 300, 400, 500], Some("4 Main Street")).await?;
    invoices.update("of-all-releases", |_| super::certainly(paid())).await?;

    check(&invoices, "of-release-1", 4, &[100, 200], Some("1 Main Street")).await?;
    check(&invoices, "of-release-2", 3, &[300, 200], Some("2 Main Street")).await?;
    check(&invoices, "of-release-3", 3, &[400], None).await?;
    check(&invoices, "of-release-4", 3, &[500], Some("4 Main Street")).await?;
    check(&invoices, "of-release-5", 2, &[600], None).await?;
    check(&invoices, "of-all-releases", 10, &[100, 200, 300, 400, 500, 600], Some("4 Main Street")).await?;
    let methods: Vec<_> = invoices.load("of-all-releases").await?.payments.iter().map(|(_, method)| *method).collect();
    let expected = [Method::Unknown, Method::Unknown, Method::Card, Method::Transfer, Method::Cash, Method::Card];
    assert_eq!(methods, expected);
    // The same from a snapshot of this release.
    let before = invoices.load("of-all-releases").await?;
    invoices.take_snapshot("of-all-releases").await?;
    assert_eq!(invoices.load("of-all-releases").await?, before);
    Ok(())
}

async fn check(
    invoices: &Repository<Invoice>,
    id: &str,
    version: u64,
    payments: &[i64],
    address: Option<&str>,
) -> super::Outcome {
    let invoice = invoices.load(id).await?;
    assert_eq!(invoice.version.get(), version, "{id}");
    assert_eq!(invoice.number, id);
    let cents: Vec<_> = invoice.payments.iter().map(|(cents, _)| *cents).collect();
    assert_eq!(cents, payments, "{id}");
    assert_eq!(invoice.address.as_deref(), address, "{id}");
    Ok(())
}
