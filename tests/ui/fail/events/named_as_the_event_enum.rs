use es_core::{Aggregate, event};

#[event(version = 1)]
pub struct AccountEvent;

#[derive(Aggregate)]
#[aggregate(events(AccountEvent))]
pub struct Account;

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
