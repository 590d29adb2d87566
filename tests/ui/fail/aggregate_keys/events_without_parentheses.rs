use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Closed;

#[derive(Aggregate, Default)]
#[aggregate(events = Opened)]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
