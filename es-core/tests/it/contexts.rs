//! The context of each event that a projection folds.

use std::collections::BTreeMap;

use es_core::memory::MemoryStore;
use es_core::projection::Projection;
use es_core::store::{FeedFilter, FeedStore};
use es_core::subscription::Subscriptions;
use es_core::{Aggregate, Apply, Context, Metadata, Repository, event};

#[event(version = 1)]
struct Paid {}

#[event(version = 1)]
struct Shipped {}

#[derive(Aggregate, Default)]
#[aggregate(events(Paid))]
struct Invoice {}

#[derive(Aggregate, Default)]
#[aggregate(events(Shipped))]
struct Parcel {}

impl Apply<Paid> for Invoice {
    fn apply(&mut self, _: Paid, _: &Context) {}
}

impl Apply<Shipped> for Parcel {
    fn apply(&mut self, _: Shipped, _: &Context) {}
}

/// Who did what to an invoice and to the parcel with the same id.
#[derive(Projection, Debug, Default)]
#[projection(version = 1, key = aggregate_id, events(Invoice(Paid), Parcel(Shipped)))]
struct Trail {
    entries: Vec<String>,
}

impl Apply<Paid> for Trail {
    fn apply(&mut self, _: Paid, context: &Context) {
        self.entries.push(entry("paid", context));
    }
}

impl Apply<Shipped> for Trail {
    fn apply(&mut self, _: Shipped, context: &Context) {
        self.entries.push(entry("shipped", context));
    }
}

fn entry(what: &str, context: &Context) -> String {
    let (id, sequence, timestamp) = (context.event_id(), context.sequence(), context.timestamp());
    format!("{what} {id} {} {sequence} {timestamp} {:?}", context.aggregate_id(), context.metadata())
}

#[tokio::test]
async fn each_event_is_folded_with_its_own_context() {
    let store = MemoryStore::new();
    let (invoices, parcels) = (Repository::<Invoice>::new(&store), Repository::<Parcel>::new(&store));
    let users = [Metadata::new().user("ann"), Metadata::new().user("bob"), Metadata::new()];
    // Neighbours have sometimes the same aggregate, sometimes the same type, id or metadata, and
    // sometimes nothing in common.
    for number in 0_usize..60 {
        let (id, user) = (format!("{}", number / 3 % 2), users[number / 2 % 3].clone());
        if number % 5 < 3 {
            invoices.upsert(&id, |_| vec![Paid {}]).metadata(user).await.unwrap();
        } else {
            parcels.upsert(&id, |_| vec![Shipped {}]).metadata(user).await.unwrap();
        }
    }
    let mut recorded = BTreeMap::<String, Vec<String>>::new();
    let page = store.page(None, &FeedFilter::All).await.unwrap();
    for event in page.batches.iter().flat_map(|batch| batch.events()) {
        let event = event.unwrap().to_recorded();
        let what = if event.is_of::<Invoice>() { "paid" } else { "shipped" };
        recorded.entry(event.aggregate_id.clone()).or_default().push(entry(what, &event.context().unwrap()));
    }

    Subscriptions::on(&store).project::<Trail>().catch_up().await.unwrap();

    for (id, entries) in recorded {
        let row = store.read_model::<Trail>().get(id.as_str()).await.unwrap().unwrap();
        assert_eq!(row.entries, entries);
    }
}
