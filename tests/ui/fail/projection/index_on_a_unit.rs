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
#[projection(index(open))]
struct Balance;

fn main() {}
