use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Opened;

#[derive(Default)]
pub struct Owner;

#[derive(Aggregate, Default)]
#[aggregate(events(Opened))]
pub struct Account {
    owner: Owner,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
