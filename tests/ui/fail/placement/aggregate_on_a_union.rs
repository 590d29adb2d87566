use es_core::{Aggregate, event};

#[event(version = 1)]
pub struct Opened;

#[derive(Aggregate)]
#[aggregate(events(Opened))]
pub union Account {
    small: u8,
    large: u64,
}

fn main() {}
