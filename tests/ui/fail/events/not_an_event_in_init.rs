use es_core::{Aggregate, Apply, Context, Init, event};

pub struct Opened;

#[event(version = 1)]
pub struct Closed;

#[derive(Aggregate)]
#[aggregate(init(Opened), events(Closed))]
pub struct Account;

impl Init<Opened> for Account {
    fn init(_: Opened, _: &Context) -> Self {
        Self
    }
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed, _: &Context) {}
}

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
