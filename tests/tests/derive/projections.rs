//! What `#[derive(Projection)]` declares, and what is folded then.

use es_core::bson::{self, doc};
use es_core::memory::MemoryStore;
use es_core::projection::{
    Direction, Dispatch, Keyed, Keys, Projection, ProjectionFailure, RowIndex, Rows, Uniqueness,
};
use es_core::store::FeedFilter;
use es_core::testing::{given, given_with_id, rows};
use es_core::{Aggregate, Apply, Context, Id, Init, Repository, event, events};

use super::orders::{Order, OrderEvent, Paid, Shipped, record};

#[event(version = 1)]
struct Registered {
    name: String,
}

#[event(version = 1)]
struct Renamed {
    name: String,
}

#[event(version = 1)]
struct Erased;

#[derive(Aggregate)]
#[aggregate(init(Registered), events(Renamed), ends(Erased))]
struct Customer {}

impl Init<Registered> for Customer {
    fn init(_: Registered, _: &Context) -> Self {
        Self {}
    }
}

impl Apply<Renamed> for Customer {
    fn apply(&mut self, _: Renamed, _: &Context) {}
}

/// What a customer has paid.
#[derive(Projection, Debug, PartialEq)]
#[projection(
    version = 1, key = String,
    init(Customer(Registered)),
    events(Customer(Renamed), Order(Paid, ..)),
    remove(Customer(Erased))
)]
struct Account {
    name: String,
    cents: i64,
}

impl Keyed<Registered> for Account {
    fn key(_: &Registered, context: &Context) -> Keys<String> {
        context.aggregate_id().to_string().into()
    }
}

impl Init<Registered> for Account {
    fn init(event: Registered, _: &Context) -> Self {
        Self { name: event.name, cents: 0 }
    }
}

impl Keyed<Renamed> for Account {
    fn key(_: &Renamed, context: &Context) -> Keys<String> {
        context.aggregate_id().to_string().into()
    }
}

impl Apply<Renamed> for Account {
    fn apply(&mut self, event: Renamed, _: &Context) {
        assert!(event.name != "nobody", "everybody has a name");
        self.name = event.name;
    }
}

impl Keyed<Erased> for Account {
    fn key(_: &Erased, context: &Context) -> Keys<String> {
        context.aggregate_id().to_string().into()
    }
}

impl Keyed<Paid> for Account {
    /// A payment of `ann+bob` counts for both, and one of nobody for no row.
    fn key(event: &Paid, _: &Context) -> Keys<String> {
        event.customer.split_terminator('+').map(str::to_owned).collect::<Vec<_>>().into()
    }
}

impl Apply<Paid> for Account {
    fn apply(&mut self, event: Paid, _: &Context) {
        self.cents += event.cents;
    }
}

fn account(name: &str, cents: i64) -> Account {
    Account { name: name.into(), cents }
}

async fn with_customers() -> MemoryStore {
    let store = MemoryStore::new();
    let customers = Repository::<Customer>::new(&store);
    for id in ["ann", "bob"] {
        customers.create(id, Registered { name: id.to_uppercase() }).await.unwrap();
    }
    store
}

#[tokio::test]
async fn the_events_of_two_aggregates_begin_change_and_remove_rows() {
    let store = with_customers().await;
    let customers = Repository::<Customer>::new(&store);
    customers.update("ann", |_| Renamed { name: "Ann".into() }).await.unwrap();
    let orders = Repository::<Order>::new(&store);
    orders.create("1", (Paid { customer: "ann".into(), cents: 5 }, Shipped {})).await.unwrap();
    let folded = rows::<Account>(&store);
    assert_eq!((folded.get("ann"), folded.get("bob")), (Some(&account("Ann", 5)), Some(&account("BOB", 0))));
    customers.update("ann", |_| Erased).await.unwrap();
    let folded = rows::<Account>(&store);
    assert_eq!((folded.get("ann"), folded.len()), (None, 1));
    // An event that removes a row needs none.
    customers.create("ann", Registered { name: "A".into() }).await.unwrap();
    assert_eq!(rows::<Account>(&store).get("ann"), Some(&account("A", 0)));
}

#[tokio::test]
async fn every_stored_form_of_an_event_is_folded() {
    let store = with_customers().await;
    record(&store, "1", "Paid", 1, doc! { "customer": "ann" }).await;
    record(&store, "1", "Settled", 2, doc! { "customer": "ann", "cents": 10_i64 }).await;
    record(&store, "1", "PaidAndShipped", 1, doc! { "customer": "ann", "cents": 100_i64 }).await;
    record(&store, "1", "Reminded", 7, doc! {}).await;
    assert_eq!(rows::<Account>(&store).get("ann"), Some(&account("ANN", 111)));
}

#[tokio::test]
async fn an_event_concerns_one_row_several_rows_or_none() {
    let store = with_customers().await;
    for customer in ["ann+bob", "bob", ""] {
        record(&store, "1", "Paid", 2, doc! { "customer": customer, "cents": 7_i64 }).await;
    }
    let folded = rows::<Account>(&store);
    assert_eq!((folded.get("ann"), folded.get("bob")), (Some(&account("ANN", 7)), Some(&account("BOB", 14))));
}

/// The error of the last event of a store.
fn failure(store: &MemoryStore) -> es_core::projection::ProjectionError {
    let (dispatch, mut rows) = (Dispatch::<Account>::new(), Rows::new());
    let log = store.log();
    let (last, before) = log.split_last().unwrap();
    for event in before {
        rows.push(&dispatch, &event.as_stored()).unwrap();
    }
    let error = rows.push(&dispatch, &last.as_stored()).unwrap_err();
    assert_eq!((error.projection, error.position), ("account", last.position));
    error
}

#[tokio::test]
async fn an_event_that_cannot_be_folded_is_an_error_that_names_it() {
    let store = with_customers().await;
    record(&store, "1", "Paid", 2, doc! { "customer": "zoe", "cents": 7_i64 }).await;
    let error = failure(&store);
    assert!(matches!(&error.failure, ProjectionFailure::NoRow { key } if key == "zoe"), "{error:?}");
    assert!(error.to_string().contains("`Paid` at position 3"), "{error}");

    let store = with_customers().await;
    record(&store, "1", "Paid", 2, doc! { "customer": "+", "cents": 7_i64 }).await;
    assert!(matches!(failure(&store).failure, ProjectionFailure::Key(_)));

    let store = with_customers().await;
    Repository::<Customer>::new(&store).update("ann", |_| Renamed { name: "nobody".into() }).await.unwrap();
    let error = failure(&store);
    assert!(matches!(&error.failure, ProjectionFailure::Panicked(panicked) if panicked.message.contains("everybody")));

    for (event_type, version) in [("Paid", 3), ("Refunded", 1)] {
        let store = with_customers().await;
        record(&store, "1", event_type, version, doc! {}).await;
        let error = failure(&store);
        assert!(error.is_newer_event(), "{error:?}");
    }
    let store = with_customers().await;
    record(&store, "1", "Paid", 2, doc! { "customer": 7 }).await;
    assert!(!failure(&store).is_newer_event());
}

#[tokio::test]
async fn a_row_that_exists_cannot_begin_again() {
    let (dispatch, mut folded) = (Dispatch::<Account>::new(), Rows::new());
    let store = with_customers().await;
    let first = store.log().remove(0);
    folded.push(&dispatch, &first.as_stored()).unwrap();
    let error = folded.push(&dispatch, &first.as_stored()).unwrap_err();
    assert!(matches!(&error.failure, ProjectionFailure::RowExists { key } if key == "ann"), "{error:?}");
}

#[test]
fn what_is_read_is_described_and_filtered_by_aggregate() {
    let dispatch = Dispatch::<Account>::new();
    assert_eq!(dispatch.declared(), "Customer(Erased, Registered, Renamed), Order(Paid)");
    assert_eq!(dispatch.filter(), FeedFilter::OfTypes(vec!["Customer".into(), "Order".into()]));
    assert_eq!((Account::NAME, Account::VERSION), ("account", 1));
}

/// Each order has a row, for all its events.
#[derive(Projection, Debug, Default, PartialEq)]
#[projection(version = 2, key = aggregate_id, name = "orders", events(Order))]
struct Line {
    events: Vec<String>,
}

impl Apply<OrderEvent> for Line {
    fn apply(&mut self, event: OrderEvent, _: &Context) {
        self.events.push(match event {
            OrderEvent::Paid(paid) => format!("paid {}", paid.cents),
            OrderEvent::Shipped(_) => "shipped".into(),
        });
    }
}

#[tokio::test]
async fn all_events_of_an_aggregate_are_folded_as_its_enum() {
    let store = MemoryStore::new();
    record(&store, "1", "Paid", 1, doc! { "customer": "ann" }).await;
    record(&store, "1", "PaidAndShipped", 1, doc! { "customer": "ann", "cents": 100_i64 }).await;
    record(&store, "1", "Reminded", 7, doc! {}).await;
    let folded = rows::<Line>(&store);
    assert_eq!(folded.get("1").unwrap().events, ["paid 1", "paid 100", "shipped"]);
    assert_eq!(Dispatch::<Line>::new().declared(), "Order(..)");
}

#[derive(Id, Debug, Clone, PartialEq)]
struct WalletId(u64);

#[events]
#[derive(Debug, Clone, PartialEq)]
enum WalletEvent {
    #[event(version = 1)]
    Earned(i64),
    #[event(version = 1)]
    Spent { cents: i64 },
    #[event]
    Closed(Closed),
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
struct Closed {}

#[derive(Aggregate, Default)]
#[aggregate(events = WalletEvent, id = WalletId)]
struct Wallet {}

impl Apply<WalletEvent> for Wallet {
    fn apply(&mut self, _: WalletEvent, _: &Context) {}
}

/// Of an own enum all events are folded, and a type that a variant holds can be listed separately.
#[derive(Projection, Debug, Default, PartialEq)]
#[projection(version = 1, key = WalletId, events(Wallet), remove(Wallet(Closed)))]
struct Content {
    cents: i64,
}

impl Keyed<WalletEvent> for Content {
    fn key(_: &WalletEvent, context: &Context) -> Keys<WalletId> {
        context.id::<Wallet>().into()
    }
}

impl Keyed<Closed> for Content {
    fn key(_: &Closed, context: &Context) -> Keys<WalletId> {
        context.id::<Wallet>().into()
    }
}

impl Apply<WalletEvent> for Content {
    fn apply(&mut self, event: WalletEvent, _: &Context) {
        match event {
            WalletEvent::Earned(cents) => self.cents += cents,
            WalletEvent::Spent { cents } => self.cents -= cents,
            // `remove(..)` lists it.
            WalletEvent::Closed(_) => unreachable!(),
        }
    }
}

#[test]
fn an_own_enum_is_folded_and_a_type_that_it_holds_can_remove_the_row() {
    let past = vec![WalletEvent::Earned(10), WalletEvent::Spent { cents: 3 }];
    let folded = given_with_id::<Wallet>(WalletId(7), past.clone()).rows::<Content>();
    assert_eq!(folded.get(WalletId(7)), Some(&Content { cents: 7 }));
    let closed = [past, vec![WalletEvent::Closed(Closed {})]].concat();
    assert!(given::<Wallet>(closed).rows::<Content>().is_empty());
}

/// A row in a style of names. Every field is indexed, in the order of the fields.
macro_rules! styled {
    ($module:ident, #[serde($($style:tt)*)]) => {
        mod $module {
            use super::*;

            #[derive(Projection, Default)]
            #[projection(version = 1, key = aggregate_id, events(Order(Shipped, ..)))]
            #[projection(index(due_date, r#type, _under_score, renamed, written, a1_b2))]
            #[serde($($style)*)]
            pub(super) struct Row {
                due_date: i64,
                r#type: i64,
                _under_score: i64,
                #[serde(rename = "Re_Named")]
                renamed: i64,
                #[serde(rename(serialize = "Wri_Tten", deserialize = "read"))]
                written: i64,
                a1_b2: i64,
            }

            impl Apply<Shipped> for Row {
                fn apply(&mut self, _: Shipped, _: &Context) {}
            }
        }
    };
}

styled!(by_default, #[serde()]);
styled!(camel_case, #[serde(rename_all = "camelCase")]);
styled!(pascal_case, #[serde(rename_all = "PascalCase")]);
styled!(snake_case, #[serde(rename_all = "snake_case")]);
styled!(lowercase, #[serde(rename_all = "lowercase")]);
styled!(uppercase, #[serde(rename_all = "UPPERCASE")]);
styled!(screaming_snake_case, #[serde(rename_all = "SCREAMING_SNAKE_CASE")]);
styled!(kebab_case, #[serde(rename_all = "kebab-case")]);
styled!(screaming_kebab_case, #[serde(rename_all = "SCREAMING-KEBAB-CASE")]);
styled!(for_writing, #[serde(rename_all(serialize = "PascalCase", deserialize = "snake_case"))]);
styled!(for_reading, #[serde(rename_all(deserialize = "PascalCase"))]);

/// The names of the fields that are stored, and those that are indexed.
fn stored_and_indexed<P: Projection<Row = P> + Default>() -> [Vec<String>; 2] {
    let row = P::serialize_row(&P::default(), bson::Serializer::new()).unwrap();
    let stored = row.as_document().unwrap().keys().cloned().collect();
    let [index] = P::INDEXES else { panic!("{:?}", P::INDEXES) };
    [stored, index.fields.iter().map(|(name, _)| (*name).to_owned()).collect()]
}

#[test]
fn an_index_has_the_names_under_which_the_fields_are_stored_in_every_style() {
    for [stored, indexed] in [
        stored_and_indexed::<by_default::Row>(),
        stored_and_indexed::<camel_case::Row>(),
        stored_and_indexed::<pascal_case::Row>(),
        stored_and_indexed::<snake_case::Row>(),
        stored_and_indexed::<lowercase::Row>(),
        stored_and_indexed::<uppercase::Row>(),
        stored_and_indexed::<screaming_snake_case::Row>(),
        stored_and_indexed::<kebab_case::Row>(),
        stored_and_indexed::<screaming_kebab_case::Row>(),
        stored_and_indexed::<for_writing::Row>(),
        stored_and_indexed::<for_reading::Row>(),
    ] {
        assert_eq!(stored, indexed);
    }
}

/// Letters beyond ASCII, on which serde panics.
#[derive(Projection, Default)]
#[projection(version = 1, key = aggregate_id, events(Order(Shipped, ..)), index(über_fällig = -1), unique(r#type))]
struct Beyond {
    über_fällig: i64,
    r#type: String,
}

impl Apply<Shipped> for Beyond {
    fn apply(&mut self, _: Shipped, _: &Context) {}
}

#[test]
fn an_index_has_the_declared_directions_and_uniqueness() {
    let overdue =
        RowIndex { fields: &[("überFällig", Direction::Descending)], uniqueness: Uniqueness::NotUnique, rows: None };
    let by_type = RowIndex { fields: &[("type", Direction::Ascending)], uniqueness: Uniqueness::Unique, rows: None };
    assert_eq!(Beyond::INDEXES, [overdue, by_type]);
    assert_eq!(overdue.to_string(), "überFällig_-1");
    assert_eq!(Account::INDEXES, []);
    let row = Beyond::serialize_row(&Beyond::default(), bson::Serializer::new()).unwrap();
    assert!(row.as_document().unwrap().contains_key("überFällig"));
}
