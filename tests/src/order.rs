//! An aggregate whose events have been renamed and split, one of them with an optional part.
#![allow(clippy::unwrap_used, reason = "a test ends if its preparation fails")]

use es_core::store::{Append, EventData, EventStore, ExpectedVersion, NewEvent};
use es_core::{Aggregate, Apply, Context, Metadata, StreamId, Timestamp, event};
use es_mongo::mongodb::bson::Document;

/// The order was paid, in full or in part.
#[event(version = 1, alias = "Payed")]
#[derive(Debug, Clone, PartialEq)]
pub struct Paid {
    /// The amount.
    pub cents: i64,
}

/// The order was shipped.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct Shipped {
    /// The address.
    pub address: String,
}

/// The order was closed.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct Closed {}

/// Earlier releases recorded both at once, first under a different name.
#[event(version = 1, alias = "PayedAndShipped", split(Paid, Shipped))]
#[derive(Debug, Clone, PartialEq)]
pub struct PaidAndShipped {
    /// The amount.
    pub cents: i64,
    /// The address.
    pub address: String,
}

impl From<PaidAndShipped> for (Paid, Shipped) {
    fn from(old: PaidAndShipped) -> Self {
        (Paid { cents: old.cents }, Shipped { address: old.address })
    }
}

/// Earlier releases recorded the end, and a last payment if there was one.
#[event(version = 1, split(Option<Paid>, Closed))]
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The amount.
    pub cents: Option<i64>,
}

impl From<Settled> for (Option<Paid>, Closed) {
    fn from(old: Settled) -> Self {
        (old.cents.map(|cents| Paid { cents }), Closed {})
    }
}

/// The payments and the address of an order.
#[derive(Aggregate, Debug, Clone, PartialEq, Default)]
#[aggregate(events(Paid, Shipped, Closed), split(PaidAndShipped, Settled), retired("Reminded"))]
pub struct Order {
    /// The paid amount.
    pub cents: i64,
    /// The address.
    pub address: Option<String>,
    /// Whether the order is closed.
    pub closed: bool,
}

impl Apply<Paid> for Order {
    fn apply(&mut self, event: Paid, _: &Context) {
        self.cents += event.cents;
    }
}

impl Apply<Shipped> for Order {
    fn apply(&mut self, event: Shipped, _: &Context) {
        self.address = Some(event.address);
    }
}

impl Apply<Closed> for Order {
    fn apply(&mut self, _: Closed, _: &Context) {
        self.closed = true;
    }
}

/// Records events as earlier releases stored them: all at one time, as the first events of an
/// order.
///
/// # Panics
///
/// If they cannot be recorded.
pub async fn record(store: &impl EventStore, id: &str, at: Timestamp, past: &[(&'static str, Document)]) {
    let stored = |(name, data): &(&'static str, Document)| {
        let data = EventData::encode(name, data).unwrap();
        NewEvent::from_data(*name, 1, data, Metadata::new().user("shop")).unwrap().at(at)
    };
    let stream = StreamId::of::<Order>(id).unwrap();
    store.append(Append::new(stream, ExpectedVersion::NONE, past.iter().map(stored).collect())).await.unwrap();
}
