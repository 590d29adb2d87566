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

macro_rules! rows {
    ($row:ident, $first:ident, $second:ident, $direction:literal) => {
        #[derive(Projection, Default)]
        #[projection(version = 1, key = aggregate_id, events(Invoice(Created, Paid)))]
        #[projection(index($first = $direction, $second), unique($second))]
        struct $row {
            $first: i64,
            $second: i64,
        }

        impl Apply<Created> for $row {
            fn apply(&mut self, _: Created, _: &Context) {}
        }

        impl Apply<Paid> for $row {
            fn apply(&mut self, _: Paid, _: &Context) {}
        }
    };
}

rows!(Balance, open, due_date, -1);

fn main() {
    let names: Vec<_> = Balance::INDEXES.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["open_-1_dueDate_1", "dueDate_1"]);
}
