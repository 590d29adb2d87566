use es_core::{Aggregate, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Printed;

#[derive(Aggregate)]
#[aggregate(init(Opened), informs(Opened, Printed))]
pub struct Account;

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
