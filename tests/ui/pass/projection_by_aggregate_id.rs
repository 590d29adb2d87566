use es_core::projection::Projection;
use es_core::{Aggregate, Apply, Context, Init, event};

#[event(version = 1)]
struct Created {
    customer: String,
    cents: i64,
}

#[event(version = 1)]
struct Paid {
    cents: i64,
}

#[event(version = 1)]
struct Erased {}

#[derive(Aggregate)]
#[aggregate(init(Created), events(Paid, Erased))]
struct Invoice {}

impl Init<Created> for Invoice {
    fn init(_: Created, _: &Context) -> Self {
        Self {}
    }
}

impl Apply<Paid> for Invoice {
    fn apply(&mut self, _: Paid, _: &Context) {}
}

impl Apply<Erased> for Invoice {
    fn apply(&mut self, _: Erased, _: &Context) {}
}

#[derive(Projection, Default)]
#[projection(version = 1, key = aggregate_id, events(Invoice(Created, Paid, ..)))]
struct Balance {
    open: i64,
}

impl Apply<Created> for Balance {
    fn apply(&mut self, _: Created, _: &Context) {}
}

impl Apply<Paid> for Balance {
    fn apply(&mut self, _: Paid, _: &Context) {}
}

fn main() {}
