use es_core::projection::{Keyed, Keys, Projection};
use es_core::testing::given_with_id;
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
#[projection(version = 1, key = String, events(Invoice(Created, Paid, ..)), index(opne = -1))]
struct Balance {
    open: i64,
}

impl Keyed<Created> for Balance {
    fn key(event: &Created, _: &Context) -> Keys<String> {
        event.customer.clone().into()
    }
}

impl Keyed<Paid> for Balance {
    fn key(_: &Paid, _: &Context) -> Keys<String> {
        Keys::none()
    }
}

impl Apply<Created> for Balance {
    fn apply(&mut self, event: Created, _: &Context) {
        self.open += event.cents;
    }
}

impl Apply<Paid> for Balance {
    fn apply(&mut self, event: Paid, _: &Context) {
        self.open -= event.cents;
    }
}

fn main() {
    let created = Created { customer: "ann".into(), cents: 500 };
    let rows = given_with_id::<Invoice>("1", created).rows::<Balance>();
    assert_eq!(rows.get("ann").map(|row| row.open), Some(500));
}
