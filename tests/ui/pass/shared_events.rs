use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Opened;

#[derive(Aggregate, Default)]
#[aggregate(events(Opened))]
pub struct Account;

#[derive(Aggregate, Default)]
#[aggregate(events(Opened))]
pub struct Shop;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

impl Apply<Opened> for Shop {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
