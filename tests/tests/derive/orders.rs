//! An aggregate with all that can become of an event: a second version, a second name, an event that is
//! split, and one that is retired.

use es_core::bson;
use es_core::memory::MemoryStore;
use es_core::store::{Append, EventData, EventStore, ExpectedVersion, NewEvent};
use es_core::{Aggregate, Apply, Context, Metadata, StreamId, event};

#[event(version = 2, from = PaidV1, alias = "Settled")]
pub(super) struct Paid {
    pub(super) customer: String,
    pub(super) cents: i64,
}

#[event(version = 1, name = "Paid")]
pub(super) struct PaidV1 {
    pub(super) customer: String,
}

impl From<PaidV1> for Paid {
    fn from(old: PaidV1) -> Self {
        Self { customer: old.customer, cents: 1 }
    }
}

#[event(version = 1)]
pub(super) struct Shipped {}

#[event(version = 1, split(Paid, Shipped))]
pub(super) struct PaidAndShipped {
    pub(super) customer: String,
    pub(super) cents: i64,
}

impl From<PaidAndShipped> for (Paid, Shipped) {
    fn from(old: PaidAndShipped) -> Self {
        (Paid { customer: old.customer, cents: old.cents }, Shipped {})
    }
}

#[derive(Aggregate, Default)]
#[aggregate(events(Paid, Shipped), split(PaidAndShipped), retired("Reminded"))]
pub(super) struct Order {}

impl Apply<Paid> for Order {
    fn apply(&mut self, _: Paid, _: &Context) {}
}

impl Apply<Shipped> for Order {
    fn apply(&mut self, _: Shipped, _: &Context) {}
}

/// Records an event as it was stored, of any name and version.
pub(super) async fn record(
    store: &MemoryStore,
    id: &str,
    event_type: &'static str,
    version: u32,
    data: bson::Document,
) {
    let stream = StreamId::of::<Order>(id).unwrap();
    let expected = ExpectedVersion::exactly(store.head(&stream).await.unwrap().version());
    let data = EventData::encode(event_type, &data).unwrap();
    let event = NewEvent::from_data(event_type, version, data, Metadata::new()).unwrap();
    store.append(Append::new(stream, expected, vec![event])).await.unwrap();
}
