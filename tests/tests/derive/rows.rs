//! What `#[derive(Row)]` and a projection with `rows(..)` declare, and what is folded then.

use es_core::bson::doc;
use es_core::memory::MemoryStore;
use es_core::projection::{
    Direction, Dispatch, Project, Projection, ProjectionFailure, Row, RowChanges, RowIndex, RowName, Rows, Uniqueness,
};
use es_core::store::FeedFilter;
use es_core::testing::rows;
use es_core::{Aggregate, Apply, Context, EventId, event, events};

use super::orders::{Order, OrderEvent, Paid, Shipped, record};

/// What was paid, by event and by customer.
#[derive(Projection)]
#[projection(version = 3, rows(Payment, CustomerTotal), events(Order(Paid, ..)))]
struct Payments;

#[derive(Row, Debug, PartialEq)]
#[row(key = EventId, index(cents = -1))]
struct Payment {
    cents: i64,
}

#[derive(Row, Debug, Default, PartialEq)]
#[row(key = String, name = "total", unique(cents), index(of_customer))]
#[serde(rename_all = "UPPERCASE")]
struct CustomerTotal {
    cents: i64,
    #[serde(rename = "customer")]
    of_customer: String,
}

impl Project<Paid> for Payments {
    fn project(event: Paid, context: &Context, rows: &mut RowChanges<Self>) {
        let Paid { customer, cents } = event;
        rows.insert(context.event_id(), Payment { cents });
        rows.change_or_default(customer.clone(), move |total: &mut CustomerTotal| {
            total.cents += cents;
            total.of_customer = customer;
        });
    }
}

#[tokio::test]
async fn every_stored_form_of_an_event_is_projected() {
    let store = MemoryStore::new();
    record(&store, "1", "Paid", 1, doc! { "customer": "ann" }).await;
    record(&store, "1", "Settled", 2, doc! { "customer": "ann", "cents": 10_i64 }).await;
    record(&store, "1", "PaidAndShipped", 1, doc! { "customer": "ann", "cents": 100_i64 }).await;
    record(&store, "1", "Reminded", 7, doc! {}).await;
    record(&store, "1", "Shipped", 1, doc! {}).await;
    let rows = rows::<Payments>(&store);
    let total = CustomerTotal { cents: 111, of_customer: "ann".into() };
    assert_eq!(rows.of::<CustomerTotal>().get("ann"), Some(&total));
    let payments: Vec<_> = store.log().iter().map(|event| rows.of::<Payment>().get(event.id)).collect();
    let cents = [Some(1), Some(10), Some(100), None, None];
    assert_eq!(payments.iter().map(|payment| payment.map(|payment| payment.cents)).collect::<Vec<_>>(), cents);
    assert_eq!(rows.len(), 4);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_an_error() {
    for (event_type, version, is_newer) in [("Paid", 3, true), ("Refunded", 1, true), ("Paid", 2, false)] {
        let store = MemoryStore::new();
        record(&store, "1", event_type, version, doc! { "customer": 7 }).await;
        let pushed = Rows::<Payments>::new().push(&Dispatch::new(), &store.log()[0].as_stored());
        let error = pushed.unwrap_err();
        assert!(matches!(&error.failure, ProjectionFailure::Unreadable(_)), "{error:?}");
        assert_eq!((error.projection, error.is_newer_event()), ("payments", is_newer));
    }
}

#[test]
fn what_is_read_and_the_types_of_rows_are_described() {
    let dispatch = Dispatch::<Payments>::new();
    assert_eq!(dispatch.declared(), "Order(Paid) into payment, total");
    assert_eq!(dispatch.filter(), FeedFilter::OfTypes(vec!["Order".into()]));
    assert_eq!((Payments::NAME, Payments::VERSION), ("payments", 3));
    assert_eq!(Payments::ROWS.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["payment", "total"]);
}

#[test]
fn the_indexes_of_all_types_are_those_of_the_read_model() {
    let of = |name: &'static str, field, direction, uniqueness| {
        let fields: &'static [(&str, Direction)] = Box::leak(Box::new([(field, direction)]));
        RowIndex { fields, uniqueness, rows: Some(RowName::new(name)) }
    };
    let expected = [
        of("payment", "cents", Direction::Descending, Uniqueness::NotUnique),
        of("total", "CENTS", Direction::Ascending, Uniqueness::Unique),
        of("total", "customer", Direction::Ascending, Uniqueness::NotUnique),
    ];
    assert_eq!(Payments::INDEXES, expected);
    assert_eq!(expected.map(|index| index.to_string()), ["payment/cents_-1", "total/CENTS_1", "total/customer_1"]);
}

/// All events of an order, in one handler.
#[derive(Projection)]
#[projection(version = 1, rows(Step), events(Order))]
struct Steps;

#[derive(Row, Debug, Default, PartialEq)]
#[row(key = String)]
struct Step(Vec<String>);

impl Project<OrderEvent> for Steps {
    fn project(event: OrderEvent, context: &Context, rows: &mut RowChanges<Self>) {
        let step = match event {
            OrderEvent::Paid(paid) => format!("paid {}", paid.cents),
            OrderEvent::Shipped(_) => "shipped".to_owned(),
        };
        rows.change_or_default(context.aggregate_id(), move |steps: &mut Step| steps.0.push(step));
    }
}

#[tokio::test]
async fn all_events_of_an_aggregate_are_projected_as_its_enum() {
    let store = MemoryStore::new();
    record(&store, "1", "Paid", 1, doc! { "customer": "ann" }).await;
    record(&store, "1", "PaidAndShipped", 1, doc! { "customer": "ann", "cents": 100_i64 }).await;
    record(&store, "1", "Reminded", 7, doc! {}).await;
    let rows = rows::<Steps>(&store);
    assert_eq!(rows.of::<Step>().get("1").unwrap().0, ["paid 1", "paid 100", "shipped"]);
    assert_eq!(Dispatch::<Steps>::new().declared(), "Order(..) into step");
}

#[event(version = 1)]
struct Closed;

#[events]
enum DoorEvent {
    #[event(version = 1)]
    Opened { by: String },
    #[event]
    Closed(Closed),
}

#[derive(Aggregate, Default)]
#[aggregate(events = DoorEvent)]
struct Door {}

impl Apply<DoorEvent> for Door {
    fn apply(&mut self, _: DoorEvent, _: &Context) {}
}

/// An own enum, and an event of a different aggregate.
#[derive(Projection)]
#[projection(version = 1, rows(Step), events(Door, Order(Shipped, ..)))]
struct Doors;

impl Project<DoorEvent> for Doors {
    fn project(event: DoorEvent, context: &Context, rows: &mut RowChanges<Self>) {
        match event {
            DoorEvent::Opened { by } => rows.replace(context.aggregate_id(), Step(vec![by])),
            DoorEvent::Closed(_) => rows.remove::<Step>(context.aggregate_id()),
        }
    }
}

impl Project<Shipped> for Doors {
    fn project(_: Shipped, _: &Context, _: &mut RowChanges<Self>) {}
}

#[test]
fn an_own_enum_is_projected() {
    let opened = || DoorEvent::Opened { by: "ann".into() };
    let folded = es_core::testing::given_with_id::<Door>("front", opened()).rows::<Doors>();
    assert_eq!(folded.of::<Step>().get("front"), Some(&Step(vec!["ann".into()])));
    let folded = es_core::testing::given_with_id::<Door>("front", vec![opened(), Closed.into()]).rows::<Doors>();
    assert!(folded.is_empty());
}
