use es_core::projection::{Keyed, Keys, Projection};
use es_core::{Aggregate, Apply, Context, Id, Init, event};

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

#[derive(Id, Debug, Clone, PartialEq, Eq)]
struct CustomerId(String);

#[derive(Projection, Default)]
#[projection(version = 1, key = CustomerId, events(Invoice(Created, ..)))]
struct Balance {
    open: i64,
}

impl Keyed<Created> for Balance {
    fn key(event: &Created, _: &Context) -> Keys<CustomerId> {
        CustomerId(event.customer.clone()).into()
    }
}

impl Apply<Created> for Balance {
    fn apply(&mut self, event: Created, _: &Context) {
        self.open += event.cents;
    }
}

fn main() {}
