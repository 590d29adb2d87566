use es_core::projection::Projection;
use es_core::{Aggregate, Apply, Context, Init, event};

#[event(version = 1)]
struct Created {}

#[event(version = 1)]
struct Paid {}

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

#[derive(Projection, Default)]
#[projection(version = 1, key = aggregate_id, events(Invoice(Created, Paid)))]
#[projection(index(open = -1), index(customer_id, due_date = -1, open = 1), unique(customer_id, open))]
#[projection(unique(email), index(r#type))]
struct Balance {
    customer_id: String,
    due_date: Option<i64>,
    open: i64,
    #[serde(rename(serialize = "e-mail", deserialize = "email"))]
    email: String,
    r#type: u32,
}

impl Apply<Created> for Balance {
    fn apply(&mut self, _: Created, _: &Context) {}
}

impl Apply<Paid> for Balance {
    fn apply(&mut self, _: Paid, _: &Context) {}
}

fn main() {
    let names: Vec<_> = Balance::INDEXES.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["open_-1", "customerId_1_dueDate_-1_open_1", "customerId_1_open_1", "e-mail_1", "type_1"]);
    let unique: Vec<_> = Balance::INDEXES.iter().map(|index| index.is_unique()).collect();
    assert_eq!(unique, [false, false, true, true, false]);
}
