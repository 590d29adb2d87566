use es_core::{Aggregate, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Closed;

#[derive(Aggregate)]
#[aggregate(init(Opened), ends(Closed, Closed))]
pub struct Account;

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
