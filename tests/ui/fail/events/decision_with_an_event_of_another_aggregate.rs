use es_core::{Aggregate, Apply, Context, event};
use es_core::repository::IntoEvents;

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Closed;

#[derive(Aggregate, Default)]
#[aggregate(events(Opened))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

fn decide<A: Aggregate>(_: impl IntoEvents<A::Event>) {}

fn main() {
    decide::<Account>(Closed);
}
