use es_core::projection::{Project, Projection, Row, RowChanges};
use es_core::testing::given_with_id;
use es_core::{Aggregate, Apply, Context, EventId, Init, event};

#[event(version = 1)]
struct Created {
    customer: String,
    cents: i64,
}

#[event(version = 1)]
struct Paid {
    cents: i64,
}

#[derive(Aggregate)]
#[aggregate(init(Created), events(Paid))]
struct Invoice {}

impl Init<Created> for Invoice {
    fn init(_: Created, _: &Context) -> Self {
        Self {}
    }
}

impl Apply<Paid> for Invoice {
    fn apply(&mut self, _: Paid, _: &Context) {}
}

#[derive(Row, Debug)]
#[row(key = EventId)]
struct Line {
    cents: i64,
}

#[derive(Row, Debug, Default)]
#[row(key = String)]
struct Total {
    cents: ,
}

#[derive(Projection)]
#[projection(version = 1, rows(Line, Total), events(Invoice(Created, ..)))]
struct Ledger;

impl Project<Created> for Ledger {
    fn project(event: Created, context: &Context, rows: &mut RowChanges<Self>) {
        let Created { customer, cents } = event;
        rows.insert(context.event_id(), Line { cents });
        rows.change_or_default(customer, move |total: &mut Total| total.cents += cents);
    }
}

async fn read(store: es_core::memory::MemoryStore) -> Option<Total> {
    store.read_model::<Ledger>().rows::<Total>().get("ann").await.unwrap()
}

fn main() {
    let created = Created { customer: "ann".into(), cents: 500 };
    let rows = given_with_id::<Invoice>("1", created).rows::<Ledger>();
    assert_eq!(rows.of::<Total>().get("ann").map(|total| total.cents), Some(500));
    let _ = read;
}
