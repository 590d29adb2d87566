use es_core::{Aggregate, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Closed;

#[derive(Aggregate)]
#[aggregate(events(Opened), snapshot(evry = 100))]
pub struct Account;

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
