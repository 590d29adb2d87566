use es_core::projection::{Projection, Row};
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

#[derive(Row)]
#[row(key = String)]
struct Line {
    cents: i64,
}

#[derive(Projection)]
#[projection(version = 1, rows(Line))]
struct Ledger;

fn main() {}
