use es_core::memory::MemoryStore;
use es_core::projection::{Project, Projection, Row, RowChanges};
use es_core::{Aggregate, Apply, Context, EventId, Init, event};

#[event(version = 1)]
struct Created {
    cents: i64,
}

#[event(version = 1)]
struct Paid {
    day: String,
    cents: i64,
}

#[event(version = 1)]
struct Printed;

#[derive(Aggregate)]
#[aggregate(init(Created), events(Paid), informs(Printed))]
struct Invoice {}

impl Init<Created> for Invoice {
    fn init(_: Created, _: &Context) -> Self {
        Self {}
    }
}

impl Apply<Paid> for Invoice {
    fn apply(&mut self, _: Paid, _: &Context) {}
}

mod public {
    use super::*;

    /// A public projection of private rows.
    #[derive(Projection)]
    #[projection(version = 1, rows(super::Line, DailyTotal), events(Invoice(Created, Paid, ..)), name = "book")]
    pub struct Ledger;
}

use public::Ledger;

#[derive(Row)]
#[row(key = EventId, index(day_of_payment, cents = -1), unique(r#type))]
struct Line {
    day_of_payment: Option<String>,
    cents: i64,
    r#type: u32,
}

#[derive(Row, Default)]
#[row(key = String, index(cents), name = "total", crate = ::es_core)]
#[serde(rename_all = "UPPERCASE")]
struct DailyTotal {
    cents: i64,
    payments: u64,
}

impl Project<Created> for Ledger {
    fn project(event: Created, context: &Context, rows: &mut RowChanges<Self>) {
        rows.insert(context.event_id(), Line { day_of_payment: None, cents: event.cents, r#type: 1 });
    }
}

impl Project<Paid> for Ledger {
    fn project(event: Paid, context: &Context, rows: &mut RowChanges<Self>) {
        let Paid { day, cents } = event;
        rows.replace(context.event_id(), Line { day_of_payment: Some(day.clone()), cents, r#type: 2 });
        rows.change(&*day, |total: &mut DailyTotal| total.payments += 1);
        rows.change_or_default(&day, move |total: &mut DailyTotal| total.cents += cents);
        rows.remove::<DailyTotal>(day);
    }
}

async fn read(store: MemoryStore) {
    let total: Option<DailyTotal> = store.read_model::<Ledger>().rows::<DailyTotal>().get("day").await.unwrap();
    let line: Option<Line> = store.read_model::<Ledger>().rows::<Line>().fold_now(EventId::new()).await.unwrap();
    drop((total, line));
}

fn main() {
    let names: Vec<_> = Ledger::INDEXES.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["line/dayOfPayment_1_cents_-1", "line/type_1", "total/CENTS_1"]);
    assert_eq!(Ledger::ROWS.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["line", "total"]);
    assert_eq!(Ledger::NAME, "book");
    let _ = read;
}
