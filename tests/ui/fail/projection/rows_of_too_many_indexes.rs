use es_core::projection::{Project, Projection, Row, RowChanges};
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

macro_rules! row {
    ($row:ident $($field:ident)*) => {
        #[derive(Row)]
        #[row(key = String $(, index($field))*)]
        struct $row {
            $($field: i64,)*
        }
    };
}

row!(Line a b c d e f g h i j k l m n o p q r s t u v w x y z aa bb cc dd ee ff);
row!(Total a b c d e f g h i j k l m n o p q r s t u v w x y z aa bb cc dd ee ff);

#[derive(Projection)]
#[projection(version = 1, rows(Line, Total), events(Invoice(Created, Paid)))]
struct Ledger;

impl Project<Created> for Ledger {
    fn project(_: Created, _: &Context, _: &mut RowChanges<Self>) {}
}

impl Project<Paid> for Ledger {
    fn project(_: Paid, _: &Context, _: &mut RowChanges<Self>) {}
}

fn main() {}
