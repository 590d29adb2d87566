use es_core::projection::{Keyed, Keys, Projection};
use es_core::{Aggregate, Apply, Context, Id, Init, event};

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

#[derive(Id, Debug, Clone, PartialEq, Eq)]
struct Customer(String);

#[derive(Projection, Default)]
#[projection(version = 1, key = Customer, events(Invoice(Created, Paid)))]
struct Balance {}

impl Apply<Created> for Balance {
    fn apply(&mut self, _: Created, _: &Context) {}
}

impl Apply<Paid> for Balance {
    fn apply(&mut self, _: Paid, _: &Context) {}
}

impl Keyed<Created> for Balance {
    fn key(_: &Created, _: &Context) -> Keys<Customer> {
        Keys::none()
    }
}

fn main() {}
