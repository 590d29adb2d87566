//! An order. It can be edited until it is completed or cancelled. One enum of events, with the data
//! in its variants.

use es_core::memory::MemoryStore;
use es_core::testing::given;
use es_core::{Aggregate, Apply, Context, CreateError, Repository, Timestamp, events};
use serde::{Deserialize, Serialize};

#[events]
#[derive(Debug, Clone, PartialEq)]
pub enum OrderEvent {
    #[event(version = 1)]
    Created,
    #[event(version = 1)]
    ItemAdded { item: Item },
    #[event(version = 1)]
    Completed,
    #[event(version = 1)]
    Cancelled,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub sku: String,
    pub quantity: u32,
    pub cents: i64,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Status {
    #[default]
    New,
    Editable {
        updated_at: Timestamp,
    },
    Complete {
        at: Timestamp,
    },
    Cancelled {
        at: Timestamp,
    },
}

#[derive(Aggregate, Debug, Default)]
#[aggregate(events = OrderEvent)]
pub struct Order {
    items: Vec<Item>,
    status: Status,
}

impl Apply<OrderEvent> for Order {
    fn apply(&mut self, event: OrderEvent, context: &Context) {
        let at = context.timestamp();
        match event {
            OrderEvent::Created => self.status = Status::Editable { updated_at: at },
            OrderEvent::ItemAdded { item } => {
                match self.items.iter_mut().find(|held| held.sku == item.sku) {
                    Some(held) => held.quantity += item.quantity,
                    None => self.items.push(item),
                }
                self.status = Status::Editable { updated_at: at };
            }
            OrderEvent::Completed => self.status = Status::Complete { at },
            OrderEvent::Cancelled => self.status = Status::Cancelled { at },
        }
    }
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("the order can no longer be edited")]
    NotEditable,
    #[error("the order has already been completed")]
    AlreadyCompleted,
    #[error("the order has already been cancelled")]
    AlreadyCancelled,
}

impl Order {
    pub fn add(&self, item: Item) -> Result<OrderEvent, Refusal> {
        self.if_editable(OrderEvent::ItemAdded { item })
    }

    pub fn complete(&self) -> Result<OrderEvent, Refusal> {
        match self.status {
            Status::Complete { .. } => Err(Refusal::AlreadyCompleted),
            _ => self.if_editable(OrderEvent::Completed),
        }
    }

    pub fn cancel(&self) -> Result<OrderEvent, Refusal> {
        match self.status {
            Status::Cancelled { .. } => Err(Refusal::AlreadyCancelled),
            _ => self.if_editable(OrderEvent::Cancelled),
        }
    }

    fn if_editable(&self, event: OrderEvent) -> Result<OrderEvent, Refusal> {
        if matches!(self.status, Status::Editable { .. }) { Ok(event) } else { Err(Refusal::NotEditable) }
    }
}

fn pens(quantity: u32) -> Item {
    Item { sku: "pen".into(), quantity, cents: 599 }
}

fn added(quantity: u32) -> OrderEvent {
    OrderEvent::ItemAdded { item: pens(quantity) }
}

#[test]
fn items_of_one_kind_are_merged() {
    given::<Order>(OrderEvent::Created).when(|order| order.add(pens(10))).then(added(10));
    given::<Order>((OrderEvent::Created, added(10), added(2))).then_state(|order| assert_eq!(order.items, [pens(12)]));
}

#[test]
fn a_completed_order_stays_as_it_is() {
    given::<Order>(OrderEvent::Created).when(|order| order.complete()).then(OrderEvent::Completed);
    let completed = || given::<Order>((OrderEvent::Created, OrderEvent::Completed));
    completed().when(|order| order.add(pens(1))).then_error(Refusal::NotEditable);
    completed().when(|order| order.complete()).then_error(Refusal::AlreadyCompleted);
    completed().when(|order| order.cancel()).then_error(Refusal::NotEditable);
}

#[test]
fn a_cancelled_order_stays_as_it_is() {
    given::<Order>(OrderEvent::Created).when(|order| order.cancel()).then(OrderEvent::Cancelled);
    let cancelled = || given::<Order>((OrderEvent::Created, OrderEvent::Cancelled));
    cancelled().when(|order| order.add(pens(1))).then_error(Refusal::NotEditable);
    cancelled().when(|order| order.complete()).then_error(Refusal::NotEditable);
    cancelled().when(|order| order.cancel()).then_error(Refusal::AlreadyCancelled);
}

#[tokio::test]
async fn an_order_is_created_once() -> Result<(), Box<dyn std::error::Error>> {
    let orders = Repository::<Order>::new(&MemoryStore::new());
    let created = orders.create("order-1", OrderEvent::Created).by("ann").await?;
    let again = orders.create("order-1", OrderEvent::Created).by("ann").await;
    assert!(matches!(again, Err(CreateError::AlreadyExists { .. })));

    let order = orders.load("order-1").await?;
    assert_eq!(order.status, Status::Editable { updated_at: created.events[0].timestamp });
    let added = orders.update("order-1", |order| order.add(pens(10))).by("ann").await?;
    let order = orders.load("order-1").await?;
    assert_eq!(order.items, [pens(10)]);
    assert_eq!(order.status, Status::Editable { updated_at: added.events[0].timestamp });
    Ok(())
}
