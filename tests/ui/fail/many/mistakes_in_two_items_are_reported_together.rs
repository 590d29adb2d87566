use es_core::{Aggregate, event};

#[event(version = 0)]
pub struct Opened;

#[derive(Aggregate)]
#[aggregate(events(Opened), snapshot(every = 0))]
pub struct Account;

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
