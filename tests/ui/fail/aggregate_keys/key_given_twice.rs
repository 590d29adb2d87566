use es_core::{Aggregate, event};

#[event(version = 1)]
pub struct Opened;

#[derive(Aggregate)]
#[aggregate(name = "account", events(Opened), name = "ledger")]
pub struct Account;

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
