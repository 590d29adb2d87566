use es_core::projection::{Project, Projection, RowChanges};
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

#[derive(Projection)]
#[projection(version = 1, rows(), events(Invoice(Created, Paid)))]
struct Ledger;

impl Project<Created> for Ledger {
    fn project(_: Created, _: &Context, _: &mut RowChanges<Self>) {}
}

impl Project<Paid> for Ledger {
    fn project(_: Paid, _: &Context, _: &mut RowChanges<Self>) {}
}

fn main() {}
