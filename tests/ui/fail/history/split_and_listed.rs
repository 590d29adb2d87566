use es_core::{Aggregate, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Closed;

#[event(version = 1, split(Opened, Closed))]
pub struct Both;

impl From<Both> for (Opened, Closed) {
    fn from(_: Both) -> Self {
        (Opened, Closed)
    }
}

#[derive(Aggregate, Default)]
#[aggregate(events(Opened, Closed, Both), split(Both))]
pub struct Account;

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
