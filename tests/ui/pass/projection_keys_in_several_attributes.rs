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

#[derive(Projection)]
#[projection(name = "balance_of_an_invoice", version = 4294967295,)]
#[projection(events(Invoice(Paid)), remove(Invoice(Erased),),)]
#[projection(key = aggregate_id)]
#[projection(init(Invoice(Created)))]
struct Balance {}

impl Init<Created> for Balance {
    fn init(_: Created, _: &Context) -> Self {
        Self {}
    }
}

impl Apply<Paid> for Balance {
    fn apply(&mut self, _: Paid, _: &Context) {}
}

fn main() {}
